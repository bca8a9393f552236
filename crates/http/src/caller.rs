//! Who makes a call: a guest, a user, or an admin. A bearer that is not good is refused everywhere, also
//! where a guest would do.

use crate::client::text;
use crate::error::{ApiError, Code};
use crate::routes::House;
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use downcity_service::Federation;
use downcity_service::admin::Admin;
use downcity_service::core::token::PREFIX;
use downcity_service::sessions::SignedIn;

/// The identity of a request.
pub(crate) enum Caller {
    /// No bearer.
    Guest,
    /// A good `user_token`.
    User(Box<SignedIn>),
    /// A good admin key.
    Admin(Admin),
}

/// A caller that must be a user.
pub(crate) struct User(pub(crate) SignedIn);

/// A caller that must be an admin.
pub(crate) struct AdminOnly(pub(crate) Admin);

async fn identify(parts: &Parts, federation: &Federation) -> Result<Caller, ApiError> {
    if !parts.headers.contains_key(header::AUTHORIZATION) {
        return Ok(Caller::Guest);
    }
    let invalid = || ApiError::of(Code::InvalidToken);
    let mut lines = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(_), None) = (lines.next(), lines.next()) else { return Err(invalid()) };
    let value = text(&parts.headers, &header::AUTHORIZATION).ok_or_else(invalid)?;
    let (scheme, token) = value.split_once(' ').ok_or_else(invalid)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(invalid());
    }
    if token.starts_with(PREFIX) {
        return Ok(Caller::User(Box::new(federation.authenticate(token).await?)));
    }
    federation.admin(token).map(Caller::Admin).ok_or_else(invalid)
}

impl FromRequestParts<House> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, ApiError> {
        identify(parts, &house.federation).await
    }
}

impl Caller {
    /// A user may name only their own city.
    pub(crate) fn check_city(&self, city_id: Option<&str>) -> Result<(), ApiError> {
        match (self, city_id) {
            (Self::User(user), Some(city_id)) if user.claims.city_id.as_str() != city_id => {
                Err(ApiError::of(Code::CityMismatch))
            }
            _ => Ok(()),
        }
    }
}

impl FromRequestParts<House> for User {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, ApiError> {
        match identify(parts, &house.federation).await? {
            Caller::User(user) => Ok(Self(*user)),
            Caller::Guest => Err(ApiError::of(Code::AuthenticationRequired)),
            Caller::Admin(_) => Err(ApiError::of(Code::UserOnly)),
        }
    }
}

impl FromRequestParts<House> for AdminOnly {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, ApiError> {
        match identify(parts, &house.federation).await? {
            Caller::Admin(admin) => Ok(Self(admin)),
            Caller::Guest => Err(ApiError::of(Code::AuthenticationRequired)),
            Caller::User(_) => Err(ApiError::of(Code::AdminOnly)),
        }
    }
}
