//! Where to listen, as people write it: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `:8080`.
//!
//! Takes text; gives a [`Listen`], whose host is looked up only once it is listened on.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;

use crate::host::is_loopback;

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// A name or an address; `None`: every address of the machine.
    host: Option<String>,
    /// 0: any free one.
    port: u16,
}

/// The text names no host and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAddress;

impl FromStr for Listen {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self {
                host: Some(address.ip().to_string()),
                port: address.port(),
            });
        }
        let (host, port) = text.rsplit_once(':').ok_or(NoAddress)?;
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| is_port).ok_or(NoAddress)?;
        let host = match host {
            "" | "*" => None,
            name if is_name(name) => Some(name.to_owned()),
            _ => return Err(NoAddress),
        };
        Ok(Self { host, port })
    }
}

/// Whether a text may be a host's name; an IPv4 address that is none, such as 1.2.3, is no name either.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !label.is_empty() && label.bytes().all(is_letter)
    };
    text.split('.').all(is_label) && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

impl Listen {
    /// Whether two that are listened on at once get in each other's way.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.port != 0 && self == other
    }

    /// Whether it is listened on for this machine alone.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host.as_deref().is_some_and(is_loopback)
    }

    /// What to try, in this order.
    ///
    /// # Errors
    ///
    /// The name is not known.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let Some(host) = &self.host else {
            // Where there is IPv6, its socket takes IPv4 too.
            let every = [
                SocketAddr::from((Ipv6Addr::UNSPECIFIED, self.port)),
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, self.port)),
            ];
            return Ok(every.to_vec());
        };
        let mut found: Vec<_> = (host.as_str(), self.port).to_socket_addrs()?.collect();
        // What a person tries first for a name such as localhost.
        found.sort_by_key(SocketAddr::is_ipv6);
        Ok(found)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            None => write!(text, ":{}", self.port),
            Some(host) if host.contains(':') => write!(text, "[{host}]:{}", self.port),
            Some(host) => write!(text, "{host}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_read_as_people_write_them() {
        for (text, shown, first) in [
            ("127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1:8080"),
            ("0.0.0.0:80", "0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:8080", "[::1]:8080", "[::1]:8080"),
            ("[::]:0", "[::]:0", "[::]:0"),
            (":8080", ":8080", "[::]:8080"),
            ("*:8080", ":8080", "[::]:8080"),
            (":0", ":0", "[::]:0"),
            ("localhost:8080", "localhost:8080", "127.0.0.1:8080"),
        ] {
            let listen: Listen = text.parse().expect(text);
            assert_eq!(listen.to_string(), shown);
            let found = listen.addresses().expect(text);
            assert_eq!(
                found.first().map(ToString::to_string).as_deref(),
                Some(first),
                "{text}"
            );
        }
        for text in [
            "",
            ":",
            "8080",
            "localhost",
            "localhost:",
            "localhost:+80",
            "localhost:65536",
            "::1:8080",
            "a b:80",
            "http://localhost:80",
            "127.0.0:80",
            "256.0.0.1:80",
            ".:80",
            "[::1]",
        ] {
            assert_eq!(text.parse::<Listen>(), Err(NoAddress), "{text}");
        }
    }
}
