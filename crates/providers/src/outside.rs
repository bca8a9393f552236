//! The HTTP clients through which this service talks to providers, and the hosts it talks to.

use crate::guard::{self, PublicOnly};
use crate::line::{self, BODY_LIMIT, deepest};
pub(crate) use crate::line::{Fault, Reply};
use crate::oidc::Issuers;
use crate::roots::read_roots;
use downcity_core::network::leads_here;
use reqwest::{Certificate, Client, RequestBuilder};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use thread_local::ThreadLocal;
use tokio::time::Instant;
use url::Url;

/// The real hosts: constants, so that no setting can send the AppSecret elsewhere.
const WECHAT_OPEN: &str = "https://open.weixin.qq.com";
const WECHAT_API: &str = "https://api.weixin.qq.com";
const GITHUB: &str = "https://github.com";
const GITHUB_API: &str = "https://api.github.com";
/// Google's issuer; where its interfaces are is in its metadata.
const GOOGLE: &str = "https://accounts.google.com";

/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// What we call ourselves; GitHub answers nobody without a name.
pub(crate) const USER_AGENT: &str = concat!("downcity/", env!("CARGO_PKG_VERSION"));

/// The outside world as this service sees it: which hosts stand for which provider, and clients that follow
/// no redirect, use no proxy, speak https only (but to a stand-in on loopback), never send a request
/// twice, and read at most 64 KiB. Others, for addresses that somebody typed, also go to public addresses only.
pub struct Outside {
    open: String,
    api: String,
    github: String,
    github_api: String,
    google: String,
    https_only: bool,
    private_issuers: bool,
    private_hooks: bool,
    roots: Vec<Certificate>,
    /// One for each thread that serves, so that a call, its connection and the answer stay on it: what one thread waits
    /// for and another one reads wakes two. Built at the first request: reading the system's certificates costs time
    /// and memory that a start without a sign-in should not pay.
    clients: ThreadLocal<Client>,
    guarded: OnceLock<Client>,
    hooks: OnceLock<Client>,
    /// What is known of OpenID Connect issuers: kept here, since providers are made anew with every setting.
    pub(crate) issuers: Issuers,
}

/// Why the outside world can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The stand-in's address is not on this machine.
    #[error(
        "the WeChat simulator has to be given as http://127.0.0.1:PORT or http://[::1]:PORT, nothing else; \
         a real sign-in needs no address, so remove this option in production"
    )]
    NotLoopback,
    /// The file with certificates can't be used.
    #[error("the CA file {path} can't be used: {reason}; it has to hold at least one CA certificate in PEM form", path = path.display())]
    CaFile {
        /// The file that was named.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing to check a provider's certificate with.
    #[error(
        "no https client can be made: {0}; install the system's CA certificates (Debian: ca-certificates) or name a CA file"
    )]
    NoTrust(String),
}

impl Outside {
    /// The real hosts, with the system's CA certificates.
    ///
    /// # Errors
    /// None today; the certificates are read at the first request, see [`Outside::check`].
    pub fn real() -> Result<Self, OutsideError> {
        Ok(Self::at(WECHAT_OPEN, WECHAT_API, true, Vec::new()))
    }

    /// The real hosts, trusting only the CA certificates of a PEM file: for images without a system store,
    /// or a company's own inspection proxy.
    ///
    /// # Errors
    /// [`OutsideError::CaFile`] when the file can't be read or holds no certificate that can be used.
    pub fn with_ca_file(path: &Path) -> Result<Self, OutsideError> {
        Ok(Self::at(WECHAT_OPEN, WECHAT_API, true, read_roots(path)?))
    }

    /// A WeChat simulator in place of WeChat. It has to be on this machine: an address elsewhere would get
    /// the AppSecret in clear.
    ///
    /// # Errors
    /// [`OutsideError::NotLoopback`] for anything but `http://<loopback address>:<port>`.
    pub fn with_wechat_simulator(base: &str) -> Result<Self, OutsideError> {
        let base = loopback(base).ok_or(OutsideError::NotLoopback)?;
        Ok(Self::at(&base, &base, false, Vec::new()))
    }

    /// Lets OpenID Connect issuers be on private addresses: for an intranet. On loopback addresses they may
    /// then use http, for tests.
    #[must_use]
    pub fn allow_private_issuers(self) -> Self {
        Self { private_issuers: true, ..self }
    }

    /// Lets webhooks lead to private addresses: for an intranet. On loopback addresses they may then use http, for
    /// development.
    #[must_use]
    pub fn allow_private_hooks(self) -> Self {
        Self { private_hooks: true, ..self }
    }

    /// A server on this machine in place of GitHub, for tests: both its pages and its interfaces.
    ///
    /// # Errors
    /// [`OutsideError::NotLoopback`] for anything but `http://<loopback address>:<port>`.
    pub fn with_github_at(self, base: &str) -> Result<Self, OutsideError> {
        let base = loopback(base).ok_or(OutsideError::NotLoopback)?;
        Ok(Self { github: base.clone(), github_api: base, https_only: false, ..self })
    }

    /// A TLS server on this machine in place of WeChat, or none at all, for tests of broken ways to it.
    ///
    /// # Errors
    /// [`OutsideError::NotLoopback`] for anything but `https://localhost:<port>` and names under `.invalid`, which
    /// lead nowhere (RFC 6761 §6.4).
    pub fn with_wechat_behind_tls(self, base: &str) -> Result<Self, OutsideError> {
        let host = base.strip_prefix("https://").ok_or(OutsideError::NotLoopback)?;
        let here = host.strip_prefix("localhost:").is_some_and(|port| port.parse::<u16>().is_ok());
        if !here && !host.ends_with(".invalid") {
            return Err(OutsideError::NotLoopback);
        }
        Ok(Self { open: base.to_owned(), api: base.to_owned(), ..self })
    }

    /// An issuer on this machine in place of Google, for tests. Needs [`Outside::allow_private_issuers`].
    ///
    /// # Errors
    /// [`OutsideError::NotLoopback`] for anything but `http://<loopback address>:<port>`.
    pub fn with_google_at(self, base: &str) -> Result<Self, OutsideError> {
        let google = loopback(base).ok_or(OutsideError::NotLoopback)?;
        Ok(Self { google, ..self })
    }

    /// Makes this thread's client now, to learn at once whether that works.
    ///
    /// # Errors
    /// [`OutsideError::NoTrust`] when the system has no CA certificates.
    pub fn check(&self) -> Result<(), OutsideError> {
        self.client().map(|_| ())
    }

    fn at(open: &str, api: &str, https_only: bool, roots: Vec<Certificate>) -> Self {
        Self {
            open: open.to_owned(),
            api: api.to_owned(),
            github: GITHUB.to_owned(),
            github_api: GITHUB_API.to_owned(),
            google: GOOGLE.to_owned(),
            https_only,
            private_issuers: false,
            private_hooks: false,
            roots,
            clients: ThreadLocal::new(),
            guarded: OnceLock::new(),
            hooks: OnceLock::new(),
            issuers: Issuers::default(),
        }
    }

    /// Scheme and host of WeChat's pages.
    pub(crate) fn wechat_open(&self) -> &str {
        &self.open
    }

    /// Scheme and host of WeChat's server interfaces.
    pub(crate) fn wechat_api(&self) -> &str {
        &self.api
    }

    /// Scheme and host of GitHub's pages.
    pub(crate) fn github(&self) -> &str {
        &self.github
    }

    /// Scheme and host of GitHub's interfaces.
    pub(crate) fn github_api(&self) -> &str {
        &self.github_api
    }

    /// Google's issuer.
    pub(crate) fn google(&self) -> &str {
        &self.google
    }

    /// One GET, sent at most once, answered by `until` or given up.
    pub(crate) async fn get(
        &self,
        url: &str,
        query: &[(&str, &str)],
        until: Instant,
    ) -> Result<Reply, Fault> {
        let request = self.client().map_err(Fault::Setup)?.get(url).query(query);
        line::exchange(request, until, BODY_LIMIT).await.map(|(reply, _)| reply)
    }

    /// A GET of an address that somebody typed, or that an issuer names.
    pub(crate) fn get_guarded(&self, url: &str) -> Result<RequestBuilder, Fault> {
        let url = guard::checked(url, self.private_issuers)?;
        Ok(self.guarded().map_err(Fault::Setup)?.get(url))
    }

    /// A POST to such an address.
    pub(crate) fn post_guarded(&self, url: &str) -> Result<RequestBuilder, Fault> {
        let url = guard::checked(url, self.private_issuers)?;
        Ok(self.guarded().map_err(Fault::Setup)?.post(url))
    }

    /// Whether an issuer's address is a private one that is permitted here.
    #[must_use]
    pub fn permits_private(&self, issuer: &str) -> bool {
        guard::check(issuer, false).is_err() && guard::check(issuer, self.private_issuers).is_ok()
    }

    /// Whether a browser may be sent to an address that an issuer names.
    pub(crate) fn allows(&self, url: &str) -> Result<(), &'static str> {
        guard::check(url, self.private_issuers).map(drop)
    }

    /// This thread's client for the hosts that are constants.
    pub(crate) fn client(&self) -> Result<&Client, OutsideError> {
        self.clients.get_or_try(|| finish(self.builder().https_only(self.https_only)))
    }

    fn guarded(&self) -> Result<&Client, OutsideError> {
        if let Some(client) = self.guarded.get() {
            return Ok(client);
        }
        let made = self.guarded_client(self.private_issuers)?;
        Ok(self.guarded.get_or_init(|| made))
    }

    /// Whether webhooks may lead to private addresses.
    pub(crate) fn private_hooks(&self) -> bool {
        self.private_hooks
    }

    /// The client for webhooks.
    pub(crate) fn hooks(&self) -> Result<&Client, OutsideError> {
        if let Some(client) = self.hooks.get() {
            return Ok(client);
        }
        let made = self.guarded_client(self.private_hooks)?;
        Ok(self.hooks.get_or_init(|| made))
    }

    fn guarded_client(&self, private_too: bool) -> Result<Client, OutsideError> {
        let builder = self.builder().user_agent(USER_AGENT);
        finish(match private_too {
            true => builder,
            false => builder.https_only(true).dns_resolver(Arc::new(PublicOnly)),
        })
    }

    /// A client of its own making, without what guards typed addresses: for the operator's own.
    pub(crate) fn client_with(
        &self,
        change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Client, OutsideError> {
        finish(change(self.builder()))
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        let builder = Client::builder()
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT)
            // As many as are in use in a rush: a connection that is closed costs more than it takes to keep it.
            .pool_max_idle_per_host(64)
            // Well below what servers and address translators keep: a code is sent once only, so it must not
            // be lost on a connection that the other side has forgotten.
            .pool_idle_timeout(Duration::from_secs(20));
        match self.roots.is_empty() {
            true => builder,
            false => builder.tls_certs_only(self.roots.iter().cloned()),
        }
    }
}

fn finish(builder: reqwest::ClientBuilder) -> Result<Client, OutsideError> {
    builder.build().map_err(|error| OutsideError::NoTrust(deepest(&error.without_url())))
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("open", &self.open).field("api", &self.api).finish_non_exhaustive()
    }
}

/// The base of a simulator without its trailing slash; `None` when it is not on loopback.
fn loopback(base: &str) -> Option<String> {
    let url = Url::parse(base).ok()?;
    // A name, also `localhost`, may be made to lead elsewhere.
    let local = leads_here(&url) && url.domain().is_none();
    let port = url.port()?;
    let plain = format!("http://{}:{port}", url.host_str()?);
    // What was typed has to be the plain form itself: no other spelling of an address, no user, no path.
    (local && base.strip_suffix('/').unwrap_or(base) == plain).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_real_host_is_never_asked_in_clear() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let outside = Outside::at(&base, &base, true, Vec::new());
        let until = Instant::now() + Duration::from_secs(5);
        let refused = outside.get(&format!("{base}/x"), &[("secret", "s3cret")], until).await;
        assert!(matches!(&refused, Err(Fault::Transport(what)) if !what.contains("s3cret")));
        let came = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
        assert!(came.is_err(), "not even a connection");
    }

    #[test]
    fn the_client_is_made_at_the_first_request() {
        let outside = Outside::real().unwrap();
        assert!(outside.clients.get().is_none());
        outside.check().unwrap();
        assert!(outside.clients.get().is_some());
    }
}
