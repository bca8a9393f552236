//! The Federation itself: services, instruction, health, keys, discovery.

use crate::caller::Caller;
use crate::error::{ApiError, Code, ErrorBody};
use crate::json::Json;
use crate::openapi;
use crate::routes::House;
use crate::wire::federation::{About, Health, ServiceEnv, ServiceItem, ServiceList};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use downcity_service::Federation;
use downcity_service::rotation::JWKS_MAX_AGE;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The services of the Federation; what they need is told to admins alone.
#[utoipa::path(get, path = "/v1/services", operation_id = "services", tag = "federation",
    responses((status = 200, body = ServiceList)))]
pub(crate) async fn services(caller: Caller, State(house): State<House>) -> Json<ServiceList> {
    let env = match caller {
        Caller::Admin(admin) if admin.city.is_none() => house
            .federation
            .env_catalogue()
            .into_iter()
            .map(|need| ServiceEnv { key: need.key, required: need.required, configured: need.configured })
            .collect(),
        _ => Vec::new(),
    };
    let plain = |id, name| ServiceItem { id, name, env: Vec::new() };
    let accounts = ServiceItem { id: "accounts", name: "Accounts", env };
    let cities = plain("cities", "Cities");
    let (env, webhooks) = (plain("env", "Federation env"), plain("webhooks", "Webhooks"));
    Json(ServiceList { items: vec![accounts, cities, env, webhooks] })
}

/// What this Federation offers and what is still to be configured, as text for operators.
#[utoipa::path(get, path = "/v1/federation/instruction", operation_id = "federation_instruction", tag = "federation",
    security(("admin_key" = [])),
    responses((status = 200, description = "What it offers, and what is still to be configured.", content_type = "text/plain", body = String)))]
pub(crate) async fn instruction(_admin: crate::caller::AdminOnly, State(house): State<House>) -> String {
    house.federation.instruction()
}

/// Whether the process answers.
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "federation", responses((status = 200, body = Health)))]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: VERSION })
}

/// Whether the Federation can serve: its database answers and, where it is PostgreSQL, is not read-only; and this node is
/// not about to stop.
#[utoipa::path(get, path = "/ready", operation_id = "ready", tag = "federation",
    responses((status = 200, body = Health), (status = 503, body = ErrorBody)))]
pub(crate) async fn ready(State(house): State<House>) -> Result<Json<Health>, ApiError> {
    if house.federation.is_leaving() {
        return Err(ApiError::of(Code::Stopping));
    }
    house.federation.check_ready().await?;
    Ok(Json(Health { status: "ready", version: VERSION }))
}

/// The public keys of `user_token`, as a JWK set (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "jwks", tag = "federation",
    responses((status = 200, description = "A JWK Set (RFC 7517 §5).", content_type = "application/json", body = Object)))]
pub(crate) async fn jwks(State(house): State<House>) -> impl IntoResponse {
    let cache = format!("public, max-age={}", JWKS_MAX_AGE.as_secs());
    let headers = [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CACHE_CONTROL, cache)];
    (headers, house.federation.jwks())
}

/// Where a client finds what it needs.
#[utoipa::path(get, path = "/.well-known/downcity.json", operation_id = "about", tag = "federation",
    responses((status = 200, body = About)))]
pub(crate) async fn about(State(house): State<House>) -> Json<About> {
    let public = &house.federation.settings().public_url;
    let base = public.origin().ascii_serialization();
    Json(About {
        jwks_uri: format!("{base}/.well-known/jwks.json"),
        openapi_uri: format!("{base}/openapi.json"),
        callback_uri: Federation::callback_url(public),
        issuer: base,
        version: VERSION,
    })
}

/// The OpenAPI document.
pub(crate) async fn openapi() -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, openapi::DOCUMENT)
}
