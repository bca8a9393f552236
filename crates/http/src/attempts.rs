//! accounts/attempts: the last sign-ins and what became of them. For admins.

use crate::caller::CityAdmin;
use crate::error::ApiError;
use crate::extract::Query;
use crate::json::Json;
use crate::routes::House;
use crate::wire::attempts::{AttemptList, AttemptQuery};
use axum::extract::State;
use downcity_service::people::Listing;

/// The last sign-in attempts, newest first, with what became of each and why. They are remembered for a day.
#[utoipa::path(get, path = "/v1/accounts/attempts", operation_id = "accounts_attempts", tag = "accounts", security(("admin_key" = [])),
    params(AttemptQuery),
    responses((status = 200, body = AttemptList)))]
pub(crate) async fn list(
    admin: CityAdmin,
    State(house): State<House>,
    Query(query): Query<AttemptQuery>,
) -> Result<Json<AttemptList>, ApiError> {
    let listing = Listing::from(query);
    let listing = Listing { city_id: admin.narrowed(listing.city_id.clone())?, ..listing };
    Ok(Json(AttemptList::from(house.federation.list_attempts(&listing).await?)))
}
