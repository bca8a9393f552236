//! What is stored sealed, wherever it stands: found by the data key that it names, and sealed anew.
//!
//! A sealed value begins with one byte of format and four that name its data key.

use crate::db::{Fault, Row, Tx, Val, args};
use crate::{Store, StoreError};
use downcity_core::Digest;

/// A column with sealed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedColumn {
    /// Settings of the Federation.
    Env,
    /// Settings of cities.
    CityEnv,
    /// Private keys that tokens are signed with.
    SigningKeys,
    /// Signing secrets of webhooks.
    Webhooks,
    /// Mails that wait to be sent.
    Outbox,
    /// What a mailed link is for.
    MailTokens,
    /// Identities that wait for confirmation.
    HeldIdentities,
}

/// The key of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKey {
    /// A name or an id.
    Text(String),
    /// A city and a name.
    InCity(String, String),
    /// A digest.
    Digest(Digest),
}

/// A sealed value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// Its row.
    pub key: RowKey,
    /// The value, sealed.
    pub sealed: Vec<u8>,
}

/// A value that was sealed anew.
#[derive(Debug, Clone)]
pub struct Resealed {
    /// Its row.
    pub key: RowKey,
    /// What stood there.
    pub old: Vec<u8>,
    /// What is to stand there, if nothing else does by now.
    pub new: Vec<u8>,
}

/// The statements of a column: a page of rows with another data key than `$1`, how many there are, a change.
struct Sql {
    page: &'static str,
    count: &'static str,
    change: &'static str,
}

macro_rules! sql {
    ($table:literal, $column:literal, $key:literal) => {
        Sql {
            page: concat!(
                "select ",
                $key,
                ", ",
                $column,
                " from ",
                $table,
                " where ",
                $column,
                " is not null and substr(",
                $column,
                ", 2, 4) <> $1 and ",
                $key,
                " > $2 order by ",
                $key,
                " limit $3"
            ),
            count: concat!(
                "select count(*) from ",
                $table,
                " where ",
                $column,
                " is not null and substr(",
                $column,
                ", 2, 4) <> $1"
            ),
            change: concat!(
                "update ",
                $table,
                " set ",
                $column,
                " = $1 where ",
                $key,
                " = $2 and ",
                $column,
                " = $3"
            ),
        }
    };
}

impl SealedColumn {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Env,
        Self::CityEnv,
        Self::SigningKeys,
        Self::Webhooks,
        Self::Outbox,
        Self::MailTokens,
        Self::HeldIdentities,
    ];

    /// Its table.
    #[must_use]
    pub fn table(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::CityEnv => "city_env",
            Self::SigningKeys => "signing_keys",
            Self::Webhooks => "webhooks",
            Self::Outbox => "outbox",
            Self::MailTokens => "mail_tokens",
            Self::HeldIdentities => "login_attempts",
        }
    }

    fn sql(self) -> Sql {
        match self {
            Self::Env => sql!("env", "sealed", "key"),
            Self::SigningKeys => sql!("signing_keys", "sealed", "kid"),
            Self::Webhooks => sql!("webhooks", "sealed", "webhook_id"),
            Self::Outbox => sql!("outbox", "sealed", "outbox_id"),
            Self::MailTokens => sql!("mail_tokens", "sealed", "digest"),
            Self::HeldIdentities => sql!("login_attempts", "sealed_identity", "attempt_id"),
            Self::CityEnv => Sql {
                page: "select city_id, key, sealed from city_env where substr(sealed, 2, 4) <> $1 \
                       and (city_id > $2 or (city_id = $2 and key > $3)) order by city_id, key limit $4",
                count: "select count(*) from city_env where substr(sealed, 2, 4) <> $1",
                change: "update city_env set sealed = $1 where city_id = $2 and key = $3 and sealed = $4",
            },
        }
    }

    /// Before the first row.
    #[must_use]
    pub fn start(self) -> RowKey {
        match self {
            Self::CityEnv => RowKey::InCity(String::new(), String::new()),
            Self::MailTokens => RowKey::Digest(Digest([0; 32])),
            _ => RowKey::Text(String::new()),
        }
    }
}

impl RowKey {
    fn args(&self) -> Vec<Val> {
        match self {
            Self::Text(key) => args![key],
            Self::InCity(city_id, key) => args![city_id, key],
            Self::Digest(digest) => args![*digest],
        }
    }
}

impl Store {
    /// A page of values in a column that another data key than this one has sealed, after a row.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn sealed_otherwise(
        &self,
        column: SealedColumn,
        data_key: [u8; 4],
        after: &RowKey,
        limit: i64,
    ) -> Result<Vec<SealedRow>, StoreError> {
        let mut args = args![data_key.as_slice()];
        args.extend(after.args());
        args.push(Val::from(limit));
        let read = |row: Row| {
            row.read_as(column.table(), |row| {
                let key = match column {
                    SealedColumn::CityEnv => RowKey::InCity(row.text("city_id")?, row.text("key")?),
                    SealedColumn::MailTokens => RowKey::Digest(row.digest("digest")?),
                    _ => RowKey::Text(row.text("the key")?),
                };
                Ok(SealedRow { key, sealed: row.bytes("the sealed value")? })
            })
        };
        self.db.read(column.sql().page, args).await?.into_iter().map(read).collect()
    }

    /// How many values another data key than this one has sealed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_sealed_otherwise(&self, data_key: [u8; 4]) -> Result<i64, StoreError> {
        let mut sum = 0;
        for column in SealedColumn::ALL {
            let row = self.db.read_row(column.sql().count, args![data_key.as_slice()]).await?;
            let row = row.ok_or_else(|| StoreError::Internal("a count answered nothing".into()))?;
            sum += row.read_as(column.table(), |row| row.int("count"))?;
        }
        Ok(sum)
    }

    /// Puts values in the place of those that they were made from; whatever was changed meanwhile stays.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn reseal(&self, column: SealedColumn, rows: Vec<Resealed>) -> Result<(), StoreError> {
        self.db.write((column, rows), |(column, rows), tx| Box::pin(change(*column, rows, tx))).await
    }
}

async fn change(column: SealedColumn, rows: &[Resealed], tx: &mut Tx) -> Result<(), Fault> {
    for row in rows {
        let mut args = args![row.new.as_slice()];
        args.extend(row.key.args());
        args.push(Val::from(row.old.as_slice()));
        tx.put(column.sql().change, args).await?;
    }
    Ok(())
}
