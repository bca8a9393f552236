//! Network addresses as far as "the same place" goes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// The part of an address that stays the same for one subscriber: an IPv4 address whole, an IPv6 address by
/// its /64, since hosts change the lower half by themselves (RFC 8981).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network an address belongs to; IPv4-mapped IPv6 counts as IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
            v4 => v4,
        })
    }

    /// Reads back what [`Network::to_string`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::of)
    }

    /// As people are told of it: of IPv6 it is no address of anybody's, so its length is told too.
    #[must_use]
    pub fn shown(self) -> String {
        match self.0 {
            IpAddr::V6(_) if self.is_loopback() => "::1".to_owned(),
            IpAddr::V6(v6) => format!("{v6}/64"),
            IpAddr::V4(v4) => v4.to_string(),
        }
    }

    /// For requests whose address is not known: equal to nothing a client can have.
    #[must_use]
    pub fn unknown() -> Self {
        Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// Whether it is this machine itself.
    #[must_use]
    pub fn is_loopback(self) -> bool {
        match self.0 {
            IpAddr::V4(v4) => v4.is_loopback(),
            // The /64 of ::1.
            IpAddr::V6(v6) => v6.is_unspecified(),
        }
    }

    /// Whether both ends are surely the same subscriber.
    #[must_use]
    pub fn same_as(self, other: Self) -> bool {
        self == other && self != Self::unknown()
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether an address leads to the machine it is read on: its host is a loopback address or `localhost`.
#[must_use]
pub fn leads_here(url: &Url) -> bool {
    url.host().is_some_and(|host| is_here(&host.to_owned()))
}

/// Whether a host, alone or with a port as in the header `Host`, is the machine it is read on: a loopback address or
/// `localhost`. An IPv6 address stands in brackets.
#[must_use]
pub fn host_is_here(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    Host::parse(name).is_ok_and(|host| is_here(&host))
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
        Host::Domain(name) => name == "localhost",
    }
}

/// Whether an address lies on the public internet: where a server may go on the word of a setting. False for
/// this machine, private and link-local networks, and addresses that stand for others or for nobody
/// (IANA's special-purpose registries, RFC 6890). An IPv4 address inside an IPv6 one is judged itself.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => {
            let s = v6.segments();
            let inner = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
            match s {
                // NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to the IPv4 address inside.
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                    is_public_v4(inner(high, low))
                }
                // Protocol assignments with Teredo, documentation (twice).
                [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
                [first, ..] => first & 0xe000 == 0x2000,
            }
        }
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let special = match v4.octets() {
        // This network, shared by carriers (RFC 6598), protocol assignments, benchmarks, reserved.
        [0, ..] | [100, 64..=127, ..] | [192, 0, 0, _] | [198, 18..=19, ..] | [240..=255, ..] => true,
        // The old 6to4 relay.
        [192, 88, 99, _] => true,
        _ => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
    };
    !(special || v4.is_documentation() || v4.is_multicast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ipv6_the_length_is_shown() {
        let shown = |address: &str| Network::of(address.parse().unwrap()).shown();
        assert_eq!(shown("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!((shown("192.0.2.7"), shown("::ffff:192.0.2.7")), ("192.0.2.7".into(), "192.0.2.7".into()));
        assert_eq!(shown("::1"), "::1");
    }

    #[test]
    fn only_the_public_internet_counts_as_public() {
        for yes in [
            "1.1.1.1",
            "140.82.112.3",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(is_public(yes.parse().unwrap()), "{yes}");
        }
        for no in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.88.99.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
        ] {
            assert!(!is_public(no.parse().unwrap()), "{no}");
        }
    }

    #[test]
    fn only_loopback_addresses_and_localhost_are_here() {
        let hosts = ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "[::1]"];
        for here in hosts {
            for port in ["", ":", ":80", ":43127"] {
                assert!(host_is_here(&format!("{here}{port}")), "{here}{port}");
            }
            assert!(leads_here(&format!("http://{here}:80/x?y").parse().unwrap()), "{here}");
        }
        for other in [
            "",
            ":80",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:80",
            "evil.example:localhost",
            "localhost:evil.example",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "[::ffff:10.0.0.1]:80",
            "::1",
            "[::1",
            "x@y",
            "evil.example@localhost",
            "localhost/evil.example",
            "localhost:80:80",
        ] {
            assert!(!host_is_here(other), "{other}");
        }
        for other in ["https://evil.example", "http://[::2]/", "mailto:x@localhost", "data:localhost"] {
            assert!(!leads_here(&other.parse().unwrap()), "{other}");
        }
    }

    fn net(text: &str) -> Network {
        Network::parse(text).unwrap()
    }

    #[test]
    fn ipv6_counts_by_its_64_and_mapped_ipv4_as_ipv4() {
        assert!(net("2001:db8:1:2::1").same_as(net("2001:db8:1:2:ffff::9")));
        assert!(!net("2001:db8:1:2::1").same_as(net("2001:db8:1:3::1")));
        assert!(net("::ffff:192.0.2.1").same_as(net("192.0.2.1")));
        assert!(!net("192.0.2.1").same_as(net("192.0.2.2")));
        assert!(!Network::unknown().same_as(Network::unknown()));
    }
}
