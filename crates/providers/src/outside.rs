//! The one HTTP client through which this service talks to providers, and the hosts it talks to.

use crate::roots::read_roots;
use reqwest::Certificate;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

/// The real hosts: constants, so that no setting can send the AppSecret elsewhere.
const WECHAT_OPEN: &str = "https://open.weixin.qq.com";
const WECHAT_API: &str = "https://api.weixin.qq.com";

/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// The largest answer that is read, in bytes.
const BODY_LIMIT: usize = 64 * 1024;

/// The outside world as this service sees it: which hosts stand for which provider, and one client that
/// follows no redirect, uses no proxy, speaks https only (but for the simulator on loopback), never sends a
/// request twice, and reads at most 64 KiB.
pub struct Outside {
    open: String,
    api: String,
    https_only: bool,
    roots: Vec<Certificate>,
    /// Built at the first request: reading the system's certificates costs time and memory that a start
    /// without a sign-in should not pay.
    client: OnceLock<reqwest::Client>,
}

/// Why the outside world can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The simulator's address is not on this machine.
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

/// What came back: status and body.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Why nothing came back. The texts hold no address and nothing that was sent.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The client could not be made.
    Setup(OutsideError),
    /// The way there or back broke, or took too long.
    Transport(String),
    /// The answer was larger than [`BODY_LIMIT`].
    TooLarge,
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

    /// Makes the client now, to learn at once whether that works.
    ///
    /// # Errors
    /// [`OutsideError::NoTrust`] when the system has no CA certificates.
    pub fn check(&self) -> Result<(), OutsideError> {
        self.client().map(|_| ())
    }

    fn at(open: &str, api: &str, https_only: bool, roots: Vec<Certificate>) -> Self {
        Self { open: open.to_owned(), api: api.to_owned(), https_only, roots, client: OnceLock::new() }
    }

    /// Scheme and host of WeChat's pages.
    pub(crate) fn wechat_open(&self) -> &str {
        &self.open
    }

    /// Scheme and host of WeChat's server interfaces.
    pub(crate) fn wechat_api(&self) -> &str {
        &self.api
    }

    /// One GET, sent at most once, answered by `until` or given up.
    pub(crate) async fn get(
        &self,
        url: &str,
        query: &[(&str, &str)],
        until: Instant,
    ) -> Result<Reply, Fault> {
        let request = self.client().map_err(Fault::Setup)?.get(url).query(query);
        let exchange = async {
            let mut response = request.send().await.map_err(broken)?;
            let status = response.status().as_u16();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(broken)? {
                if body.len() + chunk.len() > BODY_LIMIT {
                    return Err(Fault::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Reply { status, body })
        };
        timeout_at(until, exchange)
            .await
            .unwrap_or_else(|_| Err(Fault::Transport("no full answer in time".into())))
    }

    fn client(&self) -> Result<&reqwest::Client, OutsideError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = self.make_client()?;
        Ok(self.client.get_or_init(|| made))
    }

    fn make_client(&self) -> Result<reqwest::Client, OutsideError> {
        let mut builder = reqwest::Client::builder()
            .https_only(self.https_only)
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(4)
            // Well below what servers and address translators keep: a code is sent once only, so it must not
            // be lost on a connection that the other side has forgotten.
            .pool_idle_timeout(Duration::from_secs(20));
        if !self.roots.is_empty() {
            builder = builder.tls_certs_only(self.roots.iter().cloned());
        }
        builder.build().map_err(|error| OutsideError::NoTrust(deepest(&error.without_url())))
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("open", &self.open).field("api", &self.api).finish_non_exhaustive()
    }
}

/// The base of a simulator without its trailing slash; `None` when it is not on loopback.
fn loopback(base: &str) -> Option<String> {
    let url = Url::parse(base).ok()?;
    let local = match url.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(_) => false,
    };
    let port = url.port()?;
    let plain = format!("http://{}:{port}", url.host_str()?);
    // What was typed has to be the plain form itself: no other spelling of an address, no user, no path.
    (local && base.strip_suffix('/').unwrap_or(base) == plain).then_some(plain)
}

/// A transport error in words. The address stays out of it, since WeChat's secret travels there.
fn broken(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let what = if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection broke"
    };
    Fault::Transport(format!("{what} ({})", deepest(&error)))
}

/// The innermost cause of an error: the one that says something, and never the address.
pub(crate) fn deepest(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().chars().filter(|c| !c.is_control()).take(200).collect()
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
        assert!(outside.client.get().is_none());
        outside.check().unwrap();
        assert!(outside.client.get().is_some());
    }
}
