//! Story: the waiting client collects its token, once.

use crate::events::Actor;
use crate::federation::Federation;
use crate::login::Client;
use crate::refresh::RefreshToken;
use downcity_core::attempt::{Proof, Refusal, Standing};
use downcity_core::network::Network;
use downcity_core::{
    Attempt, AttemptId, Digest, Failure, Lang, OpaqueToken, Session, SessionId, Stage, Timestamp, UserId,
};
use downcity_store::{Collected, NewSession, StoreError};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{Instrument, info_span};

/// The longest a request may wait for an outcome; below the idle limits of usual proxies.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long a client may wait on a node that is about to stop: not at all would make it ask again and again until its
/// balancer has noticed.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// What a waiting client sends.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The state from the start.
    pub state: Option<String>,
    /// PKCE verifier (RFC 7636 §4.5).
    pub code_verifier: Option<String>,
    /// The one-time code that the browser brought to `return_to`.
    pub code: Option<String>,
    /// How long to wait for an outcome.
    pub wait: Duration,
}

/// What a waiting client is told.
#[derive(Debug, Clone)]
pub enum Told {
    /// Nothing yet: ask again.
    Pending,
    /// The token.
    Done(Box<Handed>),
    /// Ended without a token.
    Failed {
        /// Why.
        failure: Failure,
        /// The language the sign-in was started in.
        lang: Lang,
    },
}

/// A token handed out.
#[derive(Debug, Clone)]
pub struct Handed {
    /// The bearer token.
    pub user_token: String,
    /// Its session.
    pub session: Session,
    /// When the token ends: with its session, or earlier where that can be refreshed.
    pub expires_at: Timestamp,
    /// What the next token is asked for with, if that was asked for.
    pub refresh: Option<RefreshToken>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// `state` is missing.
    #[error("state required")]
    StateRequired,
    /// No such attempt.
    #[error("unknown state")]
    Unknown,
    /// The attempt ran out, or its token was not collected in time.
    #[error("the attempt has expired")]
    Expired,
    /// The token was handed out before.
    #[error("the token was already handed out")]
    Collected,
    /// The caller is not the one the token is for.
    #[error("the caller is not the one the token is for")]
    Refused(Refusal),
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

impl Federation {
    /// Tells a waiting client how its sign-in stands, waiting up to `ask.wait` while nothing is settled.
    /// Hands the token out at most once; the same caller may ask again for a minute.
    ///
    /// # Errors
    /// See [`ResultError`].
    pub async fn login_result(&self, ask: &Ask, client: &Client) -> Result<Told, ResultError> {
        let text = ask.state.as_deref().filter(|text| !text.is_empty()).ok_or(ResultError::StateRequired)?;
        let state = OpaqueToken::parse(text).ok_or(ResultError::Unknown)?;
        let found = self.waiters.look(self.store.attempt_by_state(state.digest())).await?;
        let found = found.ok_or(ResultError::Unknown)?;
        // Boxed, and dropped while it is waited for: thousands may wait, and each would keep room for it.
        let found = Box::new(found);
        let proof = self.proof(ask, client, &found);
        found.check_caller(proof).map_err(ResultError::Refused)?;
        let attempt = if found.standing(self.clock.now()) == Standing::Pending && !ask.wait.is_zero() {
            let (id, deadline) = (found.attempt_id.clone(), Instant::now() + ask.wait.min(LONGEST_WAIT));
            drop(found);
            let waited = tokio::select! {
                waited = self.wait_for_standing(&id, deadline) => waited?,
                () = self.last_wait() => self.store.attempt_by_id(&id).await?,
            };
            Box::new(waited.ok_or(ResultError::Unknown)?)
        } else {
            found
        };
        match attempt.standing(self.clock.now()) {
            Standing::Pending => Ok(Told::Pending),
            Standing::Failed(failure) => Ok(Told::Failed { failure, lang: attempt.lang }),
            Standing::Expired => Err(ResultError::Expired),
            Standing::Collected => Err(ResultError::Collected),
            Standing::Ready => {
                attempt.check_collector(proof).map_err(ResultError::Refused)?;
                // Boxed: otherwise every waiting request would reserve space for it in its future.
                Box::pin(self.hand_out(&attempt, client)).instrument(info_span!("hand_out")).await
            }
        }
    }

    fn proof<'a>(&self, ask: &'a Ask, client: &Client, attempt: &Attempt) -> Proof<'a> {
        let login_code = ask
            .code
            .as_deref()
            .map(|given| attempt.return_to.is_some() && self.login_code(attempt).digest().matches(given));
        Proof {
            code_verifier: ask.code_verifier.as_deref(),
            login_code,
            network: client.network,
            browser: client.browser.as_ref().map(OpaqueToken::digest),
        }
    }

    pub(crate) async fn hand_out(&self, attempt: &Attempt, client: &Client) -> Result<Told, ResultError> {
        let Stage::Done { user_id, .. } = &attempt.stage else { return Ok(Told::Pending) };
        let Some(city) = self.active_city_of(attempt).await else {
            return Ok(Told::Failed { failure: Failure::CityUnavailable, lang: attempt.lang });
        };
        let now = self.clock.now();
        let cross_device = attempt.is_cross_device(client.network);
        // Whoever asks again gets the same: it follows from the attempt alone.
        let sid = self.vault.derive("session", attempt.attempt_id.as_str()).dated(attempt.created_at);
        let session = Session {
            session_id: SessionId::fresh(now, &self.random.bytes()),
            user_id: user_id.clone(),
            city_id: attempt.city_id.clone(),
            provider: attempt.provider.clone(),
            metadata: None,
            created_at: now,
            refreshable: attempt.refreshable,
            expires_at: now.plus(self.session_life(attempt.refreshable, cross_device)),
            revoked_at: None,
            cross_device,
        };
        let detail = told_of(attempt, &session);
        let (user, city_id, from) = (user_id.as_str(), Some(attempt.city_id.as_str()), Some(client.network));
        let signed_in = self.event("user.signed_in", Actor::User, user, (city_id, from), &detail);
        let mut new = NewSession {
            sid: sid.digest(),
            refresh: self.first_refresh(&session, &sid),
            session,
            network: client.network,
            agent: client.agent.clone(),
            device: device_of(attempt, client),
            notice: None,
        };
        new.notice = self.notice_of(&new, &city, &signed_in, Some(attempt.lang));
        // Whoever asks again gets the session that was stored the first time, and so the same token.
        match self.store.collect(&attempt.attempt_id, client.network, now, &new, vec![signed_in]).await? {
            Collected::First(session) | Collected::Again(session) => {
                Ok(Told::Done(Box::new(self.hand(session, &sid))))
            }
            Collected::Lost => self.why_lost(attempt, user_id).await,
        }
    }

    /// Why an attempt that was done could not be collected.
    async fn why_lost(&self, attempt: &Attempt, user_id: &UserId) -> Result<Told, ResultError> {
        let failed = |failure| Ok(Told::Failed { failure, lang: attempt.lang });
        if self.store.user(user_id).await?.is_none_or(|user| user.disabled) {
            return failed(Failure::UserDisabled);
        }
        let now = self.store.attempt_by_id(&attempt.attempt_id).await?.ok_or(ResultError::Unknown)?;
        match now.standing(self.clock.now()) {
            Standing::Failed(failure) => failed(failure),
            Standing::Ready
                if now.link.is_some() && matches!(now.stage, Stage::Done { collected: None, .. }) =>
            {
                failed(Failure::LinkEnded)
            }
            _ => Err(ResultError::Collected),
        }
    }

    /// Ends a little after this node has begun to stop.
    async fn last_wait(&self) {
        self.leaving.cancelled().await;
        tokio::time::sleep(LAST_WAIT).await;
    }

    /// Waits until an attempt is no longer pending, or the deadline.
    async fn wait_for_standing(
        &self,
        id: &AttemptId,
        deadline: Instant,
    ) -> Result<Option<Attempt>, StoreError> {
        self.wait_until(id, deadline, |attempt| attempt.standing(self.clock.now()) != Standing::Pending).await
    }

    /// Waits until `settled` holds of the attempt or the deadline has come; gives the attempt as last read. It is read again
    /// when somebody wakes who waits for it, and when it changes by time alone.
    pub(crate) async fn wait_until(
        &self,
        id: &AttemptId,
        deadline: Instant,
        settled: impl Fn(&Attempt) -> bool,
    ) -> Result<Option<Attempt>, StoreError> {
        let waiter = self.waiters.queue(id);
        loop {
            let woken = waiter.woken();
            let next = match self.waiters.look(self.store.attempt_by_id(id)).await? {
                Some(attempt) if !settled(&attempt) && Instant::now() < deadline => {
                    deadline.min(self.changes_at(&attempt))
                }
                found => return Ok(found),
            };
            tokio::select! {
                () = woken => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    /// When an attempt changes by time alone.
    fn changes_at(&self, attempt: &Attempt) -> Instant {
        let changes_at = match attempt.stage {
            Stage::Exchanging { since } => since.plus(downcity_core::attempt::EXCHANGE_LIMIT),
            _ => attempt.expires_at,
        };
        Instant::now() + self.clock.now().until(changes_at).max(Duration::from_millis(10))
    }
}

/// What the event of a sign-in tells; of both ends where they differ (security requirement P14).
fn told_of(attempt: &Attempt, session: &Session) -> serde_json::Value {
    let mut detail = json!({"provider": attempt.provider, "session_id": session.session_id});
    let (starter, finisher) = (&attempt.starter, attempt.finished_by.as_ref());
    let other = finisher.filter(|by| by.network != starter.network || by.agent != starter.agent);
    if let Some(finisher) = other {
        detail["starter"] = json!({"network": starter.network.to_string(), "agent": starter.agent});
        detail["finisher"] = json!({"network": finisher.network.to_string(), "agent": finisher.agent});
    }
    if let Some(link) = &attempt.link {
        detail["replaces"] = json!(link.session_id);
    }
    if session.cross_device {
        detail["cross_device"] = json!(true);
    }
    detail
}

/// The browser that went back to the product, where the product's own server collects.
fn device_of(attempt: &Attempt, client: &Client) -> Option<(Network, String)> {
    let finisher = attempt.finished_by.as_ref().filter(|_| attempt.returns_to_site())?;
    let other = finisher.network != client.network || finisher.agent != client.agent;
    other.then(|| (finisher.network, finisher.agent.clone()))
}

/// What a session is looked up by, from its token's `sid`.
pub(crate) fn sid_digest(sid: &str) -> Digest {
    OpaqueToken::parse(sid).map_or_else(|| Digest::of(sid), |sid| sid.digest())
}
