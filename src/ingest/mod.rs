//! Records into rows: files of imports, and imports that a generator makes up.
//!
//! Takes what can be read, gives stored rows, their counts and the faults. Deliberately absent: files, progress bars and
//! what is printed, which are the command line's.

mod frame;
pub mod generate;
pub mod live;
pub mod random;
mod record;
pub mod records;
mod source;
pub mod stories;

use std::io::BufRead;

use entity::imports;
use tokio::sync::mpsc;

use crate::store::query::table::Table;
use crate::store::upsert::Loaded;
use crate::store::{Store, StoreError};
use records::{RecordError, Records};

/// Rows from the reader to the database at once, and roughly their bytes at most.
const BATCH_ROWS: usize = 2_000;
const BATCH_BYTES: usize = 4 << 20;
/// Batches that may wait for the database.
const WAITING_BATCHES: usize = 2;

/// What to do about a record that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnInvalid {
    /// Store nothing of the file.
    Refuse,
    /// Store the others.
    Skip,
}

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored.
    Stored {
        /// What became of its records.
        loaded: Loaded,
        /// How many were none, and skipped.
        invalid: u64,
        /// Whether the file was read to its end; what came behind its last fault is unknown otherwise.
        is_whole: bool,
    },
    /// Nothing of it is stored.
    Refused {
        /// How many faults it has.
        invalid: u64,
    },
}

/// Why a file is not stored, other than its content.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that reads could not start, or ended without a word.
    #[error("the file's reader stopped")]
    Reader(#[source] std::io::Error),
}

enum Message {
    Rows(Vec<imports::Model>),
    RecordError(RecordError),
    End,
}

/// Reads one record, as REST shows it, into a row of an account.
///
/// # Errors
///
/// What is wrong with it.
pub fn read_record<T: Table>(text: &[u8], account_id: i64) -> Result<T, String> {
    record::parse(text, account_id).map_err(|(_, reason)| reason)
}

/// Stores one file of records for an account that exists, in one transaction.
///
/// A thread of its own reads ahead by a few batches. `report` gets every fault, in the order of the file; after the first
/// that refuses the file the rest is read only for more of them. Where faults are skipped, the records before a final
/// one are stored.
///
/// # Errors
///
/// [`LoadError`]; nothing is then stored.
pub async fn load<R: BufRead + Send + 'static>(
    store: &Store,
    account_id: i64,
    source: R,
    on_invalid: OnInvalid,
    mut report: impl FnMut(&RecordError),
) -> Result<Outcome, LoadError> {
    let mut messages = read_ahead(source, account_id)?;
    let mut upsert = Some(store.upsert::<imports::Model>().await?);
    let (mut invalid, mut is_whole) = (0, true);
    while let Some(message) = messages.recv().await {
        match message {
            Message::Rows(rows) => {
                if let Some(upsert) = &mut upsert {
                    upsert.put(&rows).await?;
                }
            }
            Message::RecordError(fault) => {
                invalid += 1;
                report(&fault);
                is_whole &= !fault.is_final;
                if on_invalid == OnInvalid::Refuse {
                    upsert = None;
                }
            }
            Message::End => {
                let Some(upsert) = upsert else {
                    return Ok(Outcome::Refused { invalid });
                };
                let loaded = upsert.commit().await?;
                store.analyze(loaded.stored).await;
                return Ok(Outcome::Stored {
                    loaded,
                    invalid,
                    is_whole,
                });
            }
        }
    }
    Err(LoadError::Reader(std::io::ErrorKind::BrokenPipe.into()))
}

/// Reads on a thread that nobody waits for: a terminal or a pipe may never say another word.
fn read_ahead<R: BufRead + Send + 'static>(
    source: R,
    account_id: i64,
) -> Result<mpsc::Receiver<Message>, LoadError> {
    let (sender, receiver) = mpsc::channel(WAITING_BATCHES);
    let read = move || {
        // An error means that the other side is gone; then there is nobody left to tell.
        let _ = send_all(Records::new(source, account_id), &sender);
    };
    let thread = std::thread::Builder::new().name("load".to_owned());
    thread.spawn(read).map_err(LoadError::Reader)?;
    Ok(receiver)
}

fn send_all<R: BufRead>(
    records: Records<R>,
    sender: &mpsc::Sender<Message>,
) -> Result<(), mpsc::error::SendError<Message>> {
    let (mut batch, mut batch_bytes) = (Vec::new(), 0);
    for record in records {
        match record {
            Ok(row) => {
                batch_bytes +=
                    row.file_name.len() + row.kind.len() + row.note.as_ref().map_or(0, String::len);
                batch.push(row);
            }
            Err(fault) => sender.blocking_send(Message::RecordError(fault))?,
        }
        if batch.len() == BATCH_ROWS || batch_bytes >= BATCH_BYTES {
            sender.blocking_send(Message::Rows(std::mem::take(&mut batch)))?;
            batch_bytes = 0;
        }
    }
    if !batch.is_empty() {
        sender.blocking_send(Message::Rows(batch))?;
    }
    sender.blocking_send(Message::End)
}
