//! Import records out of a file of any length, one at a time.
//!
//! Takes anything that can be read, gives rows and faults in the order of the file. Three shapes are told apart by
//! their content: a page as `GET /api/v1/imports` answers it (an object with a member `records`), an array of records,
//! and records one after another, as a rule one a line. Only one record is held, whatever else the file is made of.
//! Deliberately absent: compressed files, and what becomes of a row.

use std::io::{self, BufRead, Read};

use entity::imports;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::frame::{Frame, Step};
use super::record;

/// The longest record. **Unit**: bytes of JSON.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1: where the fault is, or else where its record starts.
    pub line: u64,
    /// What is wrong, in one line of text without control characters.
    pub reason: String,
    /// Whether it is more than one record's: nothing behind it can be read.
    pub is_final: bool,
}

/// The records of one file, as rows of one account.
///
/// **Shape**: an iterator that ends after the first final [`Fault`], or at the end of the file. An empty file, array or
/// page has no records, and no faults. A byte order mark at the start is skipped.
#[derive(Debug)]
pub struct Records<R> {
    source: R,
    account_id: i64,
    /// The line that the next byte is on, from 1.
    line: u64,
    place: Place,
    /// The bytes of the record at hand.
    record: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    /// Between records that follow each other.
    Lines,
    /// In an array before its first element, then between two.
    ArrayStart(Around),
    ArrayRest(Around),
    /// Past the last record.
    Tail(Around),
    End,
}

/// What an array of records is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    Nothing,
    Page,
}

/// How the framing of one value ended.
enum Framed {
    Whole,
    TooLong,
    Page,
    Broken(&'static str),
    Cut,
}

impl<R: BufRead> Records<R> {
    /// Nothing is read before the first record is asked for.
    #[must_use]
    pub fn new(source: R, account_id: i64) -> Self {
        Self {
            source,
            account_id,
            line: 1,
            place: Place::Start,
            record: Vec::new(),
        }
    }

    fn advance(&mut self) -> Result<Option<imports::Model>, Fault> {
        loop {
            match self.place {
                Place::Start => {
                    self.start()?;
                    if let Some(b'{') = self.peek()? {
                        self.place = Place::Lines;
                        if let Some(row) = self.first_object()? {
                            return Ok(Some(row));
                        }
                    }
                }
                Place::Lines => return self.next_of_lines(),
                Place::ArrayStart(around) | Place::ArrayRest(around) => {
                    if let Some(row) = self.next_of_array(around)? {
                        return Ok(Some(row));
                    }
                }
                Place::Tail(around) => {
                    self.tail(around)?;
                    self.place = Place::End;
                }
                Place::End => return Ok(None),
            }
        }
    }

    /// Tells an array from all else, and refuses what is no UTF-8 text.
    fn start(&mut self) -> Result<(), Fault> {
        let first = self.look()?;
        let refused = match first {
            [0x1f, 0x8b, ..] => {
                Some("a gzip archive: decompress it first, as in `gunzip -c FILE | ... load -`")
            }
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16: convert the file to UTF-8 first"),
            _ => None,
        };
        if let Some(reason) = refused {
            return Err(self.final_fault(reason));
        }
        // A mark that is cut apart by the reader's first buffer is not seen as one, and then a bad record.
        if first.starts_with(b"\xef\xbb\xbf") {
            self.source.consume(3);
        }
        self.place = Place::Lines;
        if self.skip_space()? == Some(b'[') {
            self.source.consume(1);
            self.place = Place::ArrayStart(Around::Nothing);
        }
        Ok(())
    }

    /// Reads the first object: a record, or all of a page up to its records.
    fn first_object(&mut self) -> Result<Option<imports::Model>, Fault> {
        let start = self.line;
        match self.frame(Frame::watching(), false)? {
            Framed::Page => {
                self.page_start(start)?;
                self.place = Place::ArrayStart(Around::Page);
                Ok(None)
            }
            framed => self.lines_record(start, framed).map(Some),
        }
    }

    fn page_start(&mut self, start: u64) -> Result<(), Fault> {
        // What stands before is only framed so far; a page that is too long to look at again is taken as it is.
        if self.record.len() < MAX_RECORD_BYTES {
            self.record.extend_from_slice(b":0}");
            let checked: Result<IgnoredAny, _> = serde_json::from_slice(&self.record);
            if let Err(error) = checked {
                let line = start + error.line().saturating_sub(1) as u64;
                return Err(fault(
                    line,
                    "not JSON: the page is broken before its `records`",
                    true,
                ));
            }
        }
        for expected in [b':', b'['] {
            if self.skip_space()? != Some(expected) {
                return Err(self.final_fault("`records` must be an array"));
            }
            self.source.consume(1);
        }
        Ok(())
    }

    fn next_of_lines(&mut self) -> Result<Option<imports::Model>, Fault> {
        match self.skip_space()? {
            None => {
                self.place = Place::End;
                Ok(None)
            }
            Some(b'{') => {
                let start = self.line;
                let framed = self.frame(Frame::default(), true)?;
                self.lines_record(start, framed).map(Some)
            }
            Some(_) => {
                let line = self.line;
                self.skip_line()?;
                Err(fault(
                    line,
                    "a record must be an object, and start with `{`",
                    false,
                ))
            }
        }
    }

    /// A record of its own. One that is broken ends with its line or, where it has several, before the next line that
    /// starts like a record, so it takes no other along.
    fn lines_record(&mut self, start: u64, framed: Framed) -> Result<imports::Model, Fault> {
        let Framed::Broken(reason) = framed else {
            return self.parsed(start, framed);
        };
        let line = self.line;
        let at_next = line > start && self.peek()? == Some(b'{');
        if !at_next {
            self.skip_line()?;
            while line > start && !matches!(self.peek()?, None | Some(b'{')) {
                self.skip_line()?;
            }
        }
        Err(fault(line, reason, false))
    }

    /// The next record of an array, or `None` where the array ends.
    fn next_of_array(&mut self, around: Around) -> Result<Option<imports::Model>, Fault> {
        let mut next = self.skip_space()?;
        if next == Some(b']') {
            self.source.consume(1);
            self.place = Place::Tail(around);
            return Ok(None);
        }
        if self.place == Place::ArrayRest(around) {
            if next.is_some_and(|byte| byte != b',') {
                return Err(self.final_fault("not JSON: a record must be followed by `,` or `]`"));
            }
            self.source.consume(usize::from(next.is_some()));
            next = self.skip_space()?;
        }
        self.place = Place::ArrayRest(around);
        let start = self.line;
        let not_a_record = "a record must be an object, and start with `{`";
        match next {
            None => Err(self.final_fault("the file is cut off: the array of records is not closed")),
            Some(b'{') => {
                let framed = self.frame(Frame::default(), false)?;
                self.parsed(start, framed).map(Some)
            }
            Some(b'[' | b'"') => match self.frame(Frame::default(), false)? {
                Framed::Whole | Framed::TooLong => Err(fault(start, not_a_record, false)),
                framed => self.parsed(start, framed).map(Some),
            },
            Some(b',' | b']' | b'}') => Err(self.final_fault("not JSON: a record is missing")),
            Some(_) => {
                self.skip_while(|byte| !matches!(byte, b',' | b']' | b'}' | b'{' | b'[' | b'"' | b'\n'))?;
                Err(fault(start, not_a_record, false))
            }
        }
    }

    fn parsed(&mut self, start: u64, framed: Framed) -> Result<imports::Model, Fault> {
        match framed {
            Framed::Whole => record::parse(&self.record, self.account_id)
                .map_err(|(line, reason)| fault(start + line, reason, false)),
            Framed::TooLong => Err(fault(
                start,
                format!("longer than {MAX_RECORD_BYTES} bytes"),
                false,
            )),
            Framed::Broken(reason) => Err(self.final_fault(reason)),
            Framed::Page => Err(self.final_fault("a page within a page")),
            Framed::Cut => {
                // In an array the end is missed as well, whatever comes of this record.
                let is_final = self.place != Place::Lines;
                Err(fault(
                    start,
                    "cut off: the file ends within this record",
                    is_final,
                ))
            }
        }
    }

    /// Reads what follows the records: the rest of a page, and nothing more.
    fn tail(&mut self, around: Around) -> Result<(), Fault> {
        if around == Around::Page {
            let start = self.line;
            // The parser sees a whole page whose records it need not read again.
            let page = b"{\"records\":0".chain(&mut self.source);
            let mut parser = serde_json::Deserializer::from_reader(page);
            let read = parser.deserialize_map(PageTail).and_then(|()| parser.end());
            return read.map_err(|error| {
                let line = start + error.line().saturating_sub(1) as u64;
                if error.is_io() {
                    fault(line, format!("cannot be read: {error}"), true)
                } else {
                    fault(
                        line,
                        "not JSON: the page is broken or cut off after its `records`",
                        true,
                    )
                }
            });
        }
        match self.skip_space()? {
            None => Ok(()),
            Some(_) => Err(self.final_fault("something follows the end of the array")),
        }
    }

    /// Takes one value. Its bytes are in `self.record`, unless it is too long.
    fn frame(&mut self, mut frame: Frame, ends_at_next_line: bool) -> Result<Framed, Fault> {
        self.record.clear();
        let mut is_too_long = false;
        let mut is_line_start = false;
        loop {
            let line = self.line;
            let chunk = self.source.fill_buf().map_err(|error| unreadable(line, &error))?;
            if chunk.is_empty() {
                return Ok(Framed::Cut);
            }
            let (mut taken, mut step) = (0, Step::More);
            for &byte in chunk {
                step = if ends_at_next_line && is_line_start && byte == b'{' {
                    Step::Broken("cut off: the next line starts another record")
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
            is_too_long |= self.record.len() + kept.len() > MAX_RECORD_BYTES;
            if !is_too_long {
                self.record.extend_from_slice(kept);
            }
            self.source.consume(taken);
            match step {
                Step::More => {}
                Step::Done if is_too_long => return Ok(Framed::TooLong),
                Step::Done => return Ok(Framed::Whole),
                Step::Records if is_too_long => {
                    self.record.resize(MAX_RECORD_BYTES, b' ');
                    return Ok(Framed::Page);
                }
                Step::Records => return Ok(Framed::Page),
                Step::Broken(reason) => return Ok(Framed::Broken(reason)),
            }
        }
    }

    fn look(&mut self) -> Result<&[u8], Fault> {
        let line = self.line;
        self.source.fill_buf().map_err(|error| unreadable(line, &error))
    }

    fn peek(&mut self) -> Result<Option<u8>, Fault> {
        Ok(self.look()?.first().copied())
    }

    fn skip_space(&mut self) -> Result<Option<u8>, Fault> {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    }

    fn skip_line(&mut self) -> Result<(), Fault> {
        if self.skip_while(|byte| byte != b'\n')?.is_some() {
            self.source.consume(1);
            self.line += 1;
        }
        Ok(())
    }

    /// The first byte that is none of those to skip.
    fn skip_while(&mut self, skips: impl Fn(u8) -> bool) -> Result<Option<u8>, Fault> {
        loop {
            let chunk = self.look()?;
            let stop = chunk.iter().position(|byte| !skips(*byte));
            let (next, taken) = (
                stop.and_then(|at| chunk.get(at)).copied(),
                stop.unwrap_or(chunk.len()),
            );
            let lines = chunk.iter().take(taken).filter(|byte| **byte == b'\n').count();
            self.source.consume(taken);
            self.line += lines as u64;
            if next.is_some() || taken == 0 {
                return Ok(next);
            }
        }
    }

    fn final_fault(&self, reason: &str) -> Fault {
        fault(self.line, reason, true)
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Result<imports::Model, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().transpose();
        if let Some(Err(Fault { is_final: true, .. })) = item {
            self.place = Place::End;
        }
        item
    }
}

fn fault(line: u64, reason: impl Into<String>, is_final: bool) -> Fault {
    let reason = reason.into();
    Fault {
        line,
        reason,
        is_final,
    }
}

fn unreadable(line: u64, error: &io::Error) -> Fault {
    fault(line, format!("cannot be read: {error}"), true)
}

/// The members of a page, once more from its start: the first is ours, and no second may be called `records`.
struct PageTail;

impl<'de> Visitor<'de> for PageTail {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a page")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut pages = 0;
        while let Some(name) = map.next_key::<String>()? {
            pages += u32::from(name == "records");
            map.next_value::<IgnoredAny>()?;
        }
        if pages == 1 {
            Ok(())
        } else {
            Err(A::Error::custom("two `records`"))
        }
    }
}
