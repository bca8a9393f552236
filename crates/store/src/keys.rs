//! Keys that tokens are signed with, and small facts that nodes must agree on.

use crate::db::{Fault, Row, Tx, Val, args};
use crate::{Store, StoreError};
use downcity_core::Timestamp;

/// One key that tokens are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyRow {
    /// Its id (RFC 7638 thumbprint).
    pub kid: String,
    /// The private key, sealed.
    pub sealed: Vec<u8>,
    /// The public key.
    pub public: Vec<u8>,
    /// Whether it is the newest: it signs new tokens as soon as its time has come. At most one key is active.
    pub active: bool,
    /// When it begins to sign. It is published before.
    pub starts_at: Timestamp,
    /// When the next one takes over; after that it only checks tokens.
    pub retired_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Store {
    /// All signing keys, oldest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKeyRow>, StoreError> {
        let sql = "select kid, sealed, public, active, starts_at, retired_at, created_at from signing_keys \
                   order by created_at, kid";
        let read = |row: Row| {
            row.read_as("signing_keys", |row| {
                Ok(SigningKeyRow {
                    kid: row.text("kid")?,
                    sealed: row.bytes("sealed")?,
                    public: row.bytes("public")?,
                    active: row.flag("active")?,
                    starts_at: row.time("starts_at")?,
                    retired_at: row.opt_time("retired_at")?,
                    created_at: row.time("created_at")?,
                })
            })
        };
        self.db.read(sql, args![]).await?.into_iter().map(read).collect()
    }

    /// Stores the first active signing key; false when there is one (another node may have been faster).
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when the key is not an active one.
    pub async fn insert_first_signing_key(&self, row: &SigningKeyRow) -> Result<bool, StoreError> {
        if !row.active {
            return Err(StoreError::Internal("the first signing key must be active".into()));
        }
        let sql = "insert into signing_keys (kid, sealed, public, active, starts_at, created_at) \
                   values ($1, $2, $3, 1, $4, $5) on conflict do nothing";
        self.db
            .write((sql, insert_args(row)), |(sql, args), tx| {
                Box::pin(async move {
                    let made = tx.exec(sql, args.clone()).await? > 0;
                    if made {
                        count_change(tx).await?;
                    }
                    Ok(made)
                })
            })
            .await
    }

    /// A fact by its name.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self.db.read_row("select name, value from facts where name = $1", args![name]).await?;
        row.map(fact_value).transpose()
    }

    /// Settles a fact for good: stores it if it is not there yet, and answers with what stands.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn settle_fact(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let sql = "insert into facts (name, value) values ($1, $2) on conflict (name) do nothing";
        self.db.exec(sql, args![name, value]).await?;
        self.fact(name).await?.ok_or_else(|| StoreError::Internal("a settled fact is gone".into()))
    }

    /// A number that grows with every change to cities, env or keys, on whatever node.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn changes(&self) -> Result<i64, StoreError> {
        let row = self.db.read_row("select id, count from changes", args![]).await?;
        let row = row.ok_or_else(|| StoreError::Internal("the table changes is empty".into()))?;
        row.read_as("changes", |row| {
            row.int("id")?;
            row.int("count")
        })
    }
}

/// Counts a change, in the transaction that makes it, with which the other nodes hear of it.
pub(crate) async fn count_change(tx: &mut Tx) -> Result<(), Fault> {
    tx.tell_settings();
    tx.put("update changes set count = count + 1 where id = 1", args![]).await
}

/// The columns of a new signing key.
pub(crate) fn insert_args(row: &SigningKeyRow) -> Vec<Val> {
    args![&row.kid, row.sealed.as_slice(), row.public.as_slice(), row.starts_at, row.created_at]
}

fn fact_value(row: Row) -> Result<Vec<u8>, StoreError> {
    row.read_as("facts", |row| {
        row.text("name")?;
        row.bytes("value")
    })
}
