//! Where a request comes from: the address limits count by.
//!
//! Anybody can write a header, so a header is believed only from a proxy that is listed, and of
//! its list only what listed proxies wrote: from the right end to the first address that is not
//! one of them. What stands left of that is the caller's own claim.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};

use axum::extract::{FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde::Deserialize;

use super::connections::Peer;
use crate::config::Settings;

/// The address that asks; none where there is no connection, as within the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(Option<IpAddr>);

impl ClientAddress {
    pub(super) fn of(request: &Request, settings: &Settings) -> Self {
        let peer = request.extensions().get::<Peer>().map(|peer| plain(peer.0.ip()));
        Self(peer.map(|peer| seen_by(peer, request.headers(), settings)))
    }

    /// By which limits count: the address itself, or the network of an IPv6 address, since one
    /// line to the internet has all of the last 64 bits for itself. Nothing for this machine:
    /// behind a proxy here that is not listed, that would be everybody.
    pub fn counted_by(self) -> Option<String> {
        match self.0? {
            address if address.is_loopback() => None,
            IpAddr::V4(address) => Some(address.to_string()),
            IpAddr::V6(address) => {
                let network = u128::from(address) >> 64 << 64;
                Some(Ipv6Addr::from(network).to_string())
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(None)))
    }
}

/// An IPv4 address in the clothes of an IPv6 one is the same machine.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn seen_by(peer: IpAddr, headers: &HeaderMap, settings: &Settings) -> IpAddr {
    let mut seen = peer;
    for told in settings.forwarded_by.addresses(headers).into_iter().rev() {
        if !settings.trusted_proxies.has(seen) {
            break;
        }
        // What cannot be read was not written by a proxy of ours: nobody further is believed.
        let Some(told) = told else { break };
        seen = told;
    }
    seen
}

/// Which header the proxies write. One of the two: the other may be the caller's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedBy {
    XForwardedFor,
    Forwarded,
}

impl ForwardedBy {
    /// The addresses in the order they stand there; none for each that is no address.
    fn addresses(self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let name = match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        };
        let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
        let hops = lines.flat_map(|line| line.split(','));
        hops.map(|hop| match self {
            Self::XForwardedFor => address_in(hop),
            Self::Forwarded => hop.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.trim().eq_ignore_ascii_case("for").then_some(value).and_then(address_in)
            }),
        })
        .collect()
    }
}

/// `192.0.2.7`, `192.0.2.7:51234`, `2001:db8::7`, `"[2001:db8::7]:51234"`
fn address_in(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let address = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0.parse().ok()?,
        None => text.parse().ok().or_else(|| text.rsplit_once(':')?.0.parse().ok())?,
    };
    Some(plain(address))
}

/// Networks, as `10.0.0.7, 192.168.0.0/16, fd00::/8`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TrustedProxies(Vec<(IpAddr, u32)>);

impl TryFrom<String> for TrustedProxies {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        let network = |word: &str| {
            let (address, bits) = word.split_once('/').unwrap_or((word, ""));
            let address = plain(address.parse::<IpAddr>().ok()?);
            let all = if address.is_ipv4() { 32 } else { 128 };
            let bits = if bits.is_empty() { Some(all) } else { bits.parse().ok() };
            Some((address, bits.filter(|bits| *bits <= all)?))
        };
        words
            .map(|word| network(word).ok_or_else(|| format!("trusted_proxies: not one: {word}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl TrustedProxies {
    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|(network, bits)| match (network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - bits;
                u32::from(*network).checked_shr(shift) == u32::from(address).checked_shr(shift)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - bits;
                u128::from(*network).checked_shr(shift) == u128::from(address).checked_shr(shift)
            }
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(text: &str) -> TrustedProxies {
        TrustedProxies::try_from(text.to_owned()).unwrap()
    }

    fn seen(proxies_: &str, by: &str, peer: &str, lines: &[(&'static str, &str)]) -> String {
        let flags = [("trusted_proxies", proxies_.to_owned()), ("forwarded_by", by.to_owned())];
        let settings = crate::config::load(None, &flags).unwrap().settings;
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        seen_by(plain(peer.parse().unwrap()), &headers, &settings).to_string()
    }

    #[test]
    fn only_a_listed_proxy_is_believed_and_only_what_it_wrote_itself() {
        let xff = |value| [("x-forwarded-for", value)];
        let by = "x-forwarded-for";
        for (listed, peer, value, expected) in [
            ("", "203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.0/8", "203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.0/8", "10.0.0.7", "198.51.100.1", "198.51.100.1"),
            // What the caller wrote stands left of what the proxy wrote.
            ("10.0.0.0/8", "10.0.0.7", "1.1.1.1, 10.9.9.9, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.0/8", "10.0.0.7", "1.1.1.1, 198.51.100.1, 10.2.0.1", "198.51.100.1"),
            ("10.0.0.0/8", "10.0.0.7", "198.51.100.1, unknown", "10.0.0.7"),
            ("10.0.0.0/8", "10.0.0.7", "", "10.0.0.7"),
            ("10.0.0.0/8", "::ffff:10.0.0.7", "198.51.100.1:4711", "198.51.100.1"),
            ("0.0.0.0/0", "10.0.0.7", "1.1.1.1, 2.2.2.2", "1.1.1.1"),
        ] {
            assert_eq!(seen(listed, by, peer, &xff(value)), expected, "{listed} {peer} {value}");
        }
        let twice = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.1")];
        assert_eq!(seen("10.0.0.7", by, "10.0.0.7", &twice), "198.51.100.1");
        assert_eq!(seen("10.0.0.7", by, "10.0.0.7", &[("forwarded", "for=1.1.1.1")]), "10.0.0.7");
        let forwarded = [("forwarded", "for=1.1.1.1, proto=https;For=\"[2001:db8::7]:80\"")];
        assert_eq!(seen("10.0.0.7", "forwarded", "10.0.0.7", &forwarded), "2001:db8::7");
    }

    #[test]
    fn limits_count_by_address_and_by_network() {
        let counted = |text: &str| ClientAddress(Some(text.parse().unwrap())).counted_by();
        assert_eq!(counted("198.51.100.1").unwrap(), "198.51.100.1");
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), counted("2001:db8:1:2:ffff::"));
        assert_ne!(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"));
        assert_eq!((counted("127.0.0.1"), counted("::1")), (None, None));
    }

    #[test]
    fn a_list_of_proxies_is_read_or_refused() {
        for wrong in ["here", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.1/-1"] {
            assert!(TrustedProxies::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        let listed = proxies("10.0.0.7,fd00::/8");
        assert!(listed.has("fdff::1".parse().unwrap()) && !listed.has("fe00::1".parse().unwrap()));
        assert!(!listed.has("10.0.0.8".parse().unwrap()));
    }
}
