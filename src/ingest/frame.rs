//! Where one JSON value ends: brackets and quotes, nothing more.
//!
//! Takes bytes one by one, says when the value is complete or can no longer be. It keeps no text, so a value may be of
//! any length. Deliberately absent: whether the value is JSON in all else, which a parser says of the framed text.

/// As deep as values may nest: what the JSON parser takes, too.
const MAX_DEPTH: u32 = 127;

/// What a byte did to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The value goes on.
    More,
    /// The value is complete with this byte.
    Done,
    /// This byte, which is not taken, cannot stand here.
    Broken(&'static str),
    /// This byte closes the name of a member `records` of the outermost object.
    Records,
}

/// How far a value has been read.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// One bit an open bracket, the innermost lowest: 1 for `[`.
    open: u128,
    depth: u32,
    in_text: bool,
    is_escaped: bool,
    /// The last byte that was no white space, outside texts.
    last: u8,
    /// Whether to look for a member `records`.
    watches: bool,
    /// Whether this text is the name of an outermost member, and its bytes so far.
    name: Option<Vec<u8>>,
}

/// `records` with every letter escaped takes 42 bytes.
const LONGEST_NAME: usize = 42;

impl Frame {
    /// A frame that answers [`Step::Records`] where the value is an object with a member `records`.
    pub(super) fn watching() -> Self {
        Self {
            watches: true,
            ..Self::default()
        }
    }

    /// Takes the next byte. Scalars other than texts have no end of their own, so they are not to be framed.
    pub(super) fn step(&mut self, byte: u8) -> Step {
        if self.in_text {
            return self.step_in_text(byte);
        }
        let in_array = self.open & 1 == 1;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => return Step::More,
            b'"' => {
                self.in_text = true;
                let is_name =
                    self.watches && self.depth == 1 && !in_array && matches!(self.last, b'{' | b',');
                self.name = is_name.then(Vec::new);
            }
            b'{' | b'[' => {
                let fits = match self.last {
                    b':' => !in_array,
                    b'[' => true,
                    b',' => in_array,
                    _ => self.depth == 0,
                };
                if !fits {
                    return Step::Broken("not JSON: an object or array starts where none can");
                }
                if self.depth == MAX_DEPTH {
                    return Step::Broken("nested more than 127 deep");
                }
                self.open = self.open << 1 | u128::from(byte == b'[');
                self.depth += 1;
            }
            b'}' | b']' => {
                if self.depth == 0 || in_array != (byte == b']') {
                    return Step::Broken("not JSON: a bracket closes what it did not open");
                }
                self.open >>= 1;
                self.depth -= 1;
                if self.depth == 0 {
                    return Step::Done;
                }
            }
            _ => {}
        }
        self.last = byte;
        Step::More
    }

    fn step_in_text(&mut self, byte: u8) -> Step {
        if byte == b'\n' {
            return Step::Broken("not JSON: a text is not closed on its line");
        }
        if byte == b'"' && !self.is_escaped {
            self.in_text = false;
            self.last = byte;
            if self.name.take().is_some_and(|name| is_records(&name)) {
                return Step::Records;
            }
            return if self.depth == 0 { Step::Done } else { Step::More };
        }
        self.is_escaped = byte == b'\\' && !self.is_escaped;
        match &mut self.name {
            Some(name) if name.len() < LONGEST_NAME => name.push(byte),
            _ => self.name = None,
        }
        Step::More
    }
}

/// Whether the inside of a JSON text says `records`.
fn is_records(name: &[u8]) -> bool {
    name == b"records"
        || name.contains(&b'\\')
            && serde_json::from_slice::<String>(&[b"\"", name, b"\""].concat())
                .is_ok_and(|name| name == "records")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes were taken, and what the last step said.
    fn run(mut frame: Frame, text: &str) -> (usize, Step) {
        for (taken, byte) in text.bytes().enumerate() {
            match frame.step(byte) {
                Step::More => {}
                Step::Broken(reason) => return (taken, Step::Broken(reason)),
                step => return (taken + 1, step),
            }
        }
        (text.len(), Step::More)
    }

    #[test]
    fn a_value_ends_with_its_last_bracket_or_quote() {
        for (text, taken) in [
            (r#"{} {}"#, 2),
            (r#"{"a":[{"b":"}"}]}x"#, 17),
            (r#"["\"]",1]]"#, 9),
            (r#""a\\"b"#, 5),
        ] {
            assert_eq!(run(Frame::default(), text), (taken, Step::Done), "{text}");
        }
        assert_eq!(run(Frame::default(), r#"{"a":[1,{"#), (9, Step::More));
    }

    #[test]
    fn what_cannot_become_a_value_is_broken_where_it_breaks() {
        for (text, taken) in [
            ("{\"a\":\"x\n\"}", 7),
            ("{\"a\":1,\n{\"a\":2}", 8),
            ("{\"a\":[1}", 7),
            ("{\"a\":1]", 6),
            ("[1 {}]", 3),
            ("{\"a\":{}{}}", 7),
        ] {
            let (at, step) = run(Frame::default(), text);
            assert!(
                at == taken && matches!(step, Step::Broken(_)),
                "{text:?} {at} {step:?}"
            );
        }
        let (at, step) = run(Frame::default(), &"[".repeat(200));
        assert_eq!((at, step), (127, Step::Broken("nested more than 127 deep")));
    }

    #[test]
    fn only_an_outermost_member_called_records_is_seen() {
        for text in [
            r#"{"records""#,
            r#"{"a":[1,{"x":2}],"records""#,
            r#"{"\u0072ecords""#,
        ] {
            assert_eq!(
                run(Frame::watching(), text),
                (text.len(), Step::Records),
                "{text}"
            );
        }
        for text in [
            r#"{"a":{"records":[]}}"#,
            r#"{"a":"records"}"#,
            r#"{"records2":1}"#,
            r#"["records"]"#,
            r#"{"a":["records","records"]}"#,
        ] {
            assert_eq!(run(Frame::watching(), text), (text.len(), Step::Done), "{text}");
        }
    }
}
