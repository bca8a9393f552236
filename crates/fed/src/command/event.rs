//! `fed event`: what happened to people.

use super::env::moment;
use crate::admin::{Connection, Listing, Paging};
use crate::on_this_thread;
use crate::problem::Problem;
use clap::Subcommand;
use downcity::{Event, Timestamp};
use serde_json::json;

/// What to do with events.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List events, newest first
    List {
        /// About this user
        #[arg(long, value_name = "USER_ID")]
        user: Option<String>,
        /// In this city
        #[arg(long, value_name = "CITY_ID")]
        city: Option<String>,
        /// Of this kind, such as user.signed_in
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// Not before this moment, 2026-01-31T08:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
        #[command(flatten)]
        paging: Paging,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    let Command::List { user, city, kind, since, paging, connection } = command;
    let since = since.map(|since| since.to_string());
    let query = json!({ "user_id": user, "city_id": city, "type": kind, "since": since });
    on_this_thread(async move {
        paging.list(&connection.admin()?, ("accounts", "events"), &query, listing()).await
    })
}

fn listing() -> Listing<Event> {
    let headings = ["WHEN", "WHAT", "USER", "CITY", "BY", "NETWORK", "EVENT"];
    Listing::new(&headings, "no event is as described", |table, event: Event| {
        let (user, city) = (event.user_id.unwrap_or_default(), event.city_id.unwrap_or_default());
        let (when, network) = (moment(Some(event.created_at)), event.network.unwrap_or_default());
        table.row([when, event.kind, user, city, event.actor, network, event.event_id]);
    })
}
