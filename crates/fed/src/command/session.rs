//! `fed session`: who is signed in.

use super::env::moment;
use crate::admin::{Connection, Listing, Paging, Sure};
use crate::on_this_thread;
use crate::problem::Problem;
use clap::Subcommand;
use downcity::ListedSession;
use serde_json::{Value, json};

/// What to do with sessions.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List sessions, newest first
    List {
        /// Part of a name, an address or an id of their user
        #[arg(long, short = 'q', value_name = "TEXT")]
        search: Option<String>,
        /// Of this user
        #[arg(long, value_name = "USER_ID")]
        user: Option<String>,
        /// In this city
        #[arg(long, value_name = "CITY_ID")]
        city: Option<String>,
        /// active, expired or revoked
        #[arg(long)]
        status: Option<String>,
        #[command(flatten)]
        paging: Paging,
        #[command(flatten)]
        connection: Connection,
    },
    /// End a session: its tokens are refused from now on
    Revoke {
        /// Its id
        session_id: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    on_this_thread(async move {
        match command {
            Command::List { search, user, city, status, paging, connection } => {
                let query = json!({ "q": search, "user_id": user, "city_id": city, "status": status });
                paging.list(&connection.admin()?, ("accounts", "sessions"), &query, listing()).await
            }
            Command::Revoke { session_id, sure, connection } => {
                let (caller, body) = (connection.admin()?, json!({ "session_id": session_id }));
                sure.ask(format_args!("{session_id} ends, and whoever uses it has to sign in again."))?;
                let call = caller.admin.raw().post("accounts", "sessions/admin-revoke", &body);
                caller.show(call, |_: Value| format!("ended {session_id}")).await
            }
        }
    })
}

fn listing() -> Listing<ListedSession> {
    let headings = ["SESSION", "USER", "CITY", "BY", "STATUS", "NETWORK", "LAST USED"];
    Listing::new(&headings, "no session is as described", |table, s: ListedSession| {
        let last = moment(s.last_seen_at.or(Some(s.created_at)));
        table.row([s.session_id, s.user_id, s.city_id, s.provider, s.status, s.network, last]);
    })
}
