//! Counted tries that all nodes agree on, in windows of time.

use crate::db::args;
use crate::{Store, StoreError};
use downcity_core::Timestamp;

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
}
