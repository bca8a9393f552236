//! What stands before every page: who is it, may they, and does the form come from us.

use super::cookies;
use super::desk::Desk;
use super::look::Look;
use crate::browser::see_other;
use crate::client::{self, text};
use crate::error::{ApiError, Code};
use crate::extract::{self, escaped};
use crate::routes::House;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use downcity_service::core::Role;
use serde::Deserialize;

/// What a page asks of whoever wants it.
#[derive(Clone, Copy)]
pub(super) struct Needs {
    pub(super) role: Role,
    pub(super) reach: Reach,
}

/// Which keys a page is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Also those of one city; the handler keeps to it.
    City,
    /// Those of the whole Federation.
    Whole,
}

/// What every form carries.
#[derive(Deserialize)]
struct FormToken {
    form_token: String,
}

/// Lets a request through to its page, with the [`Desk`] that it needs, or answers in its place.
pub(super) async fn check(
    State((house, needs)): State<(House, Needs)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let desk = match admit(&mut parts, &house, needs).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    let body = if parts.method.is_safe() {
        body
    } else {
        match own_form(&parts, body, &house, &desk).await {
            Ok(bytes) => Body::from(bytes),
            Err(problem) => return problem.into_response(),
        }
    };
    parts.extensions.insert(desk);
    next.run(Request::from_parts(parts, body)).await
}

async fn admit(parts: &mut Parts, house: &House, needs: Needs) -> Result<Desk, Response> {
    let look = Look::of(house, &parts.uri, &parts.headers);
    let Ok(client::From(client)) = client::From::from_request_parts(parts, house).await;
    let visit = match cookies::session(&parts.headers, look.secure) {
        Some(cookie) => house.federation.admin_visit(&cookie, &client).await,
        None => Ok(None),
    };
    let visit = visit.map_err(|error| ApiError::from(error).into_response())?;
    let Some(visit) = visit else { return Err(to_sign_in(parts, &look)) };
    let allowed = visit.admin.require(needs.role).and_then(|()| match needs.reach {
        Reach::City => Ok(()),
        Reach::Whole => visit.admin.everywhere(),
    });
    allowed.map_err(|forbidden| ApiError::from(forbidden).into_response())?;
    let flash = cookies::flash(&parts.headers, look.secure);
    Ok(Desk { visit, look, flash })
}

/// The body of a form that our own page sent: no other site's page did, and it carries the session's token.
async fn own_form(parts: &Parts, body: Body, house: &House, desk: &Desk) -> Result<Bytes, ApiError> {
    check_origin(&parts.headers, house)?;
    if !is_form(&parts.headers) {
        return Err(ApiError::of(Code::UnsupportedMediaType));
    }
    let bytes = Bytes::from_request(Request::new(body), house).await;
    let bytes = bytes.map_err(|_| ApiError::of(Code::BodyTooLarge))?;
    let sent = extract::form::<FormToken>(&bytes).map(|form| form.form_token);
    // Compared as digests, so in constant time.
    let ours = sent.is_ok_and(|sent| desk.visit.form_token.digest().matches(&sent));
    if ours { Ok(bytes) } else { Err(ApiError::of(Code::FormNotOurs)) }
}

/// Refuses what a browser says another site's page sent (Fetch metadata). From browsers that don't say, their
/// `Origin` has to be ours, where there is one.
pub(super) fn check_origin(headers: &HeaderMap, house: &House) -> Result<(), ApiError> {
    let ours = match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers.get(header::ORIGIN).is_none_or(|origin| is_own_origin(origin, headers, house)),
    };
    if ours { Ok(()) } else { Err(ApiError::of(Code::FormNotOurs)) }
}

fn is_own_origin(origin: &HeaderValue, headers: &HeaderMap, house: &House) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let settings = house.federation.settings();
    let mut public = std::iter::once(&settings.public_url).chain(&settings.other_urls);
    let host = origin.split_once("://").map(|(_, host)| host);
    public.any(|url| url.origin().ascii_serialization() == origin)
        || host.is_some_and(|host| text(headers, &header::HOST) == Some(host))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = text(headers, &header::CONTENT_TYPE).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim() == "application/x-www-form-urlencoded")
}

/// Sends somebody without a session to sign in, and from there back to where they wanted to go.
fn to_sign_in(parts: &Parts, look: &Look) -> Response {
    let wanted = if parts.method == Method::GET { look.path.as_str() } else { "/admin" };
    let to = format!("/admin/sign-in?next={}", escaped(wanted));
    if look.partial {
        // A part of a page can't be put in place of the whole one by a redirect.
        let to = HeaderValue::from_str(&to).ok();
        let mut response = StatusCode::NO_CONTENT.into_response();
        response.headers_mut().extend(to.map(|to| (axum::http::HeaderName::from_static("hx-redirect"), to)));
        return response;
    }
    // A link on another site's page comes without our strict cookie; from a page of ours the browser sends it.
    let from_afar =
        parts.headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    if from_afar && parts.method == Method::GET {
        return super::trouble::onward(look);
    }
    see_other(&to)
}

impl FromRequestParts<House> for Desk {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _house: &House) -> Result<Self, ApiError> {
        let missing =
            || ApiError { cause: Some("a page without a guard".into()), ..ApiError::of(Code::Internal) };
        parts.extensions.remove::<Self>().ok_or_else(missing)
    }
}

/// A form's fields. A field that can't be read is named.
pub(super) struct Form<T>(pub(super) T);

impl<T: serde::de::DeserializeOwned> FromRequest<House> for Form<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, house: &House) -> Result<Self, ApiError> {
        if !is_form(request.headers()) {
            return Err(ApiError::of(Code::UnsupportedMediaType));
        }
        let bytes =
            Bytes::from_request(request, house).await.map_err(|_| ApiError::of(Code::BodyTooLarge))?;
        extract::form(&bytes).map(Self)
    }
}
