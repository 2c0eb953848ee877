//! The operations that run on one connection. They take turns.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use crate::host::Event;

#[derive(Debug)]
struct Entry<E> {
    id: String,
    events: Pin<Box<E>>,
}

/// The operations that run on one connection. They take turns.
#[derive(Debug)]
pub(crate) struct Subscriptions<E> {
    entries: Vec<Entry<E>>,
    /// Who is asked first.
    turn: usize,
}

impl<E: Stream<Item = Event>> Subscriptions<E> {
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
            turn: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.id == id)
    }

    pub(crate) fn add(&mut self, id: String, events: E) {
        self.entries.push(Entry {
            id,
            events: Box::pin(events),
        });
    }

    /// Drops the operation of this id, if there is one.
    pub(crate) fn remove(&mut self, id: &str) {
        if let Some(at) = self.entries.iter().position(|entry| entry.id == id) {
            self.entries.remove(at);
            if at < self.turn {
                self.turn -= 1;
            }
        }
    }

    /// The next event of any operation and the id of that, or `None` for one whose stream ends. Pending while none has one.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(String, Option<Event>)> {
        let count = self.entries.len();
        for step in 0..count {
            let at = (self.turn + step) % count;
            let entry = &mut self.entries[at];
            if let Poll::Ready(event) = entry.events.as_mut().poll_next(cx) {
                self.turn = at + 1;
                return Poll::Ready((entry.id.clone(), event));
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::stream::{self, BoxStream, StreamExt};

    use super::*;

    fn endless() -> BoxStream<'static, Event> {
        stream::repeat(Event::Complete).boxed()
    }

    fn turns(subscriptions: &mut Subscriptions<BoxStream<'static, Event>>, count: usize) -> String {
        let mut cx = Context::from_waker(Waker::noop());
        (0..count)
            .map(|_| match subscriptions.poll_next(&mut cx) {
                Poll::Ready((id, _)) => id,
                Poll::Pending => "-".to_owned(),
            })
            .collect()
    }

    #[test]
    fn operations_take_turns_and_those_without_an_event_lose_none() {
        let mut subscriptions = Subscriptions::new();
        assert_eq!(turns(&mut subscriptions, 1), "-");
        subscriptions.add("a".to_owned(), endless());
        subscriptions.add("b".to_owned(), stream::pending().boxed());
        subscriptions.add("c".to_owned(), endless());
        subscriptions.add("d".to_owned(), endless());
        assert_eq!(turns(&mut subscriptions, 7), "acdacda");
    }

    #[test]
    fn an_operation_that_ends_costs_nobody_a_turn() {
        for (ended, expected) in [("a", "cdbcdb"), ("b", "cdacda"), ("c", "dabdab"), ("d", "cabcab")] {
            let mut subscriptions = Subscriptions::new();
            for id in ["a", "b", "c", "d"] {
                subscriptions.add(id.to_owned(), endless());
            }
            assert_eq!(turns(&mut subscriptions, 2), "ab");
            subscriptions.remove(ended);
            assert_eq!(turns(&mut subscriptions, 6), expected, "without {ended}");
        }
    }
}
