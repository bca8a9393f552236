//! `fed attempt`: sign-ins of the last day, how far each got, and why it ended.

use crate::admin::{Connection, Listing, Paging};
use crate::on_this_thread;
use crate::problem::Problem;
use crate::table::text;
use clap::Subcommand;
use serde_json::{Value, json};

/// What to do with attempts.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List sign-in attempts, newest first
    List {
        /// For this city
        #[arg(long, value_name = "CITY_ID")]
        city: Option<String>,
        /// With this provider
        #[arg(long, value_name = "ID")]
        provider: Option<String>,
        /// waiting, exchanging, confirming, done, failed, expired or not_returned
        #[arg(long)]
        status: Option<String>,
        /// That failed by this code, such as provider_misconfigured
        #[arg(long, value_name = "CODE")]
        failure: Option<String>,
        /// That signed this user in
        #[arg(long, value_name = "USER_ID")]
        user: Option<String>,
        #[command(flatten)]
        paging: Paging,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    let Command::List { city, provider, status, failure, user, paging, connection } = command;
    let query = json!({ "city_id": city, "provider": provider, "status": status, "failure": failure, "user_id": user });
    on_this_thread(async move {
        paging.list(&connection.admin()?, ("accounts", "attempts"), &query, listing()).await
    })
}

fn listing() -> Listing<Value> {
    let headings = ["STARTED", "PROVIDER", "CITY", "STATUS", "FAILURE", "CODE", "WHY", "WHAT TO DO"];
    Listing::new(&headings, "no attempt is as described", |table, attempt: Value| {
        let [started, provider, city, status, failure, code] =
            ["started_at", "provider", "city_id", "status", "failure", "provider_code"]
                .map(|field| text(&attempt[field]));
        let [why, remedy] = ["reason", "remedy"].map(|field| text(&attempt[field]["en"]));
        table.row([started, provider, city, status, failure, code, why, remedy]);
    })
}
