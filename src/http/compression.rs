//! Smaller answers for clients that ask for them.
//!
//! Takes a request and what answers it, gives the answer, by Brotli or gzip where that is worth its time. Deliberately
//! absent: the pages' files, which are compressed when they are built.

use std::convert::Infallible;
use std::future::ready;
use std::mem;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

/// The smallest answer that is worth compressing, in bytes.
const COMPRESS_FROM_BYTES: u64 = 1025;
/// Of Brotli's eleven and gzip's nine levels, the one where time begins to grow faster than size shrinks.
const COMPRESSION_LEVEL: i32 = 4;

/// Layer: compresses an answer above 1 KiB, where the client asks for it and the content gains by it.
pub(super) async fn layer<F: Future<Output = Response>>(
    mut request: Request,
    inner: impl FnOnce(Request) -> F,
) -> Response {
    forget_refused_identity(request.headers_mut());
    let mut codings = axum::http::Request::new(());
    for coding in request.headers().get_all(ACCEPT_ENCODING) {
        codings.headers_mut().append(ACCEPT_ENCODING, coding.clone());
    }
    let mut response = inner(request).await;
    if !is_worth_compressing(&response) {
        return response;
    }
    if codings.headers().is_empty() {
        // All that the compression would do, without its wrapping of the body.
        let varies = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"accept-encoding");
        if !response.headers().get_all(VARY).iter().any(varies) {
            response.headers_mut().append(VARY, ACCEPT_ENCODING.into());
        }
        return response;
    }
    let plain = service_fn(|_| ready(Ok::<_, Infallible>(mem::take(&mut response))));
    let compressed = CompressionLayer::new()
        .quality(CompressionLevel::Precise(COMPRESSION_LEVEL))
        .compress_when(SizeAbove::new(0))
        .layer(plain)
        .oneshot(codings);
    let Ok(compressed) = compressed.await;
    compressed.map(Body::new)
}

fn is_worth_compressing(response: &Response) -> bool {
    let gains = SizeAbove::new(COMPRESS_FROM_BYTES)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE)
        .and(NotForContentType::const_new("font/"));
    !response.headers().contains_key(CONTENT_ENCODING) && gains.should_compress(response)
}

/// Forgets that a client refuses answers without a coding: it is sent one rather than none. The compression would put 406
/// over the answer that it has.
fn forget_refused_identity(headers: &mut HeaderMap) {
    let Some(value) = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
        return;
    };
    let is_refusal = |coding: &str| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map(str::parse);
        matches!(name.trim(), "identity" | "*") && weight == Some(Ok(0.0))
    };
    if value.split(',').any(is_refusal) {
        let kept: Vec<_> = value.split(',').filter(|coding| !is_refusal(coding)).collect();
        if let Ok(kept) = HeaderValue::from_str(&kept.join(",")) {
            headers.insert(ACCEPT_ENCODING, kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_TYPE;

    use super::*;

    const TEXT: &str = "text/plain";

    async fn ask(
        media_type: &'static str,
        bytes: usize,
        headers: &[(&'static str, &str)],
    ) -> (u16, HeaderMap, Vec<u8>) {
        let mut request = Request::new(Body::empty());
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("a header");
            request.headers_mut().append(*name, value);
        }
        let response = layer(request, async |_| {
            let mut response = Response::new(Body::from("x".repeat(bytes)));
            let media_type = HeaderValue::from_static(media_type);
            response.headers_mut().insert(CONTENT_TYPE, media_type);
            response
        });
        let (parts, body) = response.await.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
        (parts.status.as_u16(), parts.headers, body.to_vec())
    }

    #[tokio::test]
    async fn an_answer_above_one_kibibyte_is_compressed_where_the_client_asks() {
        for encoding in ["br", "gzip"] {
            let asks = [(ACCEPT_ENCODING.as_str(), encoding)];
            let (_, headers, body) = ask(TEXT, 1025, &asks).await;
            assert_eq!(headers[CONTENT_ENCODING], encoding);
            assert!(body.len() < 200);
            assert!(!ask(TEXT, 1024, &asks).await.1.contains_key(CONTENT_ENCODING));
            assert!(
                !ask("image/png", 5000, &asks)
                    .await
                    .1
                    .contains_key(CONTENT_ENCODING)
            );
        }
        let (_, plain, _) = ask(TEXT, 1025, &[]).await;
        assert!(!plain.contains_key(CONTENT_ENCODING));
        assert_eq!(plain[VARY], "accept-encoding", "another client gets other bytes");
        assert!(!ask(TEXT, 1024, &[]).await.1.contains_key(VARY));
    }

    #[tokio::test]
    async fn a_client_that_wants_no_plain_answer_gets_one_rather_than_none() {
        for value in ["identity;q=0", "*;q=0", "identity; q=0.0, *;q=0", "zstd, *;q=0"] {
            let (status, headers, body) = ask(TEXT, 1025, &[(ACCEPT_ENCODING.as_str(), value)]).await;
            assert_eq!((status, body.len()), (200, 1025), "{value}");
            assert!(!headers.contains_key(CONTENT_ENCODING), "{value}");
        }
        let (status, headers, _) = ask(TEXT, 1025, &[(ACCEPT_ENCODING.as_str(), "br, identity;q=0")]).await;
        assert_eq!(
            (status, &headers[CONTENT_ENCODING]),
            (200, &HeaderValue::from_static("br"))
        );
    }
}
