//! The name of a request, the same in its answer and in the log.
//!
//! A client or a proxy may give it; anything that could not stand in a log line as it is, is replaced.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

/// The header that carries the name, both ways.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of a request.
///
/// 1 to 64 of `A-Z a-z 0-9 . _ -`; one of ours has 26.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new name: 128 bits that no two requests share. They are unpredictable enough to search a log by, and no
    /// secret.
    pub fn fresh() -> Self {
        // Each state's keys differ from the last one's, and come from the system's randomness.
        let half = || u128::from(RandomState::new().build_hasher().finish());
        let bits = half() << 64 | half();
        let digit = |place: u32| {
            let index = usize::try_from(bits >> (5 * place) & 31).unwrap_or(0);
            char::from(ALPHABET[index])
        };
        Self((0..26).rev().map(digit).collect::<String>().into())
    }

    /// Reads the name that a request came with: a single, well-formed one.
    pub fn parse(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(X_REQUEST_ID).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        let text = value.to_str().ok()?;
        let well_formed = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        well_formed.then(|| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Crockford's: no two digits look alike.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Layer: gives every request its [`RequestId`], as an extension, and every answer, as a header.
pub async fn layer<F: Future<Output = Response>>(
    mut request: Request,
    inner: impl FnOnce(Request) -> F,
) -> Response {
    let id = RequestId::parse(request.headers()).unwrap_or_else(RequestId::fresh);
    request.extensions_mut().insert(id.clone());
    let mut response = inner(request).await;
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[track_caller]
    fn check(values: &[&str], accepted: bool) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(X_REQUEST_ID, HeaderValue::from_str(value).expect("a header"));
        }
        let id = RequestId::parse(&headers);
        assert_eq!(
            id.as_ref().map(RequestId::as_str),
            accepted.then(|| values[0]),
            "{values:?}"
        );
    }

    #[test]
    fn a_name_that_can_stand_in_a_log_is_kept() {
        check(&["a"], true);
        check(&["0190a1b2-C3.d4_5"], true);
        check(&["x".repeat(64).as_str()], true);
        check(&[], false);
        check(&[""], false);
        check(&["x".repeat(65).as_str()], false);
        check(&["a b"], false);
        check(&["a\"b"], false);
        check(&["a\tb"], false);
        check(&["ä"], false);
        check(&["a", "b"], false);
    }

    #[test]
    fn fresh_names_are_well_formed_and_differ() {
        let names: HashSet<String> = (0..1000)
            .map(|_| RequestId::fresh().as_str().to_owned())
            .collect();
        assert_eq!(names.len(), 1000);
        for name in &names {
            assert_eq!(name.len(), 26);
            check(&[name], true);
        }
    }
}
