//! Addresses that somebody typed: where they may lead. An admin's setting, a webhook, or what an issuer's own
//! metadata says, must not make this server ask its own machine or network (SSRF).

use crate::line::Fault;
use downcity_core::network::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::{IpAddr, SocketAddr};
use url::{Host, Url};

/// Resolves names as the system does and drops every address that is not public. Since the connection goes
/// to what is answered here, a name that changes its address meanwhile (rebinding) gains nothing.
pub(crate) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                let why = "the name leads to no public address; --allow-private-issuers or --allow-private-webhooks permits others";
                return Err(io::Error::other(why).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Checks what never reaches the resolver: the scheme, and a host that is an address itself. With
/// `private_too`, private addresses are fine, and http is for loopback addresses.
pub(crate) fn check(text: &str, private_too: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "it is not an absolute URL")?;
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Some(Host::Domain(_)) => None,
        None => return Err("it has no host"),
    };
    let loopback = literal.is_some_and(|address| address.to_canonical().is_loopback());
    if url.scheme() != "https" && !(private_too && loopback && url.scheme() == "http") {
        return Err("it does not begin with https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or password");
    }
    if !private_too && literal.is_some_and(|address| !is_public(address)) {
        return Err(
            "it leads to a private address; --allow-private-issuers or --allow-private-webhooks permits those",
        );
    }
    Ok(url)
}

/// The same as a [`Fault`].
pub(crate) fn checked(text: &str, private_too: bool) -> Result<Url, Fault> {
    check(text, private_too).map_err(|why| Fault::Transport(format!("the address is refused: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oidc_issuer_ssrf_addresses() {
        let private = [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://017700000001/",
            "https://10.0.0.1:8443/x",
            "https://169.254.169.254/latest/meta-data",
            "https://192.168.0.1",
            "https://0/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://100.64.0.1",
        ];
        for url in private {
            assert!(check(url, false).is_err(), "{url}");
            assert!(check(url, true).is_ok(), "{url}");
        }
        for url in [
            "",
            "/x",
            "x",
            "ftp://a.example",
            "file:///etc/passwd",
            "https://u:p@a.example",
            "https://u@a.example",
            "http://a.example",
            "http://10.0.0.1/",
            "javascript:alert(1)",
            "data:,x",
        ] {
            assert!(check(url, false).is_err() && check(url, true).is_err(), "{url}");
        }
        assert!(check("http://127.0.0.1:9/", false).is_err());
        assert!(check("http://127.0.0.1:9/", true).is_ok());
        assert!(check("https://accounts.example.com/realms/x", false).is_ok());
        assert!(check("https://1.1.1.1/", false).is_ok());
    }

    #[tokio::test]
    async fn oidc_issuer_ssrf_names() {
        let found = PublicOnly.resolve("localhost".parse().unwrap()).await;
        let why = found.err().expect("no public address").to_string();
        assert!(why.contains("no public address"), "{why}");
    }
}
