//! What every way to sign in through somebody else has in common.

use crate::{Callback, CallbackQuery, ProviderError, Visit};
use downcity_core::{ExternalIdentity, Finding, Lang, Timestamp};
use std::future::Future;
use std::pin::Pin;

/// A future that can be handed out by a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a start of a sign-in wants to see in the provider's address.
#[derive(Clone, Copy)]
pub struct Authorize<'a> {
    /// The one-time value that comes back with the callback. Short and URL-safe: WeChat writes it into a
    /// page without encoding it again.
    pub state: &'a str,
    /// Where the provider sends the browser afterwards: an absolute URL, not yet encoded.
    pub redirect_uri: &'a str,
    /// The language of the provider's page; `None` leaves it to the provider.
    pub lang: Option<Lang>,
    /// `Some(false)` asks for the QR code even where the desktop client offers a fast sign-in. Anything else
    /// leaves the provider's default, unless the operator turned fast sign-in off for everybody.
    pub fast_login: Option<bool>,
    /// What binds the answer to this start.
    pub proofs: &'a dyn Proofs,
}

/// What binds a provider's answer to the start of a sign-in, where the provider knows such; made when it is asked for, the
/// same each time. WeChat knows none of it.
pub trait Proofs: Send + Sync {
    /// The PKCE verifier (RFC 7636 §4.1): 43 characters or more. Never leaves the server but to the provider's token
    /// endpoint; its challenge goes into the address of the page.
    fn code_verifier(&self) -> String;

    /// What an ID token has to bring back (OpenID Connect Core §3.1.2.1).
    fn nonce(&self) -> String;
}

/// What a finished sign-in is exchanged with.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    /// The authorization code.
    pub code: &'a str,
    /// The callback address that the sign-in was started with.
    pub redirect_uri: &'a str,
    /// Those of its start.
    pub proofs: &'a dyn Proofs,
    /// The issuer that the callback named (RFC 9207).
    pub iss: Option<&'a str>,
    /// The time, for what runs out.
    pub now: Timestamp,
}

/// One way to sign in through somebody else's accounts.
pub trait LoginProvider: Send + Sync {
    /// The stable id on the wire, for example `wechat`.
    fn id(&self) -> &str;

    /// The kind on the wire: `oauth`.
    fn kind(&self) -> &'static str;

    /// The name for people.
    fn label(&self, lang: Lang) -> &str;

    /// The public id of our application at the provider. An attempt remembers it: when it has changed by the
    /// time of the callback, the code belongs to another application.
    fn app_id(&self) -> &str;

    /// Gets what [`LoginProvider::authorize_url`] needs: called before each start, so that a provider that
    /// can't be used is noticed before anybody is sent there. Answers at once where nothing is needed or
    /// known already; takes at most 8 seconds.
    ///
    /// # Errors
    /// A [`ProviderError`] with what the operator is told.
    fn prepare(&self, _now: Timestamp) -> BoxFuture<'_, Result<(), ProviderError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// The address of the provider's page where the person signs in. Pure: nothing is sent or stored.
    /// Call [`LoginProvider::prepare`] first.
    fn authorize_url(&self, request: &Authorize<'_>) -> String;

    /// Whether its answers are asked for by POST (OAuth 2.0 Form Post Response Mode). The caller then takes a code from
    /// a POST alone, and from all others nothing that was posted: a code that a provider without PKCE, `nonce` and `iss`
    /// can only send by GET is then never taken for this one's.
    fn answers_by_post(&self) -> bool {
        false
    }

    /// Reads what the provider sent back with the browser. `state`, and how it came, are the caller's matter.
    fn read_callback<'a>(&self, query: &'a CallbackQuery) -> Callback<'a>;

    /// Exchanges the code, exactly once and never again, and asks who signed in. Takes at most 8 seconds.
    ///
    /// # Errors
    /// A [`ProviderError`] with what the person is told and what the operator is told.
    fn identify<'a>(
        &'a self,
        exchange: &'a Exchange<'a>,
    ) -> BoxFuture<'a, Result<ExternalIdentity, ProviderError>>;

    /// Looks whether sign-ins can work: asks what a sign-in asks, with made-up values, and signs nobody in. The
    /// findings hold no secret. Takes at most some 20 seconds.
    fn check<'a>(&'a self, visit: &'a Visit) -> BoxFuture<'a, Vec<Finding>>;
}
