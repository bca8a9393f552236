//! federation/master-key: the key that everything sealed depends on. For owners.

use crate::caller::OwnerOnly;
use crate::error::{ApiError, Code, ErrorBody};
use crate::extract::Body;
use crate::json::Json;
use crate::routes::House;
use crate::wire::master_key::{MasterKeyAnswer, MasterKeyRequest};
use axum::extract::State;
use downcity_service::master_key::MasterKeyError;

impl From<MasterKeyError> for ApiError {
    fn from(error: MasterKeyError) -> Self {
        match error {
            MasterKeyError::NoNext => Self::of(Code::NoNextMasterKey),
            MasterKeyError::Elsewhere => Self::of(Code::MasterKeyElsewhere),
            MasterKeyError::Internal(error) => error.into(),
        }
    }
}

/// Which master key the database needs, whether a next one is there, and how much is still to be sealed anew.
#[utoipa::path(get, path = "/v1/federation/master-key", operation_id = "federation_master_key", tag = "federation", security(("admin_key" = [])),
    responses((status = 200, body = MasterKeyAnswer), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn master_key(
    _owner: OwnerOnly,
    State(house): State<House>,
) -> Result<Json<MasterKeyAnswer>, ApiError> {
    Ok(Json(house.federation.master_key().await?.into()))
}

/// Changes the master key to the next one in its source, where it has to be on every node before. All data keys are
/// wrapped under it at once; with a fresh data key everything sealed is sealed anew in the background, while the
/// Federation serves. The database needs the next key from now on.
#[utoipa::path(post, path = "/v1/federation/master-key/rotate", operation_id = "federation_master_key_rotate", tag = "federation", security(("admin_key" = [])),
    request_body = MasterKeyRequest,
    responses((status = 200, body = MasterKeyAnswer), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn rotate(
    OwnerOnly(admin): OwnerOnly,
    State(house): State<House>,
    Body(_): Body<MasterKeyRequest>,
) -> Result<Json<MasterKeyAnswer>, ApiError> {
    Ok(Json(house.federation.rotate_master_key(&admin).await?.into()))
}
