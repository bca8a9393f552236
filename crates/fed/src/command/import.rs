//! `fed import`: people, ways in, cities and settings from another system, into the database of a Federation on
//! this machine.

use crate::house;
use crate::place::Place;
use crate::problem::Problem;
use crate::table::Table;
use crate::{on_this_thread, screen};
use clap::Subcommand;
use downcity_service::moving_in::{Move, MoveError, Report, Tally};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Notes that people are shown; `--json` has them all.
const NOTES: usize = 40;

/// Where from.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// From a Downcity TypeScript database. Without --apply nothing is written: the report says what would be
    #[command(after_long_help = "\
What exists here is never changed, so the same import can be made again at any time. On SQLite stop `fed serve` \
first: one process at a time has the file. On PostgreSQL other nodes may go on. docs/import.md tells the rest.")]
    Downcity(Box<Args>),
}

/// What is brought over, and into what.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The old SQLite database; it is only read
    #[arg(long, value_name = "FILE")]
    sqlite: PathBuf,
    /// Write. Without it nothing is changed, and the report says what would be
    #[arg(long)]
    apply: bool,
    /// Take addresses that the old system never verified for the accounts' own, with their passwords
    #[arg(long)]
    trust_unverified: bool,
    /// The WeChat AppID that the old openids belong to [default: WECHAT_CLIENT_ID there, else here]
    #[arg(long, value_name = "APPID")]
    wechat_app_id: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    let Command::Downcity(args) = command;
    on_this_thread(downcity(*args))
}

async fn downcity(args: Args) -> Result<(), Problem> {
    let how = Move {
        apply: args.apply,
        trust_unverified: args.trust_unverified,
        wechat_app_id: args.wechat_app_id.clone(),
    };
    let (path, as_json) = (args.sqlite.clone(), args.json);
    let federation = house::open_stories(args.place.plan()?).await?;
    let report = federation.move_in(&path, &how).await;
    federation.close(std::future::pending()).await;
    let report = report.map_err(problem)?;
    if as_json {
        screen::say(to_json(&report));
    } else {
        screen::say(to_text(&report));
    }
    Ok(())
}

fn problem(error: MoveError) -> Problem {
    match error {
        MoveError::Foreign(_) | MoveError::NotDowncity(_) => {
            Problem::usage(error).next("name the SQLite file of the old system with --sqlite")
        }
        error => Problem::new(error).next("the same command again goes on where this one ended"),
    }
}

fn tallies(report: &Report) -> [(&'static str, Tally); 5] {
    [
        ("users", report.users),
        ("ways in", report.identities),
        ("passwords", report.passwords),
        ("cities", report.cities),
        ("settings", report.env),
    ]
}

fn to_json(report: &Report) -> Value {
    let tally = |tally: &Tally| json!({"found": tally.found, "added": tally.added, "present": tally.present, "skipped": tally.skipped});
    let notes: Vec<Value> = report
        .notes
        .iter()
        .map(|note| json!({"table": note.table, "row": note.row, "what": note.what}))
        .collect();
    json!({
        "applied": report.applied,
        "users": tally(&report.users),
        "identities": tally(&report.identities),
        "passwords": tally(&report.passwords),
        "cities": tally(&report.cities),
        "env": tally(&report.env),
        "notes": notes,
    })
}

fn to_text(report: &Report) -> String {
    let added = if report.applied { "ADDED" } else { "WOULD BE ADDED" };
    let mut table = Table::new(&["", "FOUND", added, "HERE ALREADY", "LEFT OUT"]);
    for (name, tally) in tallies(report) {
        let numbers = [tally.found, tally.added, tally.present, tally.skipped].map(|n| n.to_string());
        let [found, added, present, skipped] = numbers;
        table.row([name.to_owned(), found, added, present, skipped]);
    }
    let mut text = table.draw();
    if !report.notes.is_empty() {
        let mut notes = Table::new(&["TABLE", "ROW", "NOTE"]);
        for note in report.notes.iter().take(NOTES) {
            notes.row([note.table.to_owned(), note.row.clone(), note.what.clone()]);
        }
        text.push_str(&format!("\n\n{}", notes.draw()));
        if report.notes.len() > NOTES {
            let more = report.notes.len() - NOTES;
            text.push_str(&format!("\n… and {more} more; --json has them all"));
        }
    }
    if !report.applied {
        text.push_str("\n\nNothing was written. The same with --apply does it.");
    }
    text
}
