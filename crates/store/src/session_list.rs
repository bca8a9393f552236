//! Sessions as lists: a person's own, and everybody's for an admin; ending them by id.

use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::events::{NewEvent, append};
use crate::login::end_sign_ins;
use crate::sessions::{columns, session};
use crate::{Store, StoreError};
use downcity_core::{Failure, Session, SessionId, Timestamp, UserId};

const TABLE: &str = "sessions";

/// A session with where and with what it was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// The session.
    pub session: Session,
    /// From which network it was begun.
    pub network: String,
    /// The `User-Agent` it was begun with.
    pub agent: String,
    /// When a request last used it, to a few minutes.
    pub last_seen_at: Option<Timestamp>,
    /// The browser that went back to the product, where the session was begun with something else: its network and
    /// `User-Agent`.
    pub device: Option<(String, String)>,
}

/// Which sessions an admin looks for. Empty texts look for all.
#[derive(Debug, Clone)]
pub struct SessionQuery {
    /// In lower case: part of a session's or user's id, of its network or its `User-Agent`, with `%` and `_`
    /// escaped by `\`.
    pub part: String,
    /// Of this user.
    pub user_id: String,
    /// In this city.
    pub city_id: String,
    /// `active`, `expired` or `revoked`.
    pub status: String,
    /// The last one that was seen already: when it began, and its id.
    pub after: Option<(Timestamp, String)>,
    /// How many at most.
    pub limit: i64,
    /// The time.
    pub now: Timestamp,
}

/// Which sessions are to be ended.
#[derive(Debug, Clone)]
pub enum Ends {
    /// This one, whoever has it.
    One(SessionId),
    /// This one, if it is this user's.
    OneOf(UserId, SessionId),
    /// All of a user but this one.
    AllBut(UserId, SessionId),
}

/// Sessions to be ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Which.
    pub ends: Ends,
    /// What to write into the event log if any was ended. The user's id is filled in.
    pub event: NewEvent,
    /// The time.
    pub now: Timestamp,
}

impl Store {
    /// The sessions of a user that are live, newest first, at most 200.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn live_sessions(
        &self,
        user_id: &UserId,
        now: Timestamp,
    ) -> Result<Vec<ListedSession>, StoreError> {
        let sql = concat!(
            "select ",
            columns!(),
            ", s.network, s.agent, s.last_seen_at, s.device_network, s.device_agent from sessions s where s.user_id = $1 \
             and s.revoked_at is null and s.expires_at > $2 \
             order by s.created_at desc, s.session_id desc limit 200"
        );
        let rows = self.db.read(sql, args![user_id.as_str(), now]).await?;
        rows.into_iter().map(|row| row.read_as(TABLE, listed)).collect()
    }

    /// Every session of a user that is still remembered, newest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn all_sessions(&self, user_id: &UserId) -> Result<Vec<ListedSession>, StoreError> {
        let sql = concat!(
            "select ",
            columns!(),
            ", s.network, s.agent, s.last_seen_at, s.device_network, s.device_agent from sessions s where s.user_id = $1 \
             order by s.created_at desc, s.session_id desc"
        );
        let rows = self.db.read(sql, args![user_id.as_str()]).await?;
        rows.into_iter().map(|row| row.read_as(TABLE, listed)).collect()
    }

    /// A page of sessions, newest first.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn sessions(&self, query: &SessionQuery) -> Result<Vec<ListedSession>, StoreError> {
        let sql = concat!(
            "select ",
            columns!(),
            ", s.network, s.agent, s.last_seen_at, s.device_network, s.device_agent from sessions s \
             where (s.created_at < $1 or (s.created_at = $1 and s.session_id < $2)) \
             and ($3 = '' or s.user_id = $3) and ($4 = '' or s.city_id = $4) \
             and ($5 = '' or $5 = case when s.revoked_at is not null then 'revoked' \
             when s.expires_at <= $6 then 'expired' else 'active' end) \
             and ($7 = '' or lower(s.session_id) like '%' || $7 || '%' escape '\\' \
             or lower(s.user_id) like '%' || $7 || '%' escape '\\' \
             or lower(s.network) like '%' || $7 || '%' escape '\\' \
             or lower(s.agent) like '%' || $7 || '%' escape '\\') \
             order by s.created_at desc, s.session_id desc limit $8"
        );
        let (at, id) = query.after.clone().unwrap_or((Timestamp(i64::MAX), String::new()));
        let args =
            args![at, id, &query.user_id, &query.city_id, &query.status, query.now, &query.part, query.limit];
        let rows = self.db.read_aside(sql, args).await?;
        rows.into_iter().map(|row| row.read_as(TABLE, listed)).collect()
    }

    /// Notes that a session was used, unless that was noted after `lately`: of many requests at the same time one does.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn touch_session(
        &self,
        id: &SessionId,
        now: Timestamp,
        lately: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "update sessions set last_seen_at = $1 where session_id = $2 \
                   and (last_seen_at is null or last_seen_at <= $3)";
        self.db.exec(sql, args![now, id.as_str(), lately]).await.map(drop)
    }

    /// Ends sessions that are live, and says how many.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn end_sessions(&self, ending: Ending) -> Result<u64, StoreError> {
        self.db.write(ending, |ending, tx| Box::pin(end(ending, tx))).await
    }
}

/// Ends one session, of one user if one is named.
pub(crate) const ONE: &str = "update sessions set revoked_at = $1 where session_id = $2 and ($3 = '' or user_id = $3) \
                   and revoked_at is null and expires_at > $1 returning session_id, user_id";
/// Ends a user's sessions but one.
pub(crate) const ALL_BUT: &str = "update sessions set revoked_at = $1 where user_id = $2 and session_id <> $3 \
                       and revoked_at is null and expires_at > $1 returning session_id, user_id";

async fn end(ending: &Ending, tx: &mut Tx) -> Result<u64, Fault> {
    // Two statements, since SQLite chooses the index before it knows the values.
    let (sql, owner_or_one, also) = match &ending.ends {
        Ends::One(session_id) => (ONE, session_id.as_str(), ""),
        Ends::OneOf(user_id, session_id) => (ONE, session_id.as_str(), user_id.as_str()),
        Ends::AllBut(user_id, session_id) => {
            end_sign_ins(user_id.as_str(), Failure::SignInRevoked, ending.now, tx).await?;
            (ALL_BUT, user_id.as_str(), session_id.as_str())
        }
    };
    let rows = tx.rows(sql, args![ending.now, owner_or_one, also]).await?;
    let count = u64::try_from(rows.len()).unwrap_or(0);
    if let Some(row) = rows.into_iter().next() {
        let owner = row.read_as(TABLE, |row| {
            row.text("session_id")?;
            row.text("user_id")
        })?;
        append(&NewEvent { user_id: Some(owner), ..ending.event.clone() }, tx).await?;
    }
    Ok(count)
}

pub(crate) fn listed(row: &mut Row) -> Result<ListedSession, Misfit> {
    Ok(ListedSession {
        session: session(row)?,
        network: row.text("network")?,
        agent: row.text("agent")?,
        last_seen_at: row.opt_time("last_seen_at")?,
        device: row.opt_text("device_network")?.zip(row.opt_text("device_agent")?),
    })
}
