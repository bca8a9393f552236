//! What goes over the wire: one file a noun. Field names are a contract; see `docs/openapi.json`.

pub(crate) mod accounts;
pub(crate) mod cities;
pub(crate) mod email;
pub(crate) mod env;
pub(crate) mod export;
pub(crate) mod federation;
pub(crate) mod keys;
pub(crate) mod people;
pub(crate) mod steps;
pub(crate) mod token;

use downcity_service::core::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A moment as RFC 3339 text in UTC.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|t| t.to_string()).unwrap_or_default()
}

/// A call that had nothing to tell.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Success {
    /// Always true.
    pub(crate) success: bool,
}

impl Success {
    pub(crate) const YES: Self = Self { success: true };
}
