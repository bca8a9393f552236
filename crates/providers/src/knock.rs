//! Knocking at doors: the Federation's own public address from outside, and the servers that webhooks lead to.

use crate::guard;
use crate::line::{BODY_LIMIT, Fault, deepest, exchange};
use crate::outside::{Outside, USER_AGENT};
use downcity_core::Timestamp;
use reqwest::tls::TlsInfo;
use rustls::CertificateError;
use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// How long one knock may take.
const PATIENCE: Duration = Duration::from_secs(6);

/// What answered at an address.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// At most 64 KiB of the body.
    pub body: Vec<u8>,
    /// Where a redirect would lead.
    pub location: Option<String>,
    /// A header that was asked about.
    pub header: Option<String>,
    /// When the certificate ends.
    pub not_after: Option<Timestamp>,
}

/// Why nothing answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not come.
    NotYetValid,
    /// The certificate is for other names.
    OtherName,
    /// The certificate was made by somebody who is not trusted here, or the chain has a gap.
    UnknownIssuer,
    /// Something else is wrong with the certificate or the TLS connection.
    Tls(String),
    /// No connection, or no answer in time.
    Silent(String),
}

impl Outside {
    /// The addresses behind a name.
    ///
    /// # Errors
    /// With what the resolver says.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let host = host.trim_matches(['[', ']']);
        let found = timeout(PATIENCE, tokio::net::lookup_host((host, 0))).await;
        let found = found.map_err(|_| "no answer in time".to_owned())?.map_err(|error| deepest(&error))?;
        let mut all: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        all.dedup();
        Ok(all)
    }

    /// Asks for one of the Federation's own addresses, as somebody outside would. `header` is looked for in the
    /// answer. No redirect is followed, and the connection is a new one.
    ///
    /// # Errors
    /// See [`Closed`].
    pub async fn knock(&self, url: &str, header: &str) -> Result<Answer, Closed> {
        let client = self.own().map_err(|error| Closed::Silent(error.to_string()))?;
        let answer = async {
            let response = client.get(url).send().await.map_err(|error| why(&error.without_url()))?;
            let headers = response.headers();
            let text =
                |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let (header, location) = (text(header), text("location"));
            let der = response.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
            let not_after = der.and_then(end_of);
            let (status, body) = (response.status().as_u16(), body(response).await?);
            Ok(Answer { status, body, location, header, not_after })
        };
        timeout(PATIENCE, answer)
            .await
            .unwrap_or_else(|_| Err(Closed::Silent("no answer in time".to_owned())))
    }

    /// Asks the server of a webhook for its headers alone, where deliveries may go there; gives the status.
    ///
    /// # Errors
    /// With a report that holds no address.
    pub async fn knock_at_hook(&self, url: &str) -> Result<u16, String> {
        let ask = async {
            let url = guard::checked(url, self.private_hooks())?;
            let client = self.hooks().map_err(Fault::Setup)?;
            let until = Instant::now() + PATIENCE;
            exchange(client.head(url), until, BODY_LIMIT).await.map(|(reply, _)| reply.status)
        };
        ask.await.map_err(|fault| match fault {
            Fault::Setup(error) => deepest(&error),
            Fault::Transport(what) => what,
            Fault::TooLarge => "the answer is too large".to_owned(),
        })
    }

    fn own(&self) -> Result<reqwest::Client, crate::OutsideError> {
        self.client_with(|builder| builder.user_agent(USER_AGENT).tls_info(true).pool_max_idle_per_host(0))
    }
}

async fn body(mut response: reqwest::Response) -> Result<Vec<u8>, Closed> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| why(&error.without_url()))? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_LIMIT {
            break;
        }
    }
    Ok(body)
}

/// When a certificate ends (RFC 5280 §4.1.2.5).
fn end_of(der: &[u8]) -> Option<Timestamp> {
    let certificate = Certificate::from_der(der).ok()?;
    let end = certificate.tbs_certificate.validity.not_after.to_unix_duration();
    i64::try_from(end.as_millis()).ok().map(Timestamp)
}

/// A certificate's fault, or what else kept the answer away.
fn why(error: &reqwest::Error) -> Closed {
    match tls(error) {
        Some(rustls::Error::InvalidCertificate(certificate)) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Closed::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Closed::NotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Closed::OtherName
            }
            // The signature fails where another key of a trusted name was used: that of a CA made anew.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Closed::UnknownIssuer,
            other => Closed::Tls(other.to_string()),
        },
        Some(other) => Closed::Tls(other.to_string()),
        None => Closed::Silent(deepest(error)),
    }
}

/// The TLS error among the causes. An `io::Error` hides its own cause behind itself.
fn tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner as &'a (dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}
