//! `fed signing-key`: the keys that tokens are signed with.

use super::env::moment;
use crate::admin::{Connection, Sure};
use crate::on_this_thread;
use crate::problem::Problem;
use crate::table::Table;
use clap::Subcommand;
use downcity::SigningKey;
use serde::Deserialize;
use serde_json::json;

/// What to do with signing keys.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List all keys
    List(#[command(flatten)] Connection),
    /// Make the next key; it signs once everybody can know it, and old tokens stay good until they run out
    Rotate(#[command(flatten)] Connection),
    /// Revoke a key that somebody else may have: its tokens are refused from now on
    Revoke {
        /// Its id
        // One in 64 begins with a hyphen: it is BASE64URL of a digest.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Deserialize)]
struct Keys {
    items: Vec<SigningKey>,
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    on_this_thread(async move {
        match command {
            Command::List(connection) => {
                let caller = connection.admin()?;
                caller.show(caller.admin.raw().get("federation", "keys/list", &()), list).await
            }
            Command::Rotate(connection) => {
                let (caller, body) = (connection.admin()?, json!({}));
                caller.show(caller.admin.raw().post("federation", "keys/rotate", &body), list).await
            }
            Command::Revoke { kid, sure, connection } => {
                let (caller, body) = (connection.admin()?, json!({ "kid": kid }));
                sure.ask_for(&kid, "Everybody whose token this key signed has to sign in again.")?;
                caller.show(caller.admin.raw().post("federation", "keys/revoke", &body), list).await
            }
        }
    })
}

fn list(keys: Keys) -> String {
    let mut table = Table::new(&["KEY", "STATUS", "MADE", "SIGNS FROM", "RETIRED"]);
    for key in keys.items {
        let (made, starts) = (moment(Some(key.created_at)), moment(Some(key.starts_at)));
        table.row([key.kid, key.status, made, starts, moment(key.retired_at)]);
    }
    table.draw()
}
