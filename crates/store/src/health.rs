//! What is asked of the memory itself: which schema it has, how long a durable write takes, whether it takes any.

use crate::db::{TIME_POSTGRES, args, newest_step};
use crate::{Engine, Store, StoreError};
use downcity_core::Timestamp;

/// How far a database is migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// The newest step that was taken.
    pub taken: i64,
    /// The newest step that this build knows.
    pub known: i64,
}

impl Store {
    /// How far the database is migrated now: a newer node may have gone on since this one started.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        let rows = self.db.read("select number, name from schema_steps order by number", args![]).await?;
        let numbers = rows.into_iter().map(|row| {
            row.read_as("schema_steps", |row| {
                let number = row.int("number")?;
                row.text("name")?;
                Ok(number)
            })
        });
        let taken = numbers.collect::<Result<Vec<i64>, _>>()?.last().copied().unwrap_or(0);
        Ok(Schema { taken, known: newest_step() })
    }

    /// What time it is where the database is; none where that is this process.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        if self.engine() == Engine::Sqlite {
            return Ok(None);
        }
        let row = self.db.read_row(TIME_POSTGRES, args![]).await?;
        let row = row.ok_or_else(|| StoreError::Internal("a time without a row".into()))?;
        row.read_as("clock", |row| row.int("now").map(|now| Some(Timestamp(now))))
    }

    /// Writes one small row durably, for nothing but the time it takes.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn write_for_measure(&self, now: Timestamp) -> Result<(), StoreError> {
        let sql = "insert into facts (name, value) values ('doctor', $1) \
                   on conflict (name) do update set value = excluded.value";
        let value: &[u8] = &now.0.to_be_bytes();
        self.db.exec(sql, args![value]).await.map(drop)
    }

    /// Whether the database takes changes, as far as the last write told. After one that was refused because the database
    /// is read-only, or SQLite's disk full, this writes, once a second at the most, so that it becomes true again where
    /// nobody else does.
    pub async fn takes_writes(&self, now: Timestamp) -> bool {
        if self.db.refusal().shall_try() {
            // How it ends is remembered.
            let _ = self.write_for_measure(now).await;
        }
        !self.db.refusal().is_standing()
    }

    /// Ends when SQLite's disk has failed to keep what was written: then nothing is written any more until the file is
    /// opened anew, since only that shows what of it is there. Never ends on PostgreSQL.
    pub async fn forsaken(&self) {
        self.db.forsaken().await;
    }

    /// Whether a write failed in the last minute and a half because PostgreSQL's disk is full. Others may have succeeded.
    #[must_use]
    pub fn lacked_room(&self) -> bool {
        self.db.refusal().lacked_room()
    }
}
