//! accounts: the life of tokens after the sign-in.

use crate::caller::{Caller, Reader};
use crate::client;
use crate::error::{ApiError, Code};
use crate::extract::Body;
use crate::json::Json;
use crate::routes::House;
use crate::wire::token::{IntrospectAnswer, IntrospectRequest, RefreshAnswer, RefreshRequest};
use axum::extract::State;
use downcity_service::refresh::RefreshError;
use secrecy::ExposeSecret;

impl From<RefreshError> for ApiError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Invalid => Self::of(Code::InvalidRefreshToken),
            RefreshError::OtherCity => Self::of(Code::CityMismatch),
            RefreshError::CityPaused => Self::of(Code::CityPaused),
            RefreshError::UserDisabled => Self::of(Code::UserDisabled),
            RefreshError::TooMany(wait) => Self { retry_after: Some(wait.0), ..Self::of(Code::TooManyTries) },
            RefreshError::Internal(error) => error.into(),
        }
    }
}

/// Gives the next user_token and the next refresh token for a refresh token, which is good once: one that comes
/// again ends its session, in whoever's hands it is. Only for a lost answer the same network may ask again within
/// ten seconds, and gets the same answer. Send no bearer: the user_token may be over.
#[utoipa::path(post, path = "/v1/accounts/token/refresh", operation_id = "accounts_token_refresh", tag = "accounts",
    request_body = RefreshRequest,
    responses((status = 200, body = RefreshAnswer)))]
pub(crate) async fn refresh(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<RefreshRequest>,
) -> Result<Json<RefreshAnswer>, ApiError> {
    let city_id = request.city_id.as_deref();
    caller.check_city(city_id)?;
    let handed = house.federation.refresh(request.refresh_token.expose_secret(), city_id, &client).await?;
    Ok(Json(RefreshAnswer::from(handed)))
}

/// What a token is worth at this moment (RFC 7662): a user_token or a refresh token. For one that would be refused,
/// whatever the reason, the answer is `active: false` and nothing else. Looking does not use a refresh token up.
#[utoipa::path(post, path = "/v1/accounts/token/introspect", operation_id = "accounts_token_introspect", tag = "accounts",
    security(("admin_key" = [])), request_body = IntrospectRequest,
    responses((status = 200, body = IntrospectAnswer)))]
pub(crate) async fn introspect(
    reader: Reader,
    State(house): State<House>,
    Body(request): Body<IntrospectRequest>,
) -> Result<Json<IntrospectAnswer>, ApiError> {
    let found = house.federation.introspect(request.token.expose_secret(), request.is_refresh()).await?;
    let found = found.filter(|found| reader.sees(found.session.city_id.as_str()));
    Ok(Json(found.map_or_else(IntrospectAnswer::inactive, IntrospectAnswer::from)))
}
