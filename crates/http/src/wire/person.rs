//! Wire words of one user as admins see them.

use super::people::{EventItem, IdentityItem, UserItem};
use super::sessions::SessionItem;
use downcity_service::person::ProviderName;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Whom.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PersonQuery {
    pub(crate) user_id: String,
    /// Only what concerns this city.
    pub(crate) city_id: Option<String>,
}

/// One user: who they are, how they sign in, where they are signed in, what happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonAnswer {
    pub(crate) user: UserItem,
    #[schema(required)]
    pub(crate) bio: Option<String>,
    #[schema(required)]
    pub(crate) locale: Option<String>,
    /// Their ways in, oldest first.
    pub(crate) identities: Vec<PersonIdentity>,
    /// The latest 50 that are remembered, newest first.
    pub(crate) sessions: Vec<SessionItem>,
    /// The latest 50, newest first.
    pub(crate) events: Vec<EventItem>,
}

/// A way in with its names at the provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonIdentity {
    #[serde(flatten)]
    pub(crate) identity: IdentityItem,
    /// The stable names; empty for an admin of one city.
    pub(crate) names: Vec<PersonName>,
}

/// A stable name at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonName {
    /// `unionid`, `openid` or `sub`.
    kind: String,
    /// Where it is unique: an app's id, an issuer, or empty.
    scope: String,
    value: String,
}

impl From<ProviderName> for PersonName {
    fn from(name: ProviderName) -> Self {
        Self { kind: name.kind, scope: name.scope, value: name.value }
    }
}
