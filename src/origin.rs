//! An origin of web pages, as a browser names it.
//!
//! Takes text of a setting, gives an [`Origin`] that compares with the header `Origin`.

use std::str::FromStr;

use axum::http::{HeaderValue, Uri};

/// An origin as a browser writes it: `https://app.example.com`, `http://localhost:5173`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl Origin {
    /// Whether a browser names this origin.
    #[must_use]
    pub fn is(&self, header: &HeaderValue) -> bool {
        self.0 == header
    }
}

/// A text that no browser sends as an origin, and why: what follows the text in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It does not begin with a scheme that pages have.
    #[error("has no scheme that pages have: write https://HOST or http://HOST")]
    Scheme,
    /// Something stands behind host and port.
    #[error("has a path: an origin ends with its host or port, without a slash")]
    Path,
    /// It stands for several.
    #[error("has a `*`: write each origin out, as browsers send them whole")]
    Pattern,
    /// The port is none.
    #[error("has a port that is no number from 0 to 65535")]
    Port,
    /// The port need not be said, so a browser does not.
    #[error("has the port that its scheme has anyway: leave it out, as browsers do")]
    DefaultPort,
    /// It is not in lower case.
    #[error("has capital letters: browsers send origins in lower case")]
    Case,
    /// It is none in another way.
    #[error("is not an origin such as https://app.example.com")]
    Other,
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let lower = text.to_ascii_lowercase();
        let (default_port, host) = match (lower.strip_prefix("http://"), lower.strip_prefix("https://")) {
            (Some(host), _) => (80, host),
            (_, Some(host)) => (443, host),
            _ => return Err(OriginError::Scheme),
        };
        if host.contains(['/', '?', '#']) {
            return Err(OriginError::Path);
        }
        let uri: Uri = text.parse().map_err(|_| OriginError::Other)?;
        let authority = uri.authority().ok_or(OriginError::Other)?;
        if authority.host().contains('*') {
            return Err(OriginError::Pattern);
        }
        if authority.as_str().contains('@') || authority.as_str() != &text[text.len() - host.len()..] {
            return Err(OriginError::Other);
        }
        // What stands behind the host is a port that a browser writes: in range, and as a number is written.
        let after_host = authority.as_str().strip_prefix(authority.host());
        let port = after_host.and_then(|text| text.strip_prefix(':'));
        if port.is_some_and(|text| authority.port_u16().map(|port| port.to_string()) != Some(text.to_owned()))
        {
            return Err(OriginError::Port);
        }
        if authority.port_u16() == Some(default_port) {
            return Err(OriginError::DefaultPort);
        }
        if lower != text {
            return Err(OriginError::Case);
        }
        HeaderValue::from_str(text)
            .map(Self)
            .map_err(|_| OriginError::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_origin_is_told_what_it_has_too_much_or_lacks() {
        for text in [
            "https://app.example.com",
            "http://localhost:5173",
            "http://[::1]:8080",
        ] {
            assert!(text.parse::<Origin>().is_ok(), "{text}");
        }
        for (text, why) in [
            ("app.example.com", OriginError::Scheme),
            ("localhost:5173", OriginError::Scheme),
            ("*", OriginError::Scheme),
            ("null", OriginError::Scheme),
            ("ftp://app.example.com", OriginError::Scheme),
            ("https://app.example.com/", OriginError::Path),
            ("https://app.example.com/pages", OriginError::Path),
            ("https://app.example.com?a", OriginError::Path),
            ("https://app.example.com:443", OriginError::DefaultPort),
            ("http://localhost:80", OriginError::DefaultPort),
            ("https://App.example.com", OriginError::Case),
            ("HTTPS://app.example.com", OriginError::Case),
            ("https://*.example.com", OriginError::Pattern),
            ("https://app.example.com:*", OriginError::Port),
            ("https://app.example.com:99999", OriginError::Port),
            ("https://app.example.com:08443", OriginError::Port),
            ("https://app.example.com:", OriginError::Port),
            ("https://", OriginError::Other),
            ("https://u:p@app.example.com", OriginError::Other),
            ("https://a b", OriginError::Other),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(why), "{text}");
        }
    }
}
