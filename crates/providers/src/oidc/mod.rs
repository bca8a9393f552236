//! OpenID Connect (Core 1.0, Discovery 1.0): Google, and any issuer that is set by configuration.

mod check;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod id_token;
mod identify;
mod issuer;
mod keys;
mod metadata;
pub(crate) mod settings;

use crate::callback::plain_oauth;
use crate::{
    Authorize, BoxFuture, Callback, CallbackQuery, Exchange, LoginProvider, Outside, ProviderError, Visit,
};
use downcity_core::pkce::Challenge;
use downcity_core::{ExternalIdentity, Failure, Finding, Lang, Secret, Timestamp};
use issuer::Issuer;
pub(crate) use issuer::Issuers;
use metadata::Metadata;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// How long a start, or a whole sign-in, may wait for an issuer.
const TOTAL: Duration = Duration::from_secs(8);
/// Google's other spelling of itself in ID tokens (developers.google.com, "OpenID Connect", `iss`).
const GOOGLE_TOO: &str = "accounts.google.com";

/// An application at an issuer.
pub(crate) struct Oidc {
    outside: Arc<Outside>,
    id: String,
    label: String,
    client_id: String,
    secret: Secret,
    /// What an attempt remembers: client and issuer, so that a code goes to no other issuer when the setting
    /// is changed in between (RFC 9700 §4.4).
    app_id: String,
    issuer: Arc<Issuer>,
    /// Whether this is Google, which has two names.
    is_google: bool,
    /// Whether the issuer is asked to answer by POST.
    posts: bool,
}

impl Oidc {
    /// Google's id on the wire.
    pub(crate) const GOOGLE: &str = "google";

    /// Any issuer; it is asked to answer by POST.
    pub(crate) fn new(
        outside: Arc<Outside>,
        id: String,
        label: String,
        issuer: &str,
        client: (String, Secret),
    ) -> Self {
        let issuer = outside.issuers.of(issuer);
        let (client_id, secret) = client;
        let app_id = format!("{client_id} {}", issuer.url());
        Self { outside, id, label, client_id, secret, app_id, issuer, is_google: false, posts: true }
    }

    /// Google.
    pub(crate) fn google(outside: Arc<Outside>, client: (String, Secret)) -> Self {
        let issuer = outside.google().to_owned();
        let made = Self::new(outside, Self::GOOGLE.to_owned(), "Google".to_owned(), &issuer, client);
        Self { is_google: true, ..made }.by_query()
    }

    /// The same, answering in the query of the callback's address, which is the default of OAuth. For issuers that are
    /// trusted like the other providers: a code of WeChat's that ends up in a sign-in with such an issuer is sent to it.
    pub(crate) fn by_query(self) -> Self {
        Self { posts: false, ..self }
    }

    /// The issuer can't answer by POST, and nobody said that it is trusted to answer otherwise.
    fn can_not_post(&self) -> ProviderError {
        let (url, key) = (self.issuer.url(), settings::mode_key(&self.id));
        let report = format!(
            "The issuer {url} can't be used: its metadata does not list form_post in response_modes_supported, and without \
             form_post a code of WeChat's could be led into a sign-in with it. Switch form_post on there; or, if you trust \
             this issuer as much as WeChat itself, set {key} to query (docs/oidc-login.md)."
        );
        ProviderError::new(Failure::ProviderMisconfigured, report)
    }

    /// The address of the issuer's page.
    fn address(&self, metadata: &Metadata, request: &Authorize<'_>) -> String {
        let Ok(mut url) = Url::parse(&metadata.authorization_endpoint) else {
            return self.issuer.url().to_owned();
        };
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("scope", &metadata.scope())
            .append_pair("state", request.state)
            .append_pair("nonce", &request.proofs.nonce());
        if metadata.takes_pkce() {
            query
                .append_pair("code_challenge", Challenge::of(&request.proofs.code_verifier()).as_str())
                .append_pair("code_challenge_method", "S256");
        }
        if self.posts {
            query.append_pair("response_mode", "form_post");
        }
        if let Some(lang) = request.lang {
            query.append_pair("ui_locales", lang.tag());
        }
        drop(query);
        url.into()
    }
}

impl LoginProvider for Oidc {
    fn id(&self) -> &str {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "oauth"
    }

    fn label(&self, _lang: Lang) -> &str {
        &self.label
    }

    fn app_id(&self) -> &str {
        &self.app_id
    }

    fn prepare(&self, now: Timestamp) -> BoxFuture<'_, Result<(), ProviderError>> {
        let until = Instant::now() + TOTAL;
        Box::pin(async move {
            let metadata = self.issuer.metadata(&self.outside, now, until).await?;
            if self.posts && !metadata.can_post() { Err(self.can_not_post()) } else { Ok(()) }
        })
    }

    fn authorize_url(&self, request: &Authorize<'_>) -> String {
        // Without metadata, which `prepare` gets, the issuer's own address is all there is.
        let Some(metadata) = self.issuer.last() else { return self.issuer.url().to_owned() };
        self.address(&metadata, request)
    }

    fn answers_by_post(&self) -> bool {
        self.posts
    }

    fn read_callback<'a>(&self, query: &'a CallbackQuery) -> Callback<'a> {
        // RFC 9207 §2.4, for errors too. Whether `iss` may be missing is asked before the exchange.
        match query.iss.as_deref() {
            Some(iss) if iss != self.issuer.url() => Callback::Error(Failure::AnswerRefused),
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

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc").field("id", &self.id).field("app_id", &self.app_id).finish_non_exhaustive()
    }
}
