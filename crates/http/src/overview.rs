//! federation/overview: how sign-ins go and what needs attention. For admins.

use crate::caller::CityAdmin;
use crate::client::Prefers;
use crate::error::{ApiError, Code};
use crate::extract::Query;
use crate::json::Json;
use crate::routes::House;
use crate::wire::overview::{OverviewAnswer, OverviewQuery};
use axum::extract::State;
use downcity_service::overview::OverviewError;

impl From<OverviewError> for ApiError {
    fn from(error: OverviewError) -> Self {
        match error {
            OverviewError::BadSpan => Self::field("hours", "must be 24, 168 or 720"),
            OverviewError::UnknownCity => Self::of(Code::UnknownCity),
            OverviewError::Internal(error) => error.into(),
        }
    }
}

/// How sign-ins go, whether each provider is well, and what needs attention.
#[utoipa::path(get, path = "/v1/federation/overview", operation_id = "federation_overview", tag = "federation", security(("admin_key" = [])),
    params(OverviewQuery),
    responses((status = 200, body = OverviewAnswer)))]
pub(crate) async fn overview(
    admin: CityAdmin,
    State(house): State<House>,
    Prefers(lang): Prefers,
    Query(query): Query<OverviewQuery>,
) -> Result<Json<OverviewAnswer>, ApiError> {
    let (hours, city, lang) =
        (query.hours.unwrap_or(24), admin.narrowed(query.city_id)?, lang.unwrap_or_default());
    Ok(Json(OverviewAnswer::from(house.federation.overview(hours, city.as_deref(), lang).await?)))
}
