//! The routes that a person's browser visits on its way back from the provider.

use crate::client;
use crate::cookies;
use crate::error::{ApiError, Code};
use crate::extract::{self, Query};
use crate::hallway::Told;
use crate::pages;
use crate::routes::House;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use downcity_service::callback::{CallbackAnswer, CallbackError, CallbackQuery};
use downcity_service::confirm::{Decision, Typed};
use downcity_service::doctor::echo::PROOF_HEADER;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) const CALLBACK: &str = "/v1/accounts/oauth/callback";
pub(crate) const OUTCOME: &str = "/v1/accounts/oauth/outcome";

/// What a provider sends back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackParams {
    /// The authorization code.
    code: Option<String>,
    /// The state of the sign-in.
    state: Option<String>,
    /// An error (RFC 6749 §4.1.2.1).
    error: Option<String>,
    /// The issuer (RFC 9207).
    iss: Option<String>,
    /// What was posted here a moment ago, sealed. It comes alone.
    posted: Option<String>,
}

impl From<CallbackParams> for CallbackQuery {
    fn from(params: CallbackParams) -> Self {
        let CallbackParams { code, state, error, iss, posted: _ } = params;
        Self { code, state, error, iss, by_post: false }
    }
}

/// What came back, and whether it was posted. What was posted comes alone: no provider can be made to add to it.
async fn answer_of(house: &House, params: CallbackParams) -> Result<CallbackQuery, CallbackError> {
    match params {
        CallbackParams { posted: None, .. } => Ok(params.into()),
        CallbackParams { posted: Some(sealed), code: None, state: None, error: None, iss: None } => {
            house.federation.open_posted(&sealed).await
        }
        _ => Err(CallbackError::UnknownState),
    }
}

/// Where a provider sends the browser. Always answers with a redirect to an address without code and state:
/// the page about the outcome, or the product's `return_to`.
#[utoipa::path(get, path = "/v1/accounts/oauth/callback", operation_id = "accounts_oauth_callback", tag = "browser",
    params(CallbackParams), responses((status = 303, description = "To the page about the outcome, or to return_to")))]
pub(crate) async fn oauth_callback(
    State(house): State<House>,
    client::From(client): client::From,
    headers: HeaderMap,
    query: Result<Query<CallbackParams>, ApiError>,
) -> Response {
    let Ok(Query(params)) = query else { return see_other(&problem_path(Code::UnknownLogin)) };
    let plain = params.state.clone();
    let (state, outcome) = match answer_of(&house, params).await {
        Ok(answer) => {
            let state = answer.state.clone().unwrap_or_default();
            (state, house.federation.login_callback(answer, &client).await)
        }
        Err(problem) => (plain.unwrap_or_default(), Err(problem)),
    };
    match outcome {
        Ok(CallbackAnswer::ToProduct(url)) => see_other(&url),
        Ok(CallbackAnswer::ToOutcome { attempt, finisher }) => {
            let id = attempt.attempt_id.as_str();
            let mut response = see_other(&format!("{OUTCOME}?attempt={id}"));
            let cookie = finisher.and_then(|f| cookies::set_finish(&headers, id, &f, &state, house.secure));
            if let Some(cookie) = cookie {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(error) => {
            let problem = ApiError::from(error);
            let mut response = see_other(&problem_path(problem.code));
            response.extensions_mut().insert(Told(problem));
            // The doctor comes this way with a state that no sign-in has, to see where the path leads.
            let proof = house.federation.echo(&state);
            if let Some(Ok(proof)) = proof.map(|proof| HeaderValue::from_str(proof.reveal())) {
                response.headers_mut().insert(PROOF_HEADER, proof);
            }
            response
        }
    }
}

/// What an issuer has the browser post (OAuth 2.0 Form Post Response Mode).
#[derive(Deserialize, ToSchema)]
pub(crate) struct PostedAnswer {
    /// The authorization code.
    code: Option<String>,
    /// The state of the sign-in.
    state: Option<String>,
    /// An error (RFC 6749 §4.1.2.1).
    error: Option<String>,
    /// The issuer (RFC 9207).
    iss: Option<String>,
}

impl From<PostedAnswer> for CallbackQuery {
    fn from(answer: PostedAnswer) -> Self {
        let PostedAnswer { code, state, error, iss } = answer;
        Self { code, state, error, iss, by_post: true }
    }
}

/// Takes the answer of an issuer that posts it, and sends the browser on to the same address by GET, with which it sends
/// its cookies. Code and state can't be read there.
#[utoipa::path(post, path = "/v1/accounts/oauth/callback", operation_id = "accounts_oauth_callback_posted", tag = "browser",
    request_body(content = PostedAnswer, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the same address by GET, with what was posted sealed in `posted`")))]
pub(crate) async fn oauth_callback_posted(State(house): State<House>, body: Bytes) -> Response {
    let answer = extract::form::<PostedAnswer>(&body).ok();
    match answer.and_then(|answer| house.federation.seal_posted(answer.into())) {
        Some(sealed) => see_other(&format!("{CALLBACK}?posted={sealed}")),
        None => see_other(&problem_path(Code::UnknownLogin)),
    }
}

/// What the outcome page is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OutcomeParams {
    /// The attempt; shown only to the browser that finished it.
    attempt: Option<String>,
    /// A problem to explain, for callbacks that belong to no attempt.
    problem: Option<String>,
}

/// The page about the outcome: what happened and what to do next. Looking changes nothing.
#[utoipa::path(get, path = "/v1/accounts/oauth/outcome", operation_id = "accounts_oauth_outcome", tag = "browser",
    params(OutcomeParams), responses((status = 200, description = "A page for a person.", content_type = "text/html", body = String),
        (status = "4XX", content_type = "text/html", body = String), (status = "5XX", content_type = "text/html", body = String)))]
pub(crate) async fn oauth_outcome(
    State(house): State<House>,
    headers: HeaderMap,
    Query(params): Query<OutcomeParams>,
) -> Response {
    let lang = client::accepted(&headers);
    let Some(attempt) = params.attempt else {
        return pages::problem(params.problem.as_deref(), lang.unwrap_or_default());
    };
    let finish = cookies::finish(&headers, &attempt, house.secure);
    let (finisher, state) = finish.map_or((None, None), |finish| (Some(finish.finisher), Some(finish.state)));
    match house.federation.login_outcome(&attempt, finisher.as_ref(), state.as_deref()).await {
        Ok(Some(outcome)) => pages::outcome(&outcome, lang, house.federation.now()),
        Ok(None) => pages::elsewhere(lang.unwrap_or_default()),
        Err(error) => {
            let mut response = pages::problem(Some(Code::Unavailable.as_str()), lang.unwrap_or_default());
            response.extensions_mut().insert(Told(ApiError::from(error)));
            response
        }
    }
}

/// The person's answer on the confirmation page.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ConfirmForm {
    /// The attempt.
    attempt: String,
    /// What the form carries against forged requests.
    form_token: String,
    /// `allow` or `deny`.
    decision: Answer,
    /// The code that the person typed, where one is asked for.
    #[serde(default)]
    user_code: String,
}

/// Yes or no.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    Allow,
    Deny,
}

/// Takes the person's answer and shows the outcome. Only the browser that finished can answer, once.
#[utoipa::path(post, path = "/v1/accounts/oauth/confirm", operation_id = "accounts_oauth_confirm", tag = "browser",
    request_body(content = ConfirmForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the page about the outcome")))]
pub(crate) async fn oauth_confirm(
    State(house): State<House>,
    client::From(client): client::From,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let refused = || see_other(&problem_path(Code::CannotConfirm));
    if cross_site(&headers) {
        return refused();
    }
    let Ok(form) = serde_urlencoded::from_bytes::<ConfirmForm>(&body) else { return refused() };
    let finisher = cookies::finish(&headers, &form.attempt, house.secure).map(|finish| finish.finisher);
    let decision = match form.decision {
        Answer::Allow => Decision::Allow,
        Answer::Deny => Decision::Deny,
    };
    let typed = Typed { code: form.user_code, network: client.network };
    let (attempt, token) = (form.attempt.as_str(), form.form_token.as_str());
    match house.federation.login_confirm(attempt, finisher.as_ref(), token, decision, &typed).await {
        Ok(()) => see_other(&format!("{OUTCOME}?attempt={}", form.attempt)),
        Err(error) => {
            let problem = ApiError::from(error);
            let mut answer = see_other(&problem_path(problem.code));
            answer.extensions_mut().insert(Told(problem));
            answer
        }
    }
}

/// Whether a browser says that another site's page sent this (Fetch metadata).
pub(crate) fn cross_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

fn problem_path(code: Code) -> String {
    format!("{OUTCOME}?problem={}", code.as_str())
}

pub(crate) fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => ApiError::of(Code::Internal).into_response(),
    }
}
