//! Where a mirror's imports come from, and the keys that are shown there.
//!
//! Takes the text of a URL and of keys; gives what a client needs. Keys are never printed.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use hyper::header::HeaderValue;

/// The path of the list, behind the base.
const LIST: &str = "/api/v1/imports";

/// The base of an upstream's URLs: what stands before `/api/v1/imports`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    text: String,
    host: String,
    port: u16,
    is_encrypted: bool,
    path: String,
}

/// Why a text is no base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// Not of the form.
    #[error("must be http:// or https://, a host and perhaps a path, such as https://api.example.com")]
    Malformed,
    /// A user or a password in it.
    #[error("must not have a user or a key in it")]
    User,
    /// It goes on behind its path.
    #[error("must not have a query or a fragment")]
    Query,
    /// It is the URL of the list itself.
    #[error("must be what stands before /api/v1/imports")]
    List,
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        if text.contains(['?', '#']) {
            return Err(UpstreamError::Query);
        }
        let uri: Uri = text.parse().map_err(|_| UpstreamError::Malformed)?;
        let is_encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(UpstreamError::Malformed),
        };
        let authority = uri.authority().ok_or(UpstreamError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(UpstreamError::User);
        }
        let path = uri.path().trim_end_matches('/');
        if path.ends_with("/imports") {
            return Err(UpstreamError::List);
        }
        let port = authority.port_u16();
        if authority.host().is_empty() || port.is_none() && authority.as_str() != authority.host() {
            return Err(UpstreamError::Malformed);
        }
        let scheme = if is_encrypted { "https" } else { "http" };
        Ok(Self {
            text: format!("{scheme}://{authority}{path}"),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: port.unwrap_or(if is_encrypted { 443 } else { 80 }),
            is_encrypted,
            path: path.to_owned(),
        })
    }
}

impl Upstream {
    /// The base, as it is stored and shown.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The host, without the brackets of an address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is asked over TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Host and port for the header `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        let rest = self.text.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// The target of a request for the list with these parameters.
    #[must_use]
    pub fn target(&self, query: &str) -> String {
        format!("{}{LIST}?{query}", self.path)
    }
}

/// What an upstream knows us by.
#[derive(Clone)]
pub struct Keys {
    /// The value of `Authorization`.
    pub authorization: HeaderValue,
    /// The value of `Account-Token`.
    pub account_token: Option<HeaderValue>,
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is one line of visible ASCII")]
pub struct KeyError;

impl Keys {
    /// The keys of these texts; spaces and line ends around them are dropped, as files end with one.
    ///
    /// # Errors
    ///
    /// [`KeyError`]; it does not repeat the text.
    pub fn new(key: &str, account_token: Option<&str>) -> Result<Self, KeyError> {
        Ok(Self {
            authorization: secret(&format!("{SCHEME}{}", visible(key)?))?,
            account_token: account_token.map(|token| secret(visible(token)?)).transpose()?,
        })
    }

    /// What an upstream sent, without the keys; `None` where they are not in it.
    pub(super) fn cut_from(&self, sent: &[u8]) -> Option<Vec<u8>> {
        let authorization = self.authorization.as_bytes();
        let key = authorization
            .strip_prefix(SCHEME.as_bytes())
            .unwrap_or(authorization);
        let token = self.account_token.as_ref().map(HeaderValue::as_bytes);
        let mut cut = None;
        for secret in [Some(key), token].into_iter().flatten() {
            cut = without(cut.as_deref().unwrap_or(sent), secret).or(cut);
        }
        cut
    }
}

/// The scheme of `Authorization`.
const SCHEME: &str = "Token ";
/// What stands for a key that was cut out.
const CUT: &[u8] = b"[key]";

fn without(sent: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let find = |text: &[u8]| text.windows(secret.len().max(1)).position(|part| part == secret);
    let mut place = find(sent)?;
    let (mut cut, mut rest) = (Vec::with_capacity(sent.len()), sent);
    loop {
        cut.extend_from_slice(&rest[..place]);
        cut.extend_from_slice(CUT);
        rest = &rest[place + secret.len()..];
        match find(rest) {
            Some(next) => place = next,
            None => break,
        }
    }
    cut.extend_from_slice(rest);
    Some(cut)
}

fn visible(text: &str) -> Result<&str, KeyError> {
    let text = text.trim();
    let is_visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_visible.then_some(text).ok_or(KeyError)
}

fn secret(text: &str) -> Result<HeaderValue, KeyError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| KeyError)?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keys")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_cut_from_what_is_sent_wherever_they_stand() {
        let keys = Keys::new("secret", Some("other")).unwrap();
        for (sent, cut) in [
            ("", None),
            ("secre other_", Some("secre [key]_")),
            ("secret", Some("[key]")),
            (
                "a secret, secretsecret b other",
                Some("a [key], [key][key] b [key]"),
            ),
            ("nothing", None),
        ] {
            let found = keys
                .cut_from(sent.as_bytes())
                .map(|text| String::from_utf8(text).unwrap());
            assert_eq!(found.as_deref(), cut, "{sent}");
        }
    }

    #[test]
    fn a_base_has_host_port_and_path() {
        for (text, host, port, authority, target) in [
            (
                "http://a.example",
                "a.example",
                80,
                "a.example",
                "/api/v1/imports?x=1",
            ),
            (
                "https://a.example/",
                "a.example",
                443,
                "a.example",
                "/api/v1/imports?x=1",
            ),
            ("https://a:8443/v/", "a", 8443, "a:8443", "/v/api/v1/imports?x=1"),
            ("http://[::1]:80", "::1", 80, "[::1]:80", "/api/v1/imports?x=1"),
        ] {
            let upstream: Upstream = text.parse().unwrap();
            assert_eq!((upstream.host(), upstream.port()), (host, port), "{text}");
            assert_eq!(
                (upstream.authority(), upstream.target("x=1").as_str()),
                (authority, target)
            );
            assert_eq!(upstream.is_encrypted(), text.starts_with("https"));
            assert_eq!(upstream.text(), text.trim_end_matches('/'));
        }
    }

    #[test]
    fn what_is_no_base_is_refused_in_words() {
        for (text, error) in [
            ("", UpstreamError::Malformed),
            ("a.example", UpstreamError::Malformed),
            ("ftp://a.example", UpstreamError::Malformed),
            ("http://", UpstreamError::Malformed),
            ("http://a:x", UpstreamError::Malformed),
            ("http://key@a.example", UpstreamError::User),
            ("http://a.example?key=1", UpstreamError::Query),
            ("http://a.example#x", UpstreamError::Query),
            ("http://a.example/api/v1/imports", UpstreamError::List),
            ("http://a.example/api/v1/imports/", UpstreamError::List),
        ] {
            assert_eq!(text.parse::<Upstream>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_key_is_one_line_and_is_not_printed() {
        let keys = Keys::new(" secret\n", Some("other")).unwrap();
        assert_eq!(keys.authorization, "Token secret");
        assert!(!format!("{keys:?}{:?}", keys.authorization).contains("secret"));
        for text in ["", " \n", "two lines\nhere", "schlüssel"] {
            assert!(
                Keys::new(text, None).is_err() && Keys::new("a", Some(text)).is_err(),
                "{text:?}"
            );
        }
    }
}
