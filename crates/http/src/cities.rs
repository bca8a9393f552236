//! cities: the products of the Federation, and tokens issued by hand. For admins.

use crate::caller::{AdminOnly, CityAdmin};
use crate::error::ApiError;
use crate::extract::Body;
use crate::json::Json;
use crate::routes::House;
use crate::wire::Success;
use crate::wire::cities::{
    City, CityCreateRequest, CityList, CityRequest, CityUpdateRequest, TokenAnswer, TokenApplyRequest,
};
use axum::extract::State;
use downcity_service::core::CityStatus;
use downcity_service::tokens::Apply;

/// All cities, newest first.
#[utoipa::path(get, path = "/v1/cities/list", operation_id = "cities_list", tag = "cities", security(("admin_key" = [])),
    responses((status = 200, body = CityList)))]
pub(crate) async fn list(admin: CityAdmin, State(house): State<House>) -> Result<Json<CityList>, ApiError> {
    let only = admin.narrowed(None)?;
    let cities = house.federation.cities().into_iter();
    let shown = cities.filter(|city| only.as_ref().is_none_or(|id| id == city.city_id.as_str()));
    Ok(Json(CityList { items: shown.map(|city| City::from(&*city)).collect() }))
}

/// Creates a city.
#[utoipa::path(post, path = "/v1/cities/create", operation_id = "cities_create", tag = "cities", security(("admin_key" = [])),
    request_body = CityCreateRequest,
    responses((status = 200, body = City)))]
pub(crate) async fn create(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<CityCreateRequest>,
) -> Result<Json<City>, ApiError> {
    let (city_id, change) = request.split();
    let city = house.federation.create_city(&admin, city_id.as_deref(), &change).await?;
    Ok(Json(City::from(&*city)))
}

/// Changes a city's settings, effective at once.
#[utoipa::path(post, path = "/v1/cities/update", operation_id = "cities_update", tag = "cities", security(("admin_key" = [])),
    request_body = CityUpdateRequest,
    responses((status = 200, body = City)))]
pub(crate) async fn update(
    admin: CityAdmin,
    State(house): State<House>,
    Body(request): Body<CityUpdateRequest>,
) -> Result<Json<City>, ApiError> {
    let (city_id, change) = request.split();
    let admin = admin.within(&city_id)?;
    let city = house.federation.update_city(&admin, &city_id, &change).await?;
    Ok(Json(City::from(&*city)))
}

/// Pauses a city: it starts no sign-in and accepts no token.
#[utoipa::path(post, path = "/v1/cities/pause", operation_id = "cities_pause", tag = "cities", security(("admin_key" = [])),
    request_body = CityRequest,
    responses((status = 200, body = City)))]
pub(crate) async fn pause(
    admin: CityAdmin,
    State(house): State<House>,
    Body(request): Body<CityRequest>,
) -> Result<Json<City>, ApiError> {
    let admin = admin.within(&request.city_id)?;
    let city = house.federation.set_city_status(&admin, &request.city_id, CityStatus::Paused).await?;
    Ok(Json(City::from(&*city)))
}

/// Activates a paused city.
#[utoipa::path(post, path = "/v1/cities/activate", operation_id = "cities_activate", tag = "cities", security(("admin_key" = [])),
    request_body = CityRequest,
    responses((status = 200, body = City)))]
pub(crate) async fn activate(
    admin: CityAdmin,
    State(house): State<House>,
    Body(request): Body<CityRequest>,
) -> Result<Json<City>, ApiError> {
    let admin = admin.within(&request.city_id)?;
    let city = house.federation.set_city_status(&admin, &request.city_id, CityStatus::Active).await?;
    Ok(Json(City::from(&*city)))
}

/// Removes a city with its sessions. Its users stay: they belong to the Federation.
#[utoipa::path(post, path = "/v1/cities/remove", operation_id = "cities_remove", tag = "cities", security(("admin_key" = [])),
    request_body = CityRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn remove(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<CityRequest>,
) -> Result<Json<Success>, ApiError> {
    house.federation.remove_city(&admin, &request.city_id).await?;
    Ok(Json(Success::YES))
}

/// Issues a `user_token` by hand, also for a product's own user ids.
#[utoipa::path(post, path = "/v1/cities/tokens/apply", operation_id = "cities_tokens_apply", tag = "cities", security(("admin_key" = [])),
    request_body = TokenApplyRequest,
    responses((status = 200, body = TokenAnswer)))]
pub(crate) async fn tokens_apply(
    admin: CityAdmin,
    State(house): State<House>,
    Body(request): Body<TokenApplyRequest>,
) -> Result<Json<TokenAnswer>, ApiError> {
    let apply = Apply::try_from(request)?;
    let admin = admin.within(&apply.city_id)?;
    let handed = house.federation.apply_token(&admin, &apply).await?;
    Ok(Json(TokenAnswer::from(handed)))
}
