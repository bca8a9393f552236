//! `fed backup` and `fed restore`: everything in one file, and back out of it.

use crate::admin::Connection;
use crate::house::{self, DATABASE, Plan};
use crate::place::{Offline, Place};
use crate::problem::Problem;
use crate::{keys, on_this_thread, screen};
use downcity::Error;
use downcity_service::admin::Admin;
use downcity_service::backup::{self, DumpError, LoadError, Verified};
use downcity_service::seams::SystemRandom;
use rustix::fs::OFlags;
use secrecy::ExposeSecret;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;

/// What to back up, and into what.
#[derive(clap::Args)]
#[command(after_long_help = "\
The Federation goes on serving. Secrets in the file stay sealed: keep the master key apart from it, since nobody can \
use the file without the key, nor bring anything back without both. People's names and addresses are in clear. \
docs/backup.md tells the rest.")]
pub(crate) struct BackupArgs {
    /// The file to make; one that exists is never overwritten
    file: PathBuf,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    offline: Offline,
}

/// What to restore, and into what.
#[derive(clap::Args)]
#[command(after_long_help = "\
The file is read to its end and checked before anything is made: its checksum, its schema, its rows, and that the \
master key is the one it needs. It may come from either engine. Where a Federation is already, nothing is changed.")]
pub(crate) struct RestoreArgs {
    /// The file that `fed backup` made
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Makes a backup.
pub(crate) fn back_up(args: BackupArgs) -> Result<(), Problem> {
    on_this_thread(async move {
        let file = args.file.clone();
        let unwritable = |why: io::Error| keys::unwritable(&file, &why);
        if file.exists() {
            return Err(there(&file));
        }
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut part =
            tempfile::Builder::new().prefix(".fed-backup-").tempfile_in(folder).map_err(unwritable)?;
        if args.offline.offline {
            read(args, &mut part).await?;
        } else {
            receive(&args.connection, &mut part, &file).await?;
        }
        part.as_file().sync_all().map_err(unwritable)?;
        let verified = verified(part.path())?;
        keep(part, &file)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(unwritable)?;
        tell_backup(&file, &verified);
        Ok(())
    })
}

/// From a Federation that serves.
async fn receive(connection: &Connection, part: &mut NamedTempFile, file: &Path) -> Result<(), Problem> {
    let caller = connection.admin()?;
    let failed = |error: &Error| {
        let problem = caller.target.problem(error);
        // One that answers serves, and says itself what is wrong.
        if matches!(error, Error::Api(_)) {
            problem
        } else {
            problem.next("where no Federation serves, say --offline")
        }
    };
    let mut download = caller.admin.backup().await.map_err(|error| failed(&error))?;
    let (mut bytes, mut progress) = (0, Progress::new("received", "KiB"));
    while let Some(text) = download.part().await.map_err(|error| failed(&error))? {
        part.write_all(&text).map_err(|why| keys::unwritable(file, &why))?;
        bytes += text.len() as u64;
        progress.tell(bytes / 1024);
    }
    Ok(())
}

/// From the database itself.
async fn read(args: BackupArgs, part: &mut NamedTempFile) -> Result<(), Problem> {
    let federation = args.offline.open(args.connection.data_folder()).await?;
    let mut parts = federation.backup(&Admin::on_this_machine("fed backup")).await.map_err(Problem::new)?;
    while let Some(text) = parts.recv().await {
        let written = part.write_all(&text.map_err(Problem::new)?);
        written.map_err(|why| keys::unwritable(&args.file, &why))?;
    }
    federation.close(std::future::pending()).await;
    Ok(())
}

fn keep(part: NamedTempFile, file: &Path) -> Result<(), Problem> {
    part.persist_noclobber(file).map(drop).map_err(|failed| match failed.error.kind() {
        io::ErrorKind::AlreadyExists => there(file),
        _ => keys::unwritable(file, &failed.error),
    })
}

fn there(file: &Path) -> Problem {
    Problem::usage(format_args!("{} exists: a backup overwrites nothing", file.display()))
        .next("name another file, or remove this one")
}

fn tell_backup(file: &Path, verified: &Verified) {
    let rows: u64 = verified.rows.values().sum();
    screen::say(format_args!(
        "{}: {rows} rows in {} tables, read again and found whole.\nTo restore it, the master key {} is needed; it is \
         not in the file.",
        file.display(),
        verified.rows.len(),
        verified.master_key_ids.join(", "),
    ));
}

/// Fills a new database from a backup.
pub(crate) fn restore(args: RestoreArgs) -> Result<(), Problem> {
    on_this_thread(async move {
        let RestoreArgs { file, place } = args;
        let plan = place.plan()?;
        let database = plan.data.join(DATABASE);
        if plan.database_url.is_none() && database.exists() {
            return Err(occupied(database.display()));
        }
        let verified = verified(&file)?;
        check_key(&plan, &verified).await?;
        keys::make_folder(&plan.data)?;
        fill(&plan, &file, &database).await?;
        let federation = house::open_stories(plan).await?;
        let noted = federation.note_restored(&Admin::on_this_machine("fed restore"), &verified).await;
        federation.close(std::future::pending()).await;
        noted.map_err(Problem::new)?;
        let rows: u64 = verified.rows.values().sum();
        screen::say(format_args!("Restored {rows} rows. Start it with `fed serve` and the same options."));
        Ok(())
    })
}

fn occupied(what: impl Display) -> Problem {
    Problem::usage(format_args!("a Federation is there already, in {what}: nothing was changed"))
        .next("name an empty folder with --data, or an empty database with --database-url")
}

fn verified(file: &Path) -> Result<Verified, Problem> {
    let mut progress = Progress::new("checked", "rows");
    backup::verify(file, |rows| progress.tell(rows)).map_err(|error| unusable(file, &error))
}

fn unusable(file: &Path, error: &DumpError) -> Problem {
    let problem = Problem::new(format_args!("{}: {error}", file.display()));
    match error {
        DumpError::CutOff | DumpError::Damaged(_) => {
            problem.next("use another copy; nothing was made of this one")
        }
        _ => problem,
    }
}

async fn check_key(plan: &Plan, verified: &Verified) -> Result<(), Problem> {
    let needed = verified.master_key_ids.join(", ");
    let next = || {
        format!("put the master key {needed} there, or name it with --master-key-file; nothing was changed")
    };
    if let Some(path) = plan.master_key.file().filter(|path| !path.exists()) {
        // A first start would make another key, which opens nothing of the backup.
        let what = format!("the backup needs the master key {needed}, and there is no {}", path.display());
        return Err(Problem::new(what).next(next()));
    }
    let keys = plan.master_key.read().await.map_err(|problem| {
        Problem::new(format_args!("the backup needs the master key {needed}: {problem}")).next(next())
    })?;
    let keys = plan.master_key.clone().into_master_keys(keys);
    let checked = backup::check_master_key(verified, &keys, Arc::new(SystemRandom)).await;
    checked.map_err(|error| Problem::new(error).next(next()))
}

async fn fill(plan: &Plan, file: &Path, database: &Path) -> Result<(), Problem> {
    let mut progress = Progress::new("restored", "rows");
    let tell = |rows| progress.tell(rows);
    if let Some(url) = &plan.database_url {
        let done = backup::restore_postgres(url.expose_secret(), file, tell).await;
        return done.map_err(|error| not_filled(file, error, "that database"));
    }
    // Beside its place first: a restore that is interrupted leaves nothing that looks like a database.
    let unwritable = |why: io::Error| keys::unwritable(database, &why);
    let beside = tempfile::Builder::new().prefix(".restoring-").tempdir_in(&plan.data).map_err(unwritable)?;
    // What is made in there belongs to whom the folder belongs.
    let folder = OpenOptions::new()
        .read(true)
        .custom_flags((OFlags::DIRECTORY | OFlags::NOFOLLOW).bits().cast_signed())
        .open(beside.path());
    folder.and_then(|folder| keys::leave_to_owner(&folder, beside.path())).map_err(unwritable)?;
    let made = beside.path().join(DATABASE);
    backup::restore_sqlite(&made, file, tell)
        .map_err(|error| not_filled(file, error, &database.display().to_string()))?;
    let whole = File::open(&made).map_err(unwritable)?;
    whole.sync_all().map_err(unwritable)?;
    // A link, since that never replaces a file.
    std::fs::hard_link(&made, database).map_err(unwritable)?;
    File::open(&plan.data).and_then(|folder| folder.sync_all()).map_err(unwritable)
}

fn not_filled(file: &Path, error: LoadError<DumpError>, place: &str) -> Problem {
    match error {
        LoadError::Pieces(error) => unusable(file, &error),
        LoadError::NotEmpty => occupied(place),
        error => Problem::new(error),
    }
}

/// A line on standard error now and then, where somebody looks at it.
struct Progress {
    verb: &'static str,
    unit: &'static str,
    next: Instant,
    shown: bool,
}

impl Progress {
    fn new(verb: &'static str, unit: &'static str) -> Self {
        Self { verb, unit, next: Instant::now() + EVERY, shown: io::stderr().is_terminal() }
    }

    fn tell(&mut self, count: u64) {
        if self.shown && Instant::now() >= self.next {
            screen::tell(format_args!("{} {count} {} …", self.verb, self.unit));
            self.next = Instant::now() + EVERY;
        }
    }
}

/// How often progress is told.
const EVERY: Duration = Duration::from_secs(1);
