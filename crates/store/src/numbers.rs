//! Numbers for the overview. Some look at every session, so whoever asks keeps the answer for a while.

use crate::db::{Row, args};
use crate::{Store, StoreError};
use downcity_core::Timestamp;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// People and sessions, of one city or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PeopleNumbers {
    /// Users; in a city: those with a session there that is remembered.
    pub users: i64,
    /// Users with a session that began or was used in the last 24 hours.
    pub active_day: i64,
    /// The same in the last 30 days.
    pub active_month: i64,
    /// Sessions that are live.
    pub live_sessions: i64,
}

/// What a city holds that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CityNumbers {
    /// Sessions that are live.
    pub live_sessions: i64,
    /// Sign-in attempts that are remembered.
    pub attempts: i64,
    /// Those of them that are under way.
    pub under_way: i64,
}

/// Mails and deliveries that do not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxNumbers {
    /// Mails that wait and were tried in vain.
    pub mails_failing: i64,
    /// Mails that were given up in the last 24 hours.
    pub mails_given_up: i64,
}

/// An admin key that ends soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndingKey {
    /// Its id.
    pub key_id: String,
    /// What it is called.
    pub name: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Store {
    /// People and sessions, of one city or of all when empty.
    ///
    /// # Errors
    /// `Unavailable`, also when it takes too long.
    pub async fn people_numbers(&self, city_id: &str, now: Timestamp) -> Result<PeopleNumbers, StoreError> {
        let sql = "select count(distinct case when created_at > $1 or last_seen_at > $1 then user_id end), \
                   count(distinct case when created_at > $2 or last_seen_at > $2 then user_id end), \
                   count(case when revoked_at is null and expires_at > $3 then 1 end), \
                   count(distinct case when $4 <> '' then user_id end) from sessions where ($4 = '' or city_id = $4)";
        let args = args![now.minus(DAY), now.minus(30 * DAY), now, city_id];
        let sessions = self.db.read_aside(sql, args).await?.into_iter().next();
        let sessions = sessions.ok_or_else(|| StoreError::Internal("a count without a row".into()))?;
        let numbers = |row: &mut Row| {
            Ok(PeopleNumbers {
                active_day: row.int("day")?,
                active_month: row.int("month")?,
                live_sessions: row.int("live")?,
                users: row.int("users")?,
            })
        };
        let found = sessions.read_as("sessions", numbers)?;
        if !city_id.is_empty() {
            return Ok(found);
        }
        let all = self.db.read_aside("select count(*) from users", args![]).await?.into_iter().next();
        let users = all.map(|row| row.read_as("users", |row| row.int("count"))).transpose()?;
        Ok(PeopleNumbers { users: users.unwrap_or(0), ..found })
    }

    /// What a city holds that goes with it.
    ///
    /// # Errors
    /// `Unavailable`, also when it takes too long.
    pub async fn city_numbers(&self, city_id: &str, now: Timestamp) -> Result<CityNumbers, StoreError> {
        let sql = "select s.live, a.known, a.waiting from (select count(*) as live from sessions \
                   where city_id = $1 and revoked_at is null and expires_at > $2) s \
                   cross join (select count(*) as known, \
                   count(case when ended_at is null and expires_at > $2 then 1 end) as waiting \
                   from login_attempts where city_id = $1) a";
        let row = self.db.read_aside(sql, args![city_id, now]).await?.into_iter().next();
        let row = row.ok_or_else(|| StoreError::Internal("a count without a row".into()))?;
        row.read_as("cities", |row| {
            Ok(CityNumbers {
                live_sessions: row.int("live")?,
                attempts: row.int("known")?,
                under_way: row.int("waiting")?,
            })
        })
    }

    /// Mails that do not arrive.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn outbox_numbers(&self, now: Timestamp) -> Result<OutboxNumbers, StoreError> {
        let sql = "select count(*) from outbox where kind = 'mail' and state = 'waiting' \
                   and last_error is not null and next_at > 0";
        let failing = self.db.read_row(sql, args![]).await?;
        let sql = "select count(*) from outbox where kind = 'mail' and state = 'given_up' and ended_at > $1";
        let given_up = self.db.read_row(sql, args![now.minus(DAY)]).await?;
        let count = |row: Option<Row>| row.map_or(Ok(0), |row| row.read_as("outbox", |row| row.int("count")));
        Ok(OutboxNumbers { mails_failing: count(failing)?, mails_given_up: count(given_up)? })
    }

    /// Admin keys that end before then, the next one first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn ending_admin_keys(
        &self,
        now: Timestamp,
        before: Timestamp,
    ) -> Result<Vec<EndingKey>, StoreError> {
        let sql = "select key_id, name, expires_at from admin_keys where revoked_at is null \
                   and expires_at > $1 and expires_at <= $2 order by expires_at, key_id";
        let read = |row: Row| {
            row.read_as("admin_keys", |row| {
                let (key_id, name) = (row.text("key_id")?, row.text("name")?);
                Ok(EndingKey { key_id, name, expires_at: row.time("expires_at")? })
            })
        };
        self.db.read(sql, args![now, before]).await?.into_iter().map(read).collect()
    }
}
