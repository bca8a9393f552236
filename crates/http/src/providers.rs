//! providers: every way to sign in as an admin sees it, and switching them. For admins.

use crate::caller::CityAdmin;
use crate::client::Prefers;
use crate::error::{ApiError, Code};
use crate::extract::{Body, Query};
use crate::json::Json;
use crate::routes::House;
use crate::wire::Success;
use crate::wire::providers::{ProviderCardItem, ProviderCardList, ProviderQuery, SwitchRequest};
use axum::extract::State;
use downcity_service::providers::ProviderError;

impl From<ProviderError> for ApiError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::UnknownProvider => Self::of(Code::UnknownProvider),
            ProviderError::UnknownCity => Self::of(Code::UnknownCity),
            ProviderError::Internal(error) => error.into(),
            ProviderError::Read(error) => error.into(),
        }
    }
}

/// Every way to sign in, usable or not: what each still lacks, and what to register at the provider.
#[utoipa::path(get, path = "/v1/providers/list", operation_id = "providers_list", tag = "providers", security(("admin_key" = [])),
    params(ProviderQuery),
    responses((status = 200, body = ProviderCardList)))]
pub(crate) async fn list(
    admin: CityAdmin,
    State(house): State<House>,
    Prefers(lang): Prefers,
    Query(query): Query<ProviderQuery>,
) -> Result<Json<ProviderCardList>, ApiError> {
    let city_id = admin.narrowed(query.city_id)?;
    let cards = house.federation.list_providers(city_id.as_deref(), lang.unwrap_or_default())?;
    Ok(Json(ProviderCardList { items: cards.into_iter().map(ProviderCardItem::from).collect() }))
}

/// Switches a way to sign in off, in a city or everywhere, at once on every node. Sign-ins under way may finish.
#[utoipa::path(post, path = "/v1/providers/disable", operation_id = "providers_disable", tag = "providers", security(("admin_key" = [])),
    request_body = SwitchRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn disable(
    admin: CityAdmin,
    State(house): State<House>,
    Body(request): Body<SwitchRequest>,
) -> Result<Json<Success>, ApiError> {
    let admin = admin.reaching(request.city_id.as_deref())?;
    house.federation.disable_provider(&admin, &request.provider, request.city_id.as_deref()).await?;
    Ok(Json(Success::YES))
}

/// Takes such a switch back. What is off everywhere stays off in each city.
#[utoipa::path(post, path = "/v1/providers/enable", operation_id = "providers_enable", tag = "providers", security(("admin_key" = [])),
    request_body = SwitchRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn enable(
    admin: CityAdmin,
    State(house): State<House>,
    Body(request): Body<SwitchRequest>,
) -> Result<Json<Success>, ApiError> {
    let admin = admin.reaching(request.city_id.as_deref())?;
    house.federation.enable_provider(&admin, &request.provider, request.city_id.as_deref()).await?;
    Ok(Json(Success::YES))
}
