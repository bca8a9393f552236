//! What a `user_token` says.

use crate::id::{CityId, SessionId, UserId};
use serde::{Deserialize, Serialize};

/// Stands before the JWT, so that clients and leak scanners recognise the token.
pub const PREFIX: &str = "ub_";

/// The audience of every `user_token`.
pub const AUDIENCE: &str = "downcity:user";

/// The claims of a `user_token` (RFC 7519 §4.1 and ours).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The Federation's public URL.
    pub iss: String,
    /// Always [`AUDIENCE`].
    pub aud: String,
    /// The user's id.
    pub sub: UserId,
    /// The same as `sub`, under the name existing clients read.
    pub user_id: UserId,
    /// The city the token is good for.
    pub city_id: CityId,
    /// The session's key: its digest finds the session.
    pub sid: String,
    /// The session's public id.
    pub jti: SessionId,
    /// Issued at, seconds since the epoch.
    pub iat: i64,
    /// Good until, seconds since the epoch. Always there.
    pub exp: i64,
    /// What the product attached (tokens issued by hand).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<serde_json::Value>,
}
