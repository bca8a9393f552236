//! Forgetting what nobody needs any more.

use crate::audit::{self, NewAudit};
use crate::db::{Fault, Tx, Val, args};
use crate::login::ids_that_end;
use crate::{Store, StoreError};
use downcity_core::Timestamp;
use std::time::Duration;

/// How long an attempt is kept after its time, so that a late visitor is told what happened.
const ATTEMPTS_KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long a session is kept after its time, so that its owner can see it in the list.
pub(crate) const SESSIONS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long it is remembered what was sent or given up, so that it can be looked at and sent again.
pub const OUTBOX_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long counts of sign-ins are kept: a year and some weeks, so that a month can be laid beside last year's.
const COUNTS_KEPT: Duration = Duration::from_secs(400 * 24 * 3600);
/// Events, or entries of the audit record, that one call removes at most.
pub const EVENTS_AT_A_TIME: u64 = 500;
/// Rows changed by one statement, so that sign-ins get their turn in between.
pub(crate) const BATCH: i64 = 500;

impl Store {
    /// Removes attempts and mailed tokens 24 hours, sessions and what was sent 30 days after their time, in small
    /// batches, erases the identities of attempts that nobody confirmed in time, and removes refresh tokens,
    /// counts of limits and workspace sessions that are over. Gives up deliveries that nobody wants any more. Says how many
    /// rows there were.
    ///
    /// # Errors
    /// `Unavailable`; what was removed until then stays removed.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        // Each condition twice: a row may be renewed while its lock is waited for.
        let sql = "update login_attempts set sealed_identity = null where expires_at <= $1 \
                   and stage = 'confirming' and sealed_identity is not null";
        self.db.exec(sql, args![now]).await?;
        let sql = "delete from mail_tokens where expires_at <= $1 and digest in (select digest from mail_tokens \
                   where expires_at <= $1 order by expires_at limit $2)";
        let mailed = self.remove_in_batches(sql, now.minus(ATTEMPTS_KEPT)).await?;
        let sql = "delete from login_attempts where expires_at <= $1 and attempt_id in (select attempt_id from login_attempts \
                   where expires_at <= $1 and attempt_id < $2 order by attempt_id limit $3)";
        let old = now.minus(ATTEMPTS_KEPT);
        let [_, above] = ids_that_end(old);
        let attempts = self.in_batches(sql, args![old, above, BATCH]).await?;
        let sql = "delete from sessions where expires_at <= $1 and sid in (select sid from sessions \
                   where expires_at <= $1 order by expires_at limit $2)";
        let sessions = self.remove_in_batches(sql, now.minus(SESSIONS_KEPT)).await?;
        let sql = "delete from refresh_tokens where expires_at <= $1 and session_id in (select session_id from refresh_tokens \
                   where expires_at <= $1 order by expires_at limit $2)";
        let refreshes = self.remove_in_batches(sql, now).await?;
        let sql = "delete from outbox where ended_at <= $1 and outbox_id in (select outbox_id from outbox \
                   where ended_at <= $1 order by ended_at limit $2)";
        let sent = self.remove_in_batches(sql, now.minus(OUTBOX_KEPT)).await?;
        let sql = "delete from limits where ends_at <= $1 and bucket in (select bucket from limits \
                   where ends_at <= $1 order by ends_at limit $2)";
        let limits = self.remove_in_batches(sql, now).await?;
        self.db.exec("delete from sign_in_counts where hour < $1", args![now.minus(COUNTS_KEPT)]).await?;
        let sql = "delete from admin_sessions where expires_at <= $1 and digest in (select digest from admin_sessions \
                   where expires_at <= $1 order by expires_at limit $2)";
        let visits = self.remove_in_batches(sql, now).await?;
        let hopeless = self.give_up_deliveries(now).await?;
        Ok(mailed + attempts + sessions + refreshes + sent + limits + visits + hopeless)
    }

    /// Removes at most 500 of the oldest events from before this moment, so that sign-ins get their turn in between; says how
    /// many there were. What a webhook still waits for stays. Fewer than [`EVENTS_AT_A_TIME`] means that nothing is left
    /// to remove.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn forget_events(&self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "delete from events where event_id in (select event_id from events where created_at < $1 \
                   and not exists (select 1 from outbox o where o.event_id = events.event_id and o.state = 'waiting') \
                   order by created_at limit $2)";
        self.db.exec(sql, args![before, i64::try_from(EVENTS_AT_A_TIME).unwrap_or(i64::MAX)]).await
    }

    /// The same for the audit record, with an entry in the same transaction that says how many entries were removed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn forget_audit(&self, before: Timestamp, entry: NewAudit) -> Result<u64, StoreError> {
        self.db.write((before, entry), |(before, entry), tx| Box::pin(forget_audit(*before, entry, tx))).await
    }

    async fn remove_in_batches(&self, sql: &'static str, before: Timestamp) -> Result<u64, StoreError> {
        self.in_batches(sql, args![before, BATCH]).await
    }

    /// Runs a statement that changes a batch of rows until it finds none any more; says how many there were.
    pub(crate) async fn in_batches(&self, sql: &'static str, args: Vec<Val>) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            match self.db.exec(sql, args.clone()).await? {
                0 => return Ok(total),
                count => total += count,
            }
        }
    }
}

async fn forget_audit(before: Timestamp, entry: &NewAudit, tx: &mut Tx) -> Result<u64, Fault> {
    let sql = "delete from audit where audit_id in (select audit_id from audit where created_at < $1 \
               order by created_at limit $2)";
    let most = i64::try_from(EVENTS_AT_A_TIME).unwrap_or(i64::MAX);
    let removed = tx.exec(sql, args![before, most]).await?;
    if removed > 0 {
        let entry = NewAudit { before: Some(format!("{{\"entries\":{removed}}}")), ..entry.clone() };
        audit::append(&entry, tx).await?;
    }
    Ok(removed)
}
