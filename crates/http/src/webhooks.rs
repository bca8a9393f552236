//! webhooks: servers that are told of events. For admins.

use crate::caller::AdminOnly;
use crate::error::{ApiError, Code};
use crate::extract::{Body, Query};
use crate::json::Json;
use crate::routes::House;
use crate::wire::Success;
use crate::wire::webhooks::{
    DeliveryList, DeliveryQuery, WebhookCreateRequest, WebhookCreated, WebhookList, WebhookReplayAnswer,
    WebhookReplayRequest, WebhookRequest, WebhookTested,
};
use axum::extract::State;
use downcity_service::webhooks::{NewHook, WebhookError};
use secrecy::ExposeSecret;

impl From<WebhookError> for ApiError {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Unknown => Self::of(Code::UnknownWebhook),
            WebhookError::Disabled => Self::of(Code::WebhookDisabled),
            WebhookError::TooMany => Self::of(Code::TooManyWebhooks),
            WebhookError::UnknownEvent => Self::of(Code::UnknownEvent),
            WebhookError::BadField { field, why } => Self::field(field, why),
            WebhookError::Internal(error) => error.into(),
        }
    }
}

/// All webhooks, newest first.
#[utoipa::path(get, path = "/v1/webhooks/list", operation_id = "webhooks_list", tag = "webhooks", security(("admin_key" = [])),
    responses((status = 200, body = WebhookList)))]
pub(crate) async fn list(
    _admin: AdminOnly,
    State(house): State<House>,
) -> Result<Json<WebhookList>, ApiError> {
    Ok(Json(WebhookList::from(house.federation.list_webhooks().await?)))
}

/// Has a server told of events (Standard Webhooks 1.0). The signing secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/webhooks/create", operation_id = "webhooks_create", tag = "webhooks", security(("admin_key" = [])),
    request_body = WebhookCreateRequest,
    responses((status = 200, body = WebhookCreated)))]
pub(crate) async fn create(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<WebhookCreateRequest>,
) -> Result<Json<WebhookCreated>, ApiError> {
    let (webhook, secret) = house.federation.create_webhook(&admin, &NewHook::from(request)).await?;
    Ok(Json(WebhookCreated::of(webhook, secret.expose_secret())))
}

/// Removes a webhook, with what waits for it.
#[utoipa::path(post, path = "/v1/webhooks/remove", operation_id = "webhooks_remove", tag = "webhooks", security(("admin_key" = [])),
    request_body = WebhookRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn remove(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<WebhookRequest>,
) -> Result<Json<Success>, ApiError> {
    house.federation.remove_webhook(&admin, &request.webhook_id).await?;
    Ok(Json(Success::YES))
}

/// Switches a webhook on again that was switched off since nothing arrived for three days. What it missed is not
/// sent by that; see `replay`.
#[utoipa::path(post, path = "/v1/webhooks/enable", operation_id = "webhooks_enable", tag = "webhooks", security(("admin_key" = [])),
    request_body = WebhookRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn enable(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<WebhookRequest>,
) -> Result<Json<Success>, ApiError> {
    house.federation.enable_webhook(&admin, &request.webhook_id).await?;
    Ok(Json(Success::YES))
}

/// Sends a webhook an event of the type `webhook.test`, whatever it listens to.
#[utoipa::path(post, path = "/v1/webhooks/test", operation_id = "webhooks_test", tag = "webhooks", security(("admin_key" = [])),
    request_body = WebhookRequest,
    responses((status = 200, body = WebhookTested)))]
pub(crate) async fn test(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<WebhookRequest>,
) -> Result<Json<WebhookTested>, ApiError> {
    let event_id = house.federation.test_webhook(&admin, &request.webhook_id).await?;
    Ok(Json(WebhookTested { success: true, event_id }))
}

/// What became of a webhook's deliveries, newest first. What arrived or was given up is remembered for 30 days.
#[utoipa::path(get, path = "/v1/webhooks/deliveries", operation_id = "webhooks_deliveries", tag = "webhooks", security(("admin_key" = [])),
    params(DeliveryQuery),
    responses((status = 200, body = DeliveryList)))]
pub(crate) async fn deliveries(
    _admin: AdminOnly,
    State(house): State<House>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<DeliveryList>, ApiError> {
    let (webhook_id, listing) = query.split();
    let page = house.federation.list_deliveries(&webhook_id, &listing).await?;
    Ok(Json(DeliveryList::from(page)))
}

/// Sends events again: one, also when it arrived, or all since a time that the webhook listens to and that have not
/// arrived, the oldest 10000 at a time.
#[utoipa::path(post, path = "/v1/webhooks/replay", operation_id = "webhooks_replay", tag = "webhooks", security(("admin_key" = [])),
    request_body = WebhookReplayRequest,
    responses((status = 200, body = WebhookReplayAnswer)))]
pub(crate) async fn replay(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<WebhookReplayRequest>,
) -> Result<Json<WebhookReplayAnswer>, ApiError> {
    let (webhook_id, again) = request.split()?;
    let count = house.federation.replay_webhook(&admin, &webhook_id, &again).await?;
    Ok(Json(WebhookReplayAnswer { success: true, count }))
}
