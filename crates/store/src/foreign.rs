//! Reads tables out of a SQLite file that another program made: only reads, and takes nothing in it for
//! granted. What the values mean is the reader's business, not this room's.

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest text that is taken, in bytes.
const LONGEST: usize = 64 * 1024;
/// The longest value that SQLite hands out at all, in bytes: a file may claim anything.
const LIMIT: i32 = 16 * 1024 * 1024;

/// What stands in one column of one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing; also where the table has no such column.
    Null,
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes, a text that is not UTF-8, or one longer than 64 KiB.
    Garbage,
}

/// A table that is looked for, by the names of its columns. Column names are compared without regard to
/// letter case and underscores, so that `emailVerified` is also found as `email_verified`.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The table.
    pub table: &'static str,
    /// Its columns, in the order in which the cells come.
    pub columns: &'static [&'static str],
}

/// A table's rows, each with the wanted cells. `None`: there is no such table.
pub type Rows = Option<Vec<Vec<Cell>>>;

/// Why a foreign file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// There is no such file.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// It is no SQLite database, is damaged, or can't be read.
    #[error("{} can't be read as a SQLite database: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        cause: String,
    },
}

/// Reads the wanted tables of the file at `path`, all as they are at one moment.
///
/// # Errors
/// See [`ForeignError`].
pub fn read_foreign(path: &Path, wanted: &[Wanted]) -> Result<Vec<Rows>, ForeignError> {
    if !path.is_file() {
        return Err(ForeignError::Missing(path.to_owned()));
    }
    let unreadable =
        |error: rusqlite::Error| ForeignError::Unreadable { path: path.to_owned(), cause: error.to_string() };
    let connection = open(path).map_err(unreadable)?;
    wanted.iter().map(|wanted| rows(&connection, wanted)).collect::<Result<_, _>>().map_err(unreadable)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Neither views nor generated columns of a foreign file may run anything but plain functions.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LIMIT)?;
    connection.execute_batch("pragma query_only = on; pragma cell_size_check = on; begin")?;
    Ok(connection)
}

fn rows(connection: &Connection, wanted: &Wanted) -> rusqlite::Result<Rows> {
    let sql = "select name from sqlite_schema where type = 'table' and name = ?1";
    let table: Option<String> = connection.query_row(sql, [wanted.table], |row| row.get(0)).optional()?;
    let Some(table) = table else { return Ok(None) };
    let mut statement = connection.prepare(&format!("select * from {}", quoted(&table)))?;
    let present: Vec<String> = statement.column_names().map(folded).collect();
    let places: Vec<Option<usize>> =
        wanted.columns.iter().map(|column| present.iter().position(|name| *name == folded(column))).collect();
    let mut cursor = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = cursor.next()? {
        let cell = |place: &Option<usize>| place.map_or(Ok(Cell::Null), |at| row.get_ref(at).map(cell));
        rows.push(places.iter().map(cell).collect::<Result<_, _>>()?);
    }
    Ok(Some(rows))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn folded(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(bytes) if bytes.len() <= LONGEST => {
            std::str::from_utf8(bytes).map_or(Cell::Garbage, |text| Cell::Text(text.to_owned()))
        }
        ValueRef::Text(_) | ValueRef::Blob(_) => Cell::Garbage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEOPLE: Wanted = Wanted { table: "people", columns: &["id", "email_verified", "note"] };

    fn file(sql: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        Connection::open(file.path()).unwrap().execute_batch(sql).unwrap();
        file
    }

    #[test]
    fn columns_are_found_in_either_style_and_missing_ones_are_null() {
        let camel = file("create table people (emailVerified, id); insert into people values (1, 'a')");
        let snake =
            file("create table people (id, EMAIL_VERIFIED, x); insert into people values ('a', 1, 2)");
        for file in [camel, snake] {
            let rows = read_foreign(file.path(), &[PEOPLE]).unwrap().remove(0).unwrap();
            assert_eq!(rows, [[Cell::Text("a".into()), Cell::Int(1), Cell::Null]]);
        }
    }

    #[test]
    fn odd_values_are_garbage_and_nothing_breaks() {
        let file = file(
            "create table people (id, note); \
             insert into people values (x'00ff', 1.5), (cast(x'ff' as text), null), ('a' || char(0), 7); \
             insert into people values (hex(zeroblob(40000)), -1)",
        );
        let rows = read_foreign(file.path(), &[PEOPLE]).unwrap().remove(0).unwrap();
        let of = |index: usize| (rows[index][0].clone(), rows[index][2].clone());
        assert_eq!(of(0), (Cell::Garbage, Cell::Real(1.5)));
        assert_eq!(of(1), (Cell::Garbage, Cell::Null));
        assert_eq!(of(2), (Cell::Text("a\0".into()), Cell::Int(7)));
        assert_eq!(of(3), (Cell::Garbage, Cell::Int(-1)));
    }

    #[test]
    fn a_view_is_no_table_and_a_text_file_no_database() {
        let view = file("create view people as select 'a' as id");
        assert_eq!(read_foreign(view.path(), &[PEOPLE]).unwrap(), [None]);
        let text = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(text.path(), "hello ".repeat(1000)).unwrap();
        let told = read_foreign(text.path(), &[PEOPLE]).unwrap_err().to_string();
        assert!(told.contains("not a database"), "{told}");
        let missing = read_foreign(Path::new("there/is/none"), &[PEOPLE]).unwrap_err();
        assert!(matches!(missing, ForeignError::Missing(_)));
    }
}
