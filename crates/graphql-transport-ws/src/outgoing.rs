//! The messages to a client, and the frames that carry them.

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// Bytes of a frame. The WebSocket library's buffer grows to the longest frame and never shrinks.
const FRAME_BYTES: usize = 4096;

/// A message on its way out: what is left of its text.
#[derive(Debug)]
pub(crate) struct Outgoing {
    parts: [Bytes; 3],
    is_begun: bool,
}

impl Outgoing {
    pub(crate) fn ack() -> Self {
        Self::whole(Bytes::from_static(br#"{"type":"connection_ack"}"#))
    }

    /// The answer to a ping, with its payload, as the package graphql-ws sends it.
    pub(crate) fn pong(payload: Option<&RawValue>) -> Self {
        Self::whole(match payload {
            Some(payload) => format!(r#"{{"type":"pong","payload":{}}}"#, payload.get()).into(),
            None => Bytes::from_static(br#"{"type":"pong"}"#),
        })
    }

    pub(crate) fn next(id: &str, result: Bytes) -> Self {
        Self::with_payload(id, "next", result)
    }

    pub(crate) fn error(id: &str, errors: Bytes) -> Self {
        Self::with_payload(id, "error", errors)
    }

    pub(crate) fn complete(id: &str) -> Self {
        Self::whole(format!(r#"{{"id":{},"type":"complete"}}"#, quoted(id)).into())
    }

    fn whole(text: Bytes) -> Self {
        Self {
            parts: [text, Bytes::new(), Bytes::new()],
            is_begun: false,
        }
    }

    fn with_payload(id: &str, kind: &str, payload: Bytes) -> Self {
        let head = format!(r#"{{"id":{},"type":"{kind}","payload":"#, quoted(id));
        Self {
            parts: [head.into(), payload, Bytes::from_static(b"}")],
            is_begun: false,
        }
    }

    /// The next frame, until there is none. Each is whole text by itself, which no client may count on, but some do.
    pub(crate) fn next_frame(&mut self) -> Option<Frame> {
        let left: usize = self.parts.iter().map(Bytes::len).sum();
        if left == 0 {
            return None;
        }
        let is_last = left <= FRAME_BYTES;
        let bytes = match is_last {
            true => self.take_rest(left),
            false => self.take_piece(),
        };
        let data = match self.is_begun {
            true => Data::Continue,
            false => Data::Text,
        };
        self.is_begun = true;
        Some(Frame::message(bytes, OpCode::Data(data), is_last))
    }

    fn take_rest(&mut self, left: usize) -> Bytes {
        let parts = std::mem::take(&mut self.parts);
        if let Some(only) = parts.iter().find(|part| part.len() == left) {
            return only.clone();
        }
        let mut rest = Vec::with_capacity(left);
        parts.iter().for_each(|part| rest.extend_from_slice(part));
        rest.into()
    }

    fn take_piece(&mut self) -> Bytes {
        let Some(part) = self.parts.iter_mut().find(|part| !part.is_empty()) else {
            return Bytes::new();
        };
        let mut end = part.len().min(FRAME_BYTES);
        // A byte of the form 10xxxxxx is inside of a character, which has at most four.
        let is_inside = |at: usize| part.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
        for _ in 0..3 {
            end -= usize::from(is_inside(end));
        }
        part.split_to(end)
    }
}

fn quoted(id: &str) -> String {
    serde_json::Value::from(id).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(mut message: Outgoing) -> Vec<Frame> {
        std::iter::from_fn(|| message.next_frame()).collect()
    }

    fn text(frames: &[Frame]) -> String {
        let texts = frames.iter().map(|frame| std::str::from_utf8(frame.payload()));
        texts.collect::<Result<_, _>>().expect("each frame is text")
    }

    #[test]
    fn a_short_message_is_one_frame() {
        for (message, expected) in [
            (Outgoing::ack(), r#"{"type":"connection_ack"}"#),
            (Outgoing::complete("a\"b"), r#"{"id":"a\"b","type":"complete"}"#),
            (
                Outgoing::next("1", "{\"data\":{}}".into()),
                r#"{"id":"1","type":"next","payload":{"data":{}}}"#,
            ),
            (
                Outgoing::error("1", "[{}]".into()),
                r#"{"id":"1","type":"error","payload":[{}]}"#,
            ),
        ] {
            let frames = frames(message);
            assert_eq!(frames.len(), 1);
            assert!(frames[0].header().is_final);
            assert_eq!(frames[0].header().opcode, OpCode::Data(Data::Text));
            assert_eq!(text(&frames), expected);
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters_into_frames_of_bounded_length() {
        for shift in 0..5 {
            let payload = format!("\"{}{}\"", "x".repeat(shift), "€😀".repeat(5000));
            let frames = frames(Outgoing::next("1", payload.clone().into()));
            let (last, before) = frames.split_last().expect("frames");
            assert!(last.header().is_final);
            assert!(before.iter().all(|frame| !frame.header().is_final));
            assert!(frames.iter().all(|frame| frame.payload().len() <= FRAME_BYTES));
            let kinds = frames
                .iter()
                .map(|frame| frame.header().opcode == OpCode::Data(Data::Text));
            assert_eq!(kinds.filter(|is_first| *is_first).count(), 1);
            assert_eq!(
                text(&frames),
                format!(r#"{{"id":"1","type":"next","payload":{payload}}}"#)
            );
        }
    }
}
