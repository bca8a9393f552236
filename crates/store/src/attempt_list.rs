//! Sign-in attempts as an admin sees them: the last ones, with what became of each. No states, codes or digests.

use crate::db::{Misfit, Row, args};
use crate::login::failure_of;
use crate::{Store, StoreError};
use downcity_core::attempt::EXCHANGE_LIMIT;
use downcity_core::id::uuids_v7_of;
use downcity_core::redirect::is_site;
use downcity_core::{Failure, Timestamp};

/// What became of an attempt, as SQL: `$1` is the time, `$2` the time that an exchange which is still going on must
/// have begun after. The same as [`Attempt::standing`](downcity_core::Attempt::standing) says, but that a token nobody
/// collected was a sign-in all the same.
macro_rules! status {
    () => {
        "case when stage = 'waiting' and expires_at <= $1 then 'not_returned' \
         when stage = 'confirming' and expires_at <= $1 then 'expired' \
         when stage = 'exchanging' and claimed_at <= $2 then 'failed' else stage end as status, \
         case when stage = 'exchanging' and claimed_at <= $2 then 'login_interrupted' else failure end as failure"
    };
}

pub(crate) use status;

/// What is read of an attempt; the argument is where the `User-Agent` comes from.
macro_rules! columns {
    ($agent:literal) => {
        concat!(
            "attempt_id, city_id, provider, app_id, redirect_uri, starter_network, ",
            $agent,
            ", finisher_network, return_to",
            ", cast(case when link_user_id is null then 0 else 1 end as bigint) as linking, ",
            status!(),
            ", provider_code, user_id, created_at, claimed_at, ended_at, collected_at"
        )
    };
}

/// One attempt as an admin sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAttempt {
    /// Its id, sortable by time.
    pub attempt_id: String,
    /// The city it was for.
    pub city_id: String,
    /// The provider it was started with.
    pub provider: String,
    /// The app at the provider.
    pub app_id: String,
    /// The callback address it was started with.
    pub redirect_uri: String,
    /// From which network it was started.
    pub network: String,
    /// The `User-Agent` it was started with; text from outside.
    pub agent: String,
    /// From which network somebody came back.
    pub finisher: Option<String>,
    /// As [`Attempt::returns_to_site`](downcity_core::Attempt::returns_to_site).
    pub returns_to_site: bool,
    /// Whether it was to link a provider to somebody who was signed in.
    pub linking: bool,
    /// `waiting`, `exchanging`, `confirming`, `done`, `failed`, `expired` (came back, was not confirmed in time) or
    /// `not_returned` (nobody came back).
    pub status: String,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The provider's own code of that.
    pub provider_code: Option<String>,
    /// Who signed in.
    pub user_id: Option<String>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When somebody came back.
    pub returned_at: Option<Timestamp>,
    /// When it was settled.
    pub ended_at: Option<Timestamp>,
    /// When the token was collected.
    pub collected_at: Option<Timestamp>,
}

/// Which attempts are looked for. Empty texts look for all.
#[derive(Debug, Clone, Default)]
pub struct AttemptQuery {
    /// For this city.
    pub city_id: String,
    /// With this provider.
    pub provider: String,
    /// As [`ListedAttempt::status`].
    pub status: String,
    /// A failure's code.
    pub failure: String,
    /// By this user.
    pub user_id: String,
    /// The last one that was seen already.
    pub after: String,
    /// How many at most.
    pub limit: i64,
}

const TABLE: &str = crate::login::TABLE;

impl Store {
    /// A page of attempts, newest first. They are remembered for a day.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn attempts(
        &self,
        query: &AttemptQuery,
        now: Timestamp,
    ) -> Result<Vec<ListedAttempt>, StoreError> {
        let sql = concat!(
            "select * from (select ",
            columns!("starter_agent"),
            " from login_attempts) a \
             where ($3 = '' or attempt_id < $3) and ($4 = '' or city_id = $4) and ($5 = '' or provider = $5) \
             and ($6 = '' or status = $6) and ($7 = '' or failure = $7) and ($8 = '' or user_id = $8) \
             order by attempt_id desc limit $9"
        );
        let AttemptQuery { city_id, provider, status, failure, user_id, after, limit } = query;
        let begun = now.minus(EXCHANGE_LIMIT);
        let args = args![now, begun, after, city_id, provider, status, failure, user_id, *limit];
        let rows = self.db.read_aside(sql, args).await?;
        rows.into_iter().map(|row| row.read_as(TABLE, listed)).collect()
    }

    /// One attempt, while it is remembered.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn listed_attempt(
        &self,
        attempt_id: &str,
        now: Timestamp,
    ) -> Result<Option<ListedAttempt>, StoreError> {
        let sql = concat!("select ", columns!("starter_agent"), " from login_attempts where attempt_id = $3");
        let row = self.db.read_row(sql, args![now, now.minus(EXCHANGE_LIMIT), attempt_id]).await?;
        row.map(|row| row.read_as(TABLE, listed)).transpose()
    }

    /// The newest attempts that were started since then, for what they have in common.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn attempts_since(
        &self,
        city_id: &str,
        since: Timestamp,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<ListedAttempt>, StoreError> {
        let sql = concat!(
            "select ",
            columns!("'' as starter_agent"),
            " from login_attempts where attempt_id >= $3 and ($4 = '' or city_id = $4) order by attempt_id desc limit $5"
        );
        let [first, _] = uuids_v7_of(since);
        let args = args![now, now.minus(EXCHANGE_LIMIT), first, city_id, limit];
        let rows = self.db.read_aside(sql, args).await?;
        rows.into_iter().map(|row| row.read_as(TABLE, listed)).collect()
    }
}

fn listed(row: &mut Row) -> Result<ListedAttempt, Misfit> {
    Ok(ListedAttempt {
        attempt_id: row.text("attempt_id")?,
        city_id: row.text("city_id")?,
        provider: row.text("provider")?,
        app_id: row.text("app_id")?,
        redirect_uri: row.text("redirect_uri")?,
        network: row.text("starter_network")?,
        agent: row.text("starter_agent")?,
        finisher: row.opt_text("finisher_network")?,
        returns_to_site: row.opt_text("return_to")?.as_deref().is_some_and(is_site),
        linking: row.flag("linking")?,
        status: row.text("status")?,
        failure: row.opt_text("failure")?.as_deref().map(failure_of),
        provider_code: row.opt_text("provider_code")?,
        user_id: row.opt_text("user_id")?,
        started_at: row.time("created_at")?,
        returned_at: row.opt_time("claimed_at")?,
        ended_at: row.opt_time("ended_at")?,
        collected_at: row.opt_time("collected_at")?,
    })
}
