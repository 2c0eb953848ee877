//! Limits on a document's text, checked in one pass over its bytes before it is parsed: size, tokens, nesting of brackets.
//!
//! Tokens end where the parser ends them, so that no bracket goes uncounted. A string that does not end is refused here.

use async_graphql_parser::Pos;

use crate::lexer;
use crate::limits::Limits;
use crate::rejection::{Code, Rejection};

/// What was counted in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Lexical tokens.
    pub tokens: usize,
    /// The most brackets open at once.
    pub brackets: usize,
}

/// Checks a document's text.
///
/// # Errors
///
/// [`Code::QueryTooLarge`], [`Code::QueryTooDeep`] beyond a limit; [`Code::ParseFailed`] for a string without an
/// end or a bracket without its partner.
pub fn check_tokens(text: &str, limits: &Limits) -> Result<TokenCounts, Rejection> {
    if text.len() > limits.document_bytes {
        let message = format!(
            "The document has {} bytes; at most {} are accepted.",
            text.len(),
            limits.document_bytes
        );
        return Err(Rejection::new(Code::QueryTooLarge, message, Vec::new()));
    }
    Scanner {
        bytes: text.as_bytes(),
        at: 0,
        open: Vec::new(),
        found: TokenCounts::default(),
        limits,
    }
    .run()
}

/// An open bracket.
struct Open {
    close: u8,
    at: usize,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Vec<Open>,
    found: TokenCounts,
    limits: &'a Limits,
}

impl Scanner<'_> {
    fn run(mut self) -> Result<TokenCounts, Rejection> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => self.at += 1,
                0xEF if self.bytes[self.at..].starts_with(b"\xEF\xBB\xBF") => self.at += 3,
                b'#' => self.at = self.end_of_run(|byte| !matches!(byte, b'\n' | b'\r')),
                _ => self.token(byte)?,
            }
        }
        match self.open.last() {
            Some(open) => Err(self.refuse(Code::ParseFailed, open.at, "A bracket is never closed.")),
            None => Ok(self.found),
        }
    }

    fn token(&mut self, byte: u8) -> Result<(), Rejection> {
        self.found.tokens += 1;
        match byte {
            b'"' => self.string()?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                self.at = self.end_of_run(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            }
            b'0'..=b'9' | b'-' => self.at += lexer::number(&self.bytes[self.at..]),
            b'.' if self.bytes[self.at..].starts_with(b"...") => self.at += 3,
            b'(' => self.open(b')')?,
            b'[' => self.open(b']')?,
            b'{' => self.open(b'}')?,
            b')' | b']' | b'}' => self.close(byte)?,
            _ => self.at += 1,
        }
        if self.found.tokens > self.limits.tokens {
            let message = format!("The document has more than {} tokens.", self.limits.tokens);
            return Err(self.refuse(Code::QueryTooLarge, self.at, &message));
        }
        Ok(())
    }

    fn open(&mut self, close: u8) -> Result<(), Rejection> {
        if self.open.len() >= self.limits.brackets {
            let message = format!("Brackets are nested more than {} deep.", self.limits.brackets);
            return Err(self.refuse(Code::QueryTooDeep, self.at, &message));
        }
        self.open.push(Open { close, at: self.at });
        self.found.brackets = self.found.brackets.max(self.open.len());
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, byte: u8) -> Result<(), Rejection> {
        if self.open.pop().is_none_or(|open| open.close != byte) {
            return Err(self.refuse(
                Code::ParseFailed,
                self.at,
                "A bracket is closed that is not open.",
            ));
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<(), Rejection> {
        let Some(length) = lexer::string(&self.bytes[self.at..]) else {
            return Err(self.refuse(Code::ParseFailed, self.at, "A string is never closed."));
        };
        self.at += length;
        Ok(())
    }

    fn end_of_run(&self, belongs: impl Fn(u8) -> bool) -> usize {
        self.at + lexer::run(&self.bytes[self.at..], belongs)
    }

    fn refuse(&self, code: Code, at: usize, message: &str) -> Rejection {
        let before = &self.bytes[..at];
        let line_start = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |newline| newline + 1);
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let column = 1 + before[line_start..]
            .iter()
            .filter(|&&byte| byte & 0xC0 != 0x80)
            .count();
        Rejection::new(code, message, vec![Pos { line, column }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<Code> {
        check_tokens(text, &Limits::default())
            .err()
            .map(|rejection| rejection.code)
    }

    fn tokens(text: &str) -> usize {
        check_tokens(text, &Limits::default())
            .expect("a valid text")
            .tokens
    }

    #[test]
    fn tokens_end_where_the_grammar_ends_them() {
        assert_eq!(tokens("{ a(x: -1.5e+3, y: \"b\") ...F } # c\n"), 13);
        assert_eq!(tokens("[007 1-1 1.5]"), 8);
        assert_eq!(tokens("\u{feff}{a}"), 3);
        assert_eq!(tokens("[truetruetruetrue]"), 3);
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let found = check_tokens(
            "{a(x:\"[[[\\\"[[\" y:\"\"\"((\\\"\"\"((\"\"\") # [[[[\r}",
            &Limits::default(),
        );
        assert_eq!(found.expect("a valid text").brackets, 2);
    }

    #[test]
    fn a_string_without_an_end_hides_no_brackets() {
        let hidden = format!("{{a(x:[\"\"\" b\" {}", "[".repeat(2000));
        assert_eq!(code(&hidden), Some(Code::ParseFailed));
        assert_eq!(code("{a(x:\"b\n\")}"), Some(Code::ParseFailed));
        assert_eq!(code("{a(x:\"\\"), Some(Code::ParseFailed));
    }

    #[test]
    fn a_limit_is_kept_to_the_byte_the_token_and_the_bracket() {
        let limits = Limits::default();
        assert_eq!(code(&" ".repeat(limits.document_bytes)), None);
        assert_eq!(
            code(&" ".repeat(limits.document_bytes + 1)),
            Some(Code::QueryTooLarge)
        );
        assert_eq!(code(&"a ".repeat(limits.tokens)), None);
        assert_eq!(code(&"a ".repeat(limits.tokens + 1)), Some(Code::QueryTooLarge));
        assert_eq!(code(&format!("{}{}", "[".repeat(32), "]".repeat(32))), None);
        assert_eq!(code(&"[".repeat(33)), Some(Code::QueryTooDeep));
    }

    #[test]
    fn brackets_must_pair() {
        for text in ["{a", "}", "{a]", "{a(b:[1)]}"] {
            assert_eq!(code(text), Some(Code::ParseFailed), "{text}");
        }
    }

    #[test]
    fn a_column_is_counted_in_characters() {
        let rejection = check_tokens("{a\n\"é\" )", &Limits::default()).expect_err("a stray bracket");
        assert_eq!(rejection.errors[0].locations, vec![Pos { line: 2, column: 5 }]);
    }
}
