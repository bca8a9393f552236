//! Fills a new database with pieces of another one: all or nothing.

use super::connect::{Target, explain};
use super::pieces::Piece;
use super::{Val, dialect, migrate, sqlite};
use crate::OpenError;
use futures::pin_mut;
use std::path::Path;
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::ToSql;

/// Why a database was not filled. Nothing is left in it then.
#[derive(Debug, thiserror::Error)]
pub enum LoadError<E> {
    /// The pieces could not be read.
    #[error(transparent)]
    Pieces(E),
    /// The database could not be opened or brought to the schema.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is something in it already.
    #[error("there is a Federation in this database already: nothing is overwritten; name an empty one")]
    NotEmpty,
    /// It did not take the rows.
    #[error("the database did not take the rows: {0}")]
    Refused(String),
}

/// Fills a new SQLite file, which has the schema of `steps` then, and migrates it to the schema of now.
pub(crate) fn sqlite<E>(
    path: &Path,
    steps: &[String],
    tables: &[&str],
    pieces: impl Iterator<Item = Result<Piece, E>>,
) -> Result<(), LoadError<E>> {
    if path.exists() {
        return Err(LoadError::NotEmpty);
    }
    let refused = |error: rusqlite::Error| LoadError::Refused(explain(&error));
    let (mut connection, lock) = sqlite::create(path)?;
    migrate::sqlite(&mut connection, Some(steps))?;
    let transaction = connection.transaction().map_err(refused)?;
    for table in tables.iter().rev() {
        // What a fresh schema holds of itself; tables of later steps are not there yet.
        if transaction.table_exists(None, *table).map_err(refused)? {
            transaction.execute(&format!("delete from {table}"), []).map_err(refused)?;
        }
    }
    let mut insert = String::new();
    for piece in pieces {
        match piece.map_err(LoadError::Pieces)? {
            Piece::Table { name, columns } => {
                let places: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
                insert =
                    format!("insert into {name} ({}) values ({})", columns.join(", "), places.join(", "));
            }
            Piece::Rows(rows) => {
                let mut statement = transaction.prepare_cached(&insert).map_err(refused)?;
                for row in &rows {
                    statement.execute(rusqlite::params_from_iter(row)).map_err(refused)?;
                }
            }
        }
    }
    transaction.commit().map_err(refused)?;
    migrate::sqlite(&mut connection, None)?;
    connection.close().map_err(|(_, error)| refused(error))?;
    drop(lock);
    Ok(())
}

/// Fills an empty PostgreSQL database in one transaction, then migrates it to the schema of now.
pub(crate) async fn postgres<E>(
    url: &str,
    steps: &[String],
    tables: &[&str],
    pieces: impl Iterator<Item = Result<Piece, E>>,
) -> Result<(), LoadError<E>> {
    let target = Target::parse(url)?;
    let mut client = target.single().await?;
    let refused = |error: tokio_postgres::Error| LoadError::Refused(explain(&error));
    client.batch_execute(dialect::MIGRATION_LOCK).await.map_err(refused)?;
    let transaction = client.transaction().await.map_err(refused)?;
    let there = transaction.query_one("select to_regclass('schema_steps') is not null", &[]).await;
    if there.map_err(refused)?.get(0) {
        return Err(LoadError::NotEmpty);
    }
    migrate::postgres_within(&transaction, steps).await?;
    for table in tables.iter().rev() {
        let sql = format!("select to_regclass('{table}') is not null");
        if transaction.query_one(&sql, &[]).await.map_err(refused)?.get(0) {
            transaction.batch_execute(&format!("delete from {table}")).await.map_err(refused)?;
        }
    }
    let mut at = (String::new(), Vec::new());
    for piece in pieces {
        match piece.map_err(LoadError::Pieces)? {
            Piece::Table { name, columns } => at = (name, columns),
            Piece::Rows(rows) => copy(transaction.client(), &at.0, &at.1, &rows).await.map_err(refused)?,
        }
    }
    transaction.commit().await.map_err(refused)?;
    drop(client);
    Ok(migrate::postgres(&target).await?)
}

/// Adds rows to a table.
pub(super) async fn copy(
    client: &Client,
    table: &str,
    columns: &[String],
    rows: &[Vec<Val>],
) -> Result<(), tokio_postgres::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = columns.join(", ");
    let shape = client.prepare(&format!("select {columns} from {table} limit 0")).await?;
    let types: Vec<_> = shape.columns().iter().map(|column| column.type_().clone()).collect();
    let sink = client.copy_in(&format!("copy {table} ({columns}) from stdin binary")).await?;
    let writer = BinaryCopyInWriter::new(sink, &types);
    pin_mut!(writer);
    for row in rows {
        let cells: Vec<&(dyn ToSql + Sync)> = row.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
        writer.as_mut().write(&cells).await?;
    }
    writer.finish().await.map(drop)
}
