//! Counted tries that all nodes agree on, in windows of time.

use crate::db::{Fault, Tx, args};
use crate::{Store, StoreError};
use downcity_core::Timestamp;
use std::time::Duration;

/// How long tries are remembered after the last pause; half as long where there was none.
const TRIES_KEPT: Duration = Duration::from_secs(24 * 3600);

/// A try at a secret.
#[derive(Debug, Clone)]
pub struct Try {
    /// What is tried.
    pub bucket: String,
    /// So many tries are stopped by no pause.
    pub free: i64,
    /// The pause after so many tries.
    pub pause: fn(i64) -> Duration,
    /// The time.
    pub now: Timestamp,
}

/// What a node was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permits {
    /// How many of those it asked for.
    pub count: u32,
    /// When the window ends, and counting begins anew.
    pub ends_at: Timestamp,
}

impl Store {
    /// Takes permits from a bucket that holds at most `most` in a window, which begins now if none is running.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn take_permits(
        &self,
        bucket: &str,
        want: u32,
        most: u32,
        (now, ends_at): (Timestamp, Timestamp),
    ) -> Result<Permits, StoreError> {
        let sql = "insert into limits (bucket, count, ends_at) values ($1, $2, $3) on conflict (bucket) do update \
                   set count = case when limits.ends_at <= $4 then excluded.count \
                   else limits.count + excluded.count end, \
                   ends_at = case when limits.ends_at <= $4 then excluded.ends_at else limits.ends_at end \
                   returning bucket, count, ends_at";
        let row = self.db.exec_row(sql, args![bucket, i64::from(want), ends_at, now]).await?;
        let row = row.ok_or_else(|| StoreError::Internal("a bucket was not counted".into()))?;
        row.read_as("limits", |row| {
            row.text("bucket")?;
            let before = row.int("count")? - i64::from(want);
            let left = (i64::from(most) - before).clamp(0, i64::from(want));
            Ok(Permits { count: u32::try_from(left).unwrap_or(0), ends_at: row.time("ends_at")? })
        })
    }

    /// Gives a permit back that was taken for nothing.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn give_permit_back(&self, bucket: &str) -> Result<(), StoreError> {
        let sql = "update limits set count = count - 1 where bucket = $1 and count > 0";
        self.db.exec(sql, args![bucket]).await.map(drop)
    }

    /// Counts a try before it is looked at, so that tries at the same time are no more than others; or says until when
    /// they pause.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn take_try(&self, one: Try) -> Result<Option<Timestamp>, StoreError> {
        self.db.write(one, |one, tx| Box::pin(take(one, tx))).await
    }

    /// Gives a try back that nobody looked at, with its pause.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn give_try_back(&self, bucket: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "update limits set count = count - 1, ends_at = $1 where bucket = $2 and count > 0";
        self.db.exec(sql, args![without_pause(now), bucket]).await.map(drop)
    }

    /// Forgets the tries of a bucket, after a right one.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn forget_tries(&self, bucket: &str) -> Result<(), StoreError> {
        self.db.exec_in_order("delete from limits where bucket = $1", args![bucket]).await.map(drop)
    }
}

/// When a row of tries without a pause ends: far from where a pause begins, since others count by clocks of their own.
fn without_pause(now: Timestamp) -> Timestamp {
    now.plus(TRIES_KEPT / 2)
}

/// The row ends [`TRIES_KEPT`] after the pause, so that one time tells both: what ends later than that from now pauses.
async fn take(one: &Try, tx: &mut Tx) -> Result<Option<Timestamp>, Fault> {
    let sql = "insert into limits (bucket, count, ends_at) values ($1, 1, $2) on conflict (bucket) do update \
               set count = case when limits.ends_at <= $3 then 1 else limits.count + 1 end \
               where limits.ends_at <= $2 or limits.count < $4 returning bucket, count";
    let (bucket, over) = (&one.bucket, one.now.plus(TRIES_KEPT));
    if let Some(row) = tx.row(sql, args![bucket, over, one.now, one.free]).await? {
        let count = row.read_as("limits", |row| {
            row.text("bucket")?;
            row.int("count")
        })?;
        let pause = (one.pause)(count);
        let ends_at = if pause.is_zero() { without_pause(one.now) } else { over.plus(pause) };
        tx.put("update limits set ends_at = $1 where bucket = $2", args![ends_at, bucket]).await?;
        return Ok(None);
    }
    let row = tx.row("select bucket, ends_at from limits where bucket = $1", args![bucket]).await?;
    let ends_at = row.map(|row| {
        row.read_as("limits", |row| {
            row.text("bucket")?;
            row.time("ends_at")
        })
    });
    // One that is gone since then pauses for nothing any more.
    Ok(Some(ends_at.transpose()?.map_or(one.now, |ends_at| ends_at.minus(TRIES_KEPT))))
}
