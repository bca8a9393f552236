//! Wire words of the admin keys.

use super::rfc3339;
use crate::error::ApiError;
use downcity_service::admin_keys::NewAdminKey;
use downcity_service::core::{Secret, Timestamp};
use downcity_service::rows::{AdminKeyRow, ListedAdminSession};
use downcity_service::tokens::parse_ttl;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The admin keys, newest first, also those that are good no more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminKeyList {
    pub(crate) items: Vec<AdminKey>,
}

/// An admin key, without the key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminKey {
    key_id: String,
    /// Who holds it, or what it is for.
    name: String,
    /// `viewer`: looks; `operator`: also changes settings, cities, people, webhooks; `owner`: also keeps the keys.
    #[schema(example = "operator")]
    role: &'static str,
    /// The only city it is for.
    #[schema(required)]
    city_id: Option<String>,
    /// `active`, `expired` or `revoked`.
    #[schema(example = "active")]
    status: &'static str,
    #[schema(format = "date-time")]
    created_at: String,
    /// When it ends by itself.
    #[schema(required, format = "date-time")]
    expires_at: Option<String>,
    /// When it was last used, to the minute.
    #[schema(required, format = "date-time")]
    last_used_at: Option<String>,
    #[schema(required, format = "date-time")]
    revoked_at: Option<String>,
}

impl AdminKey {
    pub(crate) fn of(row: AdminKeyRow, now: Timestamp) -> Self {
        let status = match row.revoked_at {
            Some(_) => "revoked",
            None if row.is_good(now) => "active",
            None => "expired",
        };
        Self {
            status,
            key_id: row.key_id,
            name: row.name,
            role: row.role.as_str(),
            city_id: row.city_id.map(|id| id.to_string()),
            created_at: rfc3339(row.created_at),
            expires_at: row.expires_at.map(rfc3339),
            last_used_at: row.last_used_at.map(rfc3339),
            revoked_at: row.revoked_at.map(rfc3339),
        }
    }
}

/// An admin key to be made.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct AdminKeyCreateRequest {
    /// Who holds it, or what it is for: at most 80 characters.
    name: String,
    /// `viewer`, `operator` or `owner`.
    #[schema(example = "operator")]
    role: String,
    /// The only city it is for; of the whole Federation when absent.
    city_id: Option<String>,
    /// When it ends by itself: seconds, or `30m`, `12h`, `90d`, at most 366 days. It lasts when absent.
    #[schema(example = "90d")]
    ttl: Option<String>,
}

impl TryFrom<AdminKeyCreateRequest> for NewAdminKey {
    type Error = ApiError;

    fn try_from(request: AdminKeyCreateRequest) -> Result<Self, ApiError> {
        let AdminKeyCreateRequest { name, role, city_id, ttl } = request;
        let ttl = ttl.map(|ttl| parse_ttl(&ttl)).transpose().map_err(|why| ApiError::field("ttl", why))?;
        Ok(Self { name, role, city_id, ttl })
    }
}

/// A new admin key. Keep it: it is told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminKeyCreated {
    /// The key itself, for `Authorization: Bearer`.
    #[schema(example = "ak_…")]
    admin_key: String,
    #[serde(flatten)]
    about: AdminKey,
}

impl AdminKeyCreated {
    pub(crate) fn of((row, key): (AdminKeyRow, Secret), now: Timestamp) -> Self {
        Self { admin_key: key.expose_secret().to_owned(), about: AdminKey::of(row, now) }
    }
}

/// The new secret of an admin key. Keep it: it is told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminKeyRotated {
    pub(crate) key_id: String,
    /// The key itself, for `Authorization: Bearer`.
    #[schema(example = "ak_…")]
    pub(crate) admin_key: String,
}

/// The sessions of the web workspace that are good now, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminSessionList {
    pub(crate) items: Vec<AdminSession>,
}

/// A session of the web workspace, without its cookie.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminSession {
    session_id: String,
    /// The key that it began with, and is worth no more than.
    key_id: String,
    /// The network address it was begun from; an IPv6 address by its /64.
    network: String,
    /// The `User-Agent` it was begun with; text from outside.
    agent: String,
    #[schema(format = "date-time")]
    created_at: String,
    /// When it was last used, to the minute.
    #[schema(format = "date-time")]
    last_seen_at: String,
    /// When it ends at the latest.
    #[schema(format = "date-time")]
    expires_at: String,
}

impl From<ListedAdminSession> for AdminSession {
    fn from(one: ListedAdminSession) -> Self {
        Self {
            session_id: one.session_id,
            key_id: one.key_id,
            network: one.network,
            agent: one.agent,
            created_at: rfc3339(one.created_at),
            last_seen_at: rfc3339(one.seen_at),
            expires_at: rfc3339(one.expires_at),
        }
    }
}

/// Which sessions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdminSessionQuery {
    /// Only those that began with this key.
    pub(crate) key_id: Option<String>,
}

/// Names a session of the web workspace.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct AdminSessionRequest {
    /// Its id, from `admin-keys/sessions`.
    pub(crate) session_id: String,
}

/// Names an admin key.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct AdminKeyRequest {
    /// Its id, from `admin-keys/list`.
    pub(crate) key_id: String,
}
