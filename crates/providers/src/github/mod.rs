//! GitHub, by an OAuth App (docs.github.com, "Authorizing OAuth apps"). Plain OAuth 2.0 with PKCE: no ID
//! token, so the person is asked for with the access token, which is then forgotten.

mod check;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod identify;
pub(crate) mod settings;

use crate::callback::plain_oauth;
use crate::{
    Authorize, BoxFuture, Callback, CallbackQuery, Exchange, LoginProvider, Outside, ProviderError, Visit,
};
use downcity_core::pkce::Challenge;
use downcity_core::{ExternalIdentity, Failure, Finding, Lang, Secret};
use std::fmt;
use std::sync::Arc;
use url::form_urlencoded::Serializer;

/// What GitHub may call itself in `iss` (RFC 9207): the issuer of its metadata, and its address.
const ISSUERS: [&str; 2] = ["https://github.com/login/oauth", "https://github.com"];

/// An OAuth App at GitHub.
pub(crate) struct GitHub {
    outside: Arc<Outside>,
    client_id: String,
    secret: Secret,
}

impl GitHub {
    /// The id on the wire.
    pub(crate) const ID: &str = "github";

    pub(crate) fn new(outside: Arc<Outside>, client_id: String, secret: Secret) -> Self {
        Self { outside, client_id, secret }
    }
}

impl LoginProvider for GitHub {
    fn id(&self) -> &str {
        Self::ID
    }

    fn kind(&self) -> &'static str {
        "oauth"
    }

    fn label(&self, _lang: Lang) -> &str {
        "GitHub"
    }

    fn app_id(&self) -> &str {
        &self.client_id
    }

    fn authorize_url(&self, request: &Authorize<'_>) -> String {
        let query = Serializer::new(String::new())
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("scope", "read:user user:email")
            .append_pair("state", request.state)
            .append_pair("code_challenge", Challenge::of(&request.proofs.code_verifier()).as_str())
            .append_pair("code_challenge_method", "S256")
            .finish();
        format!("{}/login/oauth/authorize?{query}", self.outside.github())
    }

    fn read_callback<'a>(&self, query: &'a CallbackQuery) -> Callback<'a> {
        match query.iss.as_deref() {
            Some(iss) if !ISSUERS.contains(&iss) => Callback::Error(Failure::AnswerRefused),
            _ => plain_oauth(query),
        }
    }

    fn identify<'a>(
        &'a self,
        exchange: &'a Exchange<'a>,
    ) -> BoxFuture<'a, Result<ExternalIdentity, ProviderError>> {
        Box::pin(identify::identify(self, exchange))
    }

    fn check<'a>(&'a self, visit: &'a Visit) -> BoxFuture<'a, Vec<Finding>> {
        Box::pin(check::check(self, visit))
    }
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
