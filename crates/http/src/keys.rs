//! federation/keys: the keys that tokens are signed with. For admins.

use crate::caller::{AdminOnly, OwnerOnly};
use crate::error::{ApiError, Code};
use crate::extract::Body;
use crate::json::Json;
use crate::routes::House;
use crate::wire::keys::{KeyList, KeyRequest, KeysRequest};
use axum::extract::State;
use downcity_service::rotation::RotationError;

impl From<RotationError> for ApiError {
    fn from(error: RotationError) -> Self {
        match error {
            RotationError::Unknown => Self::of(Code::UnknownKey),
            RotationError::Internal(error) => error.into(),
        }
    }
}

/// The keys that tokens are signed with, newest first. The keys themselves are told to nobody.
#[utoipa::path(get, path = "/v1/federation/keys/list", operation_id = "federation_keys_list", tag = "federation", security(("admin_key" = [])),
    responses((status = 200, body = KeyList)))]
pub(crate) async fn list(_admin: AdminOnly, State(house): State<House>) -> Json<KeyList> {
    Json(KeyList::from(house.federation.signing_keys()))
}

/// Makes the next signing key. It is published now and signs in six minutes, when everybody who checks tokens
/// offline knows it; the one before goes on checking until its last token is over. While a key is on its way, the
/// call makes no other.
#[utoipa::path(post, path = "/v1/federation/keys/rotate", operation_id = "federation_keys_rotate", tag = "federation", security(("admin_key" = [])),
    request_body = KeysRequest,
    responses((status = 200, body = KeyList)))]
pub(crate) async fn rotate(
    OwnerOnly(admin): OwnerOnly,
    State(house): State<House>,
    Body(_): Body<KeysRequest>,
) -> Result<Json<KeyList>, ApiError> {
    Ok(Json(KeyList::from(house.federation.rotate_signing_key(&admin).await?)))
}

/// Takes a signing key out at once, for an emergency: its tokens are refused from now on, and everybody who holds
/// one signs in again or refreshes. Who checks tokens offline notices within five minutes. Another key signs at once.
#[utoipa::path(post, path = "/v1/federation/keys/revoke", operation_id = "federation_keys_revoke", tag = "federation", security(("admin_key" = [])),
    request_body = KeyRequest,
    responses((status = 200, body = KeyList)))]
pub(crate) async fn revoke(
    OwnerOnly(admin): OwnerOnly,
    State(house): State<House>,
    Body(request): Body<KeyRequest>,
) -> Result<Json<KeyList>, ApiError> {
    Ok(Json(KeyList::from(house.federation.revoke_signing_key(&admin, &request.kid).await?)))
}
