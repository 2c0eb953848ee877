//! Reading a request's body, bounded in bytes and in time.
//!
//! Takes any body, gives its bytes whole. What is refused here stays unread; the connection it came on is closed
//! behind the answer, as the rest of the body still stands in it.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use bytes::BytesMut;
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::error::{Code, Rejection};

/// Reads a whole body.
///
/// `limit_bytes` is inclusive. Never holds more than the limit and one chunk of the connection's buffer.
///
/// # Errors
///
/// `PAYLOAD_TOO_LARGE` where the body is longer than the limit, before a byte is read if it says so
/// itself; `BAD_REQUEST` where it is not complete at `deadline`, or breaks off.
pub async fn read_body(mut body: Body, limit_bytes: usize, deadline: Instant) -> Result<Bytes, Rejection> {
    let limit = u64::try_from(limit_bytes).unwrap_or(u64::MAX);
    let hint = body.size_hint();
    if hint.lower() > limit {
        return Err(too_large(limit_bytes));
    }
    // What is announced is no more than a wish: room is made for what has come.
    let mut whole = BytesMut::new();
    loop {
        let frame = match timeout_at(deadline, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => return Ok(whole.freeze()),
            Ok(Some(Err(_))) => {
                return Err(Rejection::new(
                    Code::BadRequest,
                    "the request body broke off or is malformed",
                ));
            }
            Err(_) => {
                return Err(Rejection {
                    status: StatusCode::REQUEST_TIMEOUT,
                    ..Rejection::new(Code::BadRequest, "the request body did not arrive in time")
                });
            }
        };
        let Ok(chunk) = frame.into_data() else { continue };
        if chunk.len() > limit_bytes.saturating_sub(whole.len()) {
            return Err(too_large(limit_bytes));
        }
        if whole.is_empty() && body.is_end_stream() {
            return Ok(chunk);
        }
        whole.extend_from_slice(&chunk);
    }
}

fn too_large(limit_bytes: usize) -> Rejection {
    Rejection::new(
        Code::PayloadTooLarge,
        format!("the request body is larger than {limit_bytes} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use futures_util::stream::{self, StreamExt};

    use super::*;

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    fn chunks(chunks: &[&'static str]) -> Body {
        let chunks: Vec<_> = chunks
            .iter()
            .map(|chunk| Ok::<_, Infallible>(Bytes::from_static(chunk.as_bytes())))
            .collect();
        Body::from_stream(stream::iter(chunks))
    }

    #[track_caller]
    fn code(result: Result<Bytes, Rejection>) -> Code {
        result.expect_err("the body is refused").code
    }

    #[tokio::test]
    async fn a_body_of_exactly_the_limit_is_read() {
        assert_eq!(
            read_body(Body::from("12345"), 5, later()).await.expect("a body"),
            "12345"
        );
        assert_eq!(
            read_body(chunks(&["12", "", "345"]), 5, later())
                .await
                .expect("a body"),
            "12345"
        );
        assert_eq!(read_body(Body::empty(), 0, later()).await.expect("a body"), "");
    }

    #[tokio::test]
    async fn one_byte_more_is_refused() {
        assert_eq!(
            code(read_body(Body::from("123456"), 5, later()).await),
            Code::PayloadTooLarge
        );
        assert_eq!(
            code(read_body(chunks(&["12", "3456"]), 5, later()).await),
            Code::PayloadTooLarge
        );
        assert_eq!(
            code(read_body(chunks(&["1"]), 0, later()).await),
            Code::PayloadTooLarge
        );
    }

    #[tokio::test]
    async fn an_endless_body_is_given_up_at_the_limit() {
        let endless = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[0; 1024])));
        assert_eq!(
            code(read_body(Body::from_stream(endless), 4096, later()).await),
            Code::PayloadTooLarge
        );
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up_at_its_deadline() {
        let started = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{"))]);
        let stuck = Body::from_stream(started.chain(stream::pending()));
        let rejection = read_body(stuck, 5, Instant::now() + Duration::from_millis(5)).await;
        assert_eq!(code(rejection.clone()), Code::BadRequest);
        assert!(rejection.expect_err("refused").message.contains("in time"));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_a_bad_request() {
        let broken = stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("reset"))]);
        assert_eq!(
            code(read_body(Body::from_stream(broken), 5, later()).await),
            Code::BadRequest
        );
    }
}
