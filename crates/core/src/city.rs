//! Cities: the products (tenants) of a Federation.

use crate::id::CityId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether a city takes sign-ins and its tokens are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CityStatus {
    /// In use.
    Active,
    /// Switched off by an admin: no sign-in starts, no token is accepted.
    Paused,
}

impl CityStatus {
    /// The stored and sent name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }
}

/// When the person is asked, after signing in with the provider, whether the waiting client is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfirmPolicy {
    /// Every time, and the person types the code that the window shows where they started.
    Code,
    /// Every time.
    Always,
    /// Unless the browser or network that finished is the one that started, or the browser that
    /// finished takes the result along to a site of the product.
    #[default]
    Auto,
    /// Never: the city accepts that whoever started a sign-in collects its token.
    Never,
}

impl ConfirmPolicy {
    /// The stored and sent name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Always => "always",
            Self::Auto => "auto",
            Self::Never => "never",
        }
    }

    /// Reads the stored or sent name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Code, Self::Always, Self::Auto, Self::Never].into_iter().find(|p| p.as_str() == text)
    }
}

/// One product inside the Federation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct City {
    /// Its id.
    pub city_id: CityId,
    /// The name that people see on the confirmation page.
    pub name: String,
    /// Active or paused.
    pub status: CityStatus,
    /// Origins whose pages may call the API from a browser.
    pub allowed_origins: Vec<String>,
    /// Addresses a sign-in may return to, matched exactly, besides [`PROGRAMS`](crate::redirect::PROGRAMS).
    pub allowed_redirects: Vec<String>,
    /// When to ask for confirmation.
    pub confirm: ConfirmPolicy,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl City {
    /// Whether sign-ins and tokens of this city are accepted.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == CityStatus::Active
    }
}
