//! In and out: signing in with an admin key, signing out, and the switches for language and light.

use super::cookies;
use super::desk::{Desk, add_cookie};
use super::guard::{Form, check_origin};
use super::look::{Look, own_path};
use super::shell::Shell;
use super::trouble::html;
use crate::browser::see_other;
use crate::client;
use crate::error::{ApiError, Code};
use crate::extract::Query;
use crate::routes::House;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use downcity_service::admin_sessions::AdminSignInError;
use downcity_service::core::Secret;
use secrecy::ExposeSecret;
use serde::Deserialize;

const HOME: &str = "/admin";

/// Where to go on to.
#[derive(Deserialize)]
pub(super) struct Next {
    next: Option<String>,
}

/// The key.
#[derive(Deserialize)]
pub(super) struct KeyForm {
    key: Secret,
    next: Option<String>,
}

/// What a switch says.
#[derive(Deserialize)]
pub(super) struct LookForm {
    lang: Option<String>,
    theme: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "workspace/sign_in.html")]
struct Page {
    shell: Shell,
    next: String,
    problem: Option<&'static str>,
}

/// `/admin/` is `/admin`.
pub(super) async fn home() -> Response {
    see_other(HOME)
}

/// The page to sign in on; admins who are signed in already are sent on.
pub(super) async fn page(
    State(house): State<House>,
    look: Look,
    client::From(client): client::From,
    headers: HeaderMap,
    Query(query): Query<Next>,
) -> Result<Response, ApiError> {
    let next = next(query.next.as_deref());
    if let Some(cookie) = cookies::session(&headers, look.secure)
        && house.federation.admin_visit(&cookie, &client).await?.is_some()
    {
        return Ok(see_other(next));
    }
    Ok(sign_in_page(&look, StatusCode::OK, next, None))
}

/// Takes a key and begins a session.
pub(super) async fn sign_in(
    State(house): State<House>,
    look: Look,
    client::From(client): client::From,
    headers: HeaderMap,
    Form(form): Form<KeyForm>,
) -> Result<Response, ApiError> {
    check_origin(&headers, &house)?;
    let next = next(form.next.as_deref());
    let before = cookies::session(&headers, look.secure);
    match house.federation.admin_sign_in(form.key.expose_secret(), &client, before.as_ref()).await {
        Ok(token) => {
            let mut response = see_other(next);
            add_cookie(response.headers_mut(), cookies::set_session(&token, look.secure));
            Ok(response)
        }
        Err(AdminSignInError::WrongKey) => {
            let told = look.t(
                "This key is not good: it is mistyped, has expired, or was revoked.",
                "密钥无效：可能输入有误、已过期或已被撤销。",
            );
            Ok(sign_in_page(&look, StatusCode::UNAUTHORIZED, next, Some(told)))
        }
        Err(AdminSignInError::TooMany(wait)) => {
            Err(ApiError { retry_after: Some(wait.0), ..ApiError::of(Code::TooManyTries) })
        }
        Err(AdminSignInError::Store(error)) => Err(error.into()),
    }
}

/// Ends the session.
pub(super) async fn sign_out(State(house): State<House>, desk: Desk) -> Result<Response, ApiError> {
    house.federation.admin_sign_out(&desk.visit).await?;
    let mut response = see_other("/admin/sign-in");
    add_cookie(response.headers_mut(), cookies::end_session(desk.look.secure));
    Ok(response)
}

/// Remembers language and light, and goes back to the page.
pub(super) async fn look(
    State(house): State<House>,
    look: Look,
    headers: HeaderMap,
    Form(form): Form<LookForm>,
) -> Result<Response, ApiError> {
    check_origin(&headers, &house)?;
    let mut response = see_other(next(form.next.as_deref()));
    let chosen = look.choose(form.lang.as_deref(), form.theme.as_deref());
    add_cookie(response.headers_mut(), cookies::set_look(&chosen, look.secure));
    Ok(response)
}

fn next(wanted: Option<&str>) -> &str {
    wanted.and_then(own_path).unwrap_or(HOME)
}

fn sign_in_page(look: &Look, status: StatusCode, next: &str, problem: Option<&'static str>) -> Response {
    let shell = Shell::bare(look, "", look.t("Sign in to the workspace", "登录工作台"));
    html(status, look.lang, &Page { shell, next: next.to_owned(), problem })
}
