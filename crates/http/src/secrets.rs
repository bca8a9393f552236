//! federation/master-key and federation/backup: what everything sealed depends on, and everything in one file. For
//! owners.

use crate::caller::OwnerOnly;
use crate::error::{ApiError, Code};
use crate::extract::Body;
use crate::json::Json;
use crate::routes::House;
use crate::wire::master_key::{MasterKeyAnswer, MasterKeyRequest};
use axum::body::{Body as Answer, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
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
    responses((status = 200, body = MasterKeyAnswer)))]
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
    responses((status = 200, body = MasterKeyAnswer)))]
pub(crate) async fn rotate(
    OwnerOnly(admin): OwnerOnly,
    State(house): State<House>,
    Body(_): Body<MasterKeyRequest>,
) -> Result<Json<MasterKeyAnswer>, ApiError> {
    Ok(Json(house.federation.rotate_master_key(&admin).await?.into()))
}

/// Everything that the Federation holds, as it stands at this moment, for `fed restore`: one JSON value a line, the
/// last with a checksum, so that an answer that was cut off is noticed. Secrets in it stay sealed under the master
/// key, which is not in it; people's names and addresses are in clear.
#[utoipa::path(get, path = "/v1/federation/backup", operation_id = "federation_backup", tag = "federation", security(("admin_key" = [])),
    responses((status = 200, description = "The backup: a JSON value a line.", content_type = "application/x-ndjson", body = String)))]
pub(crate) async fn backup(
    OwnerOnly(admin): OwnerOnly,
    State(house): State<House>,
) -> Result<impl IntoResponse, ApiError> {
    let parts = house.federation.backup(&admin).await?;
    let parts = futures::stream::unfold(parts, |mut parts| async {
        let part = parts.recv().await?;
        Some((part.map(Bytes::from), parts))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"fed-backup.jsonl\""),
    ];
    Ok((headers, Answer::from_stream(parts)))
}
