//! The lexical tokens of a document, and the lengths, in bytes, of the string or number at the start of a text.

use async_graphql_parser::Pos;

use crate::rejection::{Code, Rejection};
use crate::string_value::{block_value, line_value, lines};

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

/// A lexical token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    Name(&'t str),
    /// As it is written.
    Number(&'t str),
    /// The value of a string, of either kind.
    Text(String),
    /// A punctuator of one character.
    Sign(char),
    /// `...`
    Spread,
    /// The end of the text.
    End,
}

/// The tokens of a text in which every string ends, one by one, each with its place.
///
/// Source: the GraphQL specification, September 2026, "Appendix C: Grammar Summary".
pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    /// The column of the byte at `counted`.
    column: usize,
    counted: usize,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            column: 1,
            counted: 0,
        }
    }

    /// The next token.
    ///
    /// # Errors
    ///
    /// [`Code::ParseFailed`] for what is no token.
    pub(crate) fn next(&mut self) -> Result<(Pos, Token<'t>), Rejection> {
        self.skip_ignored();
        let pos = self.pos();
        let rest = &self.text.as_bytes()[self.at..];
        let (length, token) = match rest.first() {
            None => (0, Token::End),
            Some(b'"') => {
                let length = string(rest).unwrap_or(rest.len());
                (length, Token::Text(self.value(length, pos)?))
            }
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => {
                let length = run(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                (length, Token::Name(&self.text[self.at..self.at + length]))
            }
            Some(b'0'..=b'9' | b'-') => {
                let length = number(rest);
                let runs_on = rest
                    .get(length)
                    .is_some_and(|next| next.is_ascii_alphanumeric() || b"_.".contains(next));
                if runs_on || rest[..length] == *b"-" {
                    return Err(no_token(
                        pos,
                        "expected a number such as 1 or -0.5e3, and a space behind it",
                    ));
                }
                (length, Token::Number(&self.text[self.at..self.at + length]))
            }
            Some(b'.') if rest.starts_with(b"...") => (3, Token::Spread),
            Some(
                sign @ (b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|'
                | b'}'),
            ) => (1, Token::Sign(char::from(*sign))),
            Some(_) => return Err(no_token(pos, "a character stands where none like it can")),
        };
        self.at += length;
        Ok((pos, token))
    }

    fn skip_ignored(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b',' => self.at += 1,
                b'\n' | b'\r' => {
                    let rest = &bytes[self.at..];
                    self.at += if rest.starts_with(b"\r\n") { 2 } else { 1 };
                    self.new_line();
                }
                b'#' => self.at += run(&bytes[self.at..], |byte| !matches!(byte, b'\n' | b'\r')),
                0xEF if bytes[self.at..].starts_with("\u{feff}".as_bytes()) => self.at += 3,
                _ => return,
            }
        }
    }

    fn new_line(&mut self) {
        self.line += 1;
        self.column = 1;
        self.counted = self.at;
    }

    /// The place of the next byte: columns are counted in characters.
    fn pos(&mut self) -> Pos {
        let passed = &self.text.as_bytes()[self.counted..self.at];
        self.column += passed.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
        self.counted = self.at;
        Pos {
            line: self.line,
            column: self.column,
        }
    }

    /// The value of the string of this length that is next.
    fn value(&mut self, length: usize, pos: Pos) -> Result<String, Rejection> {
        let whole = &self.text[self.at..self.at + length];
        if let Some(block) = whole.strip_prefix("\"\"\"") {
            let block = block.strip_suffix("\"\"\"").unwrap_or(block);
            // What follows stands behind the block's last line.
            let start = self.at;
            let mut line_at = start;
            for line in lines(whole).skip(1) {
                line_at = line.as_ptr() as usize - self.text.as_ptr() as usize;
                self.line += 1;
            }
            if line_at != start {
                self.column = 1;
                self.counted = line_at;
            }
            return Ok(block_value(&block.replace("\\\"\"\"", "\"\"\"")));
        }
        let inside = whole.get(1..length.saturating_sub(1)).unwrap_or_default();
        line_value(inside).ok_or_else(|| {
            no_token(
                pos,
                "an escape in a string is none: \\u{...} or \\u and four digits of a character, or \\ and one of \" \\ / b f n r t",
            )
        })
    }
}

fn no_token(pos: Pos, what: &str) -> Rejection {
    let message = format!("The document is not GraphQL: {what}.");
    Rejection::new(Code::ParseFailed, message, vec![pos])
}

#[cfg(test)]
mod tests;
