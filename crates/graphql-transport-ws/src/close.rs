//! How a connection ends: the code and the reason of a close frame, and who sent it.

use std::borrow::Cow;

use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Bytes of a reason: a control frame holds 125, of which the code takes two.
const REASON_BYTES: usize = 123;

/// A code and a reason to close a connection with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    code: u16,
    reason: Cow<'static, str>,
}

impl Close {
    /// `code` as RFC 6455 (section 7.4) lets a server send it, else 1011 is sent; for applications 4000 to 4999. A reason
    /// of more than 123 bytes is cut at a character.
    pub fn new(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        let code = match CloseCode::from(code).is_allowed() {
            true => code,
            false => CloseCode::Error.into(),
        };
        Self {
            code,
            reason: cut(reason.into(), REASON_BYTES),
        }
    }

    /// The code of the frame.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The reason, at most 123 bytes.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn frame(&self) -> CloseFrame {
        CloseFrame {
            code: self.code.into(),
            reason: self.reason.as_ref().into(),
        }
    }

    pub(crate) fn shutting_down() -> Self {
        Self::new(1001, "Shutting down")
    }

    pub(crate) fn lifetime_passed() -> Self {
        Self::new(1001, "The connection's lifetime has passed")
    }

    pub(crate) fn no_pong() -> Self {
        Self::new(1001, "No answer to a ping")
    }

    pub(crate) fn message_too_long() -> Self {
        Self::new(1009, "Message too long")
    }

    pub(crate) fn not_utf8() -> Self {
        Self::new(1007, "Text must be UTF-8")
    }

    pub(crate) fn violation(fault: impl ToString) -> Self {
        Self::new(1002, fault.to_string())
    }

    pub(crate) fn events_lost() -> Self {
        Self::new(1012, "The events ended early")
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(1013, "Too slow")
    }

    pub(crate) fn invalid(fault: impl Into<Cow<'static, str>>) -> Self {
        Self::new(4400, fault)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(4401, "Unauthorized")
    }

    pub(crate) fn init_timeout() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }

    pub(crate) fn repeated_id(id: &str) -> Self {
        Self::new(4409, format!("Subscriber for {id} already exists"))
    }

    pub(crate) fn repeated_init() -> Self {
        Self::new(4429, "Too many initialisation requests")
    }

    pub(crate) fn too_many_operations() -> Self {
        Self::new(4429, "Too many operations")
    }

    pub(crate) fn too_many_messages() -> Self {
        Self::new(4429, "Too many messages")
    }
}

fn cut(mut text: Cow<'static, str>, bytes: usize) -> Cow<'static, str> {
    if text.len() > bytes {
        let end = text.floor_char_boundary(bytes);
        text = Cow::Owned(text[..end].to_owned());
    }
    text
}

/// Who ended a connection, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The server, with this.
    ByServer(Close),
    /// The client, with this code, or with a close frame without one.
    ByClient(Option<u16>),
    /// The client went away without a close frame, or was never there.
    Lost,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_a_control_frame_and_stays_text() {
        let close = Close::new(4409, format!("{}é", "x".repeat(122)));
        assert_eq!(close.reason(), "x".repeat(122));
        assert_eq!(Close::new(4409, "x".repeat(123)).reason().len(), 123);
    }

    #[test]
    fn a_code_that_no_frame_may_carry_becomes_1011() {
        for code in [0, 999, 1005, 1006, 1015, 5000] {
            assert_eq!(Close::new(code, "").code(), 1011, "{code}");
        }
        for code in [1000, 1013, 4000, 4999] {
            assert_eq!(Close::new(code, "").code(), code);
        }
    }
}
