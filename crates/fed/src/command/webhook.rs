//! `fed webhook`: servers that a Federation tells of events.

use super::env::moment;
use crate::admin::{Connection, Listing, Paging, Sure};
use crate::problem::Problem;
use crate::table::Table;
use crate::{on_this_thread, screen};
use clap::Subcommand;
use downcity::{Delivery, ExposeSecret, NewWebhook, Timestamp, Webhook, WebhookCreated};
use serde::Deserialize;
use serde_json::{Value, json};

/// What to do with webhooks.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List all webhooks
    List(#[command(flatten)] Connection),
    /// Make a webhook; the secret that its server checks signatures with is printed this once
    Create {
        /// Where events are sent, https://…
        address: String,
        /// Only events of this type; may be given several times
        #[arg(long = "type", value_name = "TYPE")]
        types: Vec<String>,
        /// Only events of this city; may be given several times
        #[arg(long = "city", value_name = "CITY_ID")]
        cities: Vec<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Remove a webhook with what was on its way
    Remove {
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        named: Named,
    },
    /// Switch a webhook on again that was switched off because nothing was taken
    Enable(Named),
    /// Send an event made up for testing
    Test(Named),
    /// List what was sent and what waits to be, newest first
    Deliveries {
        /// The webhook's id
        webhook_id: String,
        /// waiting, sent or given_up
        #[arg(long)]
        status: Option<String>,
        #[command(flatten)]
        paging: Paging,
        #[command(flatten)]
        connection: Connection,
    },
    /// Send events again: one, or all since a moment
    Replay {
        /// The webhook's id
        webhook_id: String,
        /// This event
        #[arg(long, value_name = "EVENT_ID", required_unless_present = "since", conflicts_with = "since")]
        event: Option<String>,
        /// All events since this moment, 2026-01-31T08:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
        #[command(flatten)]
        connection: Connection,
    },
}

/// One webhook.
#[derive(clap::Args)]
pub(crate) struct Named {
    /// Its id
    webhook_id: String,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Deserialize)]
struct Webhooks {
    items: Vec<Webhook>,
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    on_this_thread(async move {
        match command {
            Command::List(connection) => {
                let caller = connection.admin()?;
                caller.show(caller.admin.raw().get("webhooks", "list", &()), list).await
            }
            Command::Create { address, types, cities, connection } => {
                let (caller, webhook) = (connection.admin()?, NewWebhook { url: address, types, cities });
                caller
                    .show(caller.admin.raw().post("webhooks", "create", &webhook), |made| created(&made))
                    .await
            }
            Command::Remove { sure, named } => {
                sure.ask(format_args!("{} and everything on its way to it is removed.", named.webhook_id))?;
                named.call("remove", |id, _| format!("removed {id}")).await
            }
            Command::Enable(named) => named.call("enable", |id, _| format!("switched {id} on")).await,
            Command::Test(named) => {
                let told = |id: &str, answer: Value| {
                    let event = answer["event_id"].as_str().unwrap_or_default();
                    format!("sent {event}; `fed webhook deliveries {id}` tells whether it was taken")
                };
                named.call("test", told).await
            }
            Command::Deliveries { webhook_id, status, paging, connection } => {
                let query = json!({ "webhook_id": webhook_id, "status": status });
                paging.list(&connection.admin()?, ("webhooks", "deliveries"), &query, deliveries()).await
            }
            Command::Replay { webhook_id, event, since, connection } => {
                let mut body = json!({ "webhook_id": webhook_id });
                match since {
                    Some(since) => body["since"] = json!(since.to_string()),
                    None => body["event_id"] = json!(event),
                }
                let caller = connection.admin()?;
                let told = |answer: Value| format!("on its way again: {} deliveries", answer["count"]);
                caller.show(caller.admin.raw().post("webhooks", "replay", &body), told).await
            }
        }
    })
}

impl Named {
    async fn call(&self, action: &str, told: impl FnOnce(&str, Value) -> String) -> Result<(), Problem> {
        let (caller, body) = (self.connection.admin()?, json!({ "webhook_id": self.webhook_id }));
        let call = caller.admin.raw().post("webhooks", action, &body);
        caller.show(call, |answer| told(&self.webhook_id, answer)).await
    }
}

fn created(made: &WebhookCreated) -> String {
    let id = &made.webhook.webhook_id;
    screen::tell(format_args!("made {id}; this is its secret, told this once:"));
    made.secret.expose_secret().to_owned()
}

fn list(webhooks: Webhooks) -> String {
    if webhooks.items.is_empty() {
        return "there is no webhook yet; `fed webhook create URL` makes one".to_owned();
    }
    let mut table = Table::new(&["WEBHOOK", "ADDRESS", "TYPES", "CITIES", "STATUS", "FAILING SINCE"]);
    let some = |list: Vec<String>| if list.is_empty() { "all".to_owned() } else { list.join(" ") };
    for hook in webhooks.items {
        let failing = moment(hook.failing_since);
        table.row([hook.webhook_id, hook.url, some(hook.types), some(hook.cities), hook.status, failing]);
    }
    table.draw()
}

fn deliveries() -> Listing<Delivery> {
    let headings = ["DELIVERY", "EVENT", "TYPE", "STATUS", "TRIES", "NEXT", "LAST ERROR"];
    Listing::new(&headings, "nothing was sent yet", |table, d: Delivery| {
        let (kind, error) = (d.kind.unwrap_or_default(), d.last_error.unwrap_or_default());
        table.row([d.delivery_id, d.event_id, kind, d.status, d.tries.to_string(), moment(d.next_at), error]);
    })
}
