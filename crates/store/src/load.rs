//! What waits: for the metrics, which ask every few seconds, so each number comes from an index.

use crate::db::{Row, args};
use crate::login::ids_that_end;
use crate::{Store, StoreError};
use downcity_core::Timestamp;

/// How busy the memory of this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreLoad {
    /// SQLite: writes that are not committed yet. PostgreSQL: callers that wait for a connection.
    pub waiting: usize,
    /// Open connections; PostgreSQL only.
    pub connections: usize,
    /// Those of them that are in use.
    pub in_use: usize,
}

/// What of the Federation waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Sign-ins whose browser is with the provider.
    pub attempts: i64,
    /// Mails.
    pub mails: i64,
    /// The moment when the oldest of them was asked for.
    pub oldest_mail: Option<Timestamp>,
    /// Webhook deliveries.
    pub deliveries: i64,
    /// The moment when the oldest of them was asked for.
    pub oldest_delivery: Option<Timestamp>,
    /// Webhooks to which nothing has arrived since a first failure, or that were switched off for it.
    pub failing_webhooks: i64,
}

impl Store {
    /// How busy it is in this process.
    #[must_use]
    pub fn load(&self) -> StoreLoad {
        self.db.load()
    }

    /// What waits, of all nodes together.
    ///
    /// # Errors
    /// `Unavailable`, also when it takes too long.
    pub async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        let sql = "select (select count(*) from login_attempts where attempt_id >= $1 and expires_at > $2 \
                   and stage = 'waiting'), \
                   (select count(*) from outbox where state = 'waiting' and kind = 'mail'), \
                   (select min(created_at) from outbox where state = 'waiting' and kind = 'mail'), \
                   (select count(*) from outbox where state = 'waiting' and kind = 'webhook'), \
                   (select min(created_at) from outbox where state = 'waiting' and kind = 'webhook'), \
                   (select count(*) from webhooks where failing_since is not null or disabled_at is not null)";
        let [first, _] = ids_that_end(now);
        let row = self.db.read_aside(sql, args![first, now]).await?.into_iter().next();
        let row: Row = row.ok_or_else(|| StoreError::Internal("a count without a row".into()))?;
        row.read_as("outbox", |row| {
            Ok(Backlog {
                attempts: row.int("attempts")?,
                mails: row.int("mails")?,
                oldest_mail: row.opt_time("oldest_mail")?,
                deliveries: row.int("deliveries")?,
                oldest_delivery: row.opt_time("oldest_delivery")?,
                failing_webhooks: row.int("failing_webhooks")?,
            })
        })
    }
}
