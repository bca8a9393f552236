//! accounts: providers, starting a sign-in, its outcome, me, logout.

use crate::caller::{Caller, User};
use crate::client;
use crate::cookies;
use crate::error::{ApiError, Code};
use crate::extract::{Body, Query};
use crate::json::Json;
use crate::routes::House;
use crate::wire::Success;
use crate::wire::accounts::{
    Me, OauthEvent, OauthResult, OauthResultQuery, OauthStartAnswer, OauthStartRequest, ProviderItem,
    ProviderList,
};
use axum::extract::State;
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use downcity_service::core::id::DEFAULT_CITY;
use downcity_service::login::{Start, Started};
use downcity_service::result::{Ask, LONGEST_WAIT, Told};
use futures::Stream;
use std::convert::Infallible;
use std::time::Duration;

/// When whoever listens to a node that is about to stop shall come again.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// Which city's ways are asked for.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProvidersQuery {
    /// The city; `city_downcity` when absent.
    city_id: Option<String>,
}

/// Ways to sign in that can really be used now, in a city.
#[utoipa::path(get, path = "/v1/accounts/providers", operation_id = "accounts_providers", tag = "accounts",
    params(ProvidersQuery),
    responses((status = 200, body = ProviderList)))]
pub(crate) async fn providers(
    caller: Caller,
    State(house): State<House>,
    client::Prefers(lang): client::Prefers,
    Query(query): Query<ProvidersQuery>,
) -> Result<Response, ApiError> {
    caller.check_city(query.city_id.as_deref())?;
    let city = house.federation.city(query.city_id.as_deref().unwrap_or(DEFAULT_CITY))?;
    if query.city_id.is_some() && !city.is_active() {
        return Err(ApiError::of(Code::CityPaused));
    }
    let directory = house.federation.directory();
    let local = house.federation.settings().allow_local_login;
    let ways = directory.ways_in(lang.unwrap_or_default(), &city.city_id, local);
    let items = ways.map(|way| ProviderItem { id: way.id, kind: way.kind, enabled: true, label: way.label });
    Ok(Json(ProviderList { items: items.collect() }).into_response())
}

/// Starts a sign-in. Everything that can be wrong is told before anybody scans anything.
#[utoipa::path(post, path = "/v1/accounts/oauth/start", operation_id = "accounts_oauth_start", tag = "accounts",
    request_body = OauthStartRequest,
    responses((status = 200, body = OauthStartAnswer)))]
pub(crate) async fn oauth_start(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<OauthStartRequest>,
) -> Result<Response, ApiError> {
    caller.check_city(request.city_id())?;
    let started = house.federation.login_start(&Start::from(request), &client).await?;
    Ok(OauthStartAnswer::respond(started, house.secure))
}

impl OauthStartAnswer {
    /// The answer, with the cookie that knows this browser again.
    pub(crate) fn respond(started: Started, secure: bool) -> Response {
        let cookie = cookies::set_login(&started.browser, secure);
        let mut response = Json(Self::from(started)).into_response();
        if let Some(cookie) = cookie {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// The outcome of a sign-in: pending, done with the token (handed out once), or failed.
#[utoipa::path(get, path = "/v1/accounts/oauth/result", operation_id = "accounts_oauth_result", tag = "accounts",
    params(OauthResultQuery),
    responses((status = 200, body = OauthResult)))]
pub(crate) async fn oauth_result(
    _caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Query(query): Query<OauthResultQuery>,
) -> Result<Json<OauthResult>, ApiError> {
    let told = house.federation.login_result(&Ask::from(query), &client).await?;
    Ok(Json(OauthResult::of(told, client.lang)))
}

/// The outcome of a sign-in as server-sent events: one `result` event, then the stream ends. If it ends without one,
/// something came between, such as that the node was stopped: connect again, as an `EventSource` does by itself; what is wrong
/// with the request, or can't be done now, is told by the status then.
#[utoipa::path(get, path = "/v1/accounts/oauth/events", operation_id = "accounts_oauth_events", tag = "accounts",
    params(OauthResultQuery),
    responses((status = 200, description = "One event", content_type = "text/event-stream", body = OauthEvent)))]
pub(crate) async fn oauth_events(
    _caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Query(query): Query<OauthResultQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let mut ask = Ask { wait: Duration::ZERO, ..Ask::from(query) };
    // The first look tells what is wrong with the request while a status can still be sent.
    let first = house.federation.login_result(&ask, &client).await?;
    ask.wait = LONGEST_WAIT;
    let stream = futures::stream::once(async move {
        let mut told = Ok(first);
        while matches!(told, Ok(Told::Pending)) && !house.federation.is_leaving() {
            told = house.federation.login_result(&ask, &client).await;
        }
        let event = match told {
            // The stream ends without a result, and whoever listens comes again: to another node, or to be told of the error
            // by a status.
            Ok(Told::Pending) | Err(_) => Ok(Event::default().retry(COME_AGAIN)),
            Ok(told) => Event::default().event("result").json_data(OauthResult::of(told, client.lang)),
        };
        Ok(event.unwrap_or_default())
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Who the bearer is.
#[utoipa::path(get, path = "/v1/accounts/me", operation_id = "accounts_me", tag = "accounts", security(("user_token" = [])),
    responses((status = 200, body = Me)))]
pub(crate) async fn me(User(who): User) -> Response {
    Json(Me::from(&who)).into_response()
}

/// Ends the session: the same token is refused from then on, on every node.
#[utoipa::path(post, path = "/v1/accounts/logout", operation_id = "accounts_logout", tag = "accounts", security(("user_token" = [])),
    responses((status = 200, body = Success)))]
pub(crate) async fn logout(
    User(who): User,
    State(house): State<House>,
    Body(request): Body<crate::wire::accounts::LogoutRequest>,
) -> Result<Json<Success>, ApiError> {
    Caller::User(Box::new(who.clone())).check_city(request.city_id.as_deref())?;
    house.federation.logout(&who).await?;
    Ok(Json(Success::YES))
}
