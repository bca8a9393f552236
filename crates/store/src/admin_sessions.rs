//! Sessions of the web workspace: each began with an admin key and is worth no more than the key is now.

use crate::audit::{NewAudit, append};
use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::{Store, StoreError};
use downcity_core::{CityId, Digest, Role, Timestamp};

const TABLE: &str = "admin_sessions";

/// The columns of a [`ListedAdminSession`], in the order in which [`listed`] reads them.
macro_rules! listed {
    () => {
        "select session_id, key_id, network, agent, created_at, seen_at, expires_at from admin_sessions where "
    };
}

/// A session to be stored.
#[derive(Debug, Clone)]
pub struct NewAdminSession {
    /// Digest of the cookie.
    pub digest: Digest,
    /// Its public id.
    pub session_id: String,
    /// The key that it began with.
    pub key_id: String,
    /// Digest of that key as it was shown.
    pub key: Digest,
    /// From where it was begun.
    pub network: String,
    /// The `User-Agent` it was begun with. At most 256 characters.
    pub agent: String,
    /// When.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// The session that the same browser had before, which ends now.
    pub replaces: Option<Digest>,
}

/// A session as a request finds it, with what its key is worth now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminSession {
    /// Its public id.
    pub session_id: String,
    /// The key that it began with.
    pub key_id: String,
    /// What the key is called.
    pub key_name: String,
    /// How much the key allows.
    pub role: Role,
    /// The only city that the key is for.
    pub city_id: Option<CityId>,
    /// When a request last used it, to the minute.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// A session as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAdminSession {
    /// Its public id.
    pub session_id: String,
    /// The key that it began with.
    pub key_id: String,
    /// From where it was begun.
    pub network: String,
    /// The `User-Agent` it was begun with.
    pub agent: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When a request last used it, to the minute.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl Store {
    /// Stores a session in place of the one that it replaces, with the entry that tells of it. False when its key was
    /// replaced or revoked, also just now.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn begin_admin_session(
        &self,
        new: NewAdminSession,
        audit: NewAudit,
    ) -> Result<bool, StoreError> {
        self.db.write((new, audit), |(new, audit), tx| Box::pin(begin(new, audit, tx))).await
    }

    /// The session whose cookie has this digest, if it and its key are good now and it was used since `idle`.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn admin_session(
        &self,
        digest: Digest,
        now: Timestamp,
        idle: Timestamp,
    ) -> Result<Option<AdminSession>, StoreError> {
        let sql = "select s.session_id, s.key_id, k.name, k.role, k.city_id, s.seen_at, s.expires_at \
                   from admin_sessions s join admin_keys k on k.key_id = s.key_id \
                   where s.digest = $1 and s.expires_at > $2 and s.seen_at > $3 and k.revoked_at is null \
                   and (k.expires_at is null or k.expires_at > $2)";
        let row = self.db.read_row(sql, args![digest, now, idle]).await?;
        row.map(|row| row.read_as(TABLE, session)).transpose()
    }

    /// Notes that a session was used, and with it its key.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn touch_admin_session(
        &self,
        session_id: &str,
        key_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let used = (session_id.to_owned(), key_id.to_owned(), now);
        self.db
            .write(used, |(session_id, key_id, now), tx| {
                Box::pin(async move {
                    let sql = "update admin_sessions set seen_at = $1 where session_id = $2 and seen_at < $1";
                    tx.put(sql, args![*now, &*session_id]).await?;
                    let sql = "update admin_keys set last_used_at = $1 where key_id = $2";
                    tx.put(sql, args![*now, &*key_id]).await
                })
            })
            .await
    }

    /// The sessions of a key that are good now, newest first; of all keys when `key_id` is empty.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn admin_sessions(
        &self,
        key_id: &str,
        now: Timestamp,
        idle: Timestamp,
    ) -> Result<Vec<ListedAdminSession>, StoreError> {
        let sql = concat!(
            listed!(),
            "($1 = '' or key_id = $1) and expires_at > $2 and seen_at > $3 \
             order by created_at desc, session_id desc limit 200"
        );
        let rows = self.db.read(sql, args![key_id, now, idle]).await?;
        rows.into_iter().map(|row| row.read_as(TABLE, listed)).collect()
    }

    /// A session by its public id, if it is good now.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn listed_admin_session(
        &self,
        session_id: &str,
        now: Timestamp,
        idle: Timestamp,
    ) -> Result<Option<ListedAdminSession>, StoreError> {
        let sql = concat!(listed!(), "session_id = $1 and expires_at > $2 and seen_at > $3");
        let row = self.db.read_row(sql, args![session_id, now, idle]).await?;
        row.map(|row| row.read_as(TABLE, listed)).transpose()
    }

    /// Ends a session, with the entry that tells of it; false when there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn end_admin_session(&self, session_id: &str, audit: NewAudit) -> Result<bool, StoreError> {
        let write = (session_id.to_owned(), audit);
        self.db
            .write(write, |(session_id, audit), tx| {
                Box::pin(async move {
                    let sql = "delete from admin_sessions where session_id = $1";
                    let ended = tx.exec(sql, args![&*session_id]).await? > 0;
                    if ended {
                        append(audit, tx).await?;
                    }
                    Ok(ended)
                })
            })
            .await
    }
}

async fn begin(new: &NewAdminSession, audit: &NewAudit, tx: &mut Tx) -> Result<bool, Fault> {
    // The row is locked, so that whoever replaces the key finds this session, or is found here.
    let sql = "update admin_keys set digest = digest where key_id = $1 and digest = $2 and revoked_at is null \
               and (expires_at is null or expires_at > $3)";
    if tx.exec(sql, args![&new.key_id, new.key, new.created_at]).await? == 0 {
        return Ok(false);
    }
    if let Some(old) = new.replaces {
        tx.put("delete from admin_sessions where digest = $1", args![old]).await?;
    }
    let sql = "insert into admin_sessions (digest, session_id, key_id, network, agent, created_at, seen_at, \
               expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let args = args![
        new.digest,
        &new.session_id,
        &new.key_id,
        &new.network,
        &new.agent,
        new.created_at,
        new.created_at,
        new.expires_at,
    ];
    tx.put(sql, args).await?;
    append(audit, tx).await.map(|()| true)
}

fn session(row: &mut Row) -> Result<AdminSession, Misfit> {
    Ok(AdminSession {
        session_id: row.text("session_id")?,
        key_id: row.text("key_id")?,
        key_name: row.text("name")?,
        role: Role::parse(&row.text("role")?).ok_or_else(|| Misfit::in_column("role"))?,
        city_id: row.opt_text("city_id")?.map(CityId::trusted),
        seen_at: row.time("seen_at")?,
        expires_at: row.time("expires_at")?,
    })
}

fn listed(row: &mut Row) -> Result<ListedAdminSession, Misfit> {
    Ok(ListedAdminSession {
        session_id: row.text("session_id")?,
        key_id: row.text("key_id")?,
        network: row.text("network")?,
        agent: row.text("agent")?,
        created_at: row.time("created_at")?,
        seen_at: row.time("seen_at")?,
        expires_at: row.time("expires_at")?,
    })
}
