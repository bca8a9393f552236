//! Refresh tokens (RFC 9700 §4.14.2): one row for each session, about the token that is good now. Every earlier
//! one is known by its number, so a session needs no more room however often it is refreshed.

use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::sessions::{columns, joined_user, session};
use crate::users::user_columns;
use crate::{Store, StoreError};
use downcity_core::network::Network;
use downcity_core::{Digest, Session, SessionId, Timestamp, User};

/// A refresh token to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefresh {
    /// Its digest.
    pub digest: Digest,
    /// When it ends if it is not used.
    pub expires_at: Timestamp,
}

/// A session that can be refreshed, and the token that is good now.
#[derive(Debug, Clone)]
pub struct Refreshable {
    /// The session.
    pub session: Session,
    /// Its user; absent when the account was removed.
    pub user: Option<User>,
    /// When a request last used it, to a few minutes.
    pub last_seen_at: Option<Timestamp>,
    /// Digest of the token that is good now.
    pub digest: Digest,
    /// Its number: 0 for the first of the session.
    pub number: i64,
    /// When the token before was used, and from where.
    pub used: Option<(Timestamp, Network)>,
    /// When it ends if it is not used.
    pub expires_at: Timestamp,
}

/// A step from one refresh token to the next.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The session.
    pub session_id: SessionId,
    /// The number of the token that is used.
    pub number: i64,
    /// The token that follows.
    pub next: NewRefresh,
    /// From where it is used.
    pub network: Network,
    /// The time.
    pub now: Timestamp,
}

impl Store {
    /// The session whose key has this digest, if it has refresh tokens.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when a row contradicts itself.
    pub async fn refreshable(&self, sid: Digest) -> Result<Option<Refreshable>, StoreError> {
        let sql = concat!(
            "select ",
            columns!(),
            ", s.last_seen_at, r.digest, r.number, r.used_at, r.used_by, r.expires_at, ",
            user_columns!(),
            " from sessions s join refresh_tokens r on r.session_id = s.session_id \
             left join users u on u.user_id = s.user_id where s.sid = $1"
        );
        let row = self.db.read_row(sql, args![sid]).await?;
        row.map(|row| row.read_as("refresh_tokens", refreshable)).transpose()
    }

    /// Puts the next token in the place of the one that is used: of any number of callers exactly one does. False
    /// when that one is not good any more, or its session is over.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn rotate_refresh(&self, step: &Rotation) -> Result<bool, StoreError> {
        let sql = "update refresh_tokens set digest = $1, number = number + 1, used_at = $2, used_by = $3, \
                   created_at = $2, expires_at = $4 where session_id = $5 and number = $6 and expires_at > $2 \
                   and exists (select 1 from sessions s where s.session_id = refresh_tokens.session_id \
                   and s.revoked_at is null and s.expires_at > $2)";
        let Rotation { session_id, number, next, network, now } = step;
        let args = args![next.digest, *now, *network, next.expires_at, session_id.as_str(), *number];
        Ok(self.db.exec(sql, args).await? == 1)
    }
}

/// Stores the first refresh token of a session, inside the transaction that begins it.
pub(crate) async fn first(session: &Session, new: &NewRefresh, tx: &mut Tx) -> Result<(), Fault> {
    let sql = "insert into refresh_tokens (digest, session_id, number, created_at, expires_at) \
               values ($1, $2, 0, $3, $4)";
    let args = args![new.digest, session.session_id.as_str(), session.created_at, new.expires_at];
    tx.put(sql, args).await
}

fn refreshable(row: &mut Row) -> Result<Refreshable, Misfit> {
    let session = session(row)?;
    let last_seen_at = row.opt_time("last_seen_at")?;
    let (digest, number) = (row.digest("digest")?, row.int("number")?);
    let used = match (row.opt_time("used_at")?, row.opt_text("used_by")?) {
        (None, None) => None,
        (Some(at), Some(by)) => Some((at, Network::parse(&by).ok_or_else(|| Misfit::in_column("used_by"))?)),
        _ => return Err(Misfit("half used".into())),
    };
    let expires_at = row.time("expires_at")?;
    Ok(Refreshable { session, user: joined_user(row)?, last_seen_at, digest, number, used, expires_at })
}
