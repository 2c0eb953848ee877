//! A query string as parameters.
//!
//! Takes the text behind the `?`, gives names and values, decoded strictly: an escape that is none, bytes that are no
//! UTF-8 and NUL are faults, whichever parameter has them.
//!
//! Source: WHATWG URL, `application/x-www-form-urlencoded` parsing, without its leniency.

use std::borrow::Cow;

use super::ParameterErrors;

/// A parameter, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'q> {
    /// What stands before the first `=`.
    pub name: Cow<'q, str>,
    /// What stands behind it; empty where there is none.
    pub value: Cow<'q, str>,
}

/// The parameters that can be decoded, in their order; the others are faults under their names.
pub(super) fn parameters<'q>(query: &'q str, faults: &mut ParameterErrors) -> Vec<Parameter<'q>> {
    let mut parameters = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match (decode(name), decode(value)) {
            (Ok(name), Ok(value)) => parameters.push(Parameter { name, value }),
            (Ok(name), Err(message)) => faults.add(&name, message),
            (Err(message), _) => faults.add(name, message),
        }
    }
    parameters
}

fn decode(text: &str) -> Result<Cow<'_, str>, &'static str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+' | 0)) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = (bytes.next().and_then(digit), bytes.next().and_then(digit));
                let (Some(high), Some(low)) = digits else {
                    return Err("must have two hexadecimal digits after each %; write % itself as %25");
                };
                high << 4 | low
            }
            _ => byte,
        });
    }
    if decoded.contains(&0) {
        return Err("must not contain NUL");
    }
    let decoded = String::from_utf8(decoded).map_err(|_| "must be UTF-8, percent-encoded")?;
    Ok(Cow::Owned(decoded))
}

fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded_and_empty_parts_skipped() {
        let mut faults = ParameterErrors::default();
        let found = parameters("&a%5Bb%5d=1+2&&c&d==%3D&=e&ä=%C3%A4&", &mut faults);
        let found: Vec<_> = found.iter().map(|one| (&*one.name, &*one.value)).collect();
        let expected = [("a[b]", "1 2"), ("c", ""), ("d", "=="), ("", "e"), ("ä", "ä")];
        assert_eq!(found, expected);
        assert!(faults.is_empty());
    }

    #[test]
    fn what_cannot_be_decoded_is_a_fault_under_its_name() {
        for (query, parameter, word) in [
            ("a=%", "a", "%25"),
            ("a=%4", "a", "%25"),
            ("a=%4g", "a", "%25"),
            ("a=%+1", "a", "%25"),
            ("a=%%41", "a", "%25"),
            ("a%5B=%ff", "a[", "UTF-8"),
            ("a=%c3", "a", "UTF-8"),
            ("a=%ed%a0%80", "a", "UTF-8"),
            ("a=%c0%80", "a", "UTF-8"),
            ("a=x%00", "a", "NUL"),
            ("a=\0", "a", "NUL"),
            ("%00=1", "%00", "NUL"),
            ("%zz=1", "%zz", "%25"),
        ] {
            let mut faults = ParameterErrors::default();
            assert_eq!(parameters(query, &mut faults), [], "{query:?}");
            let found: Vec<_> = faults.iter().collect();
            assert_eq!((found.len(), found[0].0), (1, parameter), "{query:?}");
            assert!(found[0].1[0].contains(word), "{query:?} {found:?}");
        }
    }
}
