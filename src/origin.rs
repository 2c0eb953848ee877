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

/// A text that no browser sends as an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an origin: write scheme://host or scheme://host:port in lower case, without a path")]
pub struct OriginError;

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let uri: Uri = text.parse().map_err(|_| OriginError)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(OriginError);
        };
        let default_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err(OriginError),
        };
        let as_sent = format!("{scheme}://{authority}");
        if as_sent != text
            || authority.as_str().contains('@')
            || authority.port_u16() == Some(default_port)
            || text.bytes().any(|b| b.is_ascii_uppercase())
        {
            return Err(OriginError);
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| OriginError)
    }
}
