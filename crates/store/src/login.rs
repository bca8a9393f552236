//! Login attempts: every arrow between their stages is one guarded statement, so two requests can't walk the
//! same one. What an attempt was said to be over by time stays over: the guards use the same limits as
//! [`Attempt::standing`].
//!
//! No index leads to a `state`: it is dated like its attempt's id, so it is looked for among those of its millisecond
//! (`docs/decisions/0041-attempts-are-found-by-their-date.md`).

use crate::db::{Fault, Misfit, Row, Tx, args};
use crate::{Store, StoreError};
use downcity_core::attempt::{COLLECT_WITHIN, EXCHANGE_LIMIT, Finisher, LIFETIME, Link, Starter};
use downcity_core::id::uuids_v7_of;
use downcity_core::network::Network;
use downcity_core::pkce::Challenge;
use downcity_core::{Attempt, AttemptId, CityId, Digest, Failure, Lang, SessionId, Stage, Timestamp, UserId};

pub(crate) const TABLE: &str = "login_attempts";

/// Who claims an attempt, with what.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Digest of the attempt's `state`.
    pub state: Digest,
    /// Digest of the authorization code.
    pub code: Digest,
    /// Digest of the cookie of the browser that came back.
    pub cookie: Digest,
    /// Who that is.
    pub by: Finisher,
}

/// The columns of an [`Attempt`], in the order in which [`attempt`] reads them.
macro_rules! columns {
    () => {
        "attempt_id, city_id, provider, app_id, redirect_uri, return_to, challenge, lang, starter_network, \
         starter_agent, starter_browser, link_user_id, link_session_id, refreshable, \
         code_tries, claimed_code, finisher, finisher_network, finisher_agent, finisher_same, stage, claimed_at, user_id, failure, ended_at, \
         collected_at, collected_by, created_at, expires_at"
    };
}

impl Store {
    /// Stores a new attempt under the digest of its `state`, which has the date of its id. Only what a waiting attempt has
    /// is stored.
    ///
    /// # Errors
    /// `Unavailable`, also when the city has just been removed; `Internal` when the id is taken.
    pub async fn insert_attempt(&self, state: Digest, attempt: &Attempt) -> Result<(), StoreError> {
        if attempt.stage != Stage::Waiting {
            return Err(StoreError::Internal("a new attempt is a waiting one".into()));
        }
        let [least, _] = uuids_v7_of(state.date());
        if !attempt.attempt_id.as_str().starts_with(&least) {
            return Err(StoreError::Internal("a state of another moment than its attempt's id".into()));
        }
        let sql = "insert into login_attempts (attempt_id, state, city_id, provider, app_id, redirect_uri, \
                   return_to, challenge, lang, starter_network, starter_agent, starter_browser, \
                   link_user_id, link_session_id, refreshable, code_tries, stage, created_at, expires_at) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'waiting', \
                   $17, $18)";
        let args = args![
            attempt.attempt_id.as_str(),
            state,
            attempt.city_id.as_str(),
            &attempt.provider,
            &attempt.app_id,
            &attempt.redirect_uri,
            attempt.return_to.as_ref(),
            attempt.challenge.as_ref().map(Challenge::as_str),
            attempt.lang.code(),
            attempt.starter.network,
            &attempt.starter.agent,
            attempt.starter.browser,
            attempt.link.as_ref().map(|link| link.user_id.as_str()),
            attempt.link.as_ref().map(|link| link.session_id.as_str()),
            attempt.refreshable,
            attempt.code_tries,
            attempt.created_at,
            attempt.expires_at,
        ];
        // Whoever loses a start in a power cut starts again; nobody was signed in.
        self.db.exec_in_order(sql, args).await.map(drop)
    }

    /// The attempt whose `state` has this digest.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn attempt_by_state(&self, state: Digest) -> Result<Option<Attempt>, StoreError> {
        let sql = concat!(
            "select ",
            columns!(),
            " from login_attempts where attempt_id >= $1 and attempt_id < $2 and state = $3"
        );
        let [least, above] = uuids_v7_of(state.date());
        read(self.db.read_row(sql, args![least, above, state]).await?)
    }

    /// The attempt with this id.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn attempt_by_id(&self, id: &AttemptId) -> Result<Option<Attempt>, StoreError> {
        let sql = concat!("select ", columns!(), " from login_attempts where attempt_id = $1");
        read(self.db.read_row(sql, args![id.as_str()]).await?)
    }

    /// Claims a waiting attempt for the one exchange of its authorization code: of any number of callers
    /// exactly one gets it.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn claim_attempt(&self, claim: &Claim, now: Timestamp) -> Result<Option<Attempt>, StoreError> {
        let sql = concat!(
            "update login_attempts set stage = 'exchanging', claimed_code = $1, finisher = $2, \
             finisher_network = $3, finisher_agent = $4, finisher_same = $5, claimed_at = $6 \
             where attempt_id >= $7 and attempt_id < $8 and state = $9 and stage = 'waiting' and expires_at > $6 \
             returning ",
            columns!()
        );
        let Claim { state, code, cookie, by } = claim;
        let [least, above] = uuids_v7_of(state.date());
        let args = args![*code, *cookie, by.network, &by.agent, by.same_client, now, least, above, *state];
        // Lost in a power cut together with what would have followed, it can be claimed again: the provider takes a
        // code once.
        read(self.db.exec_row_in_order(sql, args).await?)
    }

    /// Ends an attempt without a token; false when it had ended before.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn fail_attempt(
        &self,
        id: &AttemptId,
        why: Failure,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let args = args![why.code(), now, id.as_str()];
        Ok(self.db.exec(FAIL, args).await? == 1)
    }

    /// The same for an attempt that the provider refused with a code of its own, such as an errcode of WeChat.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn refuse_attempt(
        &self,
        id: &AttemptId,
        (why, provider_code): (Failure, &str),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "update login_attempts set stage = 'failed', failure = $1, ended_at = $2, provider_code = $3, \
                   sealed_identity = null where attempt_id = $4 and stage in ('waiting', 'exchanging', 'confirming')";
        let args = args![why.code(), now, provider_code, id.as_str()];
        Ok(self.db.exec(sql, args).await? == 1)
    }

    /// Parks an exchanging attempt, with the sealed identity, until the person confirms; false when it was
    /// not exchanging, or for longer than an exchange may take.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn hold_attempt(
        &self,
        id: &AttemptId,
        sealed_identity: &[u8],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "update login_attempts set stage = 'confirming', sealed_identity = $1 \
                   where attempt_id = $2 and stage = 'exchanging' and claimed_at > $3";
        let args = args![sealed_identity, id.as_str(), now.minus(EXCHANGE_LIMIT)];
        Ok(self.db.exec(sql, args).await? == 1)
    }

    /// Counts a typed code of an attempt that waits to be confirmed, and says how many there were with it; `None` when
    /// the tries or the time are over, or no code is asked for.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` when the row contradicts itself.
    pub async fn try_user_code(
        &self,
        id: &AttemptId,
        most: i64,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "update login_attempts set code_tries = code_tries + 1 where attempt_id = $1 \
                   and stage = 'confirming' and expires_at > $2 and code_tries < $3 returning attempt_id, code_tries";
        let Some(row) = self.db.exec_row(sql, args![id.as_str(), now, most]).await? else { return Ok(None) };
        row.read_as(TABLE, |row| {
            row.text("attempt_id")?;
            row.int("code_tries").map(Some)
        })
    }

    /// The sealed identity of an attempt that waits to be confirmed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn held_identity(&self, id: &AttemptId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "select attempt_id, sealed_identity from login_attempts \
                   where attempt_id = $1 and stage = 'confirming' and sealed_identity is not null";
        let Some(row) = self.db.read_row(sql, args![id.as_str()]).await? else { return Ok(None) };
        row.read_as(TABLE, |row| {
            row.text("attempt_id")?;
            row.bytes("sealed_identity").map(Some)
        })
    }
}

/// Ends an attempt as failed: the failure's code, the time, the attempt's id.
pub(crate) const FAIL: &str = "update login_attempts set stage = 'failed', failure = $1, ended_at = $2, sealed_identity = null \
     where attempt_id = $3 and stage in ('waiting', 'exchanging', 'confirming')";

/// Ends every way to a session that a user has under way, for this reason: whatever ends all their sessions ends these too, or
/// whoever holds one would have a fresh session afterwards. Comes before the sessions are ended.
///
/// A sign-in that is not finished yet does not know whose it is; it finds the time when it is
/// (`docs/decisions/0042-what-ends-sessions-ends-sign-ins-under-way.md`).
pub(crate) async fn end_sign_ins(
    user_id: &str,
    why: Failure,
    now: Timestamp,
    tx: &mut Tx,
) -> Result<(), Fault> {
    revoke_uncollected((user_id, ""), why, now, tx).await?;
    note_ending(user_id, now, tx).await?;
    // A new password would begin the next session.
    let sql = "delete from mail_tokens where user_id = $1 and purpose = 'reset' and used_at is null";
    tx.put(sql, args![user_id]).await
}

/// Notes when all sessions of a user were ended. A time so late that no clock that is right could have told it gives way.
pub(crate) async fn note_ending(user_id: &str, now: Timestamp, tx: &mut Tx) -> Result<(), Fault> {
    let sql = "update users set sessions_ended_at = $1 where user_id = $2 \
               and (sessions_ended_at is null or sessions_ended_at < $1 or sessions_ended_at > $3)";
    tx.put(sql, args![now, user_id, now.plus(LIFETIME)]).await
}

/// Whether a sign-in that began then may let in a user whose sessions were all ended at that time.
pub(crate) fn began_later(started_at: Timestamp, ended_at: Option<Timestamp>, now: Timestamp) -> bool {
    ended_at.is_none_or(|ended_at| ended_at <= started_at || ended_at > now.plus(LIFETIME))
}

/// Ends what a user has signed in and nobody has collected yet, at one provider if one is named, for this reason. Comes before
/// sessions are ended.
pub(crate) async fn revoke_uncollected(
    (user_id, provider): (&str, &str),
    why: Failure,
    now: Timestamp,
    tx: &mut Tx,
) -> Result<(), Fault> {
    // Who is just collecting has begun a session by then, which is found.
    tx.hold_user(user_id).await?;
    let sql = "update login_attempts set stage = 'failed', failure = $1, ended_at = $2, user_id = null \
               where user_id = $3 and ($4 = '' or provider = $4) and stage = 'done' and collected_at is null \
               and ended_at > $5";
    // Twice the time, since who collects looked at a clock earlier, or at another node's.
    let args = args![why.code(), now, user_id, provider, now.minus(2 * COLLECT_WITHIN)];
    tx.put(sql, args).await
}

/// What the ids of attempts that end at this moment begin with, and what is greater than all of them: with the bounds of
/// [`uuids_v7_of`] the time of many is looked for where they stand, one after the other.
pub(crate) fn ids_that_end(at: Timestamp) -> [String; 2] {
    uuids_v7_of(at.minus(LIFETIME))
}

fn read(row: Option<Row>) -> Result<Option<Attempt>, StoreError> {
    row.map(|row| row.read_as(TABLE, attempt)).transpose()
}

fn attempt(row: &mut Row) -> Result<Attempt, Misfit> {
    Ok(Attempt {
        attempt_id: AttemptId::trusted(row.text("attempt_id")?),
        city_id: CityId::trusted(row.text("city_id")?),
        provider: row.text("provider")?,
        app_id: row.text("app_id")?,
        redirect_uri: row.text("redirect_uri")?,
        return_to: row.opt_text("return_to")?,
        challenge: row.opt_text("challenge")?.map(Challenge::trusted),
        lang: Lang::parse(&row.text("lang")?).ok_or_else(|| Misfit::in_column("lang"))?,
        starter: Starter {
            network: network(&row.text("starter_network")?, "starter_network")?,
            agent: row.text("starter_agent")?,
            browser: row.opt_digest("starter_browser")?,
        },
        link: link(row)?,
        refreshable: row.flag("refreshable")?,
        code_tries: row.opt_int("code_tries")?,
        claimed_code: row.opt_digest("claimed_code")?,
        finisher: row.opt_digest("finisher")?,
        finished_by: finisher(row)?,
        stage: stage(row)?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

fn link(row: &mut Row) -> Result<Option<Link>, Misfit> {
    match (row.opt_text("link_user_id")?, row.opt_text("link_session_id")?) {
        (None, None) => Ok(None),
        (Some(user_id), Some(session_id)) => {
            let (user_id, session_id) = (UserId::trusted(user_id), SessionId::trusted(session_id));
            Ok(Some(Link { user_id, session_id }))
        }
        _ => Err(Misfit("half a link".into())),
    }
}

fn finisher(row: &mut Row) -> Result<Option<Finisher>, Misfit> {
    let (place, agent) = (row.opt_text("finisher_network")?, row.opt_text("finisher_agent")?);
    match (place, agent, row.opt_int("finisher_same")?) {
        (None, None, None) => Ok(None),
        (Some(place), Some(agent), Some(same)) => {
            let network = network(&place, "finisher_network")?;
            Ok(Some(Finisher { network, agent, same_client: same != 0 }))
        }
        _ => Err(Misfit("half a finisher".into())),
    }
}

/// Puts the stage together from its name and the facts that belong to it.
fn stage(row: &mut Row) -> Result<Stage, Misfit> {
    let name = row.text("stage")?;
    let claimed_at = row.opt_time("claimed_at")?;
    let user_id = row.opt_text("user_id")?.map(UserId::trusted);
    let failure = row.opt_text("failure")?;
    let ended_at = row.opt_time("ended_at")?;
    let collected = match (row.opt_time("collected_at")?, row.opt_text("collected_by")?) {
        (None, None) => None,
        (Some(at), Some(by)) => Some((at, network(&by, "collected_by")?)),
        _ => return Err(Misfit("half collected".into())),
    };
    let wrong = || Misfit(format!("stage {name} does not go with the other columns"));
    if collected.is_some() && name != "done" {
        return Err(wrong());
    }
    match (name.as_str(), claimed_at, user_id, failure, ended_at) {
        ("waiting", None, None, None, None) => Ok(Stage::Waiting),
        ("exchanging", Some(since), None, None, None) => Ok(Stage::Exchanging { since }),
        ("confirming", Some(_), None, None, None) => Ok(Stage::Confirming),
        ("done", Some(_), Some(user_id), None, Some(at)) => Ok(Stage::Done { user_id, at, collected }),
        ("failed", _, None, Some(code), Some(_)) => Ok(Stage::Failed(failure_of(&code))),
        _ => Err(wrong()),
    }
}

/// The failure with this code. A newer version, which runs beside this one during an upgrade, may know more of them.
pub(crate) fn failure_of(code: &str) -> Failure {
    Failure::from_code(code).unwrap_or(Failure::Interrupted)
}

fn network(text: &str, column: &str) -> Result<Network, Misfit> {
    Network::parse(text).ok_or_else(|| Misfit::in_column(column))
}
