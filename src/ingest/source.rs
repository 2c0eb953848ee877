//! The bytes of a file, by lines and by values.
//!
//! Takes what can be read; gives the next byte, whole values and the line one is on. It holds one value, and a capped one.
//! Deliberately absent: what the values mean.

use std::io::{self, BufRead, Cursor, Read};

use super::frame::{Frame, Step};
use super::records::{MAX_RECORD_BYTES, RecordError, fault};

/// What is wrong with a record that does not end before the next one begins.
pub(super) const CUT_OFF: &str = "cut off: the next line starts another record";

/// How much of a value is kept: enough for a first line that breaks off, the record behind it, both of any length that
/// a record may have, and the space around them.
const MAX_KEPT_BYTES: usize = 3 * MAX_RECORD_BYTES;

/// How the framing of one value ended.
///
/// `Page` with the value's bytes up to the name `records`; `Cut`: the file ended first.
pub(super) enum Framed {
    Whole,
    TooLong,
    Page,
    Broken(&'static str),
    Cut,
}

/// What can be read, and where in it we are.
#[derive(Debug)]
pub(super) struct Source<R> {
    inner: Rewound<R>,
    /// The line that the next byte is on, from 1.
    pub(super) line: u64,
    /// The bytes of the value framed last, [`MAX_KEPT_BYTES`] at most.
    pub(super) value: Vec<u8>,
    /// Whether that is less than was framed.
    is_clipped: bool,
}

/// A reader before which stands what was read of it and is to be read again.
#[derive(Debug)]
pub(super) struct Rewound<R> {
    again: Cursor<Vec<u8>>,
    inner: R,
}

impl<R: BufRead> Read for Rewound<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Rewound<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.again.fill_buf()?.is_empty() {
            self.inner.fill_buf()
        } else {
            self.again.fill_buf()
        }
    }

    fn consume(&mut self, bytes: usize) {
        if self.again.fill_buf().is_ok_and(<[u8]>::is_empty) {
            self.inner.consume(bytes);
        } else {
            self.again.consume(bytes);
        }
    }
}

/// The bytes that follow, their lines counted.
pub(super) struct Bytes<'s, R>(&'s mut Source<R>);

impl<R: BufRead> Read for Bytes<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.inner.read(buffer)?;
        let taken = buffer.get(..read).unwrap_or_default();
        self.0.line += taken.iter().filter(|byte| **byte == b'\n').count() as u64;
        Ok(read)
    }
}

impl<R: BufRead> Source<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner: Rewound {
                again: Cursor::default(),
                inner,
            },
            line: 1,
            value: Vec::new(),
            is_clipped: false,
        }
    }

    /// All that follows, for a reader of single bytes.
    pub(super) fn bytes(&mut self) -> Bytes<'_, R> {
        Bytes(self)
    }

    /// Goes past bytes that were looked at, none of them a line's end.
    pub(super) fn take(&mut self, bytes: usize) {
        self.inner.consume(bytes);
    }

    /// Takes one value. Its bytes are then in `value`, unless it is too long.
    pub(super) fn frame(&mut self, mut frame: Frame, ends_at_next_line: bool) -> Result<Framed, RecordError> {
        self.value.clear();
        self.is_clipped = false;
        let mut is_line_start = false;
        loop {
            let line = self.line;
            let chunk = self.inner.fill_buf().map_err(|error| unreadable(line, &error))?;
            if chunk.is_empty() {
                return Ok(Framed::Cut);
            }
            let (mut taken, mut step) = (0, Step::More);
            for &byte in chunk {
                step = if ends_at_next_line && is_line_start && byte == b'{' {
                    Step::Broken(CUT_OFF)
                } else {
                    frame.step(byte)
                };
                if matches!(step, Step::Broken(_)) {
                    break;
                }
                taken += 1;
                is_line_start = byte == b'\n';
                self.line += u64::from(is_line_start);
                if step != Step::More {
                    break;
                }
            }
            let kept = chunk.get(..taken).unwrap_or_default();
            self.is_clipped |= self.value.len() + kept.len() > MAX_KEPT_BYTES;
            if !self.is_clipped {
                self.value.extend_from_slice(kept);
            }
            self.inner.consume(taken);
            let is_too_long = self.is_clipped || self.value.len() > MAX_RECORD_BYTES;
            match step {
                Step::More => {}
                Step::Done if is_too_long => return Ok(Framed::TooLong),
                Step::Done => return Ok(Framed::Whole),
                Step::Records if is_too_long => {
                    self.value.resize(MAX_RECORD_BYTES, b' ');
                    return Ok(Framed::Page);
                }
                Step::Records => return Ok(Framed::Page),
                Step::Broken(reason) => return Ok(Framed::Broken(reason)),
            }
        }
    }

    /// Goes back in the value framed last, to the first of its lines but one that starts with `byte`; whether there is
    /// one.
    pub(super) fn rewind_to_line(&mut self, byte: u8) -> bool {
        let at = self.value.windows(2).position(|pair| pair == [b'\n', byte]);
        let Some(at) = at.filter(|_| !self.is_clipped) else {
            return false;
        };
        let again = self.value.split_off(at + 1);
        self.line -= again.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.inner.again = Cursor::new(again);
        true
    }

    pub(super) fn look(&mut self) -> Result<&[u8], RecordError> {
        let line = self.line;
        self.inner.fill_buf().map_err(|error| unreadable(line, &error))
    }

    pub(super) fn peek(&mut self) -> Result<Option<u8>, RecordError> {
        Ok(self.look()?.first().copied())
    }

    pub(super) fn skip_space(&mut self) -> Result<Option<u8>, RecordError> {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    }

    pub(super) fn skip_line(&mut self) -> Result<(), RecordError> {
        if self.skip_while(|byte| byte != b'\n')?.is_some() {
            self.inner.consume(1);
            self.line += 1;
        }
        Ok(())
    }

    /// The first byte that is none of those to skip.
    pub(super) fn skip_while(&mut self, skips: impl Fn(u8) -> bool) -> Result<Option<u8>, RecordError> {
        loop {
            let chunk = self.look()?;
            let stop = chunk.iter().position(|byte| !skips(*byte));
            let (next, taken) = (
                stop.and_then(|at| chunk.get(at)).copied(),
                stop.unwrap_or(chunk.len()),
            );
            let lines = chunk.iter().take(taken).filter(|byte| **byte == b'\n').count();
            self.inner.consume(taken);
            self.line += lines as u64;
            if next.is_some() || taken == 0 {
                return Ok(next);
            }
        }
    }
}

fn unreadable(line: u64, error: &io::Error) -> RecordError {
    fault(line, format!("cannot be read: {error}"), true)
}
