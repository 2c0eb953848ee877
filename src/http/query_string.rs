//! The query string of a URL: strict decoding, and no keys in it.
//!
//! Takes the text behind the `?`, gives decoded pairs. Nothing is passed through undecoded or replaced: two readers of
//! one URL must not see two requests.
//!
//! Source: RFC 3986, 2.1; the URL standard, "application/x-www-form-urlencoded".

use std::borrow::Cow;

use crate::error::{Code, Rejection};

/// A name and its value, decoded.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Splits a query string into its decoded pairs, in order. A name without `=` has an empty value.
///
/// # Errors
///
/// `BAD_REQUEST` where a name or a value cannot be decoded.
pub fn pairs(query_string: &str) -> Result<Vec<Pair<'_>>, Rejection> {
    query_string
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((percent_decode(name)?, percent_decode(value)?))
        })
        .collect::<Result<_, EscapeError>>()
        .map_err(|error| Rejection::new(Code::BadRequest, error.to_string()))
}

/// Refuses a URL that carries a key: URLs end up in logs, histories and referrers.
///
/// Looks at the names of the parameters only, without regard to case or escapes.
///
/// # Errors
///
/// `UNAUTHENTICATED` where a parameter is named like a key.
pub fn refuse_key_in_url(query_string: &str) -> Result<(), Rejection> {
    const NAMES: [&str; 9] = [
        "access_token",
        "account_token",
        "api_key",
        "api_token",
        "apikey",
        "auth_token",
        "authorization",
        "key",
        "token",
    ];
    let named_like_a_key = |pair: &str| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        percent_decode(name).is_ok_and(|name| NAMES.iter().any(|key| name.eq_ignore_ascii_case(key)))
    };
    if query_string.split('&').any(named_like_a_key) {
        return Err(Rejection::new(
            Code::Unauthenticated,
            "a key in a URL is not accepted; send it in the Authorization header",
        ));
    }
    Ok(())
}

/// Why a piece of a URL cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EscapeError {
    /// A `%` without two hexadecimal digits behind it.
    #[error("a `%` in the URL is not followed by two hexadecimal digits")]
    Malformed,
    /// The decoded bytes are no UTF-8.
    #[error("the URL is not UTF-8 once its escapes are decoded")]
    NotUtf8,
}

/// Decodes one name or value of a query string: `%XX` is a byte, `+` a space.
///
/// # Errors
///
/// [`EscapeError`]; nothing is passed through or replaced.
pub fn percent_decode(text: &str) -> Result<Cow<'_, str>, EscapeError> {
    if !text.bytes().any(|b| matches!(b, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
                let high = digit().ok_or(EscapeError::Malformed)?;
                let low = digit().ok_or(EscapeError::Malformed)?;
                u8::try_from(high * 16 + low).map_err(|_| EscapeError::Malformed)?
            }
            other => other,
        });
    }
    String::from_utf8(decoded)
        .map(Cow::Owned)
        .map_err(|_| EscapeError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_keep_their_order_and_empty_ones_are_dropped() {
        let found = pairs("b=1&&a=%26=+&b").expect("well formed");
        let found: Vec<_> = found
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
            .collect();
        assert_eq!(found, [("b", "1"), ("a", "&= "), ("b", "")]);
        assert_eq!(pairs(""), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn any_text_survives_a_url(text in "\\PC*") {
            let escaped: String = text.bytes().map(|b| format!("%{b:02x}")).collect();
            prop_assert_eq!(percent_decode(&escaped), Ok(Cow::Owned::<str>(text)));
        }
    }
}
