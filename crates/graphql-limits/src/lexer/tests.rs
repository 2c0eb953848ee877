//! What the lexer promises.

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

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Rejection> {
    let mut lexer = Lexer::new(text);
    let mut all = Vec::new();
    loop {
        match lexer.next()?.1 {
            Token::End => return Ok(all),
            token => all.push(token),
        }
    }
}

fn value(text: &str) -> Option<String> {
    match tokens(text).ok()?.as_slice() {
        [Token::Text(value)] => Some(value.clone()),
        _ => None,
    }
}

#[test]
fn a_string_has_the_characters_that_its_escapes_name() {
    for (text, expected) in [
        (r#""""#, ""),
        (r#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u0049\u{49}\u{0000049}""#, "III"),
        (
            r#""\u{1F600}\uD83D\uDE00\u{10FFFF}""#,
            "\u{1f600}\u{1f600}\u{10ffff}",
        ),
        (r#""\u{0}\u0000""#, "\0\0"),
        ("\"\u{1}\u{7f}é\"", "\u{1}\u{7f}é"),
    ] {
        assert_eq!(value(text).as_deref(), Some(expected), "{text}");
    }
    for text in [
        r#""\a""#,
        r#""\u""#,
        r#""\u{}""#,
        r#""\u{110000}""#,
        r#""\u{D800}""#,
        r#""\u{ffffffffffffffffffff}""#,
        r#""\u{+1}""#,
        r#""\u+041""#,
        r#""\uD83D""#,
        r#""\uD83D\u0041""#,
        r#""\uDE00\uD83D""#,
        r#""\uD83Dx""#,
        "\"\\é\"",
    ] {
        assert_eq!(value(text), None, "{text}");
    }
}

#[test]
fn a_block_string_loses_what_its_lines_share() {
    for (text, expected) in [
        ("\"\"\"\"\"\"", ""),
        ("\"\"\"a\\\"\"\"b\\n\"\"\"", "a\"\"\"b\\n"),
        ("\"\"\"\n    a\n      b\n\n    c\n  \"\"\"", "a\n  b\n\nc"),
        ("\"\"\" a\r\n\t\tb\r\tc\"\"\"", " a\n\tb\nc"),
        ("\"\"\" \n \n\"\"\"", ""),
    ] {
        assert_eq!(value(text).as_deref(), Some(expected), "{text:?}");
    }
}

#[test]
fn what_runs_into_a_number_is_no_token() {
    for text in ["1", "-0", "0.5", "1e3 a", "1...F", "{1}"] {
        assert_eq!(tokens(text).is_ok(), text != "1...F", "{text}");
    }
    for text in [
        "007", "1a", "1_", "1.", "1.5.5", "1e", "-", "-a", ".5", "1.e3", "0x1",
    ] {
        assert!(tokens(text).is_err(), "{text}");
    }
}

#[test]
fn a_token_has_its_place() {
    let mut lexer = Lexer::new("\u{feff}a \"é\" b\r\n c\rd \"\"\"\n\n  x\"\"\" e # é\n\nf");
    let mut places = Vec::new();
    loop {
        match lexer.next() {
            Ok((_, Token::End)) => break,
            Ok((pos, _)) => places.push((pos.line, pos.column)),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(
        places,
        [(1, 2), (1, 4), (1, 8), (2, 2), (3, 1), (3, 3), (5, 8), (7, 1)]
    );
}
