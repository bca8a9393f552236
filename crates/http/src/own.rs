//! accounts: what a signed-in person does with their own account: sessions, ways in, profile, export, leaving.

use crate::caller::{Caller, User};
use crate::client;
use crate::error::{ApiError, Code};
use crate::extract::Body;
use crate::json::Json;
use crate::routes::House;
use crate::wire::accounts::{Me, OauthStartAnswer};
use crate::wire::export::Export;
use crate::wire::people::{
    DeleteAnswer, DeleteRequest, EmptyRequest, IdentityItem, IdentityList, LinkRequest, ProfileUpdateRequest,
    RevokedCount, SessionRequest, UnlinkRequest, stored,
};
use crate::wire::sessions::{OwnSession, OwnSessionList};
use crate::wire::{Success, rfc3339};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use downcity_service::Federation;
use downcity_service::core::Lang;
use downcity_service::identities::IdentityError;
use downcity_service::profile::{ProfileEdit, ProfileError};
use downcity_service::sessions::SignedIn;
use std::sync::Arc;

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::NotFresh => Self::of(Code::ReauthenticationRequired),
            IdentityError::NoUser => Self::of(Code::UnknownUser),
            IdentityError::Unknown => Self::of(Code::UnknownIdentity),
            IdentityError::Last => Self::of(Code::LastIdentity),
            IdentityError::Start(error) => error.into(),
            IdentityError::Internal(error) => error.into(),
        }
    }
}

impl From<ProfileError> for ApiError {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::NoUser => Self::of(Code::UnknownUser),
            ProfileError::BadField { field, why } => Self::field(field, why),
            ProfileError::Internal(error) => error.into(),
        }
    }
}

/// A person may name only the city of their token.
pub(crate) fn check_city(who: &SignedIn, city_id: Option<&str>) -> Result<(), ApiError> {
    Caller::User(Box::new(who.clone())).check_city(city_id)
}

/// An identity as it is told.
pub(crate) fn item(federation: &Federation, one: stored::Identity, lang: Lang) -> IdentityItem {
    IdentityItem {
        identity_id: one.identity_id.to_string(),
        label: federation.directory().provider_label(&one.provider, lang),
        provider: one.provider,
        email: one.address,
        created_at: rfc3339(one.created_at),
        last_used_at: rfc3339(one.last_used_at),
    }
}

/// Where the bearer is signed in, newest first.
#[utoipa::path(get, path = "/v1/accounts/sessions/mine", operation_id = "accounts_sessions_mine", tag = "accounts", security(("user_token" = [])),
    responses((status = 200, body = OwnSessionList)))]
pub(crate) async fn sessions(
    User(who): User,
    State(house): State<House>,
) -> Result<Json<OwnSessionList>, ApiError> {
    let current = who.session.session_id.as_str();
    let found = house.federation.own_sessions(&who).await?;
    Ok(Json(OwnSessionList { items: found.into_iter().map(|one| OwnSession::of(one, current)).collect() }))
}

/// Ends one of the bearer's sessions, effective at once.
#[utoipa::path(post, path = "/v1/accounts/sessions/revoke", operation_id = "accounts_sessions_revoke", tag = "accounts", security(("user_token" = [])),
    request_body = SessionRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn revoke(
    User(who): User,
    State(house): State<House>,
    Body(request): Body<SessionRequest>,
) -> Result<Json<Success>, ApiError> {
    check_city(&who, request.city_id.as_deref())?;
    match house.federation.end_own_session(&who, &request.session_id).await? {
        true => Ok(Json(Success::YES)),
        false => Err(ApiError::of(Code::UnknownSession)),
    }
}

/// Ends all of the bearer's sessions but this one.
#[utoipa::path(post, path = "/v1/accounts/sessions/revoke-others", operation_id = "accounts_sessions_revoke_others", tag = "accounts", security(("user_token" = [])),
    request_body = EmptyRequest,
    responses((status = 200, body = RevokedCount)))]
pub(crate) async fn revoke_others(
    User(who): User,
    State(house): State<House>,
    Body(request): Body<EmptyRequest>,
) -> Result<Json<RevokedCount>, ApiError> {
    check_city(&who, request.city_id.as_deref())?;
    let count = house.federation.end_other_sessions(&who).await?;
    Ok(Json(RevokedCount { success: true, count }))
}

/// The bearer's ways in, oldest first.
#[utoipa::path(get, path = "/v1/accounts/identities", operation_id = "accounts_identities", tag = "accounts", security(("user_token" = [])),
    responses((status = 200, body = IdentityList)))]
pub(crate) async fn identities(
    User(who): User,
    State(house): State<House>,
    headers: HeaderMap,
) -> Result<Json<IdentityList>, ApiError> {
    let lang = client::accepted(&headers).unwrap_or_default();
    let found = house.federation.own_identities(&who).await?;
    let items = found.into_iter().map(|one| item(&house.federation, one, lang)).collect();
    Ok(Json(IdentityList { items }))
}

/// Starts a sign-in that links a provider to the bearer's account. Needs a sign-in of the last five minutes.
/// The outcome is told by `oauth/result`: `done` with a fresh token of the same user, or `failed`, with
/// `identity_taken` when the identity is somebody else's.
#[utoipa::path(post, path = "/v1/accounts/identities/link", operation_id = "accounts_identities_link", tag = "accounts", security(("user_token" = [])),
    request_body = LinkRequest,
    responses((status = 200, body = OauthStartAnswer)))]
pub(crate) async fn link(
    User(who): User,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<LinkRequest>,
) -> Result<Response, ApiError> {
    check_city(&who, request.city_id.as_deref())?;
    let start = request.start(who.session.refreshable);
    let started = house.federation.start_link(&who, &start, &client).await?;
    Ok(OauthStartAnswer::respond(started, house.secure))
}

/// Gives a way in up, never the last one. Needs a sign-in of the last five minutes. Sessions that began with its
/// provider end.
#[utoipa::path(post, path = "/v1/accounts/identities/unlink", operation_id = "accounts_identities_unlink", tag = "accounts", security(("user_token" = [])),
    request_body = UnlinkRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn unlink(
    User(who): User,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<UnlinkRequest>,
) -> Result<Json<Success>, ApiError> {
    check_city(&who, request.city_id.as_deref())?;
    house.federation.unlink(&who, &request.identity_id, &client).await?;
    Ok(Json(Success::YES))
}

/// Edits the bearer's profile.
#[utoipa::path(post, path = "/v1/accounts/profile/update", operation_id = "accounts_profile_update", tag = "accounts", security(("user_token" = [])),
    request_body = ProfileUpdateRequest,
    responses((status = 200, body = Me)))]
pub(crate) async fn edit(
    User(who): User,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<ProfileUpdateRequest>,
) -> Result<Response, ApiError> {
    check_city(&who, request.city_id.as_deref())?;
    let user = house.federation.edit_profile(&who, &ProfileEdit::from(request), &client).await?;
    Ok(Json(Me::from(&SignedIn { user: Some(Arc::new(user)), ..who })).into_response())
}

/// Everything held about the bearer.
#[utoipa::path(get, path = "/v1/accounts/export", operation_id = "accounts_export", tag = "accounts", security(("user_token" = [])),
    responses((status = 200, body = Export)))]
pub(crate) async fn export(User(who): User, State(house): State<House>) -> Result<Json<Export>, ApiError> {
    let found = house.federation.export(&who).await?.ok_or_else(|| ApiError::of(Code::UnknownUser))?;
    Ok(Json(Export::from(found)))
}

/// Removes the bearer's account, at once or after the operator's time to come back. Needs a sign-in of the last
/// five minutes. Every session ends now; signing in before `delete_at` keeps the account.
#[utoipa::path(post, path = "/v1/accounts/delete", operation_id = "accounts_delete", tag = "accounts", security(("user_token" = [])),
    request_body = DeleteRequest,
    responses((status = 200, body = DeleteAnswer)))]
pub(crate) async fn delete(
    User(who): User,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<DeleteRequest>,
) -> Result<Json<DeleteAnswer>, ApiError> {
    check_city(&who, request.city_id.as_deref())?;
    if request.user_id != who.session.user_id.as_str() {
        return Err(ApiError::field("user_id", "must be your own, to show that this account is meant"));
    }
    let delete_at = house.federation.delete_own_account(&who, &client).await?;
    Ok(Json(DeleteAnswer { success: true, delete_at: rfc3339(delete_at) }))
}
