//! env: the settings and secrets of the Federation. For admins.

use crate::caller::{AdminOnly, CityAdmin};
use crate::client::accepted;
use crate::error::ApiError;
use crate::extract::{Body, Query};
use crate::json::Json;
use crate::routes::House;
use crate::wire::Success;
use crate::wire::env::{
    CityEnvItem, CityEnvList, CityEnvQuery, CityEnvRemoveRequest, CityEnvUpsertRequest, EnvCatalog,
    EnvCatalogItem, EnvCatalogService, EnvCount, EnvImportAnswer, EnvImportRequest, EnvItem, EnvList,
    EnvRemoveRequest, EnvUpsertAnswer, EnvUpsertRequest,
};
use crate::wire::people::EmptyRequest;
use axum::extract::State;
use axum::http::HeaderMap;

/// What is set. No value of a secret is in it.
#[utoipa::path(get, path = "/v1/env/list", operation_id = "env_list", tag = "env", security(("admin_key" = [])),
    responses((status = 200, body = EnvList)))]
pub(crate) async fn list(_admin: AdminOnly, State(house): State<House>) -> Json<EnvList> {
    Json(EnvList { items: house.federation.env_list().into_iter().map(EnvItem::from).collect() })
}

/// What each service can use, and what of it is set.
#[utoipa::path(get, path = "/v1/env/catalog", operation_id = "env_catalog", tag = "env", security(("admin_key" = [])),
    responses((status = 200, body = EnvCatalog)))]
pub(crate) async fn catalog(
    _admin: AdminOnly,
    State(house): State<House>,
    headers: HeaderMap,
) -> Json<EnvCatalog> {
    let lang = accepted(&headers).unwrap_or_default();
    let needs = house.federation.env_catalogue().into_iter();
    let env = needs.map(|need| EnvCatalogItem::of(need, lang)).collect();
    Json(EnvCatalog { items: vec![EnvCatalogService { id: "accounts", name: "Accounts", env }] })
}

/// Sets one value, effective at once.
#[utoipa::path(post, path = "/v1/env/upsert", operation_id = "env_upsert", tag = "env", security(("admin_key" = [])),
    request_body = EnvUpsertRequest,
    responses((status = 200, body = EnvUpsertAnswer)))]
pub(crate) async fn upsert(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    headers: HeaderMap,
    Body(request): Body<EnvUpsertRequest>,
) -> Result<Json<EnvUpsertAnswer>, ApiError> {
    let stored = house.federation.env_upsert(&admin, &request.key, &request.value).await?;
    Ok(Json(EnvUpsertAnswer::of(request.key, &stored, accepted(&headers).unwrap_or_default())))
}

/// Removes one value, effective at once.
#[utoipa::path(post, path = "/v1/env/remove", operation_id = "env_remove", tag = "env", security(("admin_key" = [])),
    request_body = EnvRemoveRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn remove(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<EnvRemoveRequest>,
) -> Result<Json<Success>, ApiError> {
    house.federation.env_remove(&admin, &request.key).await?;
    Ok(Json(Success::YES))
}

/// Sets what a `.env` text says, all or nothing.
#[utoipa::path(post, path = "/v1/env/import", operation_id = "env_import", tag = "env", security(("admin_key" = [])),
    request_body = EnvImportRequest,
    responses((status = 200, body = EnvImportAnswer)))]
pub(crate) async fn import(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    headers: HeaderMap,
    Body(request): Body<EnvImportRequest>,
) -> Result<Json<EnvImportAnswer>, ApiError> {
    let stored = house.federation.env_import(&admin, &request.raw).await?;
    Ok(Json(EnvImportAnswer::of(stored, accepted(&headers).unwrap_or_default())))
}

/// Reads the env from the database again.
#[utoipa::path(post, path = "/v1/env/refresh", operation_id = "env_refresh", tag = "env", security(("admin_key" = [])),
    request_body = EmptyRequest,
    responses((status = 200, body = EnvCount)))]
pub(crate) async fn refresh(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(EmptyRequest { .. }): Body<EmptyRequest>,
) -> Result<Json<EnvCount>, ApiError> {
    let count = house.federation.env_refresh(&admin).await?;
    Ok(Json(EnvCount { success: true, count }))
}

/// What is set for cities in place of the Federation's. No value of a secret is in it.
#[utoipa::path(get, path = "/v1/cities/env/list", operation_id = "cities_env_list", tag = "cities", security(("admin_key" = [])),
    params(CityEnvQuery),
    responses((status = 200, body = CityEnvList)))]
pub(crate) async fn city_list(
    admin: CityAdmin,
    State(house): State<House>,
    Query(query): Query<CityEnvQuery>,
) -> Result<Json<CityEnvList>, ApiError> {
    let city_id = admin.narrowed(query.city_id)?;
    let found = house.federation.city_env_list(city_id.as_deref())?;
    Ok(Json(CityEnvList { items: found.into_iter().map(CityEnvItem::from).collect() }))
}

/// Sets one value for a city in place of the Federation's, effective at once. A WeChat app of its own counts when
/// both its settings are there.
#[utoipa::path(post, path = "/v1/cities/env/upsert", operation_id = "cities_env_upsert", tag = "cities", security(("admin_key" = [])),
    request_body = CityEnvUpsertRequest,
    responses((status = 200, body = EnvUpsertAnswer)))]
pub(crate) async fn city_upsert(
    admin: CityAdmin,
    State(house): State<House>,
    headers: HeaderMap,
    Body(request): Body<CityEnvUpsertRequest>,
) -> Result<Json<EnvUpsertAnswer>, ApiError> {
    let CityEnvUpsertRequest { city_id, key, value } = request;
    let admin = admin.within(&city_id)?;
    let stored = house.federation.city_env_upsert(&admin, &city_id, &key, &value).await?;
    Ok(Json(EnvUpsertAnswer::of(key, &stored, accepted(&headers).unwrap_or_default())))
}

/// Removes one value of a city, effective at once: the Federation's counts again.
#[utoipa::path(post, path = "/v1/cities/env/remove", operation_id = "cities_env_remove", tag = "cities", security(("admin_key" = [])),
    request_body = CityEnvRemoveRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn city_remove(
    admin: CityAdmin,
    State(house): State<House>,
    Body(request): Body<CityEnvRemoveRequest>,
) -> Result<Json<Success>, ApiError> {
    let admin = admin.within(&request.city_id)?;
    house.federation.city_env_remove(&admin, &request.city_id, &request.key).await?;
    Ok(Json(Success::YES))
}
