//! `fed audit`: what admins did.

use crate::admin::{Caller, Connection, Listing, Paging};
use crate::keys;
use crate::on_this_thread;
use crate::problem::Problem;
use crate::table::text;
use clap::Subcommand;
use downcity::Timestamp;
use serde_json::{Value, json};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What to do with the record.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List what admins did, newest first
    List {
        #[command(flatten)]
        wanted: Wanted,
        #[command(flatten)]
        paging: Paging,
        #[command(flatten)]
        connection: Connection,
    },
    /// Write all of it, one JSON object a line
    Export {
        /// The file [default: standard output]; one that exists is not touched
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        wanted: Wanted,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Which entries.
#[derive(clap::Args)]
pub(crate) struct Wanted {
    /// Only this: env.set, or env for everything about settings
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only what was done to this: the name of a setting, an id
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Only with this admin key; local for commands on the machine itself
    #[arg(long, value_name = "KEY_ID")]
    key: Option<String>,
    /// Only about this city
    #[arg(long, value_name = "CITY_ID")]
    city: Option<String>,
    /// Not before this moment, 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Before this moment
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

impl Wanted {
    fn query(&self) -> Value {
        let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let (since, until) = (moment(self.since), moment(self.until));
        let mut query = json!({ "action": self.action, "subject": self.subject, "key_id": self.key,
            "city_id": self.city, "since": since, "until": until });
        if let Some(fields) = query.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        query
    }
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    on_this_thread(async move {
        match command {
            Command::List { wanted, paging, connection } => {
                paging.list(&connection.admin()?, ("audit", "list"), &wanted.query(), listing()).await
            }
            Command::Export { output, wanted, connection } => {
                export(&connection, output.as_deref(), &wanted.query()).await
            }
        }
    })
}

fn listing() -> Listing<Value> {
    let headings = ["WHEN", "WHAT", "TO WHAT", "BY", "FROM", "BEFORE", "AFTER"];
    Listing::new(&headings, "nothing was done as described", |table, entry: Value| {
        let from = if entry["network"].is_null() { &entry["via"] } else { &entry["network"] };
        let [when, what, subject, by, before, after] =
            ["at", "action", "subject", "key_name", "before", "after"].map(|field| text(&entry[field]));
        table.row([when, what, subject, by, text(from), before, after]);
    })
}

async fn export(connection: &Connection, output: Option<&Path>, query: &Value) -> Result<(), Problem> {
    let caller = connection.admin()?;
    let Some(path) = output else { return take(&caller, query, &mut io::stdout()).await };
    let unmade = |why: io::Error| {
        Problem::usage(format_args!("{} can't be made: {why}", path.display())).next("name another file")
    };
    if path.exists() {
        return Err(unmade(ErrorKind::AlreadyExists.into()));
    }
    // A part could be taken for the whole.
    let mut part = keys::beside(path).map_err(unmade)?;
    take(&caller, query, &mut part).await?;
    part.persist_noclobber(path).map(drop).map_err(|failed| unmade(failed.error))
}

async fn take(caller: &Caller, query: &Value, sink: &mut dyn Write) -> Result<(), Problem> {
    let unwritten = |why: io::Error| Problem::new(format_args!("it can't be written: {why}"));
    let mut entries = caller.answer(caller.admin.raw().download("audit", "export", query)).await?;
    while let Some(part) = caller.answer(entries.part()).await? {
        sink.write_all(&part).map_err(unwritten)?;
    }
    sink.flush().map_err(unwritten)
}
