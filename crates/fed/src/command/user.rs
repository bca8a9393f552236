//! `fed user`: the people of a running Federation.

use super::env::moment;
use crate::admin::{Connection, Listing, Paging, Sure};
use crate::on_this_thread;
use crate::problem::Problem;
use crate::table::{Table, text};
use clap::Subcommand;
use downcity::{Event, ListedSession, ListedUser, MergePreview};
use serde::Deserialize;
use serde_json::{Value, json};

/// Sessions and events that `fed user show` tells of.
const LATEST: usize = 10;

/// What to do with users.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List users, newest first
    List {
        /// Part of a name, an address or an id
        #[arg(long, short = 'q', value_name = "TEXT")]
        search: Option<String>,
        /// active, disabled or deleting
        #[arg(long)]
        status: Option<String>,
        /// Those who have this way in: wechat, github, email, …
        #[arg(long)]
        provider: Option<String>,
        #[command(flatten)]
        paging: Paging,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show one user with their latest sessions and events
    Show(Named),
    /// Shut a user out: their sessions end at once, and no way in lets them in again
    Disable {
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        named: Named,
    },
    /// Let a user in again
    Enable(Named),
    /// Remove a user for good, at once
    Delete {
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        named: Named,
    },
    /// Move everything of one user to another, and remove the first
    Merge {
        /// Who is removed
        from: String,
        /// Who keeps everything
        into: String,
        /// Only tell what would move
        #[arg(long)]
        preview: bool,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        connection: Connection,
    },
}

/// One user.
#[derive(clap::Args)]
pub(crate) struct Named {
    /// The user's id
    user_id: String,
    #[command(flatten)]
    connection: Connection,
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    on_this_thread(async move {
        match command {
            Command::List { search, status, provider, paging, connection } => {
                let query = json!({ "q": search, "status": status, "provider": provider });
                paging.list(&connection.admin()?, ("accounts", "users"), &query, listing()).await
            }
            Command::Show(named) => {
                let (caller, query) = (named.connection.admin()?, json!({ "user_id": named.user_id }));
                caller.show(caller.admin.raw().get("accounts", "users/one", &query), whole).await
            }
            Command::Disable { sure, named } => {
                sure.ask(format_args!("All sessions of {} end now.", named.user_id))?;
                named.change("users/disable", "shut out").await
            }
            Command::Enable(named) => named.change("users/enable", "let in again").await,
            Command::Delete { sure, named } => {
                let id = &named.user_id;
                sure.ask_for(id, format_args!("{id} is removed for good, with every way in."))?;
                named.change("users/delete", "removed for good:").await
            }
            Command::Merge { from, into, preview, sure, connection } => {
                let caller = connection.admin()?;
                if !preview {
                    sure.ask_for(
                        &from,
                        format_args!("Everything of {from} moves to {into}, and {from} is removed."),
                    )?;
                }
                let body = json!({ "from": from, "into": into, "preview": preview });
                let call = caller.admin.raw().post("accounts", "users/merge", &body);
                caller.show(call, |merge| merged(&merge, &from, &into)).await
            }
        }
    })
}

impl Named {
    async fn change(&self, action: &str, done: &str) -> Result<(), Problem> {
        let (caller, body) = (self.connection.admin()?, json!({ "user_id": self.user_id }));
        let call = caller.admin.raw().post("accounts", action, &body);
        caller.show(call, |_: Value| format!("{done} {}", self.user_id)).await
    }
}

fn listing() -> Listing<ListedUser> {
    let headings = ["USER", "NAME", "E-MAIL", "WAYS IN", "STATUS", "SINCE"];
    Listing::new(&headings, "no user is as described", |table, user: ListedUser| {
        let (name, email) = (user.display_name.unwrap_or_default(), user.auth_email.unwrap_or_default());
        let (ways, since) = (user.providers.join(" "), moment(user.auth_created_at));
        table.row([user.user_id, name, email, ways, user.status, since]);
    })
}

/// Everything that is known about a user.
#[derive(Deserialize)]
struct Whole {
    user: ListedUser,
    identities: Vec<Value>,
    sessions: Vec<ListedSession>,
    events: Vec<Event>,
}

fn whole(known: Whole) -> String {
    let user = known.user;
    let mut about = Table::new(&["USER", &user.user_id]);
    for (name, value) in [
        ("name", user.display_name.unwrap_or_default()),
        ("e-mail", user.auth_email.unwrap_or_default()),
        ("status", user.status),
        ("since", moment(user.auth_created_at)),
        ("removed at", moment(user.delete_at)),
    ] {
        if !value.is_empty() {
            about.row([name.to_owned(), value]);
        }
    }
    let mut ways = Table::new(&["WAY IN", "NAME THERE", "IS"]);
    for way in known.identities {
        for name in way["names"].as_array().into_iter().flatten() {
            ways.row([&way["provider"], &name["kind"], &name["value"]].map(text));
        }
    }
    let mut seen = Table::new(&["SESSION", "CITY", "BY", "STATUS", "NETWORK", "LAST USED"]);
    for s in known.sessions.into_iter().take(LATEST) {
        let last = moment(s.last_seen_at.or(Some(s.created_at)));
        seen.row([s.session_id, s.city_id, s.provider, s.status, s.network, last]);
    }
    let mut happened = Table::new(&["WHEN", "WHAT", "CITY", "BY"]);
    for event in known.events.into_iter().take(LATEST) {
        let when = moment(Some(event.created_at));
        happened.row([when, event.kind, event.city_id.unwrap_or_default(), event.actor]);
    }
    [about, ways, seen, happened].map(Table::draw).join("\n\n")
}

fn merged(merge: &MergePreview, from: &str, into: &str) -> String {
    let ways: Vec<&str> = merge.identities.iter().map(|way| way.provider.as_str()).collect();
    let head = if merge.merged { "moved" } else { "would move" };
    let mut told = format!("{head} from {from} to {into}: ways in: {}", ways.join(" "));
    for (moves, what) in [(merge.password_moves, "password"), (merge.email_moves, "e-mail address")] {
        if moves {
            told.push_str(&format!(", {what}"));
        }
    }
    told.push_str(&format!("\nsessions that end: {}", merge.sessions));
    if !merge.conflicts.is_empty() {
        told.push_str(&format!("\nboth have, so that of {from} is dropped: {}", merge.conflicts.join(", ")));
    }
    told
}
