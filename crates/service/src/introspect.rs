//! Story: a product's server asks what a token is worth now (RFC 7662), since a signature alone does not tell that
//! its session was ended.

use crate::federation::Federation;
use crate::refresh::RefreshError;
use crate::sessions::AuthError;
use downcity_core::{Session, Timestamp};
use downcity_store::StoreError;

/// What is known of a token that is good.
#[derive(Debug, Clone)]
pub struct Introspection {
    /// Whether it is a refresh token, and not a user_token.
    pub is_refresh: bool,
    /// The session it stands on.
    pub session: Session,
    /// When it was issued, where it says so.
    pub issued_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Who issued it.
    pub issuer: String,
}

impl Federation {
    /// What a token is worth at this moment; nothing for one that would be refused, whatever the reason. A refresh token is
    /// worth something only to somebody who asks for one: sent as a bearer it would be refused.
    ///
    /// # Errors
    /// When the store does not answer: then nobody knows.
    pub async fn introspect(
        &self,
        token: &str,
        is_refresh: bool,
    ) -> Result<Option<Introspection>, StoreError> {
        if is_refresh {
            return self.introspect_refresh(token).await;
        }
        let who = match self.authenticate(token).await {
            Ok(who) => who,
            Err(AuthError::Internal(error)) => return Err(error),
            Err(AuthError::Invalid | AuthError::CityPaused | AuthError::UserDisabled) => return Ok(None),
        };
        Ok(Some(Introspection {
            is_refresh: false,
            issued_at: Some(Timestamp(who.claims.iat * 1000)),
            expires_at: Timestamp(who.claims.exp * 1000),
            issuer: who.claims.iss.clone(),
            session: Session::clone(&who.session),
        }))
    }

    async fn introspect_refresh(&self, token: &str) -> Result<Option<Introspection>, StoreError> {
        let found = match self.good_refresh(token).await {
            Ok(found) => found,
            Err(RefreshError::Internal(error)) => return Err(error),
            Err(_) => return Ok(None),
        };
        Ok(found.map(|found| Introspection {
            is_refresh: true,
            issued_at: None,
            expires_at: found.expires_at,
            issuer: self.settings.public_url.origin().ascii_serialization(),
            session: found.session,
        }))
    }
}
