//! Counters and clocks for operators, in Prometheus' text format.
//!
//! Every label has a closed set of values: nothing that a caller wrote becomes one. No globals: a process that serves
//! twice, such as a test, counts twice.

use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// A word of ours as a label's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label(pub &'static str);

impl EncodeLabelValue for Label {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.encode(encoder)
    }
}

/// What kind of request was answered, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    kind: Label,
    code: Label,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stage {
    stage: Label,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Coded {
    code: Label,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Statement {
    statement: Label,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InColumn {
    column: Label,
}

/// Buckets from a quarter of a millisecond to ten seconds.
#[derive(Clone)]
struct Latency;

impl MetricConstructor<Histogram> for Latency {
    fn new_metric(&self) -> Histogram {
        Histogram::new([
            0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
        ])
    }
}

/// What is measured at the moment of reading.
#[derive(Clone, Debug, Default)]
pub struct Now {
    /// Requests that run.
    pub running: usize,
    /// Requests that wait for their turn.
    pub waiting: usize,
    /// Open database connections.
    pub pool_open: u32,
    /// Of these, the idle ones.
    pub pool_idle: usize,
    /// Open streams of changes.
    pub streams: usize,
    /// For how long changes may have been there that nobody was told of yet.
    pub changes_age: Duration,
    /// The mirrors.
    pub mirrors: Vec<MirrorNow>,
    /// Whether the service is ready.
    pub ready: bool,
}

/// A mirror at the moment of reading.
#[derive(Clone, Copy, Debug)]
pub struct MirrorNow {
    /// The account: a number of ours, as many as there are mirrors.
    pub account_id: i64,
    /// How old its imports are; `None` where they were never read to the end.
    pub age: Option<Duration>,
    /// Whether nothing comes in.
    pub is_stalled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MirrorOf {
    account: i64,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Stage, Histogram, Latency>,
    refusals: Family<Coded, Counter>,
    rate_limited: Counter,
    statements: Family<Statement, Counter>,
    unreadable: Family<InColumn, Counter>,
    running: Gauge,
    waiting: Gauge,
    pool_open: Gauge,
    pool_idle: Gauge,
    streams: Gauge,
    changes_age: Gauge<f64, AtomicU64>,
    mirror_age: Family<MirrorOf, Gauge<f64, AtomicU64>>,
    mirror_stalled: Family<MirrorOf, Gauge>,
    ready: Gauge,
    /// One reader at a time: the mirrors are set anew for each.
    reading: Mutex<()>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("imports_gateway");
        let requests = Family::<Answered, Counter<u64, AtomicU64>>::default();
        registry.register(
            "requests",
            "Requests answered, by kind of operation and code",
            requests.clone(),
        );
        let seconds = Family::<Stage, Histogram, Latency>::new_with_constructor(Latency);
        registry.register_with_unit(
            "stage",
            "Time of each stage of a request",
            Unit::Seconds,
            seconds.clone(),
        );
        let refusals = Family::<Coded, Counter>::default();
        registry.register(
            "guard_refusals",
            "Documents that the guard refused, by code",
            refusals.clone(),
        );
        let rate_limited = Counter::default();
        registry.register(
            "rate_limited",
            "Requests refused because a budget was spent",
            rate_limited.clone(),
        );
        let statements = Family::<Statement, Counter>::default();
        registry.register(
            "statements",
            "Statements that requests ran, by shape",
            statements.clone(),
        );
        let unreadable = Family::<InColumn, Counter>::default();
        registry.register(
            "unreadable_values",
            "Values of imports that break the promises of their table, each time one is read",
            unreadable.clone(),
        );
        let mut gauge = |name, help| {
            let gauge = Gauge::<i64, AtomicI64>::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let running = gauge("running", "Requests that run");
        let waiting = gauge("waiting", "Requests that wait for their turn");
        let pool_open = gauge("pool_open", "Open database connections");
        let pool_idle = gauge("pool_idle", "Idle database connections");
        let streams = gauge("streams", "Open streams of changes");
        let ready = gauge("ready", "1 where the service is ready");
        let changes_age = Gauge::<f64, AtomicU64>::default();
        registry.register_with_unit(
            "changes_age",
            "For how long changes may have been there that no stream was told of",
            Unit::Seconds,
            changes_age.clone(),
        );
        let mirror_age = Family::<MirrorOf, Gauge<f64, AtomicU64>>::default();
        registry.register_with_unit(
            "mirror_age",
            "Since when the upstream's changes were not read to the end, by account",
            Unit::Seconds,
            mirror_age.clone(),
        );
        let mirror_stalled = Family::<MirrorOf, Gauge>::default();
        registry.register(
            "mirror_stalled",
            "1 where two intervals went by without a page of the upstream, by account",
            mirror_stalled.clone(),
        );
        Self {
            registry,
            requests,
            seconds,
            refusals,
            rate_limited,
            statements,
            unreadable,
            running,
            waiting,
            pool_open,
            pool_idle,
            streams,
            changes_age,
            mirror_age,
            mirror_stalled,
            ready,
            reading: Mutex::new(()),
        }
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// A request was answered. `kind` is `query`, `introspection`, `rest` or the like; `code` an error's label or `ok`.
    pub fn answered(&self, kind: &'static str, code: &'static str, took: Duration) {
        self.requests
            .get_or_create(&Answered {
                kind: Label(kind),
                code: Label(code),
            })
            .inc();
        self.stage("request", took);
    }

    /// A stage of a request took its time.
    pub fn stage(&self, stage: &'static str, took: Duration) {
        self.seconds
            .get_or_create(&Stage { stage: Label(stage) })
            .observe(took.as_secs_f64());
    }

    /// The guard refused a document.
    pub fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&Coded { code: Label(code) }).inc();
    }

    /// A request was refused because a budget was spent.
    pub fn rate_limited(&self) {
        self.rate_limited.inc();
    }

    /// A request ran a statement of this shape.
    pub fn statement(&self, shape: &'static str) {
        self.statements
            .get_or_create(&Statement {
                statement: Label(shape),
            })
            .inc();
    }

    /// A value was read that breaks the promises of its column.
    pub fn unreadable(&self, column: &'static str) {
        self.unreadable
            .get_or_create(&InColumn {
                column: Label(column),
            })
            .inc();
    }

    /// Everything as text, with what is measured now.
    #[must_use]
    pub fn encode(&self, now: &Now) -> String {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let set = |gauge: &Gauge, number: i64| gauge.set(number);
        set(&self.running, i64::try_from(now.running).unwrap_or(i64::MAX));
        set(&self.waiting, i64::try_from(now.waiting).unwrap_or(i64::MAX));
        set(&self.pool_open, i64::from(now.pool_open));
        set(&self.pool_idle, i64::try_from(now.pool_idle).unwrap_or(i64::MAX));
        set(&self.streams, i64::try_from(now.streams).unwrap_or(i64::MAX));
        self.changes_age.set(now.changes_age.as_secs_f64());
        set(&self.ready, i64::from(now.ready));
        self.mirror_age.clear();
        self.mirror_stalled.clear();
        for mirror in &now.mirrors {
            let of = MirrorOf {
                account: mirror.account_id,
            };
            if let Some(age) = mirror.age {
                self.mirror_age.get_or_create(&of).set(age.as_secs_f64());
            }
            let stalled = self.mirror_stalled.get_or_create(&of);
            stalled.set(i64::from(mirror.is_stalled));
        }
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_in_prometheus_text() {
        let metrics = Metrics::default();
        metrics.answered("query", "ok", Duration::from_millis(3));
        metrics.refused("query_too_deep");
        metrics.rate_limited();
        metrics.statement("page");
        let mirror = |account_id, age: Option<u64>| MirrorNow {
            account_id,
            age: age.map(Duration::from_secs),
            is_stalled: age.is_none(),
        };
        let gone = metrics.encode(&Now {
            mirrors: vec![mirror(3, Some(1))],
            ..Now::default()
        });
        assert!(
            gone.contains("imports_gateway_mirror_age_seconds{account=\"3\"} 1.0"),
            "{gone}"
        );
        let text = metrics.encode(&Now {
            mirrors: vec![mirror(1, Some(40)), mirror(2, None)],
            running: 2,
            ready: true,
            streams: 3,
            changes_age: Duration::from_millis(1500),
            ..Now::default()
        });
        for line in [
            r#"imports_gateway_requests_total{kind="query",code="ok"} 1"#,
            r#"imports_gateway_stage_seconds_bucket{le="0.005",stage="request"} 1"#,
            r#"imports_gateway_guard_refusals_total{code="query_too_deep"} 1"#,
            "imports_gateway_rate_limited_total 1",
            r#"imports_gateway_statements_total{statement="page"} 1"#,
            "imports_gateway_running 2",
            "imports_gateway_ready 1",
            "imports_gateway_streams 3",
            "imports_gateway_changes_age_seconds 1.5",
            r#"imports_gateway_mirror_age_seconds{account="1"} 40.0"#,
            r#"imports_gateway_mirror_stalled{account="1"} 0"#,
            r#"imports_gateway_mirror_stalled{account="2"} 1"#,
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        for absent in [r#"age_seconds{account="2"}"#, r#"{account="3"}"#] {
            assert!(!text.contains(absent), "{absent} in\n{text}");
        }
    }
}
