//! Story: a signed-in user shows their token, asks who they are, and logs out.

use crate::events::Actor;
use crate::federation::Federation;
use crate::login::Client;
use crate::result::{Handed, sid_digest};
use downcity_core::{City, Claims, OpaqueToken, Session, SessionId, User, UserId};
use downcity_store::{NewSession, StoreError};
use serde_json::json;
use std::sync::Arc;
use tracing::info;

/// A user whose token, session, city and account were all found good.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What the token says.
    pub claims: Arc<Claims>,
    /// The session it stands on.
    pub session: Session,
    /// The user; absent for a product's own ids in tokens issued by hand.
    pub user: Option<User>,
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
        let now = self.clock.now();
        let claims = self.token_keys.check(token, now).map_err(|_| AuthError::Invalid)?;
        let found = self.store.session_with_user(sid_digest(&claims.sid)).await?;
        let (session, user) = found.ok_or(AuthError::Invalid)?;
        let fits = session.session_id == claims.jti && session.city_id == claims.city_id;
        if !fits || !session.is_live(now) {
            return Err(AuthError::Invalid);
        }
        match self.directory.load().cities.get(&claims.city_id) {
            Some(city) if city.is_active() => {}
            Some(_) => return Err(AuthError::CityPaused),
            None => return Err(AuthError::Invalid),
        }
        if user.as_ref().is_some_and(|user| user.disabled) {
            return Err(AuthError::UserDisabled);
        }
        Ok(SignedIn { claims, session, user })
    }

    /// Begins a session for somebody who showed who they are: the same checks for every way in.
    ///
    /// # Errors
    /// `UserDisabled`, or when the store does not answer.
    pub(crate) async fn begin_session(
        &self,
        user_id: &UserId,
        city: &City,
        provider: &str,
        client: &Client,
    ) -> Result<Handed, AuthError> {
        if self.store.user(user_id).await?.is_none_or(|user| user.disabled) {
            return Err(AuthError::UserDisabled);
        }
        let now = self.clock.now();
        let sid = OpaqueToken::from_bytes(&self.random.bytes());
        let session = Session {
            session_id: SessionId::fresh(now, &self.random.bytes()),
            user_id: user_id.clone(),
            city_id: city.city_id.clone(),
            provider: provider.to_owned(),
            metadata: None,
            created_at: now,
            expires_at: now.plus(self.settings.token_life),
            revoked_at: None,
        };
        let new = NewSession {
            sid: sid.digest(),
            session: session.clone(),
            network: client.network,
            agent: client.agent.clone(),
        };
        let detail = json!({"provider": provider, "session_id": session.session_id});
        let (user, city_id) = (user_id.as_str(), Some(city.city_id.as_str()));
        let signed_in =
            self.event("user.signed_in", Actor::User, user, city_id, Some(client.network), &detail);
        self.store.begin_session(new, vec![signed_in]).await?;
        info!(%user_id, city_id = %city.city_id, provider, "signed in");
        Ok(Handed { user_token: self.write_token(&session, &sid), session })
    }

    /// Ends the session: its token is refused from now on, on every node.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn logout(&self, who: &SignedIn) -> Result<(), StoreError> {
        self.store.revoke_session(sid_digest(&who.claims.sid), self.clock.now()).await?;
        info!(user_id = %who.claims.user_id, session_id = %who.session.session_id, "logged out");
        Ok(())
    }

    /// The public keys for checking tokens offline, as a JWK set.
    #[must_use]
    pub fn jwks(&self) -> &str {
        self.token_keys.jwks()
    }
}
