//! Wire words of tokens after the sign-in.

use super::rfc3339;
use downcity_service::core::Secret;
use downcity_service::result::Handed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks for the next user_token.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RefreshRequest {
    /// The refresh token that came last.
    #[schema(value_type = String, write_only)]
    pub(crate) refresh_token: Secret,
    /// Clients add their city to every POST; another city than the session's is refused.
    pub(crate) city_id: Option<String>,
}

/// The next tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefreshAnswer {
    /// The bearer token of the user.
    user_token: String,
    user_id: String,
    city_id: String,
    /// When the token ends (RFC 3339).
    #[schema(format = "date-time")]
    expires_at: String,
    /// What the next token is asked for with, once.
    refresh_token: String,
    /// When the refresh token ends if it is not used (RFC 3339).
    #[schema(format = "date-time")]
    refresh_expires_at: String,
}

impl From<Handed> for RefreshAnswer {
    fn from(handed: Handed) -> Self {
        Self {
            user_id: handed.session.user_id.to_string(),
            city_id: handed.session.city_id.to_string(),
            expires_at: rfc3339(handed.expires_at),
            refresh_expires_at: handed.refresh_expires_at().map(rfc3339).unwrap_or_default(),
            refresh_token: handed.refresh.map(|refresh| refresh.reveal().to_owned()).unwrap_or_default(),
            user_token: handed.user_token,
        }
    }
}
