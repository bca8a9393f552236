//! Wire words of cities and of tokens issued by hand.

use super::rfc3339;
use crate::error::ApiError;
use downcity_service::cities::CityChange;
use downcity_service::result::Handed;
use downcity_service::tokens::{Apply, parse_ttl};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// One product (tenant) inside the Federation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct City {
    city_id: String,
    /// The name people see on the confirmation page.
    name: String,
    status: CityStatus,
    /// Origins whose pages may call the API from a browser.
    allowed_origins: Vec<String>,
    /// Addresses a sign-in may return to, matched exactly; besides `/downcity` on `http://127.0.0.1` and `http://[::1]`, which
    /// are always allowed.
    allowed_redirects: Vec<String>,
    confirm: Confirm,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    updated_at: String,
}

/// Whether a city takes sign-ins and its tokens are accepted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CityStatus {
    Active,
    Paused,
}

/// When the person is asked whether the waiting client is theirs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Confirm {
    Code,
    Always,
    Auto,
    Never,
}

impl From<&downcity_service::core::City> for City {
    fn from(city: &downcity_service::core::City) -> Self {
        use downcity_service::core::ConfirmPolicy;
        Self {
            city_id: city.city_id.to_string(),
            name: city.name.clone(),
            status: if city.is_active() { CityStatus::Active } else { CityStatus::Paused },
            allowed_origins: city.allowed_origins.clone(),
            allowed_redirects: city.allowed_redirects.clone(),
            confirm: match city.confirm {
                ConfirmPolicy::Code => Confirm::Code,
                ConfirmPolicy::Always => Confirm::Always,
                ConfirmPolicy::Auto => Confirm::Auto,
                ConfirmPolicy::Never => Confirm::Never,
            },
            created_at: rfc3339(city.created_at),
            updated_at: rfc3339(city.updated_at),
        }
    }
}

/// All cities, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CityList {
    pub(crate) items: Vec<City>,
}

/// Creates a city.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CityCreateRequest {
    /// The name people see, at most 80 characters.
    name: String,
    /// Its id; a random one when absent.
    city_id: Option<String>,
    allowed_origins: Option<Vec<String>>,
    allowed_redirects: Option<Vec<String>>,
    /// `code`, `always`, `auto` or `never`.
    confirm: Option<String>,
}

impl CityCreateRequest {
    pub(crate) fn split(self) -> (Option<String>, CityChange) {
        let change = CityChange {
            name: Some(self.name),
            allowed_origins: self.allowed_origins,
            allowed_redirects: self.allowed_redirects,
            confirm: self.confirm,
        };
        (self.city_id, change)
    }
}

/// Changes a city; absent fields stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CityUpdateRequest {
    city_id: String,
    name: Option<String>,
    allowed_origins: Option<Vec<String>>,
    allowed_redirects: Option<Vec<String>>,
    /// `code`, `always`, `auto` or `never`.
    confirm: Option<String>,
}

impl CityUpdateRequest {
    pub(crate) fn split(self) -> (String, CityChange) {
        let change = CityChange {
            name: self.name,
            allowed_origins: self.allowed_origins,
            allowed_redirects: self.allowed_redirects,
            confirm: self.confirm,
        };
        (self.city_id, change)
    }
}

/// Names a city.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CityRequest {
    pub(crate) city_id: String,
}

/// Asks for a `user_token` by hand.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TokenApplyRequest {
    city_id: String,
    /// A user of the Federation, or the product's own id for one.
    user_id: String,
    /// A JSON object that comes back in `me`, at most 4096 bytes.
    #[schema(value_type = Option<Object>)]
    metadata: Option<serde_json::Value>,
    /// Seconds, or a number with `s`, `m`, `h` or `d`; the Federation's usual life when absent.
    ttl: Option<Ttl>,
}

/// A length of time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Ttl {
    /// Seconds.
    Seconds(u64),
    /// Such as `30m`, `1h`, `7d`.
    Text(String),
}

impl TryFrom<TokenApplyRequest> for Apply {
    type Error = ApiError;

    fn try_from(wire: TokenApplyRequest) -> Result<Self, ApiError> {
        let life = |text: &str| parse_ttl(text).map_err(|why| ApiError::field("ttl", why));
        let ttl: Option<Duration> = match wire.ttl {
            None => None,
            Some(Ttl::Seconds(seconds)) => Some(life(&seconds.to_string())?),
            Some(Ttl::Text(text)) => Some(life(&text)?),
        };
        Ok(Self { city_id: wire.city_id, user_id: wire.user_id, metadata: wire.metadata, ttl })
    }
}

/// A token issued by hand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    user_token: String,
    city_id: String,
    user_id: String,
    #[schema(format = "date-time")]
    expires_at: String,
}

impl From<Handed> for TokenAnswer {
    fn from(handed: Handed) -> Self {
        Self {
            user_token: handed.user_token,
            city_id: handed.session.city_id.to_string(),
            user_id: handed.session.user_id.to_string(),
            expires_at: rfc3339(handed.expires_at),
        }
    }
}
