//! accounts: what admins see of people, and do.

use crate::caller::{AdminOnly, CityAdmin};
use crate::client::{self, Prefers};
use crate::error::{ApiError, Code};
use crate::extract::{Body, Query};
use crate::json::Json;
use crate::own::item;
use crate::routes::House;
use crate::wire::Success;
use crate::wire::people::{
    EventItem, EventList, EventQuery, MergeAnswer, MergeRequest, SessionQuery, SessionRequest, UserList,
    UserQuery, UserRequest,
};
use crate::wire::person::{PersonAnswer, PersonIdentity, PersonName, PersonQuery};
use crate::wire::sessions::{SessionItem, SessionList};
use axum::extract::State;
use axum::http::HeaderMap;
use downcity_service::people::{Listing, PeopleError};

impl From<PeopleError> for ApiError {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::UnknownUser => Self::of(Code::UnknownUser),
            PeopleError::UnknownSession => Self::of(Code::UnknownSession),
            PeopleError::MergeDisabled => Self::of(Code::MergeDisabled),
            PeopleError::BadField { field, why } => Self::field(field, why),
            PeopleError::Internal(error) => error.into(),
        }
    }
}

/// A list, limited to the city of an admin key that is for one.
fn narrowed(admin: CityAdmin, listing: Listing) -> Result<Listing, ApiError> {
    Ok(Listing { city_id: admin.narrowed(listing.city_id.clone())?, ..listing })
}

/// Users, newest first.
#[utoipa::path(get, path = "/v1/accounts/users", operation_id = "accounts_users", tag = "accounts", security(("admin_key" = [])),
    params(UserQuery),
    responses((status = 200, body = UserList)))]
pub(crate) async fn users(
    admin: CityAdmin,
    State(house): State<House>,
    Query(query): Query<UserQuery>,
) -> Result<Json<UserList>, ApiError> {
    let listing = narrowed(admin, Listing::from(query))?;
    Ok(Json(UserList::from(house.federation.list_users(&listing).await?)))
}

/// One user: profile, ways in, sessions, latest events.
#[utoipa::path(get, path = "/v1/accounts/users/one", operation_id = "accounts_users_one", tag = "accounts", security(("admin_key" = [])),
    params(PersonQuery),
    responses((status = 200, body = PersonAnswer)))]
pub(crate) async fn one(
    admin: CityAdmin,
    State(house): State<House>,
    Prefers(lang): Prefers,
    Query(query): Query<PersonQuery>,
) -> Result<Json<PersonAnswer>, ApiError> {
    let city = admin.narrowed(query.city_id)?;
    let person = house.federation.person(&query.user_id, city.as_deref()).await?;
    let (federation, now) = (&house.federation, house.federation.now());
    let identities = person.identities.into_iter().map(|(one, names)| PersonIdentity {
        identity: item(federation, one, lang.unwrap_or_default()),
        names: names.into_iter().map(PersonName::from).collect(),
    });
    Ok(Json(PersonAnswer {
        user: person.listed.into(),
        bio: person.bio,
        locale: person.locale,
        identities: identities.collect(),
        sessions: person.sessions.into_iter().map(|one| SessionItem::of(one, now)).collect(),
        events: person.events.into_iter().map(EventItem::from).collect(),
    }))
}

/// Sessions of everybody, newest first.
#[utoipa::path(get, path = "/v1/accounts/sessions", operation_id = "accounts_sessions", tag = "accounts", security(("admin_key" = [])),
    params(SessionQuery),
    responses((status = 200, body = SessionList)))]
pub(crate) async fn sessions(
    admin: CityAdmin,
    State(house): State<House>,
    Query(query): Query<SessionQuery>,
) -> Result<Json<SessionList>, ApiError> {
    let listing = narrowed(admin, Listing::from(query))?;
    let page = house.federation.list_sessions(&listing).await?;
    let now = house.federation.now();
    let items = page.items.into_iter().map(|one| SessionItem::of(one, now)).collect();
    Ok(Json(SessionList { items, next: page.next }))
}

/// What happened, newest first.
#[utoipa::path(get, path = "/v1/accounts/events", operation_id = "accounts_events", tag = "accounts", security(("admin_key" = [])),
    params(EventQuery),
    responses((status = 200, body = EventList)))]
pub(crate) async fn events(
    admin: CityAdmin,
    State(house): State<House>,
    Query(query): Query<EventQuery>,
) -> Result<Json<EventList>, ApiError> {
    let listing = narrowed(admin, query.listing()?)?;
    let page = house.federation.list_events(&listing).await?;
    Ok(Json(EventList::from(page)))
}

/// Shuts a user out on every way in. Their sessions end at once.
#[utoipa::path(post, path = "/v1/accounts/users/disable", operation_id = "accounts_users_disable", tag = "accounts", security(("admin_key" = [])),
    request_body = UserRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn disable(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<UserRequest>,
) -> Result<Json<Success>, ApiError> {
    house.federation.set_disabled(&admin, &request.user_id, true).await?;
    Ok(Json(Success::YES))
}

/// Lets a user in again.
#[utoipa::path(post, path = "/v1/accounts/users/enable", operation_id = "accounts_users_enable", tag = "accounts", security(("admin_key" = [])),
    request_body = UserRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn enable(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<UserRequest>,
) -> Result<Json<Success>, ApiError> {
    house.federation.set_disabled(&admin, &request.user_id, false).await?;
    Ok(Json(Success::YES))
}

/// Removes a user for good, at once.
#[utoipa::path(post, path = "/v1/accounts/users/delete", operation_id = "accounts_users_delete", tag = "accounts", security(("admin_key" = [])),
    request_body = UserRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn delete(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<UserRequest>,
) -> Result<Json<Success>, ApiError> {
    house.federation.delete_user(&admin, &request.user_id).await?;
    Ok(Json(Success::YES))
}

/// Makes two users one: the ways in of `from` move to `into`, and `from` goes. With `preview` it only tells what
/// would move.
#[utoipa::path(post, path = "/v1/accounts/users/merge", operation_id = "accounts_users_merge", tag = "accounts", security(("admin_key" = [])),
    request_body = MergeRequest,
    responses((status = 200, body = MergeAnswer)))]
pub(crate) async fn merge(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    headers: HeaderMap,
    Body(request): Body<MergeRequest>,
) -> Result<Json<MergeAnswer>, ApiError> {
    let lang = client::accepted(&headers).unwrap_or_default();
    let preview = request.preview.unwrap_or(false);
    let merged = house.federation.merge_users(&admin, &request.from, &request.into, preview).await?;
    let mut conflicts = merged.conflicts;
    conflicts.extend(merged.disabled.then_some("disabled"));
    let identities = merged.identities.into_iter().map(|one| item(&house.federation, one, lang)).collect();
    Ok(Json(MergeAnswer {
        merged: !preview,
        identities,
        sessions: merged.sessions,
        password_moves: merged.password_moves,
        email_moves: merged.email_moves,
        conflicts,
    }))
}

/// Ends a session, whoever's it is.
#[utoipa::path(post, path = "/v1/accounts/sessions/admin-revoke", operation_id = "accounts_sessions_admin_revoke", tag = "accounts", security(("admin_key" = [])),
    request_body = SessionRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn revoke(
    AdminOnly(admin): AdminOnly,
    State(house): State<House>,
    Body(request): Body<SessionRequest>,
) -> Result<Json<Success>, ApiError> {
    house.federation.end_session(&admin, &request.session_id).await?;
    Ok(Json(Success::YES))
}
