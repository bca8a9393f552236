//! accounts: signing in by mailed code or link, and signing in step by step with any provider.

use crate::caller::Caller;
use crate::client;
use crate::cookies;
use crate::error::{ApiError, Code};
use crate::extract::{Body, Query};
use crate::json::Json;
use crate::routes::House;
use crate::wire::accounts::OauthResult;
use crate::wire::email::LoginAnswer;
use crate::wire::steps::{
    EmailFinishRequest, EmailStartAnswer, EmailStartRequest, LocalLoginRequest, LoginContinueRequest,
    LoginResultQuery, LoginStartRequest, LoginStep,
};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use downcity_service::core::{Failure, OpaqueToken};
use downcity_service::login_steps::{Step, StepError, Typed};
use downcity_service::result::Ask;
use secrecy::ExposeSecret;

impl From<StepError> for ApiError {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Start(error) => error.into(),
            StepError::Email(error) => error.into(),
            StepError::Result(error) => error.into(),
            StepError::WrongCode => Self::of(Code::MailedCodeWrong),
            StepError::LocalOnly => Self::of(Code::LocalOnly),
            StepError::OtherBrowser => Self::of(Code::OtherBrowser),
            StepError::OtherAddress => {
                Self::field("email", "is not the one that this sign-in mailed to before: start again")
            }
            StepError::Failed(Failure::UserDisabled) => Self::of(Code::UserDisabled),
            StepError::Failed(Failure::CityUnavailable) => Self::of(Code::CityPaused),
            StepError::Failed(_) => Self::of(Code::LoginExpired),
        }
    }
}

/// Mails a code and a link to sign in with. Answer and time are the same for every address; a new one becomes an
/// account when its owner signs in.
#[utoipa::path(post, path = "/v1/accounts/email/start", operation_id = "accounts_email_start", tag = "accounts",
    request_body = EmailStartRequest,
    responses((status = 200, body = EmailStartAnswer)))]
pub(crate) async fn email_start(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<EmailStartRequest>,
) -> Result<Response, ApiError> {
    caller.check_city(request.city_id.as_deref())?;
    let (email, start) = request.split();
    match house.federation.start_steps(&start, Some(&email), &client).await? {
        Step::Ask(asked) => {
            let browser = asked.browser.clone();
            Ok(with_cookie(Json(EmailStartAnswer::from(asked)), browser.as_ref(), house.secure))
        }
        Step::Redirect(_) | Step::Done(_) => Err(ApiError::of(Code::Internal)),
    }
}

/// Signs in with the mailed code, typed where the sign-in was started. Five wrong codes end the tries.
#[utoipa::path(post, path = "/v1/accounts/email/finish", operation_id = "accounts_email_finish", tag = "accounts",
    request_body = EmailFinishRequest,
    responses((status = 200, body = LoginAnswer)))]
pub(crate) async fn email_finish(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<EmailFinishRequest>,
) -> Result<Json<LoginAnswer>, ApiError> {
    let EmailFinishRequest { login_id, code, code_verifier, city_id } = request;
    caller.check_city(city_id.as_deref())?;
    let login_id = login_id.expose_secret();
    let verifier = code_verifier.as_deref();
    let (handed, address) = house.federation.finish_with_code(login_id, &code, verifier, &client).await?;
    Ok(Json(LoginAnswer::of(handed, &address)))
}

/// Starts a sign-in in steps: sends the browser to the provider, or says what to ask the person for.
#[utoipa::path(post, path = "/v1/accounts/login/start", operation_id = "accounts_login_start", tag = "accounts",
    request_body = LoginStartRequest,
    responses((status = 200, body = LoginStep)))]
pub(crate) async fn login_start(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<LoginStartRequest>,
) -> Result<Response, ApiError> {
    caller.check_city(request.city_id.as_deref())?;
    let (email, start) = request.split();
    let step = house.federation.start_steps(&start, email.as_deref(), &client).await?;
    let browser = match &step {
        Step::Redirect(started) => Some(started.browser.clone()),
        Step::Ask(asked) => asked.browser.clone(),
        Step::Done(_) => None,
    };
    let answer = Json(LoginStep::of(step, client.lang.unwrap_or_default()));
    Ok(with_cookie(answer, browser.as_ref(), house.secure))
}

/// Takes the next step with what the person typed.
#[utoipa::path(post, path = "/v1/accounts/login/continue", operation_id = "accounts_login_continue", tag = "accounts",
    request_body = LoginContinueRequest,
    responses((status = 200, body = LoginStep)))]
pub(crate) async fn login_continue(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<LoginContinueRequest>,
) -> Result<Json<LoginStep>, ApiError> {
    let LoginContinueRequest { login_id, input, code_verifier, city_id } = request;
    caller.check_city(city_id.as_deref())?;
    let (login_id, typed) = (login_id.expose_secret(), Typed::from(input));
    let step = house.federation.continue_steps(login_id, &typed, code_verifier.as_deref(), &client).await?;
    Ok(Json(LoginStep::of(step, client.lang.unwrap_or_default())))
}

/// The outcome of a sign-in in steps, as `oauth/result` tells it.
#[utoipa::path(get, path = "/v1/accounts/login/result", operation_id = "accounts_login_result", tag = "accounts",
    params(LoginResultQuery),
    responses((status = 200, body = OauthResult)))]
pub(crate) async fn login_result(
    _caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Query(query): Query<LoginResultQuery>,
) -> Result<Json<OauthResult>, ApiError> {
    let told = house.federation.login_result(&Ask::from(query), &client).await?;
    Ok(Json(OauthResult::of(told, client.lang)))
}

/// Signs in the local person of that name, without a provider. For development: only with
/// `fed serve --allow-local-login`, and only from the same machine.
#[utoipa::path(post, path = "/v1/accounts/local/login", operation_id = "accounts_local_login", tag = "accounts",
    request_body = LocalLoginRequest,
    responses((status = 200, body = LoginStep)))]
pub(crate) async fn local_login(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<LocalLoginRequest>,
) -> Result<Json<LoginStep>, ApiError> {
    caller.check_city(request.city_id.as_deref())?;
    let handed = house.federation.local_login(&request.name, request.city_id, &client).await?;
    Ok(Json(LoginStep::of(Step::Done(handed), client.lang.unwrap_or_default())))
}

/// An answer with the cookie that knows this browser again.
fn with_cookie(answer: impl IntoResponse, browser: Option<&OpaqueToken>, secure: bool) -> Response {
    let mut response = answer.into_response();
    if let Some(cookie) = browser.and_then(|browser| cookies::set_login(browser, secure)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
