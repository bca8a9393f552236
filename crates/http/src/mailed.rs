//! The pages that mailed links open.

use crate::browser::{self, OUTCOME};
use crate::client;
use crate::cookies;
use crate::error::{ApiError, Code};
use crate::extract::Query;
use crate::hallway::Told;
use crate::pages::mail::{self, For};
use crate::routes::House;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use downcity_service::core::{Lang, Secret};
use downcity_service::login::Client;
use downcity_service::mail_login::Entered;
use secrecy::ExposeSecret;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// What a mailed link carries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OpenParams {
    /// `verify`, `reset`, `change`, `sign_in` or `end_session`.
    r#for: Option<String>,
    /// The one-time token.
    token: Option<String>,
}

/// Asks the person to confirm what the mailed link is for. Opening it changes nothing.
#[utoipa::path(get, path = "/v1/accounts/email/open", operation_id = "accounts_email_open", tag = "browser",
    params(OpenParams), responses((status = 200, description = "A page for a person.", content_type = "text/html", body = String),
        (status = "4XX", content_type = "text/html", body = String)))]
pub(crate) async fn open(
    State(house): State<House>,
    client::From(client): client::From,
    query: Result<Query<OpenParams>, ApiError>,
) -> Response {
    let (lang, now) = (client.lang.unwrap_or_default(), house.federation.now());
    let params =
        query.ok().and_then(|Query(params)| Some((For::parse(params.r#for.as_deref()?)?, params.token?)));
    match params {
        Some((For::Verify, token)) => match house.federation.asked_verification(&token).await {
            Ok(asked) => mail::ask_verify(&asked, token, now, lang),
            Err(problem) => problem_page(problem.into(), lang),
        },
        Some((For::Change, token)) => match house.federation.asked_change(&token).await {
            Ok(asked) => mail::ask_change(&asked, token, now, lang),
            Err(problem) => problem_page(problem.into(), lang),
        },
        Some((For::SignIn, token)) => match house.federation.asked_sign_in(&token, &client).await {
            Ok(asked) => mail::ask_sign_in(&asked, token, now, lang),
            Err(problem) => problem_page(problem.into(), lang),
        },
        Some((For::EndSession, token)) => match house.federation.asked_ending(&token).await {
            Ok(asked) => mail::ask_ending(&asked, token, now, lang),
            Err(problem) => problem_page(problem.into(), lang),
        },
        Some((For::Reset, token)) => match house.federation.asked_reset(&token).await {
            Ok(()) => mail::ask(For::Reset, token, None, lang),
            Err(problem) => problem_page(problem.into(), lang),
        },
        None => mail::problem(&ApiError::of(Code::SpentToken), lang),
    }
}

/// The form of a verification page.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MailedConfirmForm {
    #[schema(value_type = String)]
    token: Secret,
}

/// Verifies the address. Signs nobody in: the link may have been opened on another device.
#[utoipa::path(post, path = "/v1/accounts/email/confirm", operation_id = "accounts_email_confirm", tag = "browser",
    request_body(content = MailedConfirmForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "A page for a person.", content_type = "text/html", body = String), (status = "4XX", content_type = "text/html", body = String),
        (status = "5XX", content_type = "text/html", body = String)))]
pub(crate) async fn confirm(
    State(house): State<House>,
    client::From(client): client::From,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async {
        let form: MailedConfirmForm = own_form(&headers, &body)?;
        Ok(house.federation.confirm_email(form.token.expose_secret(), &client).await?)
    };
    told(For::Verify, work.await, &client)
}

/// Moves an account to the address that the link was mailed to. Signs nobody in.
#[utoipa::path(post, path = "/v1/accounts/email/change/confirm", operation_id = "accounts_email_change_confirm", tag = "browser",
    request_body(content = MailedConfirmForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "A page for a person.", content_type = "text/html", body = String), (status = "4XX", content_type = "text/html", body = String),
        (status = "5XX", content_type = "text/html", body = String)))]
pub(crate) async fn change(
    State(house): State<House>,
    client::From(client): client::From,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async {
        let form: MailedConfirmForm = own_form(&headers, &body)?;
        Ok(house.federation.confirm_change(form.token.expose_secret(), &client).await?)
    };
    told(For::Change, work.await, &client)
}

/// Finishes a sign-in with the mailed link, in the browser that started it, or in any where it goes on to
/// a site of the product.
#[utoipa::path(post, path = "/v1/accounts/email/enter", operation_id = "accounts_email_enter", tag = "browser",
    request_body(content = MailedConfirmForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the page about the outcome"), (status = "4XX", content_type = "text/html", body = String),
        (status = "5XX", content_type = "text/html", body = String)))]
pub(crate) async fn enter(
    State(house): State<House>,
    client::From(client): client::From,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let lang = client.lang.unwrap_or_default();
    let form = match own_form::<MailedConfirmForm>(&headers, &body) {
        Ok(form) => form,
        Err(problem) => return mail::problem(&problem, lang),
    };
    match house.federation.enter_by_link(form.token.expose_secret(), &client).await {
        Ok(Entered { attempt_id, finisher, state }) => {
            let id = attempt_id.as_str();
            let mut response = browser::see_other(&format!("{OUTCOME}?attempt={id}"));
            let cookie = cookies::set_finish(&headers, id, &finisher, state.reveal(), house.secure);
            if let Some(cookie) = cookie {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(problem) => problem_page(problem.into(), lang),
    }
}

/// Ends the session that the link was mailed about. Who opens it need not be signed in.
#[utoipa::path(post, path = "/v1/accounts/email/end-session", operation_id = "accounts_email_end_session", tag = "browser",
    request_body(content = MailedConfirmForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "A page for a person.", content_type = "text/html", body = String), (status = "4XX", content_type = "text/html", body = String),
        (status = "5XX", content_type = "text/html", body = String)))]
pub(crate) async fn end_session(
    State(house): State<House>,
    client::From(client): client::From,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async {
        let form: MailedConfirmForm = own_form(&headers, &body)?;
        Ok(house.federation.end_by_link(form.token.expose_secret(), &client).await?)
    };
    told(For::EndSession, work.await, &client)
}

/// The page about what came of a button that was pressed.
fn told(what: For, outcome: Result<(), ApiError>, client: &Client) -> Response {
    let lang = client.lang.unwrap_or_default();
    match outcome {
        Ok(()) => mail::done(what, lang),
        Err(problem) => problem_page(problem, lang),
    }
}

/// The form of a page for a new password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MailedResetForm {
    #[schema(value_type = String)]
    token: Secret,
    #[schema(value_type = String)]
    password: Secret,
}

/// Sets a new password.
#[utoipa::path(post, path = "/v1/accounts/email/reset", operation_id = "accounts_email_reset", tag = "browser",
    request_body(content = MailedResetForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "A page for a person.", content_type = "text/html", body = String), (status = "4XX", content_type = "text/html", body = String),
        (status = "5XX", content_type = "text/html", body = String)))]
pub(crate) async fn reset(
    State(house): State<House>,
    client::From(client): client::From,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let lang = client.lang.unwrap_or_default();
    let form = match own_form::<MailedResetForm>(&headers, &body) {
        Ok(form) => form,
        Err(problem) => return mail::problem(&problem, lang),
    };
    let token = form.token.expose_secret();
    match house.federation.reset_password(token, &form.password, &client).await.map_err(ApiError::from) {
        Ok(()) => mail::done(For::Reset, lang),
        Err(problem) if problem.field.is_some() => {
            mail::ask(For::Reset, token.to_owned(), Some(&problem), lang)
        }
        Err(problem) => problem_page(problem, lang),
    }
}

/// Reads a form that came from our own page.
fn own_form<T: serde::de::DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, ApiError> {
    if crate::browser::cross_site(headers) {
        return Err(ApiError::of(Code::CannotConfirm));
    }
    crate::extract::form(body).map_err(|_| ApiError::of(Code::SpentToken))
}

/// Tells a problem on a page; its cause is for the log.
fn problem_page(problem: ApiError, lang: Lang) -> Response {
    let mut response = mail::problem(&problem, lang);
    response.extensions_mut().insert(Told(problem));
    response
}
