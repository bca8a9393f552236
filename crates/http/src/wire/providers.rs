//! Wire words of providers as admins see them.

use super::{Both, rfc3339};
use downcity_service::providers::ProviderCard;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProviderQuery {
    /// In this city; for the whole Federation when absent.
    pub(crate) city_id: Option<String>,
}

/// Which provider to switch, and where.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SwitchRequest {
    /// The provider's id.
    #[schema(example = "wechat")]
    pub(crate) provider: String,
    /// In this city alone; everywhere when absent.
    pub(crate) city_id: Option<String>,
}

/// Every way to sign in, usable or not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderCardList {
    pub(crate) items: Vec<ProviderCardItem>,
}

/// An address that a provider sends people back to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallbackItem {
    /// The whole address, to register at GitHub, Google and other issuers.
    url: String,
    /// Its host alone: the authorized callback domain (授权回调域) of WeChat's console.
    domain: String,
}

/// One way to sign in, as an admin sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderCardItem {
    id: String,
    /// The name for people, in the language of `Accept-Language`.
    label: String,
    /// `oauth` or `email`.
    kind: &'static str,
    /// `enabled`; `off`: set up and switched off; `incomplete`: some settings are missing; `broken`: they can't be
    /// used; `not_set_up`: none is there.
    status: &'static str,
    /// Since when it is switched off everywhere.
    #[schema(required, format = "date-time")]
    off_at: Option<String>,
    /// Since when it is switched off in the city that was asked about.
    #[schema(required, format = "date-time")]
    city_off_at: Option<String>,
    /// The settings that it needs and that are missing.
    missing: Vec<String>,
    /// Why its settings can't be used.
    #[schema(required)]
    problem: Option<Both>,
    /// The public id of the app at the provider.
    #[schema(required)]
    app_id: Option<String>,
    /// Whether that is the city's own app, and not the Federation's.
    own_app: bool,
    /// What a city that began to have an app of its own still lacks; until then the Federation's is used.
    city_missing: Vec<String>,
    /// What to register at the provider, the main public address first; empty where there is nothing to register.
    callbacks: Vec<CallbackItem>,
}

impl From<ProviderCard> for ProviderCardItem {
    fn from(card: ProviderCard) -> Self {
        let callback = |one: downcity_service::providers::CallbackAddress| CallbackItem {
            url: one.url,
            domain: one.domain,
        };
        Self {
            id: card.id,
            label: card.label,
            kind: card.kind,
            status: card.status.as_str(),
            off_at: card.off_at.map(rfc3339),
            city_off_at: card.city_off_at.map(rfc3339),
            missing: card.missing,
            problem: card.problem.map(Both::from),
            app_id: card.app_id,
            own_app: card.own_app,
            city_missing: card.city_missing,
            callbacks: card.callbacks.into_iter().map(callback).collect(),
        }
    }
}
