//! Who listens to a table's changes, and what they are told.
//!
//! Takes an account, a filter and a point; gives events, each with the point from which the next ones come. One task a process
//! reads the feed ([`Feed::run`]), while anybody listens, and hands what an account's rows have become to its subscribers; who
//! is too far behind for what it keeps reads the rest of the feed alone. Deliberately absent: what an event looks like, and how
//! it is sent.
//!
//! **Nothing is missed.** A note is read once nothing can come before it any more, and once it would outlive a crash of the
//! database. Its row is looked at afterwards, so it is at least as new as the note. A row that had met the filter before any of
//! the notes that a subscriber is told of at once, and does not now, is told to be gone.

mod batch;
mod cursor;
mod delay;
mod feed;
mod subscriber;
mod tag;
mod trimming;

pub use self::cursor::{ChangesCursor, NoCursor};
pub use self::feed::{Feed, FeedSettings};
pub use self::subscriber::{Ended, Event, Subscriber};
pub use self::tag::{Look, Tag, Tags};
