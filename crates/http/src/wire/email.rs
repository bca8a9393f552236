//! Wire words of signing in by e-mail.

use downcity_service::core::Secret;
use downcity_service::core::email::Address;
use downcity_service::register::Register;
use downcity_service::result::Handed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Registers with an address and a password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RegisterRequest {
    #[schema(example = "lilei@example.com")]
    email: String,
    /// 8 to 256 characters, not one of the common ones.
    #[schema(value_type = String, write_only)]
    password: Secret,
    /// What they want to be called.
    name: Option<String>,
    /// The city; `city_downcity` when absent.
    city_id: Option<String>,
}

impl RegisterRequest {
    pub(crate) fn city_id(&self) -> Option<&str> {
        self.city_id.as_deref()
    }
}

impl From<RegisterRequest> for Register {
    fn from(wire: RegisterRequest) -> Self {
        Self { email: wire.email, password: wire.password, name: wire.name, city_id: wire.city_id }
    }
}

/// A mailed token.
#[derive(Deserialize, ToSchema)]
pub(crate) struct VerifyEmailRequest {
    /// The token from the mail.
    #[schema(value_type = String, write_only)]
    pub(crate) token: Secret,
    /// The city; the one registered in when absent.
    pub(crate) city_id: Option<String>,
    /// `true` asks for a refresh token: the user_token is then short-lived, and `token/refresh` gives the next.
    pub(crate) refresh: Option<bool>,
}

/// Signs in with an address and a password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LoginRequest {
    #[schema(example = "lilei@example.com")]
    pub(crate) email: String,
    #[schema(value_type = String, write_only)]
    pub(crate) password: Secret,
    /// The city; `city_downcity` when absent.
    pub(crate) city_id: Option<String>,
    /// `true` asks for a refresh token: the user_token is then short-lived, and `token/refresh` gives the next.
    pub(crate) refresh: Option<bool>,
}

/// Signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginAnswer {
    /// The bearer token of the user.
    user_token: String,
    user_id: String,
    /// The address they signed in with.
    email: String,
    city_id: String,
    /// When the token ends (RFC 3339).
    #[schema(format = "date-time")]
    expires_at: String,
    /// What the next token is asked for with, once; only where `refresh` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// When the refresh token ends if it is not used (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    refresh_expires_at: Option<String>,
}

impl LoginAnswer {
    pub(crate) fn of(handed: Handed, address: &Address) -> Self {
        Self {
            user_id: handed.session.user_id.to_string(),
            email: address.as_str().to_owned(),
            city_id: handed.session.city_id.to_string(),
            expires_at: super::rfc3339(handed.expires_at),
            refresh_expires_at: handed.refresh_expires_at().map(super::rfc3339),
            refresh_token: handed.refresh.map(|refresh| refresh.reveal().to_owned()),
            user_token: handed.user_token,
        }
    }
}

/// Asks for a link to set a new password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordForgotRequest {
    pub(crate) email: String,
    /// The city whose name the mail carries; `city_downcity` when absent.
    pub(crate) city_id: Option<String>,
}

/// Sets a new password with a mailed token.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordResetRequest {
    /// The token from the mail.
    #[schema(value_type = String, write_only)]
    pub(crate) token: Secret,
    /// The new password.
    #[schema(value_type = String, write_only)]
    pub(crate) password: Secret,
    /// The city of the bearer, if there is one and it is named.
    pub(crate) city_id: Option<String>,
}

/// Moves the account to another address.
#[derive(Deserialize, ToSchema)]
pub(crate) struct EmailChangeRequest {
    /// The new address. A mail with a link goes there.
    #[schema(example = "lilei@example.com")]
    pub(crate) email: String,
    /// The city of the token, if named.
    pub(crate) city_id: Option<String>,
}

/// Changes the password of a signed-in user.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordChangeRequest {
    #[schema(value_type = String, write_only)]
    pub(crate) current_password: Secret,
    #[schema(value_type = String, write_only)]
    pub(crate) password: Secret,
    /// The city of the token, if named.
    pub(crate) city_id: Option<String>,
}
