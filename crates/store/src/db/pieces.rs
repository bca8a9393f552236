//! Everything that a database holds, at one moment, while it goes on being used: read table by table.

use super::postgres::Postgres;
use super::sqlite::Sqlite;
use super::{Db, Fault, Val, dialect};
use crate::StoreError;
use futures::{StreamExt, pin_mut};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Rows that are handed on together.
const ROWS: usize = 200;
/// Pieces that may wait for a slow reader.
const WAITING: usize = 4;
/// A piece of what a database holds.
#[derive(Debug)]
pub(crate) enum Piece {
    /// The rows of this table come next.
    Table {
        /// Its name.
        name: String,
        /// Its columns, in the order of the cells.
        columns: Vec<String>,
    },
    /// Some of its rows.
    Rows(Vec<Vec<Val>>),
}

/// Pieces on their way to whoever asked. Only after `None` were they all: a reading that ends without was cut off.
pub(crate) type Pieces = Receiver<Result<Option<Piece>, StoreError>>;

/// The way to whoever asked.
struct Way {
    pieces: Sender<Result<Option<Piece>, StoreError>>,
    patience: Duration,
}

impl Way {
    /// Hands over a piece, the end, or what went wrong; false when nobody waits for it any more, or has not come for long.
    async fn hand_over(&self, piece: Result<Option<Piece>, StoreError>) -> bool {
        self.pieces.send_timeout(piece, self.patience).await.is_ok()
    }
}

impl Db {
    /// Reads these tables as they are at one moment. Whoever goes away ends it, or takes nothing for so long: meanwhile the
    /// database keeps every old row that the reader may still come to. On SQLite its log grows, on PostgreSQL nothing is
    /// cleaned up.
    pub(crate) fn pieces(&self, tables: &'static [&'static str], patience: Duration) -> Pieces {
        let (sender, pieces) = channel(WAITING);
        let way = Way { pieces: sender, patience };
        match self {
            Self::Sqlite(db) => {
                let (db, runtime) = (Arc::clone(db), Handle::current());
                let failed = way.pieces.clone();
                // Not one of the runtime's: it is busy for as long as somebody takes pieces.
                let reader = std::thread::Builder::new().name("store-pieces".into());
                let begun = reader.spawn(move || {
                    let hand_over = |piece| runtime.block_on(way.hand_over(piece));
                    if let Err(problem) = of_sqlite(&db, tables, |piece| hand_over(Ok(piece))) {
                        hand_over(Err(problem.into()));
                    }
                });
                if let Err(problem) = begun {
                    let problem = StoreError::Unavailable(format!("no thread could be started: {problem}"));
                    let _ = failed.try_send(Err(problem));
                }
            }
            Self::Postgres(db) => {
                let db = db.clone();
                tokio::spawn(async move {
                    if let Err(problem) = of_postgres(&db, tables, &way).await {
                        way.hand_over(Err(problem.into())).await;
                    }
                });
            }
        }
        pieces
    }
}

/// A reader's transaction sees what stood when it began to read; writers go on meanwhile.
fn of_sqlite(db: &Sqlite, tables: &[&str], hand_over: impl Fn(Option<Piece>) -> bool) -> Result<(), Fault> {
    let connection = db.connect_reader()?;
    connection.execute_batch("begin")?;
    for table in tables {
        let mut statement = connection.prepare(&format!("select * from {table}"))?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let width = columns.len();
        if !hand_over(Some(Piece::Table { name: (*table).to_owned(), columns })) {
            return Ok(());
        }
        let mut cursor = statement.query([])?;
        let mut rows = Vec::with_capacity(ROWS);
        while let Some(row) = cursor.next()? {
            let cell = |at| {
                Val::from_sqlite(row.get_ref(at)?)
                    .ok_or_else(|| Fault::internal(format!("a column of {table} has a foreign type")))
            };
            rows.push((0..width).map(cell).collect::<Result<Vec<_>, Fault>>()?);
            if rows.len() == ROWS && !hand_over(Some(Piece::Rows(std::mem::take(&mut rows)))) {
                return Ok(());
            }
        }
        if !hand_over(Some(Piece::Rows(rows))) {
            return Ok(());
        }
    }
    hand_over(None);
    Ok(())
}

async fn of_postgres(db: &Postgres, tables: &[&str], way: &Way) -> Result<(), Fault> {
    // The connection goes away with the transaction, also where nobody waits for its end.
    let client = db.connection_of_its_own().await?;
    client.batch_execute(dialect::BEGIN_SNAPSHOT_POSTGRES).await?;
    for table in tables {
        let statement = client.prepare(&format!("select * from {table}")).await?;
        let columns = statement.columns().iter().map(|column| column.name().to_owned()).collect();
        if !way.hand_over(Ok(Some(Piece::Table { name: (*table).to_owned(), columns }))).await {
            return Ok(());
        }
        let none: [&Val; 0] = [];
        let stream = client.query_raw(&statement, none).await?;
        pin_mut!(stream);
        let mut rows = Vec::with_capacity(ROWS);
        while let Some(row) = stream.next().await {
            let row = row?;
            rows.push((0..row.len()).map(|at| row.try_get(at)).collect::<Result<Vec<Val>, _>>()?);
            if rows.len() == ROWS && !way.hand_over(Ok(Some(Piece::Rows(std::mem::take(&mut rows))))).await {
                return Ok(());
            }
        }
        if !way.hand_over(Ok(Some(Piece::Rows(rows)))).await {
            return Ok(());
        }
    }
    way.hand_over(Ok(None)).await;
    Ok(())
}
