//! Who makes a call: a guest, a user, or an admin. A bearer that is not good is refused everywhere, also
//! where a guest would do.

use crate::client::{Peer, sender, text};
use crate::error::{ApiError, Code};
use crate::routes::House;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, header};
use downcity_service::admin::{Admin, Forbidden};
use downcity_service::core::Role;
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

/// A caller that must be an admin of the whole Federation: to look, of any role; to change something, an operator.
pub(crate) struct AdminOnly(pub(crate) Admin);

/// The same, and an owner: for what keys depend on.
pub(crate) struct OwnerOnly(pub(crate) Admin);

/// A caller that must be an admin, with a key for the whole Federation or for one city. Who it is only comes out
/// together with the city that the call is about.
pub(crate) struct CityAdmin(Admin);

/// An admin of any role who only looks, although the call is a POST: what is asked about must not stand in a URL.
pub(crate) struct Reader(Admin);

impl Reader {
    /// Whether what was asked about is anything that the key may see.
    pub(crate) fn sees(&self, city_id: &str) -> bool {
        self.0.within(city_id).is_ok()
    }
}

impl CityAdmin {
    /// For a call about one city.
    pub(crate) fn within(self, city_id: &str) -> Result<Admin, ApiError> {
        self.0.within(city_id)?;
        Ok(self.0)
    }

    /// For a call about one city or, where none is named, about all.
    pub(crate) fn reaching(self, city_id: Option<&str>) -> Result<Admin, ApiError> {
        match city_id {
            Some(city_id) => self.0.within(city_id)?,
            None => self.0.everywhere()?,
        }
        Ok(self.0)
    }

    /// For a list that may be limited to a city, and is for the key of one.
    pub(crate) fn narrowed(self, asked: Option<String>) -> Result<Option<String>, ApiError> {
        Ok(self.0.narrowed(asked)?)
    }
}

impl From<Forbidden> for ApiError {
    fn from(error: Forbidden) -> Self {
        Self::of(match error {
            Forbidden::Role(Role::Owner) => Code::OwnerOnly,
            Forbidden::Role(_) => Code::RoleTooWeak,
            Forbidden::OtherCity => Code::CityKey,
        })
    }
}

async fn identify(parts: &Parts, house: &House) -> Result<Caller, ApiError> {
    let federation = &house.federation;
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
    let peer = parts.extensions.get::<Peer>().copied();
    let (network, _) = sender(peer, &parts.headers, &house.trusted_proxies);
    federation.admin(token, network).await.map(Caller::Admin).ok_or_else(invalid)
}

impl FromRequestParts<House> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, ApiError> {
        identify(parts, house).await
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
        match identify(parts, house).await? {
            Caller::User(user) => Ok(Self(*user)),
            Caller::Guest => Err(ApiError::of(Code::AuthenticationRequired)),
            Caller::Admin(_) => Err(ApiError::of(Code::UserOnly)),
        }
    }
}

async fn any_admin(parts: &Parts, house: &House) -> Result<Admin, ApiError> {
    match identify(parts, house).await? {
        Caller::Admin(admin) => Ok(admin),
        Caller::Guest => Err(ApiError::of(Code::AuthenticationRequired)),
        Caller::User(_) => Err(ApiError::of(Code::AdminOnly)),
    }
}

/// An admin whose role allows the call's method: to look, any; to change something, an operator's.
async fn admin(parts: &Parts, house: &House) -> Result<Admin, ApiError> {
    let admin = any_admin(parts, house).await?;
    admin.require(if parts.method == Method::GET { Role::Viewer } else { Role::Operator })?;
    Ok(admin)
}

impl FromRequestParts<House> for AdminOnly {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, ApiError> {
        let admin = admin(parts, house).await?;
        admin.everywhere()?;
        Ok(Self(admin))
    }
}

impl FromRequestParts<House> for OwnerOnly {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, ApiError> {
        let AdminOnly(admin) = AdminOnly::from_request_parts(parts, house).await?;
        admin.require(Role::Owner)?;
        Ok(Self(admin))
    }
}

impl FromRequestParts<House> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, ApiError> {
        any_admin(parts, house).await.map(Self)
    }
}

impl FromRequestParts<House> for CityAdmin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, ApiError> {
        admin(parts, house).await.map(Self)
    }
}
