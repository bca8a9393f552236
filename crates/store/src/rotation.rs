//! Rotation of the keys that tokens are signed with: the next key, an emergency, and the end of an old one.

use crate::db::{Fault, Row, Tx, args};
use crate::events::{NewEvent, append};
use crate::keys::{count_change, insert_args};
use crate::{SigningKeyRow, Store, StoreError};
use downcity_core::Timestamp;

const INSERT: &str = "insert into signing_keys (kid, sealed, public, active, starts_at, created_at) \
                      values ($1, $2, $3, 1, $4, $5)";

/// The next signing key.
#[derive(Debug, Clone)]
pub struct NextKey {
    /// The key; it signs from its `starts_at` on, and the present one until then.
    pub key: SigningKeyRow,
    /// What to write into the event log.
    pub event: NewEvent,
    /// The time.
    pub now: Timestamp,
}

/// A signing key to be taken out at once.
#[derive(Debug, Clone)]
pub struct KeyRevocation {
    /// Which.
    pub kid: String,
    /// The key that takes its place if it was the newest; its `starts_at` becomes that of the one it replaces.
    pub replacement: SigningKeyRow,
    /// What to write into the event log.
    pub event: NewEvent,
    /// The time.
    pub now: Timestamp,
}

/// Which retired keys are of no use any more.
#[derive(Debug, Clone)]
pub struct KeyRemoval {
    /// Those that signed nothing after this.
    pub retired_by: Timestamp,
    /// Tokens that ended before this need no key.
    pub ended_by: Timestamp,
    /// What to write into the event log if any was removed.
    pub event: NewEvent,
}

impl Store {
    /// Adds the next signing key and sets the end of the present one. False while the last one that was added has
    /// not begun to sign: of any number of callers exactly one adds a key.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn add_signing_key(&self, next: NextKey) -> Result<bool, StoreError> {
        self.db.write(next, |next, tx| Box::pin(add(next, tx))).await
    }

    /// Takes a signing key out at once, so that its tokens are good nowhere. There is always one left that signs.
    /// False when there is none of that id.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn revoke_signing_key(&self, revocation: KeyRevocation) -> Result<bool, StoreError> {
        self.db.write(revocation, |revocation, tx| Box::pin(revoke(revocation, tx))).await
    }

    /// Removes keys that were retired long enough ago and whose last token is over; says how many.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove_retired_keys(&self, removal: KeyRemoval) -> Result<u64, StoreError> {
        self.db.write(removal, |removal, tx| Box::pin(remove(removal, tx))).await
    }
}

async fn add(next: &NextKey, tx: &mut Tx) -> Result<bool, Fault> {
    let sql = "update signing_keys set active = 0, retired_at = $1 where active = 1 and starts_at <= $2";
    if tx.exec(sql, args![next.key.starts_at, next.now]).await? == 0 {
        return Ok(false);
    }
    tx.put(INSERT, insert_args(&next.key)).await?;
    count_change(tx).await?;
    append(&next.event, tx).await?;
    Ok(true)
}

async fn revoke(revocation: &KeyRevocation, tx: &mut Tx) -> Result<bool, Fault> {
    // First the counter, whose row serves as the lock: two revocations at once must not leave nobody to sign.
    count_change(tx).await?;
    let sql = "delete from signing_keys where kid = $1 returning kid, active, starts_at, retired_at";
    let Some(row) = tx.row(sql, args![&revocation.kid]).await? else {
        tx.undo();
        return Ok(false);
    };
    let (active, starts_at, retired_at) = row.read_as("signing_keys", |row: &mut Row| {
        row.text("kid")?;
        Ok((row.flag("active")?, row.time("starts_at")?, row.opt_time("retired_at")?))
    })?;
    if active {
        let replacement = SigningKeyRow { starts_at, ..revocation.replacement.clone() };
        tx.put(INSERT, insert_args(&replacement)).await?;
    } else if retired_at.is_some_and(|at| at > revocation.now) {
        // It was still signing: the one that was to follow takes over at once.
        let sql = "update signing_keys set starts_at = $1 where retired_at is null or retired_at > $2";
        tx.put(sql, args![starts_at, revocation.now]).await?;
    }
    append(&revocation.event, tx).await?;
    Ok(true)
}

async fn remove(removal: &KeyRemoval, tx: &mut Tx) -> Result<u64, Fault> {
    // A token without refresh lives as long as its session, and was signed when that began. Others live minutes.
    let sql = "delete from signing_keys where active = 0 and retired_at <= $1 and not exists (select 1 \
               from sessions s where s.refreshable = 0 and s.revoked_at is null \
               and s.created_at <= signing_keys.retired_at and s.expires_at > $2)";
    let count = tx.exec(sql, args![removal.retired_by, removal.ended_by]).await?;
    if count > 0 {
        count_change(tx).await?;
        append(&removal.event, tx).await?;
    }
    Ok(count)
}
