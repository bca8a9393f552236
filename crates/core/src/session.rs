//! Sessions: what every `user_token` stands on, and what logout ends.

use crate::id::{CityId, SessionId, UserId};
use crate::time::Timestamp;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its public id; also the `jti` of its token.
    pub session_id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The city it belongs to.
    pub city_id: CityId,
    /// How they signed in: a provider's id, or `token` when an admin issued it.
    pub provider: String,
    /// What the product attached to a token issued by hand, as JSON text.
    pub metadata: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// Whether it goes on by refresh tokens: its user_tokens are short-lived and it lives longer than they do.
    pub refreshable: bool,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// Whether another device finished the sign-in than the one that has it.
    pub cross_device: bool,
    /// When it was ended early.
    pub revoked_at: Option<Timestamp>,
}

impl Session {
    /// Whether a token of this session is good at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    /// The name of its condition at `now`: `active`, `expired` or `revoked`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> &'static str {
        match self.revoked_at {
            Some(_) => "revoked",
            None if now < self.expires_at => "active",
            None => "expired",
        }
    }
}
