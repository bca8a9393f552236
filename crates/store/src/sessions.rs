//! Sessions: what every token stands on. The token's key is stored as a digest.

use crate::audit::{self, NewAudit};
use crate::db::{Fault, Misfit, Row, Tx, Val, args};
use crate::events::{NewEvent, append};
use crate::notices::{self, Notice};
use crate::passwords::ByPassword;
use crate::refresh::{NewRefresh, first};
use crate::users::user_columns;
use crate::{Store, StoreError};
use downcity_core::attempt::{ASK_AGAIN_WITHIN, COLLECT_WITHIN};
use downcity_core::network::Network;
use downcity_core::{AttemptId, CityId, Digest, Session, SessionId, Timestamp, User, UserId};
use quick_cache::sync::Cache;
use std::sync::Arc;

const TABLE: &str = "sessions";

const INSERT: &str = "insert into sessions (sid, session_id, user_id, city_id, provider, metadata, network, \
                      agent, created_at, refreshable, expires_at, revoked_at, cross_device, device_network, \
                      device_agent, ending) \
                      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

/// The columns of a [`Session`], in the order in which [`session`] reads them.
macro_rules! columns {
    () => {
        "s.session_id, s.user_id, s.city_id, s.provider, s.metadata, s.created_at, s.refreshable, s.expires_at, \
         s.revoked_at, s.cross_device"
    };
}
pub(crate) use columns;

/// A session to be stored.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Digest of the session's key (the claim `sid` of its token).
    pub sid: Digest,
    /// The session.
    pub session: Session,
    /// From where it was begun.
    pub network: Network,
    /// The `User-Agent` it was begun with. At most 256 characters.
    pub agent: String,
    /// The browser that went back to the product, where the session was begun with something else, such as a product's
    /// own server: its network and `User-Agent`.
    pub device: Option<(Network, String)>,
    /// How its user is told of it, if they are to be.
    pub notice: Option<Notice>,
    /// Its first refresh token, if it has any.
    pub refresh: Option<NewRefresh>,
}

/// A session as a request finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSession {
    /// The session.
    pub session: Arc<Session>,
    /// When a request last used it, to a few minutes.
    pub last_seen_at: Option<Timestamp>,
    /// Its user; absent for a product's own ids.
    pub user: Option<Arc<User>>,
}

/// Sessions found lately, each with the number of commits before it was read. One that is older than the
/// last commit is read again; so no revocation, pause or change is ever overlooked.
pub(crate) type Recent = Arc<Cache<Digest, (u64, FoundSession)>>;

/// A bound on memory, not on sessions.
const REMEMBERED: usize = 10_000;

pub(crate) fn recent() -> Recent {
    Arc::new(Cache::new(REMEMBERED))
}

/// What came of collecting a finished sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collected {
    /// Collected now; the new session stands.
    First(Session),
    /// Collected a moment ago by the same caller, whose answer may have been lost: the session of that time.
    Again(Session),
    /// Nothing to collect: not done, too late, revoked, or somebody else's.
    Lost,
}

/// What came of beginning a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It stands.
    Stands,
    /// Its user is disabled, also just now.
    UserDisabled,
    /// The password or the address that it was to be begun on has just been replaced.
    Outdated,
}

impl Store {
    /// Stores a session that an admin made by hand.
    ///
    /// # Errors
    /// `Unavailable`, also when the city has just been removed; `Internal` when the id or key is taken.
    pub async fn insert_session(&self, new: &NewSession, audit: NewAudit) -> Result<(), StoreError> {
        self.db
            .write((insert_args(new, None), audit), |(args, audit), tx| {
                Box::pin(async move {
                    tx.put(INSERT, args.clone()).await?;
                    audit::append(audit, tx).await
                })
            })
            .await
    }

    /// Stores a session together with the events that tell of it, unless its user is disabled or what it is begun on has
    /// been replaced; then nothing is changed.
    ///
    /// # Errors
    /// `Unavailable`, also when the city has just been removed; `Internal` when the id or key is taken.
    pub async fn begin_session(
        &self,
        new: NewSession,
        by: Option<ByPassword>,
        events: Vec<NewEvent>,
    ) -> Result<Begun, StoreError> {
        self.db
            .write((new, by, events), |(new, by, events), tx| {
                Box::pin(async move {
                    let user_id = new.session.user_id.as_str();
                    // So that whatever ends sessions finds this one, or is found here.
                    tx.hold_user(user_id).await?;
                    let sql = "select user_id from users where user_id = $1 and disabled = 0";
                    if tx.row(sql, args![user_id]).await?.is_none() {
                        tx.undo();
                        return Ok(Begun::UserDisabled);
                    }
                    if let Some(by) = by
                        && !by.stands(user_id, tx).await?
                    {
                        tx.undo();
                        return Ok(Begun::Outdated);
                    }
                    let address = match new.notice {
                        Some(_) => notices::address_of(&new.session.user_id, tx).await?,
                        None => None,
                    };
                    begin(new, events, address.as_deref(), tx).await.map(|()| Begun::Stands)
                })
            })
            .await
    }

    /// The session whose key has this digest, and its user. There is no user when an admin issued the token
    /// for an id of the product's own.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn session_with_user(
        &self,
        sid: Digest,
    ) -> Result<Option<(Session, Option<User>)>, StoreError> {
        let found = self.find_session(sid).await?;
        Ok(found.map(|found| (Arc::unwrap_or_clone(found.session), found.user.map(Arc::unwrap_or_clone))))
    }

    /// The session whose key has this digest, with its user and when it was last seen.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn find_session(&self, sid: Digest) -> Result<Option<FoundSession>, StoreError> {
        // The number before the row: a commit in between makes the row count as old, not as new.
        let commits = self.db.commits();
        if let Some((at, found)) = commits.and_then(|_| self.recent.get(&sid))
            && Some(at) == commits
        {
            return Ok(Some(found));
        }
        let found = self.read_session(sid).await?;
        if let (Some(commits), Some(found)) = (commits, &found) {
            self.recent.insert(sid, (commits, found.clone()));
        }
        Ok(found)
    }

    async fn read_session(&self, sid: Digest) -> Result<Option<FoundSession>, StoreError> {
        let sql = concat!(
            "select ",
            columns!(),
            ", s.last_seen_at, ",
            user_columns!(),
            " from sessions s left join users u on u.user_id = s.user_id where s.sid = $1"
        );
        let Some(row) = self.db.read_row(sql, args![sid]).await? else { return Ok(None) };
        row.read_as(TABLE, |row| {
            let session = session(row)?;
            Ok(Some(FoundSession {
                session: Arc::new(session),
                last_seen_at: row.opt_time("last_seen_at")?,
                user: joined_user(row)?.map(Arc::new),
            }))
        })
    }

    /// Whether a user has a live session on a device in this network.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn has_session_from(
        &self,
        user_id: &UserId,
        network: Network,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "select session_id from sessions where user_id = $1 and coalesce(device_network, network) = $2 \
                   and revoked_at is null and expires_at > $3 limit 1";
        Ok(self.db.read_row(sql, args![user_id.as_str(), network, now]).await?.is_some())
    }

    /// Ends a session early; false when there is none or it was ended before.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn revoke_session(&self, sid: Digest, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "update sessions set revoked_at = $1 where sid = $2 and revoked_at is null";
        Ok(self.db.exec(sql, args![now, sid]).await? == 1)
    }

    /// Hands out a finished sign-in once: marks the attempt and stores the session together. The same caller
    /// (same network, or bound by PKCE, which the caller of this function has checked) may ask again for a
    /// short time and gets the session that stands. Nothing is handed out when the user was disabled or removed
    /// in between.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when the session is not for the attempt's user and city.
    pub async fn collect(
        &self,
        attempt_id: &AttemptId,
        caller: Network,
        now: Timestamp,
        new: &NewSession,
        events: Vec<NewEvent>,
    ) -> Result<Collected, StoreError> {
        let collect = Collect { attempt_id: attempt_id.clone(), caller, now, new: new.clone(), events };
        self.db.write(collect, |collect, tx| Box::pin(collect.run(tx))).await
    }
}

/// Stores a session of somebody who showed who they are: that keeps an account that was to be removed, and
/// counts as a use of the identity.
/// `address` is where its user is told of it.
async fn begin(
    new: &NewSession,
    events: &[NewEvent],
    address: Option<&str>,
    tx: &mut Tx,
) -> Result<(), Fault> {
    let told = match (&new.notice, address) {
        (Some(notice), Some(address)) => notices::tell(new, notice, address, tx).await?,
        _ => None,
    };
    tx.put(INSERT, insert_args(new, told)).await?;
    if let Some(refresh) = &new.refresh {
        first(&new.session, refresh, tx).await?;
    }
    let (user_id, now) = (new.session.user_id.as_str(), new.session.created_at);
    let sql = "update users set delete_at = null where user_id = $1 and delete_at is not null";
    if tx.exec(sql, args![user_id]).await? > 0 {
        append(&kept(new), tx).await?;
    }
    if new.session.provider == "email" {
        let sql = "update identities set last_used_at = $1 where user_id = $2 and provider = $3 \
                   and last_used_at <= $4";
        let before = now.minus(crate::users::LAST_USED_PRECISION);
        tx.put(sql, args![now, user_id, &new.session.provider, before]).await?;
    }
    for event in events {
        append(event, tx).await?;
    }
    Ok(())
}

/// Tells that an account which was to be removed stays.
fn kept(new: &NewSession) -> NewEvent {
    let session = &new.session;
    NewEvent {
        // As fresh as an id can be, and no other event has it.
        event_id: session.session_id.to_string(),
        kind: "user.deletion_cancelled",
        user_id: Some(session.user_id.to_string()),
        city_id: Some(session.city_id.to_string()),
        actor: "user".to_owned(),
        network: Some(new.network.to_string()),
        audit: None,
        detail: "{}".to_owned(),
        at: session.created_at,
    }
}

struct Collect {
    attempt_id: AttemptId,
    caller: Network,
    now: Timestamp,
    new: NewSession,
    events: Vec<NewEvent>,
}

impl Collect {
    async fn run(&self, tx: &mut Tx) -> Result<Collected, Fault> {
        let sql = concat!(
            "update login_attempts set collected_at = $1, collected_by = $2, session_id = $3 \
                   where attempt_id = $4 and stage = 'done' and collected_at is null and ended_at > $5 \
                   and exists (select 1 from users u where u.user_id = login_attempts.user_id and u.disabled = 0) \
                   and (link_session_id is null or exists (select 1 from sessions asking \
                   where asking.session_id = login_attempts.link_session_id and asking.revoked_at is null \
                   and asking.expires_at > $1)) \
                   returning attempt_id, user_id, city_id, link_session_id, (select asking.provider from sessions asking \
                   where asking.session_id = login_attempts.link_session_id) as asked_with, ",
            notices::address!("login_attempts.user_id")
        );
        let new = &self.new.session;
        // So that disabling finds this session, or is found here.
        tx.hold_user(new.user_id.as_str()).await?;
        let args = args![
            self.now,
            self.caller,
            new.session_id.as_str(),
            self.attempt_id.as_str(),
            self.now.minus(COLLECT_WITHIN),
        ];
        let Some(row) = tx.row(sql, args).await? else { return self.again(tx).await };
        let (user_id, city_id, asked, address) = row.read_as(crate::login::TABLE, |row| {
            row.text("attempt_id")?;
            let (user_id, city_id) = (row.text("user_id")?, row.text("city_id")?);
            let asked = row.opt_text("link_session_id")?.zip(row.opt_text("asked_with")?);
            Ok((user_id, city_id, asked, row.opt_text("address")?))
        })?;
        if user_id != new.user_id.as_str() || city_id != new.city_id.as_str() {
            return Err(Fault::internal("a session for somebody else than the one who signed in"));
        }
        let Some((asked_in, asked_with)) = asked else {
            begin(&self.new, &self.events, address.as_deref(), tx).await?;
            return Ok(Collected::First(new.clone()));
        };
        // The person goes on from the session that asked for a link: the new one takes its place, and counts as begun with
        // the same provider.
        let session = Session { provider: asked_with, ..new.clone() };
        let new = NewSession { session, ..self.new.clone() };
        begin(&new, &self.events, address.as_deref(), tx).await?;
        let sql = "update sessions set revoked_at = $1 where session_id = $2 and revoked_at is null";
        tx.put(sql, args![self.now, asked_in]).await?;
        Ok(Collected::First(new.session))
    }

    async fn again(&self, tx: &mut Tx) -> Result<Collected, Fault> {
        let sql = concat!(
            "select ",
            columns!(),
            ", a.collected_by, a.challenge from login_attempts a join sessions s on s.session_id = a.session_id \
             where a.attempt_id = $1 and a.stage = 'done' and a.collected_at > $2 and s.revoked_at is null"
        );
        let args = args![self.attempt_id.as_str(), self.now.minus(ASK_AGAIN_WITHIN)];
        let Some(row) = tx.row(sql, args).await? else { return Ok(Collected::Lost) };
        let (session, first, bound) = row.read_as(TABLE, |row| {
            let session = session(row)?;
            let first = Network::parse(&row.text("collected_by")?);
            let bound = row.opt_text("challenge")?.is_some();
            Ok((session, first.ok_or_else(|| Misfit::in_column("collected_by"))?, bound))
        })?;
        let same = bound || first.same_as(self.caller);
        Ok(if same { Collected::Again(session) } else { Collected::Lost })
    }
}

fn insert_args(new: &NewSession, ending: Option<Digest>) -> Vec<Val> {
    let session = &new.session;
    let device = new.device.as_ref();
    args![
        new.sid,
        session.session_id.as_str(),
        session.user_id.as_str(),
        session.city_id.as_str(),
        &session.provider,
        session.metadata.as_ref(),
        new.network,
        &new.agent,
        session.created_at,
        session.refreshable,
        session.expires_at,
        session.revoked_at,
        session.cross_device,
        device.map(|(network, _)| network.to_string()),
        device.map(|(_, agent)| agent),
        ending,
    ]
}

/// Reads the columns of a [`Session`] in their usual order.
pub(crate) fn session(row: &mut Row) -> Result<Session, Misfit> {
    Ok(Session {
        session_id: SessionId::trusted(row.text("session_id")?),
        user_id: UserId::trusted(row.text("user_id")?),
        city_id: CityId::trusted(row.text("city_id")?),
        provider: row.text("provider")?,
        metadata: row.opt_text("metadata")?,
        created_at: row.time("created_at")?,
        refreshable: row.flag("refreshable")?,
        expires_at: row.time("expires_at")?,
        revoked_at: row.opt_time("revoked_at")?,
        cross_device: row.flag("cross_device")?,
    })
}

/// The right side of the left join: all null when there is no such user.
pub(crate) fn joined_user(row: &mut Row) -> Result<Option<User>, Misfit> {
    let Some(user_id) = row.opt_text("users.user_id")? else { return Ok(None) };
    Ok(Some(User {
        user_id: UserId::trusted(user_id),
        email: row.opt_text("email")?,
        display_name: row.opt_text("display_name")?,
        avatar_url: row.opt_text("avatar_url")?,
        bio: row.opt_text("bio")?,
        locale: row.opt_text("locale")?,
        disabled: row.flag("disabled")?,
        created_at: row.time("users.created_at")?,
    }))
}
