//! SQLite: one file, one writer thread, and readers that run where they are called.

use super::fault::Fault;
use super::refusal::Refusal;
use super::writer::Writer;
use super::{Row, Val, copy, dialect, migrate};
use crate::{OpenError, StoreError};
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::OFlags;
use rustix::process::geteuid;
use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Reader connections kept open between reads. A read never waits, so no more than the runtime has threads
/// are ever in use at once.
const IDLE_READERS: usize = 4;
/// Searches at a time: others wait.
const SEARCHES: usize = 4;
/// Prepared statements kept by each connection: more than there are queries.
const STATEMENTS: usize = 128;
/// SQLite's own steps between two looks at the clock.
const OPERATIONS: i32 = 100_000;

/// An open SQLite store.
pub(crate) struct Sqlite {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    closed: AtomicBool,
    /// Turns of queries that may look at very many rows.
    pub(super) searches: Arc<Semaphore>,
    /// The only way to write.
    pub(crate) writer: Writer,
    pub(super) refusal: Refusal,
}

impl Sqlite {
    /// Opens, locks and migrates the file.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let (mut connection, lock) = create(path)?;
        let failed = |cause: String| OpenError::File { path: path.to_owned(), cause };
        if let Some((_, to)) = copy::moved(&connection).map_err(|error| failed(error.to_string()))? {
            return Err(OpenError::Moved { path: path.to_owned(), to });
        }
        migrate::sqlite(&mut connection, None)?;
        connection
            .execute_batch(dialect::SETTINGS_SQLITE_WRITER)
            .map_err(|error| OpenError::Migrate(error.to_string()))?;
        let aside = connect(path).map_err(|error| OpenError::Migrate(error.to_string()))?;
        let writer = Writer::start(connection, Some(aside), lock, sync_of(path));
        let writer = writer.map_err(|error| failed(error.to_string()))?;
        let (readers, closed, refusal) = (Mutex::default(), AtomicBool::new(false), Refusal::default());
        let searches = Arc::new(Semaphore::new(SEARCHES));
        Ok(Self { path: path.to_owned(), readers, closed, searches, writer, refusal })
    }

    /// Runs one query on the caller's own thread: a point read takes less time than a change of threads.
    pub(crate) fn read(&self, sql: &'static str, args: &[Val]) -> Result<Vec<Row>, Fault> {
        self.with_reader(|connection| query(connection, sql, args))
    }

    /// The same for a query that may look at very many rows: it is stopped when its time is over.
    pub(crate) fn read_within(
        &self,
        limit: Duration,
        sql: &'static str,
        args: &[Val],
    ) -> Result<Vec<Row>, Fault> {
        self.with_reader(|connection| {
            let end = Instant::now() + limit;
            connection.progress_handler(OPERATIONS, Some(move || Instant::now() >= end))?;
            let rows = query(connection, sql, args);
            connection.progress_handler(0, None::<fn() -> bool>)?;
            rows
        })
    }

    fn with_reader(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<Vec<Row>, Fault>,
    ) -> Result<Vec<Row>, Fault> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Fault::unavailable("the store is closed"));
        }
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connect_reader()?,
        };
        let rows = read(&mut connection);
        let mut idle = self.idle();
        if idle.len() < IDLE_READERS && !self.closed.load(Ordering::Relaxed) {
            idle.push(connection);
        }
        rows
    }

    /// A connection that only reads.
    pub(super) fn connect_reader(&self) -> Result<Connection, Fault> {
        let connection = connect(&self.path)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the writer finish what it was given; then everything is closed and the file unlocked.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.idle().clear();
        self.writer.close().await;
    }
}

/// Makes the disk take what was written to the log of this database, which holds every commit in order. SQLite itself
/// waits for the disk when it moves the log's pages to the file, and when it begins the log anew.
fn sync_of(path: &Path) -> impl FnMut() -> std::io::Result<()> + use<> {
    let mut log_path = path.as_os_str().to_owned();
    log_path.push("-wal");
    let log_path = PathBuf::from(log_path);
    // A bare file name has an empty parent.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.to_owned();
    let mut log = None;
    move || {
        if log.is_none() {
            let opened = File::open(&log_path)?;
            File::open(&folder)?.sync_all()?;
            log = Some(opened);
        }
        log.as_ref().map_or(Ok(()), File::sync_data)
    }
}

/// Opens the file, made where it is missing, and locks it.
pub(super) fn create(path: &Path) -> Result<(Connection, File), OpenError> {
    let failed = |cause: String| OpenError::File { path: path.to_owned(), cause };
    let lock = lock(path)?;
    private_file(path).map_err(|error| failed(error.to_string()))?;
    let connection = connect(path).map_err(|error| failed(error.to_string()))?;
    Ok((connection, lock))
}

/// A second process could not know what this one holds in memory, so it must not start.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let failed =
        |cause: std::io::Error| OpenError::File { path: lock_path.clone().into(), cause: cause.to_string() };
    let file = private_file(Path::new(&lock_path)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Opens a file that is nobody else's, and makes it where it is missing. SQLite would create its own with the process's
/// umask; the companions (`-wal`, `-shm`) take over its mode.
///
/// What a command of root makes belongs to whom the folder belongs, so that the service can open it afterwards. SQLite does
/// the same for the companions. Only what was made here is given away, and in a folder of somebody else root follows no
/// link: whoever may write there could have it open and give away any file of the machine.
fn private_file(path: &Path) -> io::Result<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let owner = Some(folder.metadata()?).filter(|folder| geteuid().is_root() && folder.uid() != 0);
    let mut options = OpenOptions::new();
    options.append(true).mode(0o600);
    if owner.is_some() {
        options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    }
    match options.clone().create_new(true).open(path) {
        Ok(made) => {
            if let Some(owner) = owner {
                // Where root may not, it stays root's, who has opened it.
                let _ = fchown(&made, Some(owner.uid()), Some(owner.gid()));
            }
            return Ok(made);
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let file = options.open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(dialect::SETTINGS_SQLITE)?;
    // Plans may not depend on bound values: else every new value makes SQLite parse a kept statement again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // SQLite's own knows ASCII alone, and a search is folded as Unicode has it.
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("lower", 1, flags, |context| {
        let text: Option<String> = context.get(0)?;
        Ok(text.map(|text| text.to_lowercase()))
    })?;
    Ok(connection)
}

/// To SQLite `$2` is a name, numbered by where it first appears, so a text that mentions `$2` before `$1`
/// would silently get its arguments swapped: it is refused.
fn prepare<'c>(
    connection: &'c Connection,
    sql: &'static str,
    args: &[Val],
) -> Result<rusqlite::CachedStatement<'c>, Fault> {
    if !args.iter().all(Val::is_storable) {
        return Err(super::nul_character());
    }
    let mut statement = connection.prepare_cached(sql)?;
    if statement.parameter_count() != args.len() {
        return Err(Fault::internal(format!("wrong number of arguments for: {sql}")));
    }
    for (index, value) in args.iter().enumerate() {
        let number =
            statement.parameter_name(index + 1).and_then(|name| name.strip_prefix('$')?.parse().ok());
        if number != Some(index + 1) {
            return Err(Fault::internal(format!("parameters must first appear as $1, $2, …: {sql}")));
        }
        statement.raw_bind_parameter(index + 1, value)?;
    }
    Ok(statement)
}

/// Runs a statement that answers with rows.
pub(crate) fn query(connection: &Connection, sql: &'static str, args: &[Val]) -> Result<Vec<Row>, Fault> {
    let mut statement = prepare(connection, sql, args)?;
    let columns = statement.column_count();
    let mut cursor = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = cursor.next()? {
        let mut cells = Vec::with_capacity(columns);
        for column in 0..columns {
            let cell = Val::from_sqlite(row.get_ref(column)?);
            cells.push(
                cell.ok_or_else(|| Fault::internal(format!("column {column} has a foreign type: {sql}")))?,
            );
        }
        rows.push(Row::new(cells));
    }
    Ok(rows)
}

/// Runs a statement that answers with a count.
pub(crate) fn execute(connection: &Connection, sql: &'static str, args: &[Val]) -> Result<u64, Fault> {
    let count = prepare(connection, sql, args)?.raw_execute()?;
    Ok(u64::try_from(count).unwrap_or(0))
}

impl From<tokio::sync::oneshot::error::RecvError> for Fault {
    fn from(_: tokio::sync::oneshot::error::RecvError) -> Self {
        Self::Final(StoreError::Unavailable("the store is closed".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::args;
    use rusqlite::StatementStatus;

    #[test]
    fn a_kept_statement_is_not_parsed_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("create table t (k text primary key, v text) strict")
            .unwrap();
        let connection = connect(&path).unwrap();
        let sql = "select v from t where k = $1";
        for key in ["a", "b", "c"] {
            let args = args![key];
            query(&connection, sql, &args).unwrap();
        }
        let kept = connection.prepare_cached(sql).unwrap();
        assert_eq!(kept.get_status(StatementStatus::RePrepare), 0);
    }
}
