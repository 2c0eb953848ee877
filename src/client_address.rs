//! Who a request comes from: the peer's address, or what a trusted proxy says about it.
//!
//! Takes addresses and the text of `X-Forwarded-For`, gives one address. Pure; nothing here reads a socket. A proxy is
//! trusted only where a setting names it, because anyone can write that header.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A block of addresses, as `192.0.2.7`, `10.0.0.0/8` or `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

/// A text that names no block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an IP address, nor an IP address and a prefix length such as 10.0.0.0/8")]
pub struct NetworkError;

impl Network {
    /// Says whether an address is in the block. An IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let shift = 32 - u32::from(self.prefix_bits);
                net.to_bits().checked_shr(shift) == ip.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(self.prefix_bits);
                net.to_bits().checked_shr(shift) == ip.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            None => most,
            Some(bits) if bits.bytes().all(|b| b.is_ascii_digit()) => {
                bits.parse().map_err(|_| NetworkError)?
            }
            Some(_) => return Err(NetworkError),
        };
        if prefix_bits > most || (address.is_ipv6() && address.to_canonical().is_ipv4()) {
            return Err(NetworkError);
        }
        Ok(Self { address, prefix_bits })
    }
}

/// Finds the client's address.
///
/// `forwarded` are the values of all `X-Forwarded-For` headers, in order. They are read from the right, as
/// far as trusted proxies wrote them: the first address that is no proxy of ours is the client, whatever stands left
/// of it. Text that is no address ends the reading at the hop that passed it on.
pub fn behind_proxies<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[Network],
) -> IpAddr {
    let is_trusted = |address| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    let mut hops = forwarded.rev().flat_map(|value| value.rsplit(','));
    while is_trusted(client) {
        match hops.next().map(hop) {
            Some(Some(address)) => client = address,
            Some(None) | None => break,
        }
    }
    client
}

fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches([' ', '\t']);
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts
            .iter()
            .map(|text| text.parse().expect("a network"))
            .collect()
    }

    #[track_caller]
    fn check(peer: &str, forwarded: &[&str], trusted: &[&str], expected: &str) {
        let found = behind_proxies(ip(peer), forwarded.iter().copied(), &networks(trusted));
        assert_eq!(found, ip(expected), "{peer} {forwarded:?}");
    }

    #[test]
    fn the_header_of_an_untrusted_peer_is_ignored() {
        check("198.51.100.1", &["203.0.113.9"], &[], "198.51.100.1");
        check("198.51.100.1", &["203.0.113.9"], &["10.0.0.0/8"], "198.51.100.1");
    }

    #[test]
    fn a_trusted_proxy_names_the_client() {
        check("10.0.0.1", &["203.0.113.9"], &["10.0.0.0/8"], "203.0.113.9");
        check("10.0.0.1", &["203.0.113.9:4711"], &["10.0.0.0/8"], "203.0.113.9");
        check("10.0.0.1", &["[2001:db8::1]:443"], &["10.0.0.0/8"], "2001:db8::1");
        check("10.0.0.1", &["[2001:db8::1]"], &["10.0.0.0/8"], "2001:db8::1");
        check(
            "::ffff:10.0.0.1",
            &["203.0.113.9"],
            &["10.0.0.0/8"],
            "203.0.113.9",
        );
    }

    #[test]
    fn entries_left_of_the_client_are_spoofed_and_ignored() {
        check(
            "10.0.0.1",
            &["1.1.1.1, 203.0.113.9"],
            &["10.0.0.0/8"],
            "203.0.113.9",
        );
        check(
            "10.0.0.1",
            &["10.0.0.7, 203.0.113.9"],
            &["10.0.0.0/8"],
            "203.0.113.9",
        );
        check(
            "10.0.0.1",
            &["1.1.1.1", "203.0.113.9"],
            &["10.0.0.0/8"],
            "203.0.113.9",
        );
        check(
            "10.0.0.1",
            &["garbage, 203.0.113.9"],
            &["10.0.0.0/8"],
            "203.0.113.9",
        );
    }

    #[test]
    fn a_chain_of_trusted_proxies_is_followed_to_its_end() {
        check(
            "10.0.0.1",
            &["203.0.113.9, 10.0.0.3", "10.0.0.2"],
            &["10.0.0.0/8"],
            "203.0.113.9",
        );
        check("10.0.0.1", &["10.0.0.3, 10.0.0.2"], &["10.0.0.0/8"], "10.0.0.3");
        check("10.0.0.1", &[], &["10.0.0.0/8"], "10.0.0.1");
    }

    #[test]
    fn what_is_no_address_is_charged_to_the_hop_that_passed_it_on() {
        for text in [
            "unknown",
            "",
            "_hidden",
            "203.0.113.9, ",
            "203.0.113.9,unknown",
            "203.0.113.300",
        ] {
            check("10.0.0.1", &[text], &["10.0.0.0/8"], "10.0.0.1");
        }
        check(
            "10.0.0.1",
            &["203.0.113.9, x, 10.0.0.2"],
            &["10.0.0.0/8"],
            "10.0.0.2",
        );
    }

    #[test]
    fn networks_of_every_prefix_length_contain_what_they_should() {
        for (network, inside, outside) in [
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("192.0.2.0/31", "192.0.2.1", "192.0.2.2"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "2001:db8::1", "192.0.2.1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
        ] {
            let net: Network = network.parse().expect("a network");
            assert!(net.contains(ip(inside)), "{network} {inside}");
            assert!(!net.contains(ip(outside)), "{network} {outside}");
        }
    }

    #[test]
    fn a_text_that_is_no_network_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0/8",
            "host",
            "::ffff:10.0.0.0/8",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NetworkError), "{text:?}");
        }
    }
}
