//! Wire words of the Federation itself.

use serde::Serialize;
use utoipa::ToSchema;

/// The services of the Federation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceList {
    pub(crate) items: Vec<ServiceItem>,
}

/// One service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceItem {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// The settings it can use; empty for everybody but admins.
    pub(crate) env: Vec<ServiceEnv>,
}

/// One setting that a service can use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceEnv {
    pub(crate) key: String,
    pub(crate) required: bool,
    pub(crate) configured: bool,
}

/// Whether the process answers, or can serve.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    pub(crate) status: &'static str,
    pub(crate) version: &'static str,
}

/// Where a client finds what it needs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct About {
    /// The `iss` of every `user_token`.
    pub(crate) issuer: String,
    pub(crate) jwks_uri: String,
    pub(crate) openapi_uri: String,
    /// The callback URL to register with providers.
    pub(crate) callback_uri: String,
    pub(crate) version: &'static str,
}
