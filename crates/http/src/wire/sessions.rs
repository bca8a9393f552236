//! Wire words of sessions, as their owner and as admins see them.

use super::people::stored;
use super::rfc3339;
use downcity_service::core::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The live sessions of the bearer, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnSessionList {
    pub(crate) items: Vec<OwnSession>,
}

/// A browser at the end of a sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Device {
    /// Its network address; an IPv6 address by its /64.
    network: String,
    /// Its `User-Agent`; text from outside.
    agent: String,
}

impl Device {
    fn of((network, agent): (String, String)) -> Self {
        Self { network, agent }
    }
}

/// One of one's own sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnSession {
    session_id: String,
    /// The city it is good for.
    city_id: String,
    /// How they signed in: a provider's id, or `token` when an admin issued it.
    provider: String,
    /// The `User-Agent` it was begun with; text from outside.
    agent: String,
    /// The network address it was begun from; an IPv6 address by its /64.
    network: String,
    #[schema(format = "date-time")]
    created_at: String,
    /// When it was last used, to five minutes; null when that was only at its beginning.
    #[schema(required, format = "date-time")]
    last_seen_at: Option<String>,
    #[schema(format = "date-time")]
    expires_at: String,
    /// Whether it goes on by refresh tokens.
    refreshable: bool,
    /// Whether another device finished the sign-in than the one that has the session, as with a QR code.
    cross_device: bool,
    /// The browser that went back to the product, where that is not what the session was begun with, such as a product's
    /// own server.
    #[schema(required)]
    device: Option<Device>,
    /// Whether it is the session of this request.
    current: bool,
}

impl OwnSession {
    pub(crate) fn of(listed: stored::ListedSession, current: &str) -> Self {
        let session = listed.session;
        Self {
            current: session.session_id.as_str() == current,
            session_id: session.session_id.to_string(),
            city_id: session.city_id.to_string(),
            provider: session.provider,
            agent: listed.agent,
            network: listed.network,
            created_at: rfc3339(session.created_at),
            last_seen_at: listed.last_seen_at.map(rfc3339),
            refreshable: session.refreshable,
            cross_device: session.cross_device,
            device: listed.device.map(Device::of),
            expires_at: rfc3339(session.expires_at),
        }
    }
}

/// A page of sessions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    pub(crate) items: Vec<SessionItem>,
    /// What to ask the next page with; null on the last one.
    #[schema(required)]
    pub(crate) next: Option<String>,
}

/// A session, as admins see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionItem {
    session_id: String,
    user_id: String,
    city_id: String,
    /// How they signed in: a provider's id, or `token` when an admin issued it.
    provider: String,
    /// `active`, `expired` or `revoked`.
    status: &'static str,
    /// The `User-Agent` it was begun with; text from outside.
    agent: String,
    /// The network address it was begun from; an IPv6 address by its /64.
    network: String,
    #[schema(format = "date-time")]
    created_at: String,
    /// When it was last used, to five minutes; null when that was only at its beginning.
    #[schema(required, format = "date-time")]
    last_seen_at: Option<String>,
    #[schema(format = "date-time")]
    expires_at: String,
    #[schema(required, format = "date-time")]
    revoked_at: Option<String>,
    /// Whether another device finished the sign-in than the one that has the session, as with a QR code.
    cross_device: bool,
    /// The browser that went back to the product, where that is not what the session was begun with, such as a product's
    /// own server.
    #[schema(required)]
    device: Option<Device>,
}

impl SessionItem {
    pub(crate) fn of(listed: stored::ListedSession, now: Timestamp) -> Self {
        let session = listed.session;
        Self {
            status: session.status(now),
            session_id: session.session_id.to_string(),
            user_id: session.user_id.to_string(),
            city_id: session.city_id.to_string(),
            provider: session.provider,
            agent: listed.agent,
            network: listed.network,
            created_at: rfc3339(session.created_at),
            last_seen_at: listed.last_seen_at.map(rfc3339),
            expires_at: rfc3339(session.expires_at),
            revoked_at: session.revoked_at.map(rfc3339),
            cross_device: session.cross_device,
            device: listed.device.map(Device::of),
        }
    }
}
