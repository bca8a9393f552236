//! What goes over the wire: one file a noun. Field names are a contract; see `docs/openapi.json`.

pub(crate) mod accounts;
pub(crate) mod admin_keys;
pub(crate) mod attempts;
pub(crate) mod audit;
pub(crate) mod cities;
pub(crate) mod doctor;
pub(crate) mod email;
pub(crate) mod env;
pub(crate) mod export;
pub(crate) mod federation;
pub(crate) mod keys;
pub(crate) mod master_key;
pub(crate) mod overview;
pub(crate) mod people;
pub(crate) mod person;
pub(crate) mod providers;
pub(crate) mod sessions;
pub(crate) mod steps;
pub(crate) mod token;
pub(crate) mod webhooks;

use crate::error::ApiError;
use downcity_service::core::{Lang, Text, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A moment as RFC 3339 text in UTC.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|t| t.to_string()).unwrap_or_default()
}

/// Reads a moment as RFC 3339 text.
pub(crate) fn moment(field: &'static str, text: &str) -> Result<Timestamp, ApiError> {
    let read = text.parse::<jiff::Timestamp>();
    read.map(|at| Timestamp(at.as_millisecond()))
        .map_err(|_| ApiError::field(field, "must be a moment such as 2026-01-31T12:00:00Z"))
}

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Both {
    /// In English.
    pub(crate) en: String,
    /// In Chinese.
    pub(crate) zh: String,
}

impl From<Text> for Both {
    fn from(text: Text) -> Self {
        Self { en: text.get(Lang::En).to_owned(), zh: text.get(Lang::Zh).to_owned() }
    }
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
