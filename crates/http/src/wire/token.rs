//! Wire words of tokens after the sign-in.

use super::rfc3339;
use downcity_service::core::Secret;
use downcity_service::core::token::AUDIENCE;
use downcity_service::introspect::Introspection;
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

/// Asks what a token is worth.
#[derive(Deserialize, ToSchema)]
pub(crate) struct IntrospectRequest {
    /// A user_token; a refresh token where `token_type_hint` says so.
    #[schema(value_type = String, write_only)]
    pub(crate) token: Secret,
    /// `refresh_token` for a refresh token, which is not active otherwise: nobody may take one for a sign-in. Anything else
    /// changes nothing (RFC 7662 §2.1).
    #[serde(default)]
    token_type_hint: Option<String>,
}

impl IntrospectRequest {
    pub(crate) fn is_refresh(&self) -> bool {
        self.token_type_hint.as_deref() == Some("refresh_token")
    }
}

/// What a token is worth (RFC 7662 §2.2). Of one that is not active nothing else is told.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct IntrospectAnswer {
    /// Whether it would be accepted now.
    active: bool,
    /// `Bearer` for a user_token, `refresh_token` for a refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// The user's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// The same as `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// The city it is good for.
    #[serde(skip_serializing_if = "Option::is_none")]
    city_id: Option<String>,
    /// The session it stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    /// How they signed in: a provider's id, or `token` when an admin issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// The Federation's public URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// Whom a user_token is for: `downcity:user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'static str>,
    /// The id of a user_token.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// When a user_token was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// When it ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// What the product attached to a token issued by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<serde_json::Value>,
}

impl IntrospectAnswer {
    pub(crate) fn inactive() -> Self {
        Self::default()
    }
}

impl From<Introspection> for IntrospectAnswer {
    fn from(found: Introspection) -> Self {
        let (session, is_bearer) = (found.session, !found.is_refresh);
        let (session_id, user_id) = (session.session_id.to_string(), session.user_id.to_string());
        Self {
            active: true,
            token_type: Some(if is_bearer { "Bearer" } else { "refresh_token" }),
            sub: Some(user_id.clone()),
            user_id: Some(user_id),
            city_id: Some(session.city_id.to_string()),
            provider: Some(session.provider),
            iss: Some(found.issuer),
            aud: is_bearer.then_some(AUDIENCE),
            jti: is_bearer.then(|| session_id.clone()),
            session_id: Some(session_id),
            iat: found.issued_at.map(downcity_service::core::Timestamp::seconds),
            exp: Some(found.expires_at.seconds()),
            metadata: session.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        }
    }
}
