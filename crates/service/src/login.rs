//! Story: a product starts a sign-in.

use crate::directory::Directory;
use crate::federation::Federation;
use crate::limits::TooMany;
use crate::login_steps::is_ours;
use crate::vault::Vault;
use downcity_core::attempt::{LIFETIME, Link, Starter};
use downcity_core::id::DEFAULT_CITY;
use downcity_core::network::Network;
use downcity_core::pkce::Challenge;
use downcity_core::redirect::{RedirectError, Target};
use downcity_core::{
    Attempt, AttemptId, City, CityId, ConfirmPolicy, Lang, OpaqueToken, Stage, Timestamp, user_code,
};
use downcity_providers::{Authorize, LoginProvider, Proofs};
use downcity_store::StoreError;
use std::sync::Arc;
use tracing::{Instrument, info_span};

/// How often a client without long poll should ask, in seconds.
pub const INTERVAL_SECONDS: u32 = 2;

/// Who sends a request, as far as it can be known. All of it comes from outside.
#[derive(Debug, Clone)]
pub struct Client {
    /// The address it came from.
    pub network: Network,
    /// Its `User-Agent`, at most 256 characters.
    pub agent: String,
    /// The login cookie it sent.
    pub browser: Option<OpaqueToken>,
    /// The `Host` it named.
    pub host: Option<String>,
    /// The origin of the page that made the request, if a browser says so.
    pub origin: Option<String>,
    /// The language it prefers.
    pub lang: Option<Lang>,
    /// Whether it says that a proxy passed it on, trusted or not.
    pub passed_on: bool,
}

/// What a product asks for.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The provider's id.
    pub provider: String,
    /// The city; the default one when absent.
    pub city_id: Option<String>,
    /// Where to send the browser afterwards.
    pub return_to: Option<String>,
    /// PKCE challenge (RFC 7636 §4.3).
    pub code_challenge: Option<String>,
    /// `S256`, or absent.
    pub code_challenge_method: Option<String>,
    /// Language for the provider's page and ours.
    pub lang: Option<String>,
    /// `false` turns WeChat's desktop fast login off.
    pub fast_login: Option<bool>,
    /// Whether the session shall go on by refresh tokens.
    pub refresh: bool,
}

/// A started sign-in.
#[derive(Debug, Clone)]
pub struct Started {
    /// Where to send the person.
    pub url: String,
    /// What the product waits on.
    pub state: OpaqueToken,
    /// The provider's id.
    pub provider: String,
    /// When the attempt runs out.
    pub expires_at: Timestamp,
    /// The login cookie to set.
    pub browser: OpaqueToken,
    /// The code that the product shows and the person types on our page, as it is shown, where the city wants that.
    pub user_code: Option<String>,
}

/// An attempt that is not stored yet.
pub(crate) struct Prepared {
    pub(crate) attempt: Attempt,
    /// The login cookie to set.
    pub(crate) browser: OpaqueToken,
    /// The language that was asked for, or that the sender prefers.
    pub(crate) lang: Option<Lang>,
}

/// Why a sign-in was not started. Nothing was stored, and nobody scanned anything.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No such provider.
    #[error("unknown provider")]
    UnknownProvider,
    /// The provider exists, but its settings are not complete.
    #[error("provider {0} is not configured")]
    ProviderNotConfigured(String),
    /// It is one of our own, which has no page that a browser could be sent to.
    #[error("provider {0} has no page")]
    NoPage(String),
    /// An admin switched the provider off.
    #[error("provider {0} is switched off")]
    ProviderDisabled(String),
    /// No such city.
    #[error("unknown city")]
    UnknownCity,
    /// The city is paused.
    #[error("city is paused")]
    CityPaused,
    /// The page that asks is not one of the city's.
    #[error("origin {0} is not allowed")]
    OriginNotAllowed(String),
    /// A field has a value that can't be used.
    #[error("{field} {why}")]
    BadField {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong, to be read after the name.
        why: String,
    },
    /// Too many starts from one address.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The provider can't be used now; for the log.
    #[error("{0}")]
    ProviderUnavailable(String),
    /// The store did not answer.
    #[error(transparent)]
    Internal(#[from] StoreError),
}

fn bad(field: &'static str, why: impl Into<String>) -> StartError {
    StartError::BadField { field, why: why.into() }
}

/// Proofs that are derived, so never stored: 256 bits each that only the master key gives.
pub(crate) struct Derived<'a> {
    vault: &'a Vault,
    attempt_id: &'a AttemptId,
}

impl Proofs for Derived<'_> {
    fn code_verifier(&self) -> String {
        self.vault.derive("provider pkce", self.attempt_id.as_str()).reveal().to_owned()
    }

    fn nonce(&self) -> String {
        self.vault.derive("provider nonce", self.attempt_id.as_str()).reveal().to_owned()
    }
}

impl Federation {
    /// Starts a sign-in: checks everything that can be checked before anybody scans, stores one attempt,
    /// and builds the provider's address.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn login_start(&self, start: &Start, client: &Client) -> Result<Started, StartError> {
        self.start_attempt(start, client, None).instrument(info_span!("login_start")).await
    }

    /// Starts an attempt: a sign-in, or one that links a provider to the user that `link` names.
    pub(crate) async fn start_attempt(
        &self,
        start: &Start,
        client: &Client,
        link: Option<Link>,
    ) -> Result<Started, StartError> {
        // One picture of the settings for all of it.
        let (city, provider) = {
            let directory = self.directory();
            let city = open_city(&directory, start.city_id.as_deref())?;
            let provider = usable_provider(&directory, &city, &start.provider)?;
            (city, provider)
        };
        let app = (provider.id(), provider.app_id());
        let prepared = self.prepare_attempt(start, &city, client, app, link).await?;
        let Prepared { mut attempt, browser, lang } = prepared;
        attempt.code_tries = (city.confirm == ConfirmPolicy::Code).then_some(0);
        // Before anything is stored and anybody is sent anywhere.
        let prepared = provider.prepare(attempt.created_at).await;
        prepared.map_err(|problem| StartError::ProviderUnavailable(problem.report))?;
        let state = OpaqueToken::from_bytes(&self.random.bytes()).dated(attempt.created_at);
        self.store.insert_attempt(state.digest(), &attempt).await?;
        let proofs = self.proofs(&attempt);
        let authorize = Authorize {
            state: state.reveal(),
            redirect_uri: &attempt.redirect_uri,
            lang,
            fast_login: start.fast_login,
            proofs: &proofs,
        };
        let url = provider.authorize_url(&authorize);
        let user_code = attempt.code_tries.map(|_| user_code::shown(&self.user_code(&attempt)));
        let Attempt { provider, expires_at, .. } = attempt;
        Ok(Started { url, state, provider, expires_at, browser, user_code })
    }

    /// Checks what every start has in common and makes its attempt. Nothing is stored yet.
    pub(crate) async fn prepare_attempt(
        &self,
        start: &Start,
        city: &City,
        client: &Client,
        (provider, app_id): (&str, &str),
        link: Option<Link>,
    ) -> Result<Prepared, StartError> {
        self.check_origin(client, city)?;
        let return_to = allowed_return(start, city)?;
        let challenge = challenge(start)?;
        if return_to.as_ref().is_some_and(Target::leads_here) && challenge.is_none() {
            return Err(bad(
                "code_challenge",
                "is required when return_to leads to the person's own machine",
            ));
        }
        let lang = match &start.lang {
            Some(text) => Some(Lang::parse(text).ok_or_else(|| bad("lang", "must be `zh` or `en`"))?),
            None => None,
        };
        self.limits.count_start(client.network)?;
        self.count_city(&city.city_id).await?;

        let now = self.clock.now();
        let browser = client.browser.clone().unwrap_or_else(|| OpaqueToken::from_bytes(&self.random.bytes()));
        let redirect_uri = Self::callback_url(self.public_url_for(client.host.as_deref()));
        let attempt = Attempt {
            attempt_id: AttemptId::fresh(now, &self.random.bytes()),
            city_id: city.city_id.clone(),
            provider: provider.to_owned(),
            app_id: app_id.to_owned(),
            redirect_uri,
            return_to: return_to.map(|target| target.as_str().to_owned()),
            challenge,
            lang: lang.or(client.lang).unwrap_or_default(),
            starter: Starter {
                network: client.network,
                agent: client.agent.clone(),
                browser: Some(browser.digest()),
            },
            link,
            refreshable: start.refresh,
            code_tries: None,
            claimed_code: None,
            finisher: None,
            finished_by: None,
            stage: Stage::Waiting,
            created_at: now,
            expires_at: now.plus(LIFETIME),
        };
        Ok(Prepared { attempt, browser, lang: lang.or(client.lang) })
    }

    /// What binds the provider's answer to this attempt.
    pub(crate) fn proofs<'a>(&'a self, attempt: &'a Attempt) -> Derived<'a> {
        Derived { vault: &self.vault, attempt_id: &attempt.attempt_id }
    }

    /// A page may start sign-ins for a city only from an origin that the city allows, or from our own.
    fn check_origin(&self, client: &Client, city: &City) -> Result<(), StartError> {
        let Some(origin) = &client.origin else { return Ok(()) };
        let mut own = std::iter::once(&self.settings.public_url).chain(&self.settings.other_urls);
        let fine = city.allowed_origins.contains(origin)
            || own.any(|url| url.origin().ascii_serialization() == *origin);
        if fine { Ok(()) } else { Err(StartError::OriginNotAllowed(clean(origin))) }
    }
}

/// The active city of that id, or the default one.
pub(crate) fn open_city(directory: &Directory, id: Option<&str>) -> Result<Arc<City>, StartError> {
    let id = CityId::parse(id.unwrap_or(DEFAULT_CITY)).map_err(|why| bad("city_id", why.to_string()))?;
    let city = directory.cities.get(&id).cloned().ok_or(StartError::UnknownCity)?;
    if city.is_active() { Ok(city) } else { Err(StartError::CityPaused) }
}

fn usable_provider(
    directory: &Directory,
    city: &City,
    id: &str,
) -> Result<Arc<dyn LoginProvider>, StartError> {
    match directory.provider_in(&city.city_id, id) {
        Some(_) if directory.is_off(&city.city_id, id) => Err(StartError::ProviderDisabled(id.to_owned())),
        Some(provider) => Ok(Arc::clone(provider)),
        // Set up or not.
        None if is_ours(id) => Err(StartError::NoPage(id.to_owned())),
        None if directory.knows_provider(id) => Err(StartError::ProviderNotConfigured(id.to_owned())),
        None => Err(StartError::UnknownProvider),
    }
}

/// What came from outside, fit for an error text.
fn clean(text: &str) -> String {
    downcity_core::identity::clean_text(text, 120).unwrap_or_default()
}

fn allowed_return(start: &Start, city: &City) -> Result<Option<Target>, StartError> {
    let Some(text) = &start.return_to else { return Ok(None) };
    let target = Target::parse(text).and_then(|target| target.check(&city.allowed_redirects));
    match target {
        Ok(target) => Ok(Some(target)),
        Err(RedirectError::NotListed) => Err(bad(
            "return_to",
            format!(
                "is not in the allowed_redirects of {}; an admin can add it with cities/update",
                city.city_id
            ),
        )),
        Err(why) => Err(bad("return_to", why.to_string())),
    }
}

fn challenge(start: &Start) -> Result<Option<Challenge>, StartError> {
    match (start.code_challenge.as_deref(), start.code_challenge_method.as_deref()) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(bad("code_challenge", "is missing")),
        (Some(text), None | Some("S256")) => Challenge::parse(text)
            .map(Some)
            .ok_or_else(|| bad("code_challenge", "must be BASE64URL(SHA256(code_verifier)), 43 characters")),
        (Some(_), Some(_)) => Err(bad("code_challenge_method", "must be `S256`")),
    }
}
