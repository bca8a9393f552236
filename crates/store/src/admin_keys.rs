//! Admin keys: who may keep the Federation. Few, and read as a whole.

use crate::audit::{NewAudit, append};
use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::keys::count_change;
use crate::{Store, StoreError};
use downcity_core::{CityId, Digest, Role, Timestamp};

const TABLE: &str = "admin_keys";

/// One admin key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKeyRow {
    /// Its public id.
    pub key_id: String,
    /// Digest of the key.
    pub digest: Digest,
    /// What it is called.
    pub name: String,
    /// How much it allows.
    pub role: Role,
    /// The only city it is for.
    pub city_id: Option<CityId>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was taken away.
    pub revoked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl AdminKeyRow {
    /// Whether it opens anything.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < at)
    }
}

/// What came of taking a key away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEnd {
    /// It opens nothing any more.
    Revoked,
    /// There is none of that id, or it was revoked before.
    Unknown,
    /// It is the last owner's key that lasts: without it nobody could make another.
    LastOwner,
}

impl Store {
    /// All admin keys, oldest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn admin_keys(&self) -> Result<Vec<AdminKeyRow>, StoreError> {
        let sql = "select key_id, digest, name, role, city_id, expires_at, last_used_at, revoked_at, created_at \
                   from admin_keys order by created_at, key_id";
        self.db.read(sql, args![]).await?.into_iter().map(|row| row.read_as(TABLE, key)).collect()
    }

    /// Stores the very first admin key; false when there is any.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn insert_first_admin_key(
        &self,
        row: &AdminKeyRow,
        audit: NewAudit,
    ) -> Result<bool, StoreError> {
        self.db.write((row.clone(), audit), |(row, audit), tx| Box::pin(insert_first(row, audit, tx))).await
    }

    /// Stores a further admin key.
    ///
    /// # Errors
    /// `Unavailable`, also when its city has just been removed.
    pub async fn insert_admin_key(&self, row: &AdminKeyRow, audit: NewAudit) -> Result<(), StoreError> {
        self.db.write((row.clone(), audit), |(row, audit), tx| Box::pin(insert_another(row, audit, tx))).await
    }

    /// Gives an admin key that is good another secret, and ends the workspace sessions that began with the one
    /// before; false when there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn replace_admin_key(
        &self,
        key_id: &str,
        digest: Digest,
        audit: NewAudit,
    ) -> Result<bool, StoreError> {
        let write = (key_id.to_owned(), digest, audit);
        self.db.write(write, |(id, digest, audit), tx| Box::pin(replace(id, *digest, audit, tx))).await
    }

    /// Takes an admin key away, with the workspace sessions that began with it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn revoke_admin_key(&self, key_id: &str, audit: NewAudit) -> Result<KeyEnd, StoreError> {
        self.db.write((key_id.to_owned(), audit), |(id, audit), tx| Box::pin(revoke(id, audit, tx))).await
    }

    /// Notes that an admin key was used.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn touch_admin_key(&self, key_id: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "update admin_keys set last_used_at = $1 where key_id = $2";
        self.db.exec(sql, args![now, key_id]).await.map(drop)
    }
}

async fn insert(row: &AdminKeyRow, audit: &NewAudit, tx: &mut Tx) -> Result<(), Fault> {
    let sql = "insert into admin_keys (key_id, digest, name, role, city_id, expires_at, created_at) \
               values ($1, $2, $3, $4, $5, $6, $7)";
    let args = args![
        &row.key_id,
        row.digest,
        &row.name,
        row.role.as_str(),
        row.city_id.as_ref().map(CityId::as_str),
        row.expires_at,
        row.created_at,
    ];
    tx.put(sql, args).await?;
    append(audit, tx).await
}

async fn insert_another(row: &AdminKeyRow, audit: &NewAudit, tx: &mut Tx) -> Result<(), Fault> {
    count_change(tx).await?;
    insert(row, audit, tx).await
}

/// The counter's row serves as the lock: two nodes that start for the first time can't both find no key.
async fn insert_first(row: &AdminKeyRow, audit: &NewAudit, tx: &mut Tx) -> Result<bool, Fault> {
    count_change(tx).await?;
    if tx.row("select key_id from admin_keys limit 1", args![]).await?.is_some() {
        tx.undo();
        return Ok(false);
    }
    insert(row, audit, tx).await?;
    Ok(true)
}

async fn replace(key_id: &str, digest: Digest, audit: &NewAudit, tx: &mut Tx) -> Result<bool, Fault> {
    let sql = "update admin_keys set digest = $1, last_used_at = null where key_id = $2 \
               and revoked_at is null and (expires_at is null or expires_at > $3)";
    if tx.exec(sql, args![digest, key_id, audit.at]).await? == 0 {
        return Ok(false);
    }
    tx.put("delete from admin_sessions where key_id = $1", args![key_id]).await?;
    count_change(tx).await?;
    append(audit, tx).await?;
    Ok(true)
}

/// The counter's row serves as the lock: two owners that revoke each other's keys can't both do it.
async fn revoke(key_id: &str, audit: &NewAudit, tx: &mut Tx) -> Result<KeyEnd, Fault> {
    count_change(tx).await?;
    let sql = "update admin_keys set revoked_at = $1 where key_id = $2 and revoked_at is null \
               and (role <> 'owner' or expires_at is not null or exists (select 1 from admin_keys o \
               where o.key_id <> $2 and o.role = 'owner' and o.expires_at is null and o.revoked_at is null))";
    if tx.exec(sql, args![audit.at, key_id]).await? == 1 {
        tx.put("delete from admin_sessions where key_id = $1", args![key_id]).await?;
        append(audit, tx).await?;
        return Ok(KeyEnd::Revoked);
    }
    tx.undo();
    let sql = "select key_id from admin_keys where key_id = $1 and revoked_at is null";
    let stands = tx.row(sql, args![key_id]).await?.is_some();
    Ok(if stands { KeyEnd::LastOwner } else { KeyEnd::Unknown })
}

fn key(row: &mut Row) -> Result<AdminKeyRow, Misfit> {
    Ok(AdminKeyRow {
        key_id: row.text("key_id")?,
        digest: row.digest("digest")?,
        name: row.text("name")?,
        role: Role::parse(&row.text("role")?).ok_or_else(|| Misfit::in_column("role"))?,
        city_id: row.opt_text("city_id")?.map(CityId::trusted),
        expires_at: row.opt_time("expires_at")?,
        last_used_at: row.opt_time("last_used_at")?,
        revoked_at: row.opt_time("revoked_at")?,
        created_at: row.time("created_at")?,
    })
}
