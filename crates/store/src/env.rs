//! The Federation's env: settings and secrets, each sealed before it comes here.

use crate::audit::{NewAudit, append};
use crate::db::args;
use crate::keys::count_change;
use crate::{Store, StoreError};
use downcity_core::Timestamp;

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvRow {
    /// Its name, for example `WECHAT_CLIENT_ID`.
    pub key: String,
    /// Its value, sealed.
    pub sealed: Vec<u8>,
    /// When it was last set.
    pub updated_at: Timestamp,
}

/// One setting of a city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CityEnvRow {
    /// The city.
    pub city_id: String,
    /// Its name.
    pub key: String,
    /// Its value, sealed.
    pub sealed: Vec<u8>,
    /// When it was last set.
    pub updated_at: Timestamp,
}

impl Store {
    /// All settings of cities, by city and name.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn city_env(&self) -> Result<Vec<CityEnvRow>, StoreError> {
        let sql = "select city_id, key, sealed, updated_at from city_env order by city_id, key";
        let read = |row: crate::db::Row| {
            row.read_as("city_env", |row| {
                Ok(CityEnvRow {
                    city_id: row.text("city_id")?,
                    key: row.text("key")?,
                    sealed: row.bytes("sealed")?,
                    updated_at: row.time("updated_at")?,
                })
            })
        };
        self.db.read(sql, args![]).await?.into_iter().map(read).collect()
    }

    /// Sets a setting of a city.
    ///
    /// # Errors
    /// `Unavailable`, also when the city has just been removed.
    pub async fn put_city_env(&self, row: CityEnvRow, audit: NewAudit) -> Result<(), StoreError> {
        self.db
            .write((row, audit), |(row, audit), tx| {
                Box::pin(async move {
                    let sql = "insert into city_env (city_id, key, sealed, updated_at) values ($1, $2, $3, $4) \
                               on conflict (city_id, key) do update set sealed = excluded.sealed, \
                               updated_at = excluded.updated_at";
                    let args = args![&row.city_id, &row.key, row.sealed.as_slice(), row.updated_at];
                    tx.put(sql, args).await?;
                    count_change(tx).await?;
                    append(audit, tx).await
                })
            })
            .await
    }

    /// Removes a setting of a city; false when it is not set.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove_city_env(
        &self,
        city_id: &str,
        key: &str,
        audit: NewAudit,
    ) -> Result<bool, StoreError> {
        self.change("delete from city_env where city_id = $1 and key = $2", args![city_id, key], audit).await
    }

    /// All settings, by name.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn env(&self) -> Result<Vec<EnvRow>, StoreError> {
        let rows = self.db.read("select key, sealed, updated_at from env order by key", args![]).await?;
        let read = |row: crate::db::Row| {
            row.read_as("env", |row| {
                Ok(EnvRow {
                    key: row.text("key")?,
                    sealed: row.bytes("sealed")?,
                    updated_at: row.time("updated_at")?,
                })
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Sets all of `rows` or none, each with its entry of the audit record.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn put_env(&self, rows: Vec<(EnvRow, NewAudit)>) -> Result<(), StoreError> {
        self.db
            .write(rows, |rows, tx| {
                Box::pin(async move {
                    let sql = "insert into env (key, sealed, updated_at) values ($1, $2, $3) \
                               on conflict (key) do update set sealed = excluded.sealed, \
                               updated_at = excluded.updated_at";
                    for (row, audit) in rows {
                        tx.put(sql, args![&row.key, row.sealed.as_slice(), row.updated_at]).await?;
                        append(audit, tx).await?;
                    }
                    if rows.is_empty() { Ok(()) } else { count_change(tx).await }
                })
            })
            .await
    }

    /// Removes a setting; false when it is not set.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove_env(&self, key: &str, audit: NewAudit) -> Result<bool, StoreError> {
        self.change("delete from env where key = $1", args![key], audit).await
    }
}
