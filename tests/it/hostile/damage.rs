//! Damage to bytes, as transport and careless programs do it.

use crate::rng::Rng;

/// Bytes that parsers tend to stumble over.
const SHARP: &[&[u8]] = &[
    b"\0",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b":",
    b",",
    b"$",
    b"@",
    b"...",
    b"\"\"\"",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\\u0000",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"-1",
    b"0",
    b"2147483648",
    b"99999999999999999999",
    b"1e400",
    b"NaN",
    b"null",
    b"true",
    b"' OR 1=1--",
    b"'; DROP TABLE imports; --",
    b"$1",
    b"%00",
    b"%",
    b"%zz",
    b"+",
    b"&",
    b"=",
    b"#",
    b" ",
    b"\t",
    b"__schema{types{name}}",
    b"...F",
    b"{}",
    b"[]",
];

impl Rng {
    /// Damages bytes in one to four places.
    pub(crate) fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let to = (at + self.below(9)).min(bytes.len());
            match self.below(7) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 if at < bytes.len() => bytes[at] = self.next().to_be_bytes()[0],
                2 => drop(bytes.drain(at..to)),
                3 => {
                    let again = bytes[at..to].repeat(1 + self.below(40));
                    bytes.splice(at..at, again);
                }
                4 => bytes.truncate(at),
                5 => {
                    let other = self.below(bytes.len() + 1);
                    let piece = bytes[at..to].to_vec();
                    bytes.splice(other..other, piece);
                }
                _ => {
                    let sharp = self.choose(SHARP).to_vec();
                    bytes.splice(at..at, sharp);
                }
            }
        }
    }

    /// A damaged copy of a text, still a text.
    pub(crate) fn damaged(&mut self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.damage(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
