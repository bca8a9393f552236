//! Data keys: what seals and derives, itself wrapped under a master key that is not in the database.

use crate::audit::append;
use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::keys::count_change;
use crate::{NewAudit, Store, StoreError};
use downcity_core::Timestamp;

/// What a data key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// It seals what is stored.
    Seal,
    /// Secrets are derived from it.
    Derive,
}

impl KeyPurpose {
    /// Its name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Derive => "derive",
        }
    }

    /// The purpose of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Seal, Self::Derive].into_iter().find(|purpose| purpose.as_str() == name)
    }
}

/// One data key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKeyRow {
    /// Its id: 8 hexadecimal digits, as in front of what was sealed with it.
    pub data_key_id: String,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
    /// The master key that it is wrapped under: 8 hexadecimal digits.
    pub master_key_id: String,
    /// Whether it is the one that is used now. One of each purpose is.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when nothing is sealed with it any more.
    pub emptied_at: Option<Timestamp>,
}

/// A change of the master key.
#[derive(Debug, Clone)]
pub struct KeyTurn {
    /// The master key before.
    pub from: String,
    /// All data keys, wrapped under the next one.
    pub wrapped: Vec<DataKeyRow>,
    /// A fresh key that seals from now on.
    pub fresh: DataKeyRow,
    /// What to put on record.
    pub audit: NewAudit,
}

impl Store {
    /// All data keys, oldest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn data_keys(&self) -> Result<Vec<DataKeyRow>, StoreError> {
        let sql = "select data_key_id, purpose, wrapped, master_key_id, active, created_at, emptied_at \
                   from data_keys order by created_at, data_key_id";
        self.db.read(sql, args![]).await?.into_iter().map(|row| row.read_as("data_keys", data_key)).collect()
    }

    /// Stores the first data keys; false when there are any (another node may have been faster).
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn insert_first_data_keys(&self, keys: Vec<DataKeyRow>) -> Result<bool, StoreError> {
        self.db.write(keys, |keys, tx| Box::pin(insert_first(keys, tx))).await
    }

    /// Wraps all data keys under the next master key and makes the fresh one the one that seals. False when the
    /// data keys are not those that were wrapped: another node changed them meanwhile.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn turn_data_keys(&self, turn: KeyTurn) -> Result<bool, StoreError> {
        self.db.write(turn, |turn, tx| Box::pin(turn_keys(turn, tx))).await
    }

    /// Notes that nothing is sealed any more with the keys that do not seal now.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn note_emptied(&self, active: &str, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "update data_keys set emptied_at = $1 where active = 0 and emptied_at is null and exists \
                   (select 1 from data_keys a where a.active = 1 and a.data_key_id = $2)";
        self.db.exec(sql, args![now, active]).await
    }
}

fn data_key(row: &mut Row) -> Result<DataKeyRow, Misfit> {
    Ok(DataKeyRow {
        data_key_id: row.text("data_key_id")?,
        purpose: KeyPurpose::parse(&row.text("purpose")?).ok_or_else(|| Misfit::in_column("purpose"))?,
        wrapped: row.bytes("wrapped")?,
        master_key_id: row.text("master_key_id")?,
        active: row.flag("active")?,
        created_at: row.time("created_at")?,
        emptied_at: row.opt_time("emptied_at")?,
    })
}

/// The row of the change counter serves as the lock: two nodes that start for the first time can't both find no key.
async fn insert_first(keys: &[DataKeyRow], tx: &mut Tx) -> Result<bool, Fault> {
    tx.put("update changes set count = count where id = 1", args![]).await?;
    if tx.row("select data_key_id from data_keys limit 1", args![]).await?.is_some() {
        tx.undo();
        return Ok(false);
    }
    for key in keys {
        insert(key, tx).await?;
    }
    // From here on each data key tells which master key it needs.
    tx.put("delete from facts where name = 'master_key_id'", args![]).await?;
    Ok(true)
}

async fn turn_keys(turn: &KeyTurn, tx: &mut Tx) -> Result<bool, Fault> {
    count_change(tx).await?;
    let all = tx.rows("select data_key_id from data_keys", args![]).await?.len();
    let mut wrapped = 0;
    for key in &turn.wrapped {
        let sql = "update data_keys set wrapped = $1, master_key_id = $2 where data_key_id = $3 \
                   and master_key_id = $4";
        let args = args![key.wrapped.as_slice(), &key.master_key_id, &key.data_key_id, &turn.from];
        wrapped += tx.exec(sql, args).await?;
    }
    if usize::try_from(wrapped).ok() != Some(all) || all == 0 {
        tx.undo();
        return Ok(false);
    }
    tx.put("update data_keys set active = 0 where purpose = 'seal' and active = 1", args![]).await?;
    insert(&turn.fresh, tx).await?;
    append(&turn.audit, tx).await?;
    Ok(true)
}

async fn insert(key: &DataKeyRow, tx: &mut Tx) -> Result<(), Fault> {
    let sql = "insert into data_keys (data_key_id, purpose, wrapped, master_key_id, active, created_at) \
               values ($1, $2, $3, $4, $5, $6)";
    let args = args![
        &key.data_key_id,
        key.purpose.as_str(),
        key.wrapped.as_slice(),
        &key.master_key_id,
        key.active,
        key.created_at,
    ];
    tx.put(sql, args).await
}
