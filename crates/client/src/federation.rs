//! The address of a Federation, and the three kinds of caller it gives out.

use crate::{Admin, Caller, Error, Guest, ServiceList, User};
use reqwest::header::HeaderValue;
use reqwest::{Client, redirect};
use secrecy::SecretString;
use std::time::Duration;
use url::{Host, Url};

/// The city that always exists, and that is meant where none is named.
pub const DEFAULT_CITY: &str = "city_downcity";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!("downcity-client/", env!("CARGO_PKG_VERSION"));

/// One running Federation. Cheap to clone: all clones and callers share one pool of connections.
#[derive(Debug, Clone)]
pub struct Federation {
    base: Url,
    client: Client,
    language: Option<HeaderValue>,
}

impl Federation {
    /// A Federation at `url`, e.g. `https://base.example.com`. No request is made.
    ///
    /// # Errors
    /// [`Error::Input`] if `url` is not an `http` or `https` address, or carries credentials, a query or a fragment;
    /// [`Error::Transport`] if the system's TLS roots cannot be loaded.
    pub fn new(url: &str) -> Result<Self, Error> {
        let base = base(url)?;
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(USER_AGENT);
        if is_loopback(&base) {
            // A proxy cannot reach this machine's loopback, and must not see a development key.
            builder = builder.no_proxy();
        }
        Ok(Self { base, client: builder.build().map_err(Error::transport)?, language: None })
    }

    /// The address as it is used, without a trailing slash.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The same Federation, asked for sentences in a language: `en`, `zh`, or any value of `Accept-Language`.
    #[must_use]
    pub fn in_language(mut self, language: &str) -> Self {
        self.language = HeaderValue::from_str(language).ok();
        self
    }

    pub(crate) fn language(&self) -> Option<&HeaderValue> {
        self.language.as_ref()
    }

    /// Somebody who is not signed in, at `city_id` ([`DEFAULT_CITY`] if the product has no city of its own).
    pub fn guest(&self, city_id: &str) -> Guest {
        Guest::new(Caller::new(self.clone(), Some(city_id.to_owned()), None))
    }

    /// A signed-in user, by a `user_token` from a sign-in or from [`Tokens::apply`](crate::Tokens::apply).
    pub fn user(&self, token: SecretString) -> User {
        User::new(Caller::new(self.clone(), None, Some(token)))
    }

    /// An administrator, by an admin key of the Federation.
    pub fn admin(&self, key: SecretString) -> Admin {
        Admin::new(Caller::new(self.clone(), None, Some(key)))
    }

    /// The services on offer, as a guest sees them.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn services(&self) -> Result<ServiceList, Error> {
        let url = self.endpoint("services", "")?;
        Caller::new(self.clone(), None, None).send(self.client.get(url), None).await
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// `{base}/{name}`: what stands beside the API.
    pub(crate) fn beside(&self, name: &str) -> Result<Url, Error> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Error::Input("the address cannot have a path".into()))?
            .pop_if_empty()
            .push(name);
        Ok(url)
    }

    /// `{base}/v1/{service}/{action}`; each segment is escaped, and none can climb out.
    pub(crate) fn endpoint(&self, service: &str, action: &str) -> Result<Url, Error> {
        let mut url = self.base.clone();
        let segments = [service].into_iter().chain(action.split('/').filter(|part| !part.is_empty()));
        let mut path =
            url.path_segments_mut().map_err(|()| Error::Input("the address cannot have a path".into()))?;
        path.pop_if_empty().push("v1");
        for segment in segments {
            if matches!(segment, "" | "." | "..") {
                return Err(Error::Input(format!("`{service}/{action}` is not the name of a call")));
            }
            path.push(segment);
        }
        drop(path);
        Ok(url)
    }
}

fn base(url: &str) -> Result<Url, Error> {
    let url = Url::parse(url)
        .map_err(|error| Error::Input(format!("the Federation's address is not a URL: {error}")))?;
    let refused = if !matches!(url.scheme(), "http" | "https") {
        "must begin with https:// or http://"
    } else if !url.username().is_empty() || url.password().is_some() {
        "must not contain credentials"
    } else if url.query().is_some() || url.fragment().is_some() {
        "must end with its path"
    } else {
        return Ok(url);
    };
    Err(Error::Input(format!("the Federation's address {refused}")))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_used_are_refused() {
        for url in [
            "",
            "base.example.com",
            "ftp://x.test",
            "https://a:b@x.test",
            "https://x.test/?a=1",
            "https://x.test/#a",
        ] {
            assert!(matches!(Federation::new(url), Err(Error::Input(_))), "{url}");
        }
    }

    #[test]
    fn endpoints_keep_a_base_path_and_escape_segments() {
        let at = |base: &str, action| {
            Federation::new(base).unwrap().endpoint("accounts", action).map(String::from)
        };
        assert_eq!(at("https://x.test", "oauth/start").unwrap(), "https://x.test/v1/accounts/oauth/start");
        assert_eq!(at("https://x.test/base/", "me").unwrap(), "https://x.test/base/v1/accounts/me");
        assert_eq!(at("https://x.test", "a?b#c d").unwrap(), "https://x.test/v1/accounts/a%3Fb%23c%20d");
        assert!(at("https://x.test", "../env/list").is_err());
        assert_eq!(Federation::new("https://x.test/").unwrap().url(), "https://x.test");
    }
}
