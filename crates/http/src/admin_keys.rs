//! admin-keys: who may keep the Federation. For owners; every admin of the whole Federation may look.

use crate::caller::{AdminOnly, OwnerOnly};
use crate::error::{ApiError, Code};
use crate::extract::{Body, Query};
use crate::json::Json;
use crate::routes::House;
use crate::wire::Success;
use crate::wire::admin_keys::{
    AdminKey, AdminKeyCreateRequest, AdminKeyCreated, AdminKeyList, AdminKeyRequest, AdminKeyRotated,
    AdminSession, AdminSessionList, AdminSessionQuery, AdminSessionRequest,
};
use axum::extract::State;
use downcity_service::admin_keys::{AdminKeyError, NewAdminKey};
use secrecy::ExposeSecret;

impl From<AdminKeyError> for ApiError {
    fn from(error: AdminKeyError) -> Self {
        match error {
            AdminKeyError::Unknown => Self::of(Code::UnknownAdminKey),
            AdminKeyError::UnknownCity => Self::of(Code::UnknownCity),
            AdminKeyError::LastOwner => Self::of(Code::LastOwner),
            AdminKeyError::TooMany => Self::of(Code::TooManyAdminKeys),
            AdminKeyError::BadField { field, why } => Self::field(field, why),
            AdminKeyError::Store(error) => error.into(),
            AdminKeyError::Read(error) => error.into(),
        }
    }
}

/// The admin keys, newest first, also those that are good no more. The keys themselves are stored nowhere.
#[utoipa::path(get, path = "/v1/admin-keys/list", operation_id = "admin_keys_list", tag = "admin-keys", security(("admin_key" = [])),
    responses((status = 200, body = AdminKeyList)))]
pub(crate) async fn list(
    _admin: AdminOnly,
    State(house): State<House>,
) -> Result<Json<AdminKeyList>, ApiError> {
    let (keys, now) = (house.federation.admin_keys().await?, house.federation.now());
    Ok(Json(AdminKeyList { items: keys.into_iter().map(|key| AdminKey::of(key, now)).collect() }))
}

/// Makes an admin key. The key itself is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/admin-keys/create", operation_id = "admin_keys_create", tag = "admin-keys", security(("admin_key" = [])),
    request_body = AdminKeyCreateRequest,
    responses((status = 200, body = AdminKeyCreated)))]
pub(crate) async fn create(
    OwnerOnly(admin): OwnerOnly,
    State(house): State<House>,
    Body(request): Body<AdminKeyCreateRequest>,
) -> Result<Json<AdminKeyCreated>, ApiError> {
    let made = house.federation.create_admin_key(&admin, &NewAdminKey::try_from(request)?).await?;
    Ok(Json(AdminKeyCreated::of(made, house.federation.now())))
}

/// Gives an admin key another secret, which is in this answer and nowhere else. The one before opens nothing from
/// now on.
#[utoipa::path(post, path = "/v1/admin-keys/rotate", operation_id = "admin_keys_rotate", tag = "admin-keys", security(("admin_key" = [])),
    request_body = AdminKeyRequest,
    responses((status = 200, body = AdminKeyRotated)))]
pub(crate) async fn rotate(
    OwnerOnly(admin): OwnerOnly,
    State(house): State<House>,
    Body(AdminKeyRequest { key_id }): Body<AdminKeyRequest>,
) -> Result<Json<AdminKeyRotated>, ApiError> {
    let key = house.federation.rotate_admin_key(&admin, &key_id).await?;
    Ok(Json(AdminKeyRotated { key_id, admin_key: key.expose_secret().to_owned() }))
}

/// Takes an admin key away, effective at once on every node. The last owner's key that lasts stays.
#[utoipa::path(post, path = "/v1/admin-keys/revoke", operation_id = "admin_keys_revoke", tag = "admin-keys", security(("admin_key" = [])),
    request_body = AdminKeyRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn revoke(
    OwnerOnly(admin): OwnerOnly,
    State(house): State<House>,
    Body(request): Body<AdminKeyRequest>,
) -> Result<Json<Success>, ApiError> {
    house.federation.revoke_admin_key(&admin, &request.key_id).await?;
    Ok(Json(Success::YES))
}

/// The sessions of the web workspace that are good now, newest first.
#[utoipa::path(get, path = "/v1/admin-keys/sessions", operation_id = "admin_keys_sessions", tag = "admin-keys", security(("admin_key" = [])),
    params(AdminSessionQuery),
    responses((status = 200, body = AdminSessionList)))]
pub(crate) async fn sessions(
    _admin: AdminOnly,
    State(house): State<House>,
    Query(query): Query<AdminSessionQuery>,
) -> Result<Json<AdminSessionList>, ApiError> {
    let found = house.federation.admin_sessions(query.key_id.as_deref().unwrap_or_default()).await?;
    Ok(Json(AdminSessionList { items: found.into_iter().map(AdminSession::from).collect() }))
}

/// Ends a session of the web workspace, at once on every node.
#[utoipa::path(post, path = "/v1/admin-keys/sessions/end", operation_id = "admin_keys_sessions_end", tag = "admin-keys", security(("admin_key" = [])),
    request_body = AdminSessionRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn end_session(
    OwnerOnly(admin): OwnerOnly,
    State(house): State<House>,
    Body(request): Body<AdminSessionRequest>,
) -> Result<Json<Success>, ApiError> {
    match house.federation.end_admin_session(&admin, &request.session_id).await? {
        true => Ok(Json(Success::YES)),
        false => Err(ApiError::of(Code::UnknownSession)),
    }
}
