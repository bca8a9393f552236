//! federation/doctor: the Federation looks itself over. For admins.

use crate::caller::AdminOnly;
use crate::client::Prefers;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Query;
use crate::json::Json;
use crate::routes::House;
use crate::wire::doctor::{DoctorQuery, DoctorReport};
use axum::extract::State;
use downcity_service::doctor::UnknownCheck;

impl From<UnknownCheck> for ApiError {
    fn from(error: UnknownCheck) -> Self {
        Self::field("only", format!("must be one of {}, or one of their checks", error.known.join(", ")))
    }
}

/// Looks the Federation over: the providers, the public address, the database, the keys, mail and webhooks. Nobody is
/// signed in, no mail and no event is sent, no setting changed. There is one run at a time, and a report of the last
/// five seconds is told again; an answer can take some 30 seconds. Texts are in the language of `Accept-Language`.
#[utoipa::path(get, path = "/v1/federation/doctor", operation_id = "federation_doctor", tag = "federation", security(("admin_key" = [])),
    params(DoctorQuery),
    responses((status = 200, body = DoctorReport), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn doctor(
    _admin: AdminOnly,
    State(house): State<House>,
    Prefers(lang): Prefers,
    Query(query): Query<DoctorQuery>,
) -> Result<Json<DoctorReport>, ApiError> {
    let report = house.federation.check(query.only.as_deref()).await?;
    Ok(Json(DoctorReport::new(&report, lang.unwrap_or_default())))
}
