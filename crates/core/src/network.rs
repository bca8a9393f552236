//! Network addresses as far as "the same place" goes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

    /// For requests whose address is not known: equal to nothing a client can have.
    #[must_use]
    pub fn unknown() -> Self {
        Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
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

#[cfg(test)]
mod tests {
    use super::*;

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
