//! Wire words of the signing keys.

use super::rfc3339;
use downcity_service::rotation::KeyInfo;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The signing keys, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    items: Vec<KeyItem>,
}

/// A signing key, without the key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyItem {
    /// Its id, as in the header of its tokens.
    kid: String,
    /// `next`: published, and signs soon; `active`: signs; `retired`: only checks tokens, until the last is over.
    #[schema(example = "active")]
    status: &'static str,
    #[schema(format = "date-time")]
    created_at: String,
    /// When it begins to sign.
    #[schema(format = "date-time")]
    starts_at: String,
    /// When the next one takes over.
    #[schema(required, format = "date-time")]
    retired_at: Option<String>,
}

impl From<Vec<KeyInfo>> for KeyList {
    fn from(keys: Vec<KeyInfo>) -> Self {
        let item = |key: KeyInfo| KeyItem {
            kid: key.kid,
            status: key.status,
            created_at: rfc3339(key.created_at),
            starts_at: rfc3339(key.starts_at),
            retired_at: key.retired_at.map(rfc3339),
        };
        Self { items: keys.into_iter().map(item).collect() }
    }
}

/// A call without input.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct KeysRequest {}

/// Names a signing key.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct KeyRequest {
    /// Its id, from `federation/keys/list`.
    pub(crate) kid: String,
}
