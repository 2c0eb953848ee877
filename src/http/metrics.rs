//! `/metrics`: what Prometheus reads. It needs no key and names no caller.
//!
//! Two formats are offered: OpenMetrics to who asks for it by name, and to everybody else Prometheus' text format, which
//! every reader knows.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::get;
use mediatype::names::{APPLICATION, PLAIN, TEXT as TEXT_TYPE};
use mediatype::{MediaType, Name, ReadParams as _};

use super::negotiate::{Range, Specificity, preference, ranges};
use super::{Door, Gateway, Readiness, probes, rest};
use crate::store::mirror::Standing;
use crate::telemetry::metrics::{MirrorNow, Now};
use crate::telemetry::text_format;

/// Where the metrics are.
pub(super) const PATH: &str = "/metrics";

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const OPENMETRICS_TEXT: Name<'static> = Name::new_unchecked("openmetrics-text");
const VERSION: Name<'static> = Name::new_unchecked("version");
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new().route(PATH, get(handle))
}

/// The door to what operators ask, alone, for an address of its own.
pub fn operating_door(gateway: Arc<Gateway>) -> Door {
    let routes = router()
        .merge(probes::router())
        .fallback(rest::unknown)
        .method_not_allowed_fallback(rest::method_not_allowed);
    Door::without_graphql(gateway, routes)
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
) -> ([(HeaderName, &'static str); 2], String) {
    let pool = gateway.store.pool();
    let now = Now {
        running: gateway.permits.running(),
        waiting: gateway.permits.waiting(),
        pool_open: pool.open,
        pool_idle: pool.idle,
        streams: gateway.streams.count(),
        changes_age: gateway.changes.age(),
        mirrors: gateway.mirrors.all().iter().map(mirrored).collect(),
        ready: *gateway.readiness.borrow() == Readiness::Ready,
    };
    let openmetrics = gateway.metrics.encode(&now);
    let (media_type, text) = if wants_openmetrics(headers.get_all(ACCEPT)) {
        (OPENMETRICS, openmetrics)
    } else {
        (TEXT, text_format::from_openmetrics(&openmetrics))
    };
    ([(CONTENT_TYPE, media_type), (VARY, "Accept")], text)
}

fn mirrored(standing: &Standing) -> MirrorNow {
    MirrorNow {
        account_id: standing.account_id,
        age: standing.polled_ago,
        is_stalled: standing.is_stalled,
    }
}

/// Whether a reader names OpenMetrics, in a version that we write or in none, and likes it no less than plain text; or takes
/// anything but plain text. What is malformed is as if absent; a reader that takes neither format gets text, as it can do
/// nothing with a refusal.
///
/// Source: RFC 9110, 12.5.1.
fn wants_openmetrics<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>) -> bool {
    let mut ranges = ranges(accept);
    let text = preference(&ranges, &MediaType::new(TEXT_TYPE, PLAIN));
    ranges.retain(|Range { media, .. }| {
        let version = media.get_param(VERSION);
        version.is_none_or(|version| matches!(&*version.unquoted_str(), "0.0.1" | "1.0.0"))
    });
    let openmetrics = preference(&ranges, &MediaType::new(APPLICATION, OPENMETRICS_TEXT));
    let is_named = openmetrics.specificity == Specificity::Exact;
    let is_text_refused = text.specificity > Specificity::Any && text.quality == 0;
    openmetrics.quality > 0 && openmetrics.quality >= text.quality && (is_named || is_text_refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openmetrics_is_for_who_asks_for_it() {
        for (accept, expected) in [
            // Nobody, a browser, curl, readers of the text format.
            (None, false),
            (Some("*/*"), false),
            (Some(""), false),
            (Some("text/html,application/xhtml+xml,*/*;q=0.8"), false),
            (Some("text/plain"), false),
            (Some("text/plain;version=0.0.4"), false),
            (Some("text/plain;version=0.0.4;q=1,*/*;q=0.1"), false),
            (Some("application/json"), false),
            (Some("application/*"), false),
            // Prometheus 2.42, 2.55 and 3, then with protocol buffers first.
            (
                Some(
                    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                     text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                ),
                true,
            ),
            (
                Some(
                    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                     application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,\
                     text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                ),
                true,
            ),
            (
                Some(
                    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
                     application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                ),
                true,
            ),
            // What a reader does not want, or not in a version of ours.
            (Some("application/openmetrics-text"), true),
            (
                Some("Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8"),
                true,
            ),
            (Some("application/openmetrics-text;q=0"), false),
            (Some("application/openmetrics-text;q=x"), false),
            (Some("application/openmetrics-text;version=2.0.0"), false),
            (Some("text/plain;q=0.9,application/openmetrics-text;q=0.5"), false),
            (Some("text/plain,application/openmetrics-text"), true),
            // Of the entries that cover a format, the closest decides.
            (Some("*/*;q=0.5,application/openmetrics-text;q=0.4"), false),
            (Some("text/*;q=0.5,application/openmetrics-text;q=0.4,*/*"), false),
            (
                Some("text/plain;q=0.1,*/*,application/openmetrics-text;q=0.2"),
                true,
            ),
            (Some("text/plain;q=0,*/*"), true),
            (Some("text/plain;q=0"), false),
        ] {
            let value = accept.map(HeaderValue::from_static);
            assert_eq!(wants_openmetrics(value.as_ref()), expected, "{accept:?}");
        }
    }
}
