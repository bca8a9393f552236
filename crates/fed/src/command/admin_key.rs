//! `fed admin-key`: who may do how much at a running Federation.

use crate::admin::{Connection, Sure};
use crate::place::Offline;
use crate::problem::Problem;
use crate::table::{Table, text};
use crate::{on_this_thread, screen};
use clap::{Subcommand, ValueEnum};
use downcity_service::admin::Admin;
use downcity_service::admin_keys::NewAdminKey;
use downcity_service::core;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// What to do with admin keys.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List all admin keys, also those that are good no more
    List(#[command(flatten)] Connection),
    /// Make an admin key; it alone is printed on standard output, this once
    #[command(after_long_help = "\
Where the last owner's key is lost, --offline makes another one: it needs no admin key, but the database and the master \
key. On SQLite stop the server first. The record says that it was made on the machine.")]
    Create {
        /// Who holds it, or what it is for
        name: String,
        /// How much it may do
        #[arg(long)]
        role: Role,
        /// For this city only [default: the whole Federation]
        #[arg(long, value_name = "CITY_ID", conflicts_with = "offline")]
        city: Option<String>,
        /// When it ends by itself: 12h, 90d, … [default: never]
        #[arg(long, value_name = "TIME", conflicts_with = "offline")]
        ttl: Option<String>,
        #[command(flatten)]
        connection: Connection,
        #[command(flatten)]
        offline: Offline,
    },
    /// Give a key a new secret; the old one is refused from now on. The new one alone is printed on standard output
    Rotate {
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        named: Named,
    },
    /// List the sessions of the web workspace that are good now
    Sessions {
        /// Only those that began with this key
        key_id: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// End a session of the web workspace
    EndSession {
        /// Its id, from `fed admin-key sessions`
        session_id: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        connection: Connection,
    },
    /// Revoke a key: it is refused from now on
    Revoke {
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        named: Named,
    },
}

/// One key.
#[derive(clap::Args)]
pub(crate) struct Named {
    /// Its id, from `fed admin-key list`; not the key itself
    key_id: String,
    #[command(flatten)]
    connection: Connection,
}

/// How much a key may do.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    /// Looks
    Viewer,
    /// Also changes settings, cities, people, webhooks
    Operator,
    /// Also keeps the keys
    Owner,
}

impl From<Role> for core::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Operator => Self::Operator,
            Role::Owner => Self::Owner,
        }
    }
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    on_this_thread(async move {
        match command {
            Command::List(connection) => {
                let caller = connection.admin()?;
                caller.show(caller.admin.raw().get("admin-keys", "list", &()), |keys| list(&keys)).await
            }
            Command::Create { name, role, offline, connection, .. } if offline.offline => {
                create_here(name, role, offline, &connection).await
            }
            Command::Create { name, role, city, ttl, connection, .. } => {
                let body = json!({ "name": name, "role": core::Role::from(role).as_str(), "city_id": city, "ttl": ttl });
                let caller = connection.admin()?;
                caller
                    .show(caller.admin.raw().post("admin-keys", "create", &body), |made| told_once(&made))
                    .await
            }
            Command::Rotate { sure, named } => {
                sure.ask(format_args!("The old secret of {} is refused from now on.", named.key_id))?;
                named.call("rotate", told_once).await
            }
            Command::Sessions { key_id, connection } => {
                let caller = connection.admin()?;
                let query = json!({ "key_id": key_id });
                let call = caller.admin.raw().get("admin-keys", "sessions", &query);
                caller.show(call, |found| sessions(&found)).await
            }
            Command::EndSession { session_id, sure, connection } => {
                sure.ask(format_args!("Whoever uses {session_id} has to sign in again."))?;
                let (caller, body) = (connection.admin()?, json!({ "session_id": session_id }));
                let call = caller.admin.raw().post("admin-keys", "sessions/end", &body);
                caller.show(call, |_: Value| format!("ended {session_id}")).await
            }
            Command::Revoke { sure, named } => {
                sure.ask(format_args!("{} is refused from now on.", named.key_id))?;
                named.call("revoke", |_| format!("revoked {}", named.key_id)).await
            }
        }
    })
}

/// Makes a key in the database itself.
async fn create_here(
    name: String,
    role: Role,
    offline: Offline,
    connection: &Connection,
) -> Result<(), Problem> {
    let federation = offline.open(connection.data_folder()).await?;
    let new =
        NewAdminKey { name, role: core::Role::from(role).as_str().to_owned(), city_id: None, ttl: None };
    let made = federation.create_admin_key(&Admin::on_this_machine("fed admin-key create"), &new).await;
    federation.close(std::future::pending()).await;
    let (row, key) = made.map_err(Problem::new)?;
    let made = json!({ "key_id": row.key_id, "admin_key": key.expose_secret() });
    screen::say(if connection.json { made.to_string() } else { told_once(&made) });
    Ok(())
}

impl Named {
    async fn call(&self, action: &str, told: impl FnOnce(&Value) -> String) -> Result<(), Problem> {
        let (caller, body) = (self.connection.admin()?, json!({ "key_id": self.key_id }));
        let call = caller.admin.raw().post("admin-keys", action, &body);
        caller.show(call, |answer: Value| told(&answer)).await
    }
}

fn told_once(answer: &Value) -> String {
    screen::tell(format_args!("{}; this is its secret, told this once:", text(&answer["key_id"])));
    text(&answer["admin_key"])
}

fn sessions(found: &Value) -> String {
    let mut table = Table::new(&["SESSION", "KEY", "FROM", "WITH", "BEGAN", "LAST SEEN", "ENDS"]);
    for one in found["items"].as_array().into_iter().flatten() {
        let fields = ["session_id", "key_id", "network", "agent", "created_at", "last_seen_at", "expires_at"];
        table.row(fields.map(|field| text(&one[field])));
    }
    table.draw()
}

fn list(keys: &Value) -> String {
    let mut table = Table::new(&["KEY", "NAME", "ROLE", "CITY", "STATUS", "LAST USED", "ENDS"]);
    for key in keys["items"].as_array().into_iter().flatten() {
        let fields = ["key_id", "name", "role", "city_id", "status", "last_used_at", "expires_at"];
        table.row(fields.map(|field| text(&key[field])));
    }
    table.draw()
}
