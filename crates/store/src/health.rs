//! What the doctor asks of the memory: which schema it has, and how long a durable write takes.

use crate::db::{args, newest_step};
use crate::{Store, StoreError};
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
}
