//! accounts: signing in by e-mail. No answer tells whether an address has an account.

use crate::caller::{Caller, User};
use crate::client;
use crate::error::{ApiError, Code};
use crate::extract::Body;
use crate::json::Json;
use crate::own::check_city;
use crate::routes::House;
use crate::wire::Success;
use crate::wire::email::{
    EmailChangeRequest, LoginAnswer, LoginRequest, PasswordChangeRequest, PasswordForgotRequest,
    PasswordResetRequest, RegisterRequest, VerifyEmailRequest,
};
use axum::extract::State;
use downcity_service::email::EmailError;
use downcity_service::email_change::ChangeError;
use downcity_service::register::Register;
use secrecy::ExposeSecret;

impl From<EmailError> for ApiError {
    fn from(error: EmailError) -> Self {
        match error {
            EmailError::SwitchedOff => Self::of(Code::ProviderDisabled),
            EmailError::NotConfigured => Self::of(Code::ProviderNotConfigured),
            EmailError::UnknownCity => Self::of(Code::UnknownCity),
            EmailError::CityPaused => Self::of(Code::CityPaused),
            EmailError::BadField { field, why } => Self::field(field, why),
            EmailError::WrongCredentials => Self::of(Code::WrongCredentials),
            EmailError::SpentToken => Self::of(Code::SpentToken),
            EmailError::UserDisabled => Self::of(Code::UserDisabled),
            EmailError::TooMany(wait) => Self { retry_after: Some(wait.0), ..Self::of(Code::TooManyTries) },
            EmailError::Internal(error) => error.into(),
        }
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Standing(error) => error.into(),
            ChangeError::Email(error) => error.into(),
        }
    }
}

/// Registers with an address and a password: a mail with a link follows. The answer is the same whether the
/// address has an account or not.
#[utoipa::path(post, path = "/v1/accounts/register", operation_id = "accounts_register", tag = "accounts",
    request_body = RegisterRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn register(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<RegisterRequest>,
) -> Result<Json<Success>, ApiError> {
    caller.check_city(request.city_id())?;
    house.federation.register(&Register::from(request), &client).await?;
    Ok(Json(Success::YES))
}

/// Verifies an address with the mailed token, makes the account, and signs it in.
#[utoipa::path(post, path = "/v1/accounts/verify-email", operation_id = "accounts_verify_email", tag = "accounts",
    request_body = VerifyEmailRequest,
    responses((status = 200, body = LoginAnswer)))]
pub(crate) async fn verify_email(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<VerifyEmailRequest>,
) -> Result<Json<LoginAnswer>, ApiError> {
    let city_id = request.city_id.as_deref();
    caller.check_city(city_id)?;
    let (handed, address) = house
        .federation
        .verify_email(request.token.expose_secret(), (city_id, request.refresh.unwrap_or(false)), &client)
        .await?;
    Ok(Json(LoginAnswer::of(handed, &address)))
}

/// Signs in with address and password. Wrong password and unknown address are told apart by nobody.
#[utoipa::path(post, path = "/v1/accounts/login", operation_id = "accounts_login", tag = "accounts",
    request_body = LoginRequest,
    responses((status = 200, body = LoginAnswer)))]
pub(crate) async fn login(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<LoginRequest>,
) -> Result<Json<LoginAnswer>, ApiError> {
    let LoginRequest { email, password, city_id, refresh } = request;
    caller.check_city(city_id.as_deref())?;
    let into = (city_id.as_deref(), refresh.unwrap_or(false));
    let done = house.federation.login_with_password(&email, &password, into, &client).await?;
    Ok(Json(LoginAnswer::of(done.0, &done.1)))
}

/// Mails a link for a new password. The answer is the same whether the address has an account or not.
#[utoipa::path(post, path = "/v1/accounts/password/forgot", operation_id = "accounts_password_forgot", tag = "accounts",
    request_body = PasswordForgotRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn forgot(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<PasswordForgotRequest>,
) -> Result<Json<Success>, ApiError> {
    caller.check_city(request.city_id.as_deref())?;
    house.federation.forgot_password(&request.email, request.city_id.as_deref(), &client).await?;
    Ok(Json(Success::YES))
}

/// Sets a new password with the mailed token. Every session ends; nobody is signed in by it.
#[utoipa::path(post, path = "/v1/accounts/password/reset", operation_id = "accounts_password_reset", tag = "accounts",
    request_body = PasswordResetRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn reset(
    caller: Caller,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<PasswordResetRequest>,
) -> Result<Json<Success>, ApiError> {
    caller.check_city(request.city_id.as_deref())?;
    house.federation.reset_password(request.token.expose_secret(), &request.password, &client).await?;
    Ok(Json(Success::YES))
}

/// Changes the password of a signed-in user who knows the old one. Their other sessions end.
#[utoipa::path(post, path = "/v1/accounts/password/change", operation_id = "accounts_password_change", tag = "accounts",
    security(("user_token" = [])), request_body = PasswordChangeRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn change(
    User(who): User,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<PasswordChangeRequest>,
) -> Result<Json<Success>, ApiError> {
    check_city(&who, request.city_id.as_deref())?;
    house.federation.change_password(&who, &request.current_password, &request.password, &client).await?;
    Ok(Json(Success::YES))
}

/// Mails a link to a new address of a user who signed in a moment ago; the account moves there when it is
/// confirmed. The answer is the same when somebody else has that address.
#[utoipa::path(post, path = "/v1/accounts/email/change", operation_id = "accounts_email_change", tag = "accounts",
    security(("user_token" = [])), request_body = EmailChangeRequest,
    responses((status = 200, body = Success)))]
pub(crate) async fn change_address(
    User(who): User,
    State(house): State<House>,
    client::From(client): client::From,
    Body(request): Body<EmailChangeRequest>,
) -> Result<Json<Success>, ApiError> {
    crate::own::check_city(&who, request.city_id.as_deref())?;
    house.federation.change_email(&who, &request.email, &client).await?;
    Ok(Json(Success::YES))
}
