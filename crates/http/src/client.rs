//! Who sends a request: address, host, browser. Headers of proxies count only when the peer is one of ours.

use crate::cookies;
use crate::routes::House;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use downcity_service::Client;
use downcity_service::core::Lang;
use downcity_service::core::network::Network;
use ipnet::IpNet;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

/// Characters of a `User-Agent` that are kept.
const AGENT_LIMIT: usize = 256;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
/// What proxies add to a request.
static PASSED_ON: [&HeaderName; 6] =
    [&header::FORWARDED, &header::VIA, &FORWARDED_FOR, &FORWARDED_HOST, &FORWARDED_PROTO, &REAL_IP];

/// Where a request's connection comes from.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The language that a request prefers, as a handler's argument.
pub(crate) struct Prefers(pub(crate) Option<Lang>);

impl FromRequestParts<House> for Prefers {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _house: &House) -> Result<Self, Infallible> {
        Ok(Self(accepted(&parts.headers)))
    }
}

/// The sender of a request, as a handler's argument.
pub(crate) struct From(pub(crate) Client);

impl FromRequestParts<House> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Infallible> {
        let headers = &parts.headers;
        let peer = parts.extensions.get::<Peer>().copied();
        let (network, behind_proxy) = sender(peer, headers, &house.trusted_proxies);
        let agent = text(headers, &header::USER_AGENT).unwrap_or_default();
        let forwarded_host = text(headers, &FORWARDED_HOST).filter(|_| behind_proxy);
        let own_host = || parts.uri.authority().map(ToString::to_string);
        Ok(Self(Client {
            network,
            agent: downcity_service::core::identity::clean_text(agent, AGENT_LIMIT).unwrap_or_default(),
            browser: cookies::login(headers, house.secure),
            host: forwarded_host
                .or_else(|| text(headers, &header::HOST))
                .map(str::to_owned)
                .or_else(own_host),
            origin: text(headers, &header::ORIGIN).map(str::to_owned),
            lang: accepted(headers),
            passed_on: PASSED_ON.iter().any(|name| headers.contains_key(*name)),
        }))
    }
}

/// The network that a request comes from, and whether it came through a proxy of ours.
pub(crate) fn sender(peer: Option<Peer>, headers: &HeaderMap, proxies: &[IpNet]) -> (Network, bool) {
    let peer = peer.map(|peer| peer.0.ip().to_canonical());
    let behind_proxy = peer.is_some_and(|peer| trusted(peer, proxies));
    let address = peer.map(|peer| if behind_proxy { forwarded(headers, peer, proxies) } else { peer });
    (address.map_or_else(Network::unknown, Network::of), behind_proxy)
}

/// The language that a request prefers.
pub(crate) fn accepted(headers: &HeaderMap) -> Option<Lang> {
    text(headers, &header::ACCEPT_LANGUAGE).and_then(Lang::accept)
}

/// A header's value, if it is plain text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn trusted(address: IpAddr, proxies: &[IpNet]) -> bool {
    proxies.iter().any(|net| net.contains(&address))
}

/// The nearest address from the right that is not one of our proxies: what stands further left was written
/// by whoever sent the request.
fn forwarded(headers: &HeaderMap, peer: IpAddr, proxies: &[IpNet]) -> IpAddr {
    let lines: Vec<&[u8]> = headers.get_all(&FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
    let mut nearest = peer;
    // Bytes, since the sender's own part may be no text at all, and must not hide what our proxies added.
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')) {
        let address = str::from_utf8(entry).ok().and_then(|entry| parse_address(entry.trim()));
        let Some(address) = address else { break };
        nearest = address;
        if !trusted(address, proxies) {
            break;
        }
    }
    nearest
}

/// An address with or without a port and brackets, as proxies write them.
fn parse_address(text: &str) -> Option<IpAddr> {
    let plain = || text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    plain().or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded_for: &[&[u8]]) -> String {
        let proxies: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in forwarded_for {
            headers.append(&FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        let peer: IpAddr = peer.parse().unwrap();
        let address = if trusted(peer, &proxies) { forwarded(&headers, peer, &proxies) } else { peer };
        address.to_string()
    }

    #[test]
    fn forwarded_for_spoofed() {
        assert_eq!(
            seen("192.0.2.9", &[b"198.51.100.1"]),
            "192.0.2.9",
            "a stranger's header counts for nothing"
        );
        assert_eq!(
            seen("10.0.0.1", &[b"6.6.6.6, 198.51.100.1"]),
            "198.51.100.1",
            "the left part is the sender's own"
        );
        assert_eq!(seen("10.0.0.1", &[b"6.6.6.6", b"198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &[b"6.6.6.6, nonsense"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[b"[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(
            seen("10.0.0.1", &[b"\xe9, 198.51.100.1"]),
            "198.51.100.1",
            "not hidden by what is no text"
        );
        assert_eq!(seen("10.0.0.1", &[b"\xe9"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }
}
