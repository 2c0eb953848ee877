//! Conditional requests: what a client has already, told by `If-None-Match`, is not read and sent again.
//!
//! Takes a request and what decides its answer besides the account's imports; gives the answer's entity tag, and the 304 where
//! the client has it. Tags are weak, as answers are compressed on their way. Such an answer may be kept by its client alone, who
//! asks before it uses it (`private, no-cache`): under `no-store`, as of all others, nothing is kept that could be asked about.
//!
//! Source: RFC 9110, 8.8.3 and 13.1.2; RFC 9111, 5.2.2.

use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use entity::imports;

use super::Gateway;
use crate::auth::Viewer;
use crate::changes::{Look, Tag};
use crate::store::{Store, StoreError};

/// What is known of a request before it is answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Conditional {
    look: Option<Look>,
    /// Whether the client has something, whatever it is.
    has_any: bool,
}

impl Conditional {
    /// Of a request whose answer the account's imports and `request` alone decide.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where the database gives nothing else either.
    pub(super) async fn look(
        gateway: &Gateway,
        store: &Store,
        viewer: &Viewer,
        headers: &HeaderMap,
        request: &[&[u8]],
    ) -> Result<Self, StoreError> {
        let tags: Vec<_> = listed(headers).filter_map(Tag::decode).collect();
        let account_id = viewer.account_id();
        let looked = gateway
            .tags
            .look::<imports::Model>(store, account_id, request, &tags);
        Ok(Self {
            look: looked.await?,
            has_any: has_any(headers),
        })
    }

    /// The answer to a client that has it. `*` is met by whatever there is, where it `is_there`.
    pub(super) fn not_modified(&self, is_there: bool) -> Option<Response> {
        let look = self.look?;
        (look.is_known || self.has_any && is_there)
            .then(|| self.mark(StatusCode::NOT_MODIFIED.into_response()))
    }

    /// The answer with its tag, and what may be done with it.
    pub(super) fn mark(&self, mut response: Response) -> Response {
        let tag = self.look.map(|look| format!("W/\"{}\"", look.tag.encode()));
        if let Some(Ok(tag)) = tag.map(HeaderValue::try_from) {
            let headers = response.headers_mut();
            headers.insert(ETAG, tag);
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
            // Also of a short answer and of none: a cache then knows it of the long one.
            for name in ["Accept-Encoding", "Authorization"] {
                headers.append(VARY, HeaderValue::from_static(name));
            }
        }
        response
    }
}

/// Whether a client has what this tag is of, without its quotes; weak and strong tags count alike.
pub(super) fn has(headers: &HeaderMap, tag: &str) -> bool {
    has_any(headers) || listed(headers).any(|listed| listed == tag)
}

fn fields(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let fields = headers.get_all(IF_NONE_MATCH).iter();
    fields.filter_map(|field| field.to_str().ok())
}

/// Whether a client has something, whatever it is.
fn has_any(headers: &HeaderMap) -> bool {
    fields(headers).any(|field| field.trim() == "*")
}

/// The opaque part of each tag that a client lists. A field ends where it is malformed.
fn listed(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    fields(headers).flat_map(|field| {
        let mut rest = field;
        std::iter::from_fn(move || {
            let start = rest.trim_start_matches([' ', '\t', ',']);
            let start = start.strip_prefix("W/").unwrap_or(start).strip_prefix('"')?;
            let (tag, behind) = start.split_once('"')?;
            rest = behind;
            Some(tag)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(IF_NONE_MATCH, HeaderValue::from_static(field));
        }
        headers
    }

    #[test]
    fn the_tags_of_all_fields_are_read_whether_weak_or_strong() {
        for (fields, tags) in [
            (&[][..], &[][..]),
            (&["\"a\""], &["a"]),
            (&["W/\"a\""], &["a"]),
            (&["\"a\", W/\"b\",\t\"c\""], &["a", "b", "c"]),
            (&[",, \"a\" ,, \"b\","], &["a", "b"]),
            (&["\"a\"", "W/\"b\""], &["a", "b"]),
            (&["\"a,b\", \"*\""], &["a,b", "*"]),
            (&["\"\""], &[""]),
            (&["*"], &[]),
            // Malformed: nothing behind the fault is taken for a tag.
            (&["a"], &[]),
            (&["\"a"], &[]),
            (&["w/\"a\""], &[]),
            (&["W/ \"a\""], &[]),
            (&["*, \"a\""], &[]),
            (&["\"a\", b, \"c\""], &["a"]),
            (&["a", "\"b\""], &["b"]),
        ] {
            let headers = headers(fields);
            assert_eq!(listed(&headers).collect::<Vec<_>>(), tags, "{fields:?}");
        }
    }

    #[test]
    fn whoever_has_anything_has_this() {
        for (fields, has_it) in [
            (&["*"][..], true),
            (&["\"a\"", " * "], true),
            (&["\"b\", W/\"a\""], true),
            (&["\"*\""], false),
            (&["*, \"b\""], false),
            (&["\"b\""], false),
            (&[], false),
        ] {
            assert_eq!(has(&headers(fields), "a"), has_it, "{fields:?}");
        }
    }
}
