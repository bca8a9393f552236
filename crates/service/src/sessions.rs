//! Story: a signed-in user shows their token, asks who they are, and logs out.

use crate::federation::Federation;
use crate::result::sid_digest;
use downcity_core::{Claims, Session, User};
use downcity_store::StoreError;
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
