//! `fed overview`: how sign-ins go, and what needs attention.

use crate::admin::Connection;
use crate::on_this_thread;
use crate::problem::Problem;
use crate::table::{Table, text};
use clap::ValueEnum;
use serde_json::{Value, json};

/// The width of the longest bar.
const BAR: u64 = 30;

/// Options of `fed overview`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Of the last day, week or month
    #[arg(long, value_enum, default_value_t = Span::Day)]
    last: Span,
    /// Of this city
    #[arg(long, value_name = "CITY_ID")]
    city: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

/// How far it looks back.
#[derive(Clone, Copy, ValueEnum)]
enum Span {
    /// By the hour
    Day,
    /// By the day
    Week,
    /// By the day
    Month,
}

impl Span {
    fn hours(self) -> u32 {
        match self {
            Self::Day => 24,
            Self::Week => 168,
            Self::Month => 720,
        }
    }
}

/// Asks and tells.
pub(crate) fn run(args: &Args) -> Result<(), Problem> {
    on_this_thread(async move {
        let caller = args.connection.admin()?;
        let mut query = json!({ "hours": args.last.hours() });
        if let Some(city) = &args.city {
            query["city_id"] = json!(city);
        }
        caller
            .show(caller.admin.raw().get("federation", "overview", &query), |answer: Value| told(&answer))
            .await
    })
}

fn told(answer: &Value) -> String {
    let total = &answer["total"];
    let mut numbers = Table::new(&["SIGN-INS", ""]);
    for field in ["started", "returned", "done", "under_way", "not_returned", "expired"] {
        numbers.row([field.replace('_', " "), text(&total[field])]);
    }
    for (code, count) in total["failed"].as_object().into_iter().flatten() {
        numbers.row([format!("failed: {code}"), text(count)]);
    }
    let people = &answer["people"];
    for (name, field) in
        [("users", "users"), ("active in a day", "active_24h"), ("live sessions", "live_sessions")]
    {
        numbers.row([name.to_owned(), text(&people[field])]);
    }
    let mut text = format!("{}\n\n{}\n\n{}", numbers.draw(), series(answer), providers(answer));
    for entry in answer["attention"].as_array().into_iter().flatten() {
        text.push_str(&attention(entry));
    }
    text
}

fn series(answer: &Value) -> String {
    let steps = answer["series"].as_array().map_or(&[][..], Vec::as_slice);
    let started = |step: &Value| step["started"].as_u64().unwrap_or(0);
    let most = steps.iter().map(started).max().unwrap_or(0).max(1);
    let mut table = Table::new(&["FROM", "STARTED", "DONE", ""]);
    for step in steps {
        let bar = "█".repeat(usize::try_from((started(step) * BAR).div_ceil(most)).unwrap_or(0));
        table.row([text(&step["at"]), text(&step["started"]), text(&step["done"]), bar]);
    }
    table.draw()
}

fn providers(answer: &Value) -> String {
    let mut table = Table::new(&["PROVIDER", "STATUS", "LAST SIGN-IN", "LAST FAILURE"]);
    for health in answer["providers"].as_array().into_iter().flatten() {
        let provider = &health["provider"];
        let [success, failure] = ["last_success_at", "last_failure_at"].map(|field| text(&health[field]));
        table.row([text(&provider["id"]), text(&provider["status"]), success, failure]);
    }
    table.draw()
}

fn attention(entry: &Value) -> String {
    let [what, remedy] = ["text", "remedy"].map(|field| text(&entry[field]["en"]));
    format!("\n\n{}: {what}\n  what to do: {remedy}", text(&entry["severity"]))
}
