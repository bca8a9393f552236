//! Story: a signed-in user shows their token, asks who they are, and logs out.

use crate::events::Actor;
use crate::federation::Federation;
use crate::keys::{BadToken, Checked};
use crate::login::Client;
use crate::result::Handed;
use downcity_core::{City, Claims, OpaqueToken, Session, SessionId, Timestamp, User, UserId};
use downcity_store::{Begun, ByPassword, Ending, Ends, Engine, FoundSession, NewSession, StoreError};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument, debug, info, info_span, warn};

/// The provider of sessions whose token an admin issued.
pub(crate) const BY_HAND: &str = "token";
/// How often a token with an unknown key may make a node look for new keys.
const ASK_KEYS_EVERY_MS: i64 = 1000;
/// How exactly it is known when a session was last used.
const SEEN_PRECISION: Duration = Duration::from_secs(300);

/// A user whose token, session, city and account were all found good.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What the token says.
    pub claims: Arc<Claims>,
    /// The session it stands on.
    pub session: Arc<Session>,
    /// The user; absent for a product's own ids in tokens issued by hand.
    pub user: Option<Arc<User>>,
}

/// Why a bearer is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// Not a token of ours, damaged, out of time, or its session was ended.
    #[error("the token is not valid")]
    Invalid,
    /// The city is paused.
    #[error("the city is paused")]
    CityPaused,
    /// An admin disabled the user.
    #[error("the user is disabled")]
    UserDisabled,
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

impl Federation {
    /// Checks a `user_token`: its signature, then, every time, its session, city and user.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn authenticate(&self, token: &str) -> Result<SignedIn, AuthError> {
        self.check_bearer(token).instrument(info_span!("authenticate")).await
    }

    async fn check_bearer(&self, token: &str) -> Result<SignedIn, AuthError> {
        let now = self.clock.now();
        let checked = self.check_token(token, now).await?;
        let claims = Arc::clone(&checked.claims);
        let found = self.store.find_session(checked.sid).await?;
        let FoundSession { session, last_seen_at, user } = found.ok_or(AuthError::Invalid)?;
        if session.session_id != claims.jti || session.city_id != claims.city_id {
            return Err(AuthError::Invalid);
        }
        if self.is_from_elsewhere(&session) {
            return Err(AuthError::Invalid);
        }
        // Told before anything else, so that the person knows what happened to their sessions.
        if user.as_ref().is_some_and(|user| user.disabled) {
            return Err(AuthError::UserDisabled);
        }
        // Only a token issued by hand may name somebody who is not a user here; else the account was removed.
        if !session.is_live(now) || (user.is_none() && session.provider != BY_HAND) {
            return Err(AuthError::Invalid);
        }
        match self.directory.load().cities.get(&claims.city_id) {
            Some(city) if city.is_active() => {}
            Some(_) => return Err(AuthError::CityPaused),
            None => return Err(AuthError::Invalid),
        }
        self.note_use(&session, last_seen_at, now);
        Ok(SignedIn { claims, session, user })
    }

    /// Whether a session is of a local sign-in, where there are none: a database from a machine of a developer opens nothing
    /// elsewhere.
    pub(crate) fn is_from_elsewhere(&self, session: &Session) -> bool {
        session.provider == crate::local::ID && !self.settings.allow_local_login
    }

    /// Checks a token's signature and times. A key that is not known here may be another node's newest: then this
    /// node looks, at most once a second, however many strange tokens come.
    async fn check_token(&self, token: &str, now: Timestamp) -> Result<Arc<Checked>, AuthError> {
        let first = self.token_keys.load().check(token, now);
        let unknown = matches!(first, Err(BadToken::UnknownKey));
        if !unknown || self.store.engine() != Engine::Postgres {
            return first.map_err(|_| AuthError::Invalid);
        }
        // Those who come while somebody looks wait for what is found.
        let mut asked_at = self.keys_asked_at.lock().await;
        if !(*asked_at..*asked_at + ASK_KEYS_EVERY_MS).contains(&now.0) {
            *asked_at = now.0;
            if let Err(problem) = self.reload_keys().await {
                warn!(error = %problem, "could not look for new signing keys");
            }
        }
        drop(asked_at);
        self.token_keys.load().check(token, now).map_err(|_| AuthError::Invalid)
    }

    /// Notes now and then that a session is used. The request does not wait for it.
    pub(crate) fn note_use(&self, session: &Session, last_seen_at: Option<Timestamp>, now: Timestamp) {
        if last_seen_at.unwrap_or(session.created_at).plus(SEEN_PRECISION) > now {
            return;
        }
        let (store, id) = (self.store.clone(), session.session_id.clone());
        self.tasks.spawn(async move {
            if let Err(problem) = store.touch_session(&id, now, now.minus(SEEN_PRECISION)).await {
                debug!(session_id = %id, error = %problem, "could not note that a session was used");
            }
        });
    }

    /// Begins a session for somebody who showed who they are: the same checks for every way in. With `refresh` it
    /// goes on by refresh tokens. `by` is the password that was right, where it was one.
    ///
    /// # Errors
    /// `UserDisabled`; `Invalid` when that password has just been replaced; or when the store does not answer.
    pub(crate) async fn begin_session(
        &self,
        user_id: &UserId,
        city: &City,
        (provider, refresh): (&str, bool),
        by: Option<ByPassword>,
        client: &Client,
    ) -> Result<Handed, AuthError> {
        let now = self.clock.now();
        let sid = OpaqueToken::from_bytes(&self.random.bytes()).dated(now);
        let session = Session {
            session_id: SessionId::fresh(now, &self.random.bytes()),
            user_id: user_id.clone(),
            city_id: city.city_id.clone(),
            provider: provider.to_owned(),
            metadata: None,
            created_at: now,
            refreshable: refresh,
            expires_at: now.plus(self.session_life(refresh, false)),
            revoked_at: None,
            cross_device: false,
        };
        let mut new = NewSession {
            sid: sid.digest(),
            session: session.clone(),
            network: client.network,
            agent: client.agent.clone(),
            device: None,
            notice: None,
            refresh: self.first_refresh(&session, &sid),
        };
        let detail = json!({"provider": provider, "session_id": session.session_id});
        let (user, city_id) = (user_id.as_str(), Some(city.city_id.as_str()));
        let signed_in =
            self.event("user.signed_in", Actor::User, user, (city_id, Some(client.network)), &detail);
        new.notice = self.notice_of(&new, city, &signed_in, client.lang);
        match self.store.begin_session(new, by, vec![signed_in]).await? {
            Begun::Stands => {}
            Begun::UserDisabled => return Err(AuthError::UserDisabled),
            Begun::Outdated => return Err(AuthError::Invalid),
        }
        info!(%user_id, city_id = %city.city_id, provider, "signed in");
        Ok(self.hand(session, &sid))
    }

    /// Ends the session: its token is refused from now on, on every node.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn logout(&self, who: &SignedIn) -> Result<(), StoreError> {
        let session = &who.session;
        let detail = json!({"session_id": session.session_id});
        let (user, city) = (session.user_id.as_str(), Some(session.city_id.as_str()));
        let event = self.event("user.signed_out", Actor::User, user, (city, None), &detail);
        let ends = Ends::One(session.session_id.clone());
        let ending = Ending { ends, event, now: self.clock.now() };
        self.store.end_sessions(ending).await?;
        info!(user_id = %who.claims.user_id, session_id = %who.session.session_id, "logged out");
        Ok(())
    }

    /// The public keys for checking tokens offline, as a JWK set.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.token_keys.load().jwks().to_owned()
    }
}
