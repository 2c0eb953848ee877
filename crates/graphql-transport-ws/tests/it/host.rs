//! A host whose operations are commands in place of documents, for the tests and for the example.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use graphql_transport_ws::{Close, Event, Host};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::watch;

/// The close code that a key brings about.
const KEYS: [(&str, u16); 3] = [("unknown", 4401), ("foreign", 4403), ("hurried", 4429)];

/// A host whose operations are commands.
#[derive(Debug)]
pub(crate) struct Commands {
    /// Whatever is sent here ends all sessions.
    pub(crate) revocations: watch::Sender<()>,
    /// How many operations run.
    pub(crate) running: Arc<watch::Sender<usize>>,
}

impl Commands {
    pub(crate) fn new() -> Self {
        Self {
            revocations: watch::Sender::new(()),
            running: Arc::new(watch::Sender::new(0)),
        }
    }
}

/// Counts an operation as long as its stream is there.
struct Running(Arc<watch::Sender<usize>>);

impl Running {
    fn new(count: &Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Host for Commands {
    type Session = ();
    type Events = BoxStream<'static, Event>;

    async fn init(&self, payload: Option<Box<RawValue>>) -> Result<(), Close> {
        let payload: Value = payload.map_or(Value::Null, |text| {
            serde_json::from_str(text.get()).expect("JSON")
        });
        match payload["key"].as_str() {
            Some("undecided") => std::future::pending().await,
            key => match KEYS.iter().find(|(name, _)| Some(*name) == key) {
                Some((_, code)) => Err(Close::new(*code, "Refused")),
                None => Ok(()),
            },
        }
    }

    fn ended(&self, (): &()) -> impl Future<Output = Close> + Send + 'static + use<> {
        let mut revocations = self.revocations.subscribe();
        async move {
            // Without the host there is nobody to end it.
            if revocations.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            Close::new(4403, "The key has ended")
        }
    }

    fn subscribe(&self, (): &(), operation: &RawValue) -> Self::Events {
        let operation: Value = serde_json::from_str(operation.get()).expect("JSON");
        let words: Vec<_> = operation["query"]
            .as_str()
            .expect("a string")
            .split(' ')
            .collect();
        let number = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let running = Running::new(&self.running);
        let events = match words[0] {
            "count" => stream::iter(1..=number)
                .map(counted)
                .chain(once(Event::Complete))
                .boxed(),
            "endless" => stream::iter(1..).map(counted).boxed(),
            "tick" => stream::unfold(0, |count| async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some((counted(count + 1), count + 1))
            })
            .boxed(),
            "long" => once(Event::Next(format!("\"{}\"", "x".repeat(number)).into()))
                .chain(once(Event::Complete))
                .boxed(),
            "flood" => stream::repeat(Event::Next(format!("\"{}\"", "x".repeat(number)).into())).boxed(),
            "echo" => {
                let variables = operation["variables"].to_string();
                once(Event::Next(format!(r#"{{"data":{variables}}}"#).into()))
                    .chain(once(Event::Complete))
                    .boxed()
            }
            "close" => once(counted(1))
                .chain(once(Event::Close(Close::new(
                    u16::try_from(number).expect("a code"),
                    "As told",
                ))))
                .boxed(),
            "lost" => once(counted(1)).boxed(),
            "never" => stream::pending().boxed(),
            other => once(Event::Error(
                format!(r#"[{{"message":"unknown command {other}"}}]"#).into(),
            ))
            .boxed(),
        };
        events
            .map(move |event| {
                let _held = &running;
                event
            })
            .boxed()
    }
}

fn counted(count: usize) -> Event {
    Event::Next(format!(r#"{{"data":{{"count":{count}}}}}"#).into())
}

fn once(event: Event) -> stream::Iter<std::array::IntoIter<Event, 1>> {
    stream::iter([event])
}
