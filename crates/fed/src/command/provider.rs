//! `fed provider`: the ways to sign in, what each lacks, and whether it is offered.

use crate::admin::{Connection, Sure};
use crate::on_this_thread;
use crate::problem::Problem;
use crate::table::{Table, text};
use clap::Subcommand;
use serde_json::{Value, json};

/// What to do with providers.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List every way to sign in, usable or not, and what to register at each provider
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        connection: Connection,
    },
    /// Offer one again
    Enable(Named),
    /// Stop offering one: nobody can sign in with it
    Disable {
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        named: Named,
    },
}

/// Where.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// In this city alone
    #[arg(long, value_name = "CITY_ID")]
    city: Option<String>,
}

/// One provider.
#[derive(clap::Args)]
pub(crate) struct Named {
    /// Its id: wechat, github, …
    provider: String,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    connection: Connection,
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    on_this_thread(async move {
        match command {
            Command::List { place, connection } => {
                let caller = connection.admin()?;
                let query: Vec<(&str, String)> =
                    place.city.into_iter().map(|city| ("city_id", city)).collect();
                caller.show(caller.admin.raw().get("providers", "list", &query), |all| list(&all)).await
            }
            Command::Enable(named) => named.switch("enable", "offered again").await,
            Command::Disable { sure, named } => {
                sure.ask(format_args!(
                    "Nobody can sign in with {} until it is enabled again.",
                    named.provider
                ))?;
                named.switch("disable", "not offered any more").await
            }
        }
    })
}

impl Named {
    async fn switch(&self, action: &str, done: &str) -> Result<(), Problem> {
        let body = json!({ "provider": self.provider, "city_id": self.place.city });
        let caller = self.connection.admin()?;
        let place = self.place.city.as_ref().map(|city| format!(" in {city}")).unwrap_or_default();
        let told = |_: Value| format!("{} is {done}{place}, effective at once", self.provider);
        caller.show(caller.admin.raw().post("providers", action, &body), told).await
    }
}

fn list(all: &Value) -> String {
    let items = all["items"].as_array().map_or(&[][..], Vec::as_slice);
    let mut table = Table::new(&["PROVIDER", "STATUS", "APP ID", "MISSING", "PROBLEM"]);
    for item in items {
        let [id, status, app, missing] =
            ["id", "status", "app_id", "missing"].map(|field| text(&item[field]));
        table.row([id, status, app, missing, text(&item["problem"]["en"])]);
    }
    let mut register = Table::new(&["PROVIDER", "CALLBACK URL", "CALLBACK DOMAIN"]);
    let mut any = false;
    for item in items {
        for callback in item["callbacks"].as_array().into_iter().flatten() {
            register.row([text(&item["id"]), text(&callback["url"]), text(&callback["domain"])]);
            any = true;
        }
    }
    if any {
        format!("{}\n\nTo be registered there:\n{}", table.draw(), register.draw())
    } else {
        table.draw()
    }
}
