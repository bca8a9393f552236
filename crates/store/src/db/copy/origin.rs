//! The SQLite file that is copied: read beside the server that serves it, then held alone.

use super::shape::Range;
use super::{Cells, CopyError, MOVED, Shape};
use crate::audit;
use crate::db::{Val, args, connect::explain, migrate, sqlite};
use crate::{NewAudit, OpenError, StoreError};
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Rows in a part.
const ROWS: usize = 1000;

/// An open file.
pub(crate) struct Origin {
    path: PathBuf,
    connection: Connection,
    /// Held: nobody else has the file.
    lock: Option<File>,
}

impl Origin {
    /// Opens the file beside whoever serves it, to read.
    pub(crate) fn open(path: &Path) -> Result<Self, CopyError> {
        if !path.exists() {
            return Err(CopyError::Missing(path.to_owned()));
        }
        let failed =
            |error: rusqlite::Error| OpenError::File { path: path.to_owned(), cause: explain(&error) };
        let connection = sqlite::connect(path).map_err(failed)?;
        connection.pragma_update(None, "query_only", true).map_err(failed)?;
        let origin = Self { path: path.to_owned(), connection, lock: None };
        if origin.steps()? != migrate::steps() {
            return Err(CopyError::OtherVersion(origin.path));
        }
        Ok(origin)
    }

    fn steps(&self) -> Result<Vec<String>, CopyError> {
        if !self.connection.table_exists(None, "schema_steps")? {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare("select name from schema_steps order by number")?;
        let names = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(names)
    }

    /// What tells this Federation from any other: the one key that is never replaced.
    pub(crate) fn identity(&self) -> Result<String, CopyError> {
        let sql =
            "select data_key_id || '-' || created_at from data_keys where purpose = 'derive' and active = 1";
        let identity = self.connection.query_row(sql, [], |row| row.get(0)).optional()?;
        identity.ok_or_else(|| CopyError::NeverServed(self.path.clone()))
    }

    /// Which copy it was moved by, and where to.
    pub(crate) fn moved(&self) -> Result<Option<(String, String)>, CopyError> {
        Ok(moved(&self.connection)?)
    }

    /// The master keys that are needed for what is sealed in it.
    pub(crate) fn master_keys(&self) -> Result<Vec<String>, CopyError> {
        let sql = "select distinct master_key_id from data_keys order by 1";
        Ok(self.connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// These tables as they are.
    pub(crate) fn shapes(&self, tables: &[&'static str]) -> Result<Vec<Shape>, CopyError> {
        let shape = |&table: &&'static str| {
            let mut statement = self.connection.prepare(&format!("pragma table_info({table})"))?;
            let read = |row: &rusqlite::Row<'_>| Ok((row.get("name")?, row.get("pk")?));
            let columns: Vec<(String, i64)> = statement.query_map([], read)?.collect::<Result<_, _>>()?;
            let mut key: Vec<usize> = (0..columns.len()).filter(|&at| columns[at].1 > 0).collect();
            key.sort_by_key(|&at| columns[at].1);
            Ok(Shape::new(table, columns.into_iter().map(|(name, _)| name).collect(), key))
        };
        tables.iter().map(shape).collect()
    }

    /// From now on it is seen as it stands at this moment, while others write.
    pub(crate) fn stand_still(&self) -> Result<(), CopyError> {
        Ok(self.connection.execute_batch("begin")?)
    }

    /// The end of that.
    pub(crate) fn move_on(&self) -> Result<(), CopyError> {
        Ok(self.connection.execute_batch("rollback")?)
    }

    /// Takes the file for itself, if nobody has it: from then on nobody else can write into it.
    pub(crate) fn seize(&mut self) -> Result<bool, CopyError> {
        match sqlite::lock(&self.path) {
            Ok(lock) => self.lock = Some(lock),
            Err(OpenError::InUse { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        self.connection.pragma_update(None, "query_only", false)?;
        self.connection.execute_batch(crate::db::dialect::BEGIN_SQLITE)?;
        Ok(true)
    }

    /// Whether it is held.
    pub(crate) fn is_held(&self) -> bool {
        self.lock.is_some()
    }

    /// Writes an entry of the record into the transaction that holds the file.
    pub(crate) fn record(&self, entry: &NewAudit) -> Result<(), CopyError> {
        let done = sqlite::execute(&self.connection, audit::APPEND, &audit::append_args(entry));
        done.map(drop).map_err(|fault| CopyError::Origin(StoreError::from(fault).to_string()))
    }

    /// Marks the file, held until then, as moved: durable when this returns.
    pub(crate) fn mark_moved(&self, copy: &str, to: &str) -> Result<(), CopyError> {
        let args = args![MOVED, format!("{copy}\n{to}").into_bytes()];
        let sql = "insert into facts (name, value) values ($1, $2)";
        self.connection.execute(sql, params_from_iter(&args))?;
        Ok(self.connection.execute_batch("commit")?)
    }

    /// How many rows there are.
    pub(crate) fn count(&self, shape: &Shape) -> Result<u64, CopyError> {
        let count: i64 = self.connection.query_row(&shape.count(), [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The rows that come next after a key, and the part of the table that they are: without an end, they are the last.
    pub(super) fn part(&self, shape: &Shape, after: Option<Cells>) -> Result<(Range, Vec<Cells>), CopyError> {
        let mut range = Range { after, until: None };
        let rows = self.read(shape, &range, Some(ROWS))?;
        if rows.len() == ROWS {
            range.until = rows.last().map(|row| shape.key_of(row));
        }
        Ok((range, rows))
    }

    /// The rows of a part.
    pub(super) fn rows(&self, shape: &Shape, range: &Range) -> Result<Vec<Cells>, CopyError> {
        self.read(shape, range, None)
    }

    fn read(&self, shape: &Shape, range: &Range, limit: Option<usize>) -> Result<Vec<Cells>, CopyError> {
        let mut statement = self.connection.prepare_cached(&shape.select(range, limit))?;
        let mut cursor = statement.query(params_from_iter(range.values()))?;
        let mut rows = Vec::new();
        while let Some(row) = cursor.next()? {
            let cell = |at| {
                let foreign = || CopyError::Origin(format!("a column of {} has a foreign type", shape.table));
                Val::from_sqlite(row.get_ref(at)?).ok_or_else(foreign)
            };
            rows.push((0..shape.columns.len()).map(cell).collect::<Result<_, CopyError>>()?);
        }
        Ok(rows)
    }
}

/// What a file says of where its content lives now.
pub(crate) fn moved(connection: &Connection) -> rusqlite::Result<Option<(String, String)>> {
    if !connection.table_exists(None, "facts")? {
        return Ok(None);
    }
    let sql = "select value from facts where name = ?1";
    let value: Option<Vec<u8>> = connection.query_row(sql, [MOVED], |row| row.get(0)).optional()?;
    Ok(value.map(|value| {
        let text = String::from_utf8_lossy(&value).into_owned();
        let (copy, to) = text.split_once('\n').unwrap_or((&text, "PostgreSQL"));
        (copy.to_owned(), to.to_owned())
    }))
}
