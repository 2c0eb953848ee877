//! Import records out of a file of any length, one at a time.
//!
//! Takes anything that can be read, gives rows and faults in the order of the file. Three shapes are told apart by
//! their content: a page as `GET /api/v1/imports` answers it (an object with a member `records`), an array of records or
//! of pages, and records one after another, as a rule one a line. Behind each more of any shape may follow, as in a file
//! that pages were appended to. Only one record is held, whatever else the file is made of.
//! Deliberately absent: compressed files, and what becomes of a row.

use std::io::{BufRead, Read};

use entity::imports;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::frame::Frame;
use super::record;
use super::source::{CUT_OFF, Framed, Source};

/// The longest record. **Unit**: bytes of JSON.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

const NO_OBJECT: &str = "a record must be an object, and start with `{`";
const COMMA: &str =
    "a `,` after a record: records one a line have none between them; those of an array stand in `[` and `]`";

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// The line, from 1: where the fault is, or else where its record starts.
    pub line: u64,
    /// What is wrong, in one line of text without control characters.
    pub reason: String,
    /// Whether it is more than one record's: nothing behind it can be read.
    pub is_final: bool,
}

/// The records of one file, as rows of one account.
///
/// An iterator that ends after the first final [`RecordError`], or at the end of the file. An empty file, array or
/// page has no records, and no faults. A byte order mark at the start is skipped.
#[derive(Debug)]
pub struct Records<R> {
    source: Source<R>,
    account_id: i64,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    /// Behind a page or an array.
    Next,
    /// Between records that follow each other.
    Lines,
    /// In an array before its first element, then between two.
    ArrayStart(Around),
    ArrayRest(Around),
    /// Past the last record of an array.
    Tail(Around),
    End,
}

/// What an array is, and what it is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    /// An array by itself: of records, as long as its first element is not a page.
    Nothing,
    /// The records of a page.
    Page,
    /// An array of pages.
    Pages,
    /// The records of a page in an array of pages.
    PageOfPages,
}

impl<R: BufRead> Records<R> {
    /// Nothing is read before the first record is asked for.
    #[must_use]
    pub fn new(source: R, account_id: i64) -> Self {
        Self {
            source: Source::new(source),
            account_id,
            place: Place::Start,
        }
    }

    fn advance(&mut self) -> Result<Option<imports::Model>, RecordError> {
        loop {
            match self.place {
                Place::Start => {
                    self.start()?;
                    self.place = Place::Next;
                }
                Place::Next => {
                    if let Some(row) = self.next_shape()? {
                        return Ok(Some(row));
                    }
                }
                Place::Lines => {
                    if let Some(row) = self.next_of_lines()? {
                        return Ok(Some(row));
                    }
                }
                Place::ArrayStart(around) | Place::ArrayRest(around) => {
                    if let Some(row) = self.next_of_array(around)? {
                        return Ok(Some(row));
                    }
                }
                Place::Tail(around) => self.tail(around)?,
                Place::End => return Ok(None),
            }
        }
    }

    /// Refuses what is no UTF-8 text.
    fn start(&mut self) -> Result<(), RecordError> {
        let first = self.source.look()?;
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
            self.source.take(3);
        }
        Ok(())
    }

    /// Tells which shape is next: an array, a page, or records that follow each other, whose first is read.
    fn next_shape(&mut self) -> Result<Option<imports::Model>, RecordError> {
        self.place = Place::Lines;
        match self.source.skip_space()? {
            Some(b'[') => {
                self.source.take(1);
                self.place = Place::ArrayStart(Around::Nothing);
                Ok(None)
            }
            Some(b'{') => self.first_object(),
            _ => Ok(None),
        }
    }

    /// Reads the first object: a record, or all of a page up to its records.
    fn first_object(&mut self) -> Result<Option<imports::Model>, RecordError> {
        let start = self.source.line;
        match self.source.frame(Frame::watching(), false)? {
            Framed::Page => {
                self.page_start(start, Around::Page)?;
                Ok(None)
            }
            // As it might have been a page, it was read past the end of a line that breaks off.
            Framed::Broken(_) | Framed::Cut if self.source.rewind_to_line(b'{') => {
                Err(fault(start, CUT_OFF, false))
            }
            framed => self.lines_record(start, framed).map(Some),
        }
    }

    fn page_start(&mut self, start: u64, around: Around) -> Result<(), RecordError> {
        // What stands before is only framed so far; a page that is too long to look at again is taken as it is.
        if self.source.value.len() < MAX_RECORD_BYTES {
            self.source.value.extend_from_slice(b":0}");
            let checked: Result<IgnoredAny, _> = serde_json::from_slice(&self.source.value);
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
            if self.source.skip_space()? != Some(expected) {
                return Err(self.final_fault("`records` must be an array"));
            }
            self.source.take(1);
        }
        self.place = Place::ArrayStart(around);
        Ok(())
    }

    /// The next record of its own; `None` where the file ends or another shape begins.
    fn next_of_lines(&mut self) -> Result<Option<imports::Model>, RecordError> {
        match self.source.skip_space()? {
            None => {
                self.place = Place::End;
                Ok(None)
            }
            Some(b'{') => {
                let start = self.source.line;
                match self.source.frame(Frame::watching(), true)? {
                    Framed::Page => {
                        self.page_start(start, Around::Page)?;
                        Ok(None)
                    }
                    framed => self.lines_record(start, framed).map(Some),
                }
            }
            Some(b'[') => self.array_among_lines(),
            Some(b',') => self.bad_line(self.source.line, COMMA),
            Some(_) => self.bad_line(self.source.line, NO_OBJECT),
        }
    }

    /// Goes into an array of objects, or an empty one; any other is one bad line.
    fn array_among_lines(&mut self) -> Result<Option<imports::Model>, RecordError> {
        let start = self.source.line;
        self.source.take(1);
        match self.source.skip_space()? {
            Some(b'{' | b']') => {
                self.place = Place::ArrayStart(Around::Nothing);
                Ok(None)
            }
            _ => self.bad_line(start, NO_OBJECT),
        }
    }

    fn bad_line(&mut self, line: u64, reason: &str) -> Result<Option<imports::Model>, RecordError> {
        self.source.skip_line()?;
        Err(fault(line, reason, false))
    }

    /// A record of its own. One that is broken ends with its line or, where it has several, before the next line that
    /// starts like a record, so it takes no other along; and where that line shows it, it is blamed itself.
    fn lines_record(&mut self, start: u64, framed: Framed) -> Result<imports::Model, RecordError> {
        let Framed::Broken(reason) = framed else {
            return self.parsed(start, framed);
        };
        let line = self.source.line;
        let at_next = line > start && self.source.peek()? == Some(b'{');
        if !at_next {
            self.source.skip_line()?;
            while line > start && !matches!(self.source.peek()?, None | Some(b'{')) {
                self.source.skip_line()?;
            }
        }
        Err(fault(if at_next { start } else { line }, reason, false))
    }

    /// The next record of an array, or `None` where the array ends.
    fn next_of_array(&mut self, around: Around) -> Result<Option<imports::Model>, RecordError> {
        let mut next = self.source.skip_space()?;
        if next == Some(b']') {
            self.source.take(1);
            self.place = Place::Tail(around);
            return Ok(None);
        }
        let is_first = self.place == Place::ArrayStart(around);
        if !is_first {
            if next.is_some_and(|byte| byte != b',') {
                return Err(self.final_fault("not JSON: a record must be followed by `,` or `]`"));
            }
            self.source.take(usize::from(next.is_some()));
            next = self.source.skip_space()?;
        }
        self.place = Place::ArrayRest(around);
        let start = self.source.line;
        match next {
            None => Err(self.final_fault("the file is cut off: the array of records is not closed")),
            Some(b'{') => {
                let may_be_page = around == Around::Pages || (is_first && around == Around::Nothing);
                let frame = if may_be_page {
                    Frame::watching()
                } else {
                    Frame::default()
                };
                let framed = self.source.frame(frame, false)?;
                if may_be_page && matches!(framed, Framed::Page) {
                    self.page_start(start, Around::PageOfPages)?;
                    return Ok(None);
                }
                self.parsed(start, framed).map(Some)
            }
            Some(b'[' | b'"') => match self.source.frame(Frame::default(), false)? {
                Framed::Whole | Framed::TooLong => Err(fault(start, NO_OBJECT, false)),
                framed => self.parsed(start, framed).map(Some),
            },
            Some(b',' | b']' | b'}') => Err(self.final_fault("not JSON: a record is missing")),
            Some(_) => {
                self.source
                    .skip_while(|byte| !matches!(byte, b',' | b']' | b'}' | b'{' | b'[' | b'"' | b'\n'))?;
                Err(fault(start, NO_OBJECT, false))
            }
        }
    }

    fn parsed(&mut self, start: u64, framed: Framed) -> Result<imports::Model, RecordError> {
        match framed {
            Framed::Whole => record::parse(&self.source.value, self.account_id)
                .map_err(|(line, reason)| fault(start + line, reason, false)),
            Framed::TooLong => Err(fault(
                start,
                format!("longer than {MAX_RECORD_BYTES} bytes"),
                false,
            )),
            Framed::Broken(reason) => Err(self.final_fault(reason)),
            Framed::Page => Err(self.final_fault("a page within a page")),
            // Whatever was to come behind this record is missed as well.
            Framed::Cut => Err(fault(start, "cut off: the file ends within this record", true)),
        }
    }

    /// Reads what follows an array: the rest of a page, if it is part of one.
    fn tail(&mut self, around: Around) -> Result<(), RecordError> {
        self.place = match around {
            Around::Nothing | Around::Pages => Place::Next,
            Around::Page => {
                self.page_tail()?;
                Place::Next
            }
            Around::PageOfPages => {
                self.page_tail()?;
                Place::ArrayRest(Around::Pages)
            }
        };
        Ok(())
    }

    fn page_tail(&mut self) -> Result<(), RecordError> {
        let start = self.source.line;
        // The parser sees a whole page whose records it need not read again, and takes not a byte behind it.
        let page = b"{\"records\":0".chain(self.source.bytes());
        let read = serde_json::Deserializer::from_reader(page).deserialize_map(PageTail);
        read.map_err(|error| {
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
        })
    }

    fn final_fault(&self, reason: &str) -> RecordError {
        fault(self.source.line, reason, true)
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Result<imports::Model, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().transpose();
        if let Some(Err(RecordError { is_final: true, .. })) = item {
            self.place = Place::End;
        }
        item
    }
}

pub(super) fn fault(line: u64, reason: impl Into<String>, is_final: bool) -> RecordError {
    let reason = reason.into();
    RecordError {
        line,
        reason,
        is_final,
    }
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
