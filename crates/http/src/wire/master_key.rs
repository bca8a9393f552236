//! Wire words of the master key.

use super::rfc3339;
use downcity_service::master_key::MasterKeyState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How things stand with the master key. The key itself is told to nobody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MasterKeyAnswer {
    /// The id of the master key that the database needs.
    #[schema(example = "1f3c09ab")]
    master_key_id: String,
    /// The id of the next one, where the source of the master key holds one.
    #[schema(required)]
    next_master_key_id: Option<String>,
    /// The id of the data key that seals.
    data_key_id: String,
    /// Since when.
    #[schema(format = "date-time")]
    since: String,
    /// How many values older data keys have sealed; they are being sealed anew.
    left: i64,
    /// Whether other nodes may share the database.
    shared: bool,
}

impl From<MasterKeyState> for MasterKeyAnswer {
    fn from(state: MasterKeyState) -> Self {
        Self {
            master_key_id: state.master_key_id,
            next_master_key_id: state.next_master_key_id,
            data_key_id: state.data_key_id,
            since: rfc3339(state.since),
            left: state.left,
            shared: state.shared,
        }
    }
}

/// A call without input.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct MasterKeyRequest {}
