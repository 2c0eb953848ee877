//! One connection: messages in, events out, until something ends it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use hyper_util::rt::TokioIo;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::close::{Close, Ended};
use crate::deadlines::{Deadlines, Due};
use crate::handshake::Upgrade;
use crate::host::{Event, Host};
use crate::incoming::Incoming;
use crate::limits::Limits;
use crate::outgoing::Outgoing;
use crate::socket::Socket;
use crate::subscriptions::Subscriptions;
use crate::traffic::Traffic;

/// How often a connection takes its turn before other tasks take theirs.
const STEPS: usize = 64;

/// Speaks the protocol on a connection until it ends, and says how it did. When `shutdown` is ready, the connection is
/// closed with 1001.
///
/// It begins once the response to the handshake has been sent, so it runs in a task of its own, which whoever counts
/// connections and waits for them at a shutdown has to count. Dropped, it resets the connection.
pub async fn serve<H: Host>(
    upgrade: Upgrade,
    host: &H,
    limits: &Limits,
    shutdown: impl Future<Output = ()> + Send,
) -> Ended {
    match timeout(limits.init_timeout, upgrade.0).await {
        Ok(Ok(stream)) => run(TokioIo::new(stream), host, limits, shutdown).await,
        _ => Ended::Lost,
    }
}

async fn run<H: Host>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    host: &H,
    limits: &Limits,
    shutdown: impl Future<Output = ()> + Send,
) -> Ended {
    let mut shutdown = pin!(shutdown);
    let mut timer = pin!(sleep_until(Instant::now()));
    let mut connection = Connection::new(Socket::new(stream, limits).await, host, limits);
    let ended = poll_fn(|cx| match shutdown.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(Close::shutting_down().into()),
        Poll::Pending => connection.poll(cx, timer.as_mut()),
    })
    .await;
    connection.into_socket().close(&ended, limits.close_timeout).await;
    ended
}

impl From<Close> for Ended {
    fn from(close: Close) -> Self {
        Self::ByServer(close)
    }
}

/// How an error of the WebSocket ends the connection.
impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        match error {
            Error::Capacity(_) => Close::message_too_long().into(),
            Error::Utf8(_) => Close::not_utf8().into(),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Lost,
            Error::Protocol(violation) => Close::violation(violation).into(),
            _ => Self::Lost,
        }
    }
}

enum Phase<'h, H: Host> {
    /// `connection_init` has not come.
    Awaiting,
    /// The host decides on it.
    Deciding(Pin<Box<dyn Future<Output = Result<H::Session, Close>> + Send + 'h>>),
    Open {
        session: H::Session,
        ended: Pin<Box<dyn Future<Output = Close> + Send>>,
    },
}

struct Connection<'h, H: Host, S> {
    socket: Socket<S>,
    host: &'h H,
    limits: &'h Limits,
    phase: Phase<'h, H>,
    subscriptions: Subscriptions<H::Events>,
    deadlines: Deadlines,
    traffic: Traffic,
}

impl<'h, H: Host, S: AsyncRead + AsyncWrite + Unpin> Connection<'h, H, S> {
    fn new(socket: Socket<S>, host: &'h H, limits: &'h Limits) -> Self {
        let now = Instant::now();
        Self {
            socket,
            host,
            limits,
            phase: Phase::Awaiting,
            subscriptions: Subscriptions::new(),
            deadlines: Deadlines::new(now, limits),
            traffic: Traffic::new(now),
        }
    }

    /// The socket alone: the operations and the session are dropped before the client is waited for.
    fn into_socket(self) -> Socket<S> {
        self.socket
    }

    fn poll(&mut self, cx: &mut Context<'_>, mut timer: Pin<&mut Sleep>) -> Poll<Ended> {
        if self.deadlines.is_lifetime_over(Instant::now()) {
            return Poll::Ready(Close::lifetime_passed().into());
        }
        for _ in 0..STEPS {
            match self.step(cx) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(ended) => return Poll::Ready(ended),
            }
            match self.poll_deadline(cx, timer.as_mut()) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(ended)) => return Poll::Ready(ended),
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Takes at most one message and sends at most one event, so that neither keeps the other waiting. `false`: nothing
    /// can be done until the task is woken.
    fn step(&mut self, cx: &mut Context<'_>) -> Result<bool, Ended> {
        let now = Instant::now();
        if let Phase::Open { ended, .. } = &mut self.phase
            && let Poll::Ready(close) = ended.as_mut().poll(cx)
        {
            return Err(close.into());
        }
        let mut is_done = self.has_room(cx, now)? && self.decide(cx)?;
        is_done |= self.has_room(cx, now)? && self.receive(cx, now)?;
        is_done |= self.has_room(cx, now)? && self.send_event(cx)?;
        if !is_done && let Poll::Ready(flushed) = self.socket.poll_flush(cx, now) {
            flushed?;
        }
        Ok(is_done)
    }

    /// Whether a message could be sent: while not, none is read, and no event is taken.
    fn has_room(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, Ended> {
        let was_blocked = self.socket.blocked_since().is_some();
        let Poll::Ready(ready) = self.socket.poll_ready(cx, now) else {
            return Ok(false);
        };
        ready?;
        if was_blocked {
            self.deadlines.unblocked(now, self.limits);
        }
        Ok(true)
    }

    fn decide(&mut self, cx: &mut Context<'_>) -> Result<bool, Ended> {
        let Phase::Deciding(deciding) = &mut self.phase else {
            return Ok(false);
        };
        let Poll::Ready(decided) = deciding.as_mut().poll(cx) else {
            return Ok(false);
        };
        let session = decided?;
        let ended = Box::pin(self.host.ended(&session));
        self.phase = Phase::Open { session, ended };
        self.deadlines.accepted();
        self.socket.put(Outgoing::ack());
        Ok(true)
    }

    fn receive(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, Ended> {
        let read = self.socket.poll_read(cx);
        let bytes = self.socket.take_read_bytes();
        if bytes > 0 {
            self.deadlines.heard(now, self.limits);
        }
        if !self
            .traffic
            .add(now, u32::from(read.is_ready()), bytes, self.limits)
        {
            return Err(Close::too_many_messages().into());
        }
        let Poll::Ready(message) = read else {
            return Ok(false);
        };
        match message.ok_or(Ended::Lost)?? {
            Message::Text(text) => self.obey(&text)?,
            Message::Binary(_) => {
                return Err(Close::invalid("Binary messages are not in this protocol").into());
            }
            Message::Close(frame) => return Err(Ended::ByClient(frame.map(|frame| frame.code.into()))),
            // The library answers pings.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
        Ok(true)
    }

    fn obey(&mut self, text: &str) -> Result<(), Close> {
        match Incoming::parse(text, self.limits.message_depth)? {
            Incoming::Init(payload) => match self.phase {
                Phase::Awaiting => {
                    let deciding = self.host.init(payload.map(ToOwned::to_owned));
                    self.phase = Phase::Deciding(Box::pin(deciding));
                }
                Phase::Deciding(_) | Phase::Open { .. } => return Err(Close::repeated_init()),
            },
            Incoming::Ping(payload) => self.socket.put(Outgoing::pong(payload)),
            Incoming::Pong => {}
            Incoming::Subscribe { id, operation } => self.subscribe(id, operation)?,
            // The two sides may complete an operation at once.
            Incoming::Complete { id } => self.subscriptions.remove(&id),
        }
        Ok(())
    }

    fn subscribe(&mut self, id: String, operation: &RawValue) -> Result<(), Close> {
        let Phase::Open { session, .. } = &self.phase else {
            return Err(Close::unauthorized());
        };
        if self.subscriptions.contains(&id) {
            return Err(Close::repeated_id(&id));
        }
        if self.subscriptions.len() >= self.limits.operations {
            return Err(Close::too_many_operations());
        }
        self.subscriptions
            .add(id, self.host.subscribe(session, operation));
        Ok(())
    }

    fn send_event(&mut self, cx: &mut Context<'_>) -> Result<bool, Ended> {
        let Poll::Ready((id, event)) = self.subscriptions.poll_next(cx) else {
            return Ok(false);
        };
        let message = match event.ok_or_else(Close::events_lost)? {
            Event::Next(result) => Outgoing::next(&id, result),
            Event::Error(errors) => {
                self.subscriptions.remove(&id);
                Outgoing::error(&id, errors)
            }
            Event::Complete => {
                self.subscriptions.remove(&id);
                Outgoing::complete(&id)
            }
            Event::Close(close) => return Err(close.into()),
        };
        self.socket.put(message);
        Ok(true)
    }

    /// Ready when a deadline has passed: with how the connection ends by it, or after a ping.
    fn poll_deadline(&mut self, cx: &mut Context<'_>, mut timer: Pin<&mut Sleep>) -> Poll<Result<(), Ended>> {
        let Some((at, due)) = self.deadlines.next(self.socket.blocked_since(), self.limits) else {
            return Poll::Pending;
        };
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        std::task::ready!(timer.poll(cx));
        Poll::Ready(match due {
            Due::Init => Err(Close::init_timeout().into()),
            Due::Pong => Err(Close::no_pong().into()),
            Due::Send => Err(Close::too_slow().into()),
            Due::Lifetime => Err(Close::lifetime_passed().into()),
            Due::Ping => {
                self.deadlines.pinged(Instant::now(), self.limits);
                self.socket.ping().map_err(Ended::from)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    struct Nothing;

    impl Host for Nothing {
        type Session = ();
        type Events = stream::Pending<Event>;

        async fn init(&self, _: Option<Box<RawValue>>) -> Result<(), Close> {
            Ok(())
        }

        fn subscribe(&self, (): &(), _: &RawValue) -> Self::Events {
            stream::pending()
        }
    }

    #[test]
    fn the_task_of_a_connection_is_small() {
        let (ours, _theirs) = tokio::io::duplex(1);
        let limits = Limits::default();
        let task = run(ours, &Nothing, &limits, std::future::pending());
        assert!(size_of_val(&task) <= 2560, "{} bytes", size_of_val(&task));
    }
}
