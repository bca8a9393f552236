//! `fed db copy`: from SQLite to PostgreSQL, while the Federation serves but for a short stop at the end.

mod progress;

use crate::admin::Sure;
use crate::config::{LONGEST_DRAIN, Options};
use crate::house::DATABASE;
use crate::on_this_thread;
use crate::problem::Problem;
use clap::Subcommand;
use downcity_service::StoreOpenError;
use downcity_service::moving_out::{self, CopyError, Copying, Tally};
use downcity_service::seams::{SystemClock, SystemRandom};
use progress::Progress;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Differences that are left for the stop; with more, the file is gone through once more before it.
const FEW: u64 = 5_000;
/// How often that is done.
const PASSES: usize = 3;
/// How often it is looked whether the server is gone.
const LOOK: Duration = Duration::from_millis(50);
/// How long a server may still have the file after the command that stops it: longer than any takes to stop.
const STOPPED_WITHIN: Duration = LONGEST_DRAIN.saturating_add(Duration::from_secs(60));

/// What is done with a database.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Move a Federation from its SQLite file to PostgreSQL, while it serves but for a short stop at the end
    #[command(after_long_help = "\
1. Everything is copied while the Federation goes on serving from SQLite.
2. It has to be stopped: by --stop-command, or by you when the command asks for it.
3. What changed meanwhile is copied, every row of every table is compared, and the SQLite file is marked as moved.
4. Start it with the PostgreSQL database and the same master key.

Interrupted at any point, the same command again goes on. The database must be empty: nothing is overwritten. \
docs/move-to-postgres.md tells the rest.")]
    Copy(Box<Args>),
}

/// From where to where.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The TOML file of `fed serve`, for the options below
    #[arg(long, env = "FED_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder with the SQLite file [default: ./data]
    #[arg(long, env = "FED_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The empty PostgreSQL database, reached directly and not through a pooler; better in the environment or the file
    #[arg(long, env = "FED_DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = crate::config::secret)]
    database_url: Option<SecretString>,
    /// Stops the server when the time has come, such as 'systemctl stop fed'; run by /bin/sh
    #[arg(long, value_name = "COMMAND")]
    stop_command: Option<String>,
    #[command(flatten)]
    sure: Sure,
    /// Tell progress and outcome as JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Problem> {
    let Command::Copy(args) = command;
    on_this_thread(copy(*args))
}

async fn copy(args: Args) -> Result<(), Problem> {
    let Args { config, data, database_url, stop_command, sure, json } = args;
    let options = Options { config, data, database_url, ..Options::default() }.with_file()?;
    let file = options.data.unwrap_or_else(|| PathBuf::from("data")).join(DATABASE);
    let url = options.database_url.ok_or_else(|| {
        Problem::usage("it is not said where to: a PostgreSQL database is missing")
            .next("name an empty one with FED_DATABASE_URL, or with --database-url")
    })?;
    sure.ask(format_args!(
        "Everything in {} is to move to PostgreSQL. In the end that file can't be served any more.",
        file.display()
    ))?;
    let mut copying = moving_out::begin(&file, url.expose_secret(), &SystemRandom).await.map_err(problem)?;
    let progress = Progress::new(json);
    if copying.is_ended() {
        let place = copying.place();
        let text = format!("Everything is in {place} already.\n{}", what_now(&copying)?);
        progress.done(&text, &json!({"done": true, "place": place}));
        return Ok(());
    }
    let begun = Instant::now();
    if !copying.is_moved() {
        ahead(&mut copying, progress).await?;
    }
    let ahead = begun.elapsed();
    stopped(&mut copying, stop_command, progress).await?;
    finish(copying, progress, ahead).await
}

/// Copies while the server goes on, until little is left.
async fn ahead(copying: &mut Copying, progress: Progress) -> Result<(), Problem> {
    for _ in 0..PASSES {
        let pass = progress.pass("copied", copying.count().map_err(problem)?);
        let tally = copying.load(|rows| pass.tell(rows)).await.map_err(problem)?;
        pass.end(&tally);
        if tally.written + tally.removed < FEW {
            break;
        }
    }
    Ok(())
}

/// Waits until the file is free.
async fn stopped(copying: &mut Copying, command: Option<String>, progress: Progress) -> Result<(), Problem> {
    if copying.seize().map_err(problem)? {
        return Ok(());
    }
    // Whoever is asked to stop it may take any time; a command is over when it says so.
    let mut end = None;
    if let Some(command) = command {
        progress.step("stopping", "stopping the server");
        let mut shell = tokio::process::Command::new("/bin/sh");
        shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::null());
        match shell.status().await {
            Ok(ended) if ended.success() => end = Some(Instant::now() + STOPPED_WITHIN),
            Ok(ended) => return Err(not_stopped(&ended.to_string())),
            Err(why) => return Err(not_stopped(&why.to_string())),
        }
    } else {
        progress.step("stop_now", "now stop the server (`fed serve`); it is waited for …");
    }
    while !copying.seize().map_err(problem)? {
        if end.is_some_and(|end| Instant::now() > end) {
            return Err(not_stopped("it ended well, and the server still has the file"));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

fn not_stopped(why: &str) -> Problem {
    Problem::new(format_args!("the stop command failed: {why}"))
        .next("the Federation serves from SQLite as before; the same command again goes on")
}

/// What has to be done while nobody serves.
async fn finish(copying: Copying, progress: Progress, ahead: Duration) -> Result<(), Problem> {
    let stop = Instant::now();
    let (place, now) = (copying.place().to_owned(), what_now(&copying)?);
    let pass = progress.pass("compared", copying.count().map_err(problem)?);
    let settled = moving_out::settle(copying, (&SystemRandom, &SystemClock), |rows| pass.tell(rows)).await;
    let (settled, tally) = settled.map_err(problem)?;
    pass.end(&tally);
    progress.step("same", "both sides are the same");
    let marked = settled.mark().map_err(problem)?;
    progress.step("marked", "the SQLite file is marked as moved");
    marked.release().await.map_err(problem)?;
    let (ahead, stop, Tally { rows, written, removed }) =
        (ahead.as_secs_f64(), stop.elapsed().as_secs_f64(), tally);
    let text = format!(
        "Moved {rows} rows to {place}. Each was read from both sides and is the same.\n\
         It took {ahead:.1} s while the server could go on, and {stop:.1} s without it ({written} rows written and \
         {removed} removed in these).\n{now}"
    );
    let object = json!({
        "done": true, "place": place, "rows": rows, "written": written, "removed": removed,
        "seconds": {"ahead": ahead, "stopped": stop},
    });
    progress.done(&text, &object);
    Ok(())
}

/// How the new database is served.
fn what_now(copying: &Copying) -> Result<String, Problem> {
    Ok(format!(
        "Now start `fed serve` with this database (FED_DATABASE_URL) and the same master key: {}. Keep the SQLite file \
         until there is a backup of the new database.",
        copying.master_keys().map_err(problem)?.join(", ")
    ))
}

fn problem(error: CopyError) -> Problem {
    const AGAIN: &str = "the same command again goes on where this one ended";
    let next = match &error {
        CopyError::Missing(_) | CopyError::NeverServed(_) => {
            "name the data folder of a Federation on SQLite with --data"
        }
        CopyError::OtherVersion(_) => "serve the file once with this version, then do this again",
        CopyError::MovedElsewhere(_) => "serve that database; nothing was changed",
        CopyError::Occupied(_) => "name an empty database; nothing was changed",
        CopyError::OtherCopy(_) => "go on with that version, or empty the database and do this again",
        CopyError::Open(StoreOpenError::Url) => return Problem::usage(error),
        CopyError::Open(StoreOpenError::Connect(_)) => return Problem::unreachable(error),
        CopyError::Open(_) => return Problem::new(error),
        CopyError::Busy(_) => return Problem::unreachable(error).next("wait until that one has ended"),
        CopyError::Goal(_) => return Problem::unreachable(error).next(AGAIN),
        CopyError::Origin(_) | CopyError::Different(_) => return Problem::new(error).next(AGAIN),
    };
    Problem::usage(error).next(next)
}
