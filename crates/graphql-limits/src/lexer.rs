//! The lengths, in bytes, of the string or number at the start of a text, exactly as the parser's grammar reads them.

/// The length of the run of bytes that belong.
pub(crate) fn run(text: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|&byte| !belongs(byte)).unwrap_or(text.len())
}

/// The length of a string, its quotes included; none if it does not end. The text starts with a quote.
pub(crate) fn string(text: &[u8]) -> Option<usize> {
    if text.starts_with(b"\"\"\"") {
        block_string(text)
    } else {
        line_string(text)
    }
}

fn block_string(text: &[u8]) -> Option<usize> {
    let mut at = 3;
    loop {
        let tail = text.get(at..)?;
        if tail.starts_with(b"\"\"\"") {
            return Some(at + 3);
        }
        at += if tail.starts_with(b"\\\"\"\"") { 4 } else { 1 };
    }
}

fn line_string(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match *text.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The length of a number: `007` starts with one of length 1. The text starts with a digit or a minus.
pub(crate) fn number(text: &[u8]) -> usize {
    let sign = usize::from(text.starts_with(b"-"));
    let digits = if text[sign..].starts_with(b"0") {
        1
    } else {
        run(&text[sign..], |byte| byte.is_ascii_digit())
    };
    let fraction = sign + digits;
    let exponent = fraction + part(&text[fraction..], b".", b"");
    exponent + part(&text[exponent..], b"eE", b"+-")
}

/// The length of a fraction or exponent; 0 where there is none.
fn part(text: &[u8], starts: &[u8], signs: &[u8]) -> usize {
    if !text.first().is_some_and(|byte| starts.contains(byte)) {
        return 0;
    }
    let sign = usize::from(text.get(1).is_some_and(|byte| signs.contains(byte)));
    let digits = run(&text[1 + sign..], |byte| byte.is_ascii_digit());
    if digits == 0 { 0 } else { 1 + sign + digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_where_the_grammar_ends_it() {
        for (text, length) in [
            ("0", 1),
            ("007", 1),
            ("-0.5e+10x", 8),
            ("12.", 2),
            ("1.5.5", 3),
            ("1e", 1),
            ("-", 1),
            ("1...F", 1),
        ] {
            assert_eq!(number(text.as_bytes()), length, "{text}");
        }
    }

    #[test]
    fn a_string_ends_at_its_quote_or_never() {
        assert_eq!(string(b"\"a\\\"b\" c"), Some(6));
        assert_eq!(string(b"\"\" c"), Some(2));
        assert_eq!(string(b"\"\"\"a\"\\\"\"\"b\"\"\" c"), Some(13));
        assert_eq!(string(b"\"\"\"\"\"\""), Some(6));
        for open in [
            &b"\"a"[..],
            b"\"a\n\"",
            b"\"\\\"",
            b"\"\"\"\"",
            b"\"\"\" \\\"\"\"",
        ] {
            assert_eq!(string(open), None);
        }
    }
}
