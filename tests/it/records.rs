//! Laws of reading records: three shapes of one list, whatever is wrong with them, and how far the reader runs ahead.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use entity::{ImportStatus, Instant, imports};
use imports_gateway::ingest::generate::Generator;
use imports_gateway::ingest::records::{MAX_RECORD_BYTES, RecordError, Records};
use proptest::prelude::*;
use serde_json::json;

/// The record of REST.
pub(crate) fn record(row: &imports::Model) -> String {
    let completed_at = row.completed_at.map(|instant| instant.to_string());
    json!({
        "id": row.id, "completed_at": completed_at, "file_name": row.file_name, "file_size": row.file_size.to_string(),
        "note": row.note, "type": row.kind, "status": row.status.name(),
        "created_at": row.created_at.to_string(), "updated_at": row.updated_at.to_string(),
    })
    .to_string()
}

pub(crate) fn lines(rows: &[imports::Model]) -> String {
    rows.iter().map(|row| record(row) + "\n").collect()
}

pub(crate) fn array(rows: &[imports::Model]) -> String {
    format!("[{}]", rows.iter().map(record).collect::<Vec<_>>().join(",\n"))
}

pub(crate) fn page(rows: &[imports::Model]) -> String {
    format!(
        "{{\"next_cursor\": \"[}}\", \"filtered_by\": [{{\"records\": {{}}}}], \"records\":\n{}, \"per_page\": 50}}\n",
        array(rows)
    )
}

pub(crate) fn rows(count: u64) -> Vec<imports::Model> {
    let until = Instant::from_micros(1_790_000_000_000_000).unwrap();
    let rows = Generator::new(11, 1, count, until);
    rows.map(|row| imports::Model { account_id: 1, ..row }).collect()
}

fn read(text: impl AsRef<[u8]>) -> Vec<Result<imports::Model, RecordError>> {
    Records::new(Cursor::new(text.as_ref()), 1).collect()
}

/// The faults as `line: start of the reason`, and how many rows there are.
fn faults(text: impl AsRef<[u8]>) -> (usize, Vec<(u64, String)>) {
    let (good, bad): (Vec<_>, Vec<_>) = read(text).into_iter().partition(Result::is_ok);
    let bad = bad.into_iter().filter_map(Result::err);
    (good.len(), bad.map(|fault| (fault.line, fault.reason)).collect())
}

fn any_row() -> impl Strategy<Value = imports::Model> {
    let instant = (Instant::MIN.micros()..=Instant::MAX.micros())
        .prop_map(|micros| Instant::from_micros(micros).unwrap());
    let text = "[^\0]{0,20}";
    (
        any::<i64>(),
        proptest::option::of(instant.clone()),
        text,
        0..=i64::MAX,
        proptest::option::of(text),
        (text, 0..10_usize),
        instant.clone(),
        instant,
    )
        .prop_map(
            |(id, completed_at, file_name, file_size, note, (kind, status), created_at, updated_at)| {
                imports::Model {
                    account_id: 1,
                    id,
                    completed_at,
                    file_name,
                    file_size,
                    note,
                    kind,
                    status: ImportStatus::ALL[status],
                    created_at,
                    updated_at,
                }
            },
        )
}

proptest! {
    #[test]
    fn any_list_reads_back_equal_in_every_shape(
        rows in proptest::collection::vec(any_row(), 0..8),
        buffer_bytes in 4_usize..200,
    ) {
        for text in [lines(&rows), array(&rows), page(&rows), format!("\u{feff}{}", page(&rows))] {
            let source = BufReader::with_capacity(buffer_bytes, Cursor::new(&text));
            let read: Result<Vec<_>, _> = Records::new(source, 1).collect();
            prop_assert_eq!(read.as_ref(), Ok(&rows), "{}", text);
        }
    }

    #[test]
    fn a_cut_file_gives_the_records_before_the_cut_and_one_fault(
        shape in 0..3_usize,
        at in any::<proptest::sample::Index>(),
    ) {
        let rows = rows(5);
        let text = [lines(&rows), array(&rows), page(&rows)][shape].trim_end().to_owned();
        let cut = at.index(text.len());
        let mut read = read(&text.as_bytes()[..cut]);
        let fault = read.pop_if(|last| last.is_err()).and_then(Result::err);
        let whole = read.into_iter().collect::<Result<Vec<_>, _>>();
        prop_assert!(whole.is_ok_and(|whole| rows.starts_with(&whole)));
        let newlines = text.as_bytes()[..cut].iter().filter(|byte| **byte == b'\n').count() as u64;
        if let Some(fault) = fault {
            prop_assert!((1..=newlines + 1).contains(&fault.line), "{:?}", fault);
        } else {
            // Nothing at all, or a list of lines that ends between two.
            prop_assert!(cut == 0 || shape == 0 && matches!(text.as_bytes()[cut - 1], b'}' | b'\n'), "{}", cut);
        }
    }

    #[test]
    fn no_damage_makes_the_reader_panic_or_never_end(
        shape in 0..3_usize,
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        inserts in any::<bool>(),
    ) {
        let rows = rows(4);
        let mut text = [lines(&rows), array(&rows), page(&rows)][shape].clone().into_bytes();
        for (at, byte) in damage {
            let at = at.index(text.len());
            if inserts { text.insert(at, byte) } else { text[at] = byte }
        }
        let read = read(&text);
        prop_assert!(read.len() <= text.len() + 1);
        let newlines = text.iter().filter(|byte| **byte == b'\n').count() as u64;
        for fault in read.into_iter().filter_map(Result::err) {
            prop_assert!((1..=newlines + 1).contains(&fault.line) && !fault.reason.contains(char::is_control));
        }
    }

    #[test]
    fn text_of_brackets_and_quotes_never_panics(text in "[\\[\\]{}\",:\\\\ \nrecods1]{0,60}") {
        prop_assert!(read(&text).len() <= text.len() + 1);
    }
}

#[test]
fn nothing_in_it_is_no_fault() {
    for text in [
        "",
        " \n\r\n",
        "[]",
        "[ ]\n",
        r#"{"records":[]}"#,
        r#"{"a":1,"records" : [ ] ,"b":{}} "#,
        "\u{feff}",
    ] {
        assert_eq!(read(text), [], "{text:?}");
    }
}

#[test]
fn one_record_may_take_several_lines() {
    let row = &rows(1)[0];
    let pretty = record(row).replace(',', ",\n  ").replace('{', "{\n  ");
    assert_eq!(read(&pretty), [Ok(row.clone())]);
    assert_eq!(
        read(format!("{pretty}\n{pretty}")),
        [Ok(row.clone()), Ok(row.clone())]
    );
}

#[test]
fn a_bad_line_takes_no_other_line_along() {
    let good = record(&rows(1)[0]);
    let one_bad = |line: u64, reason: &str| (2, vec![(line, reason.to_owned())]);
    let no_object = "a record must be an object, and start with `{`";
    for (bad, reason) in [
        ("nonsense", no_object),
        ("[1, 2]", no_object),
        (r#"{"id": 1,"#, "cut off: the next line starts another record"),
        (
            r#"{"id": 1, "file_name": "a"#,
            "not JSON: a text is not closed on its line",
        ),
        (r#"{"id": }"#, "not JSON: expected value"),
        (r#"{"id": [}"#, "not JSON: a bracket closes what it did not open"),
        (r#"{"file_name": 1}"#, "`file_name` must be a text; got 1"),
        ("{}", "`id` is missing"),
        (
            ",",
            "a `,` after a record: records one a line have none between them; those of an array stand in `[` and `]`",
        ),
    ] {
        assert_eq!(
            faults(format!("{good}\n\n{bad}\n{good}\n")),
            one_bad(3, reason),
            "{bad}"
        );
    }
    // The first line decides the shape and may be a page's, but is blamed itself and takes nothing along either.
    for bad in [
        "nonsense",
        r#"{"id": 1, "file_name": "a"#,
        r#"{"id": }"#,
        "{}",
        r#"{"id": 1,"#,
        r#"{"id": 1, "note":"#,
        r#"{"id": 1, "x": ["#,
        r#"{"id": 1, "x": [1,"#,
        r#"{"id": 1, "x": {"y": 1}"#,
    ] {
        for text in [
            format!("{bad}\n{good}\n{good}"),
            format!("{bad}\n{good}\n{good}\n"),
            format!("{bad}\r\n\r\n{good}\r\n{good}"),
        ] {
            let (read, faults) = faults(&text);
            assert_eq!((read, faults.len(), faults[0].0), (2, 1, 1), "{text} {faults:?}");
        }
        let (read, faults) = faults(format!("{good}\n{bad}\n{good}"));
        assert_eq!((read, faults.len(), faults[0].0), (2, 1, 2), "{bad} {faults:?}");
    }
}

#[test]
fn a_broken_record_of_several_lines_is_blamed_where_it_starts_and_ends_before_the_next() {
    let good = record(&rows(1)[0]);
    for bad in ["{\n \"id\": 1,", "{\n \"id\": 1,\n \"x\": ["] {
        let (read, faults) = faults(format!("{good}\n{bad}\n{good}\n"));
        let reason = "cut off: the next line starts another record".to_owned();
        assert_eq!((read, faults), (2, vec![(2, reason)]), "{bad}");
    }
}

#[test]
fn a_bad_element_of_an_array_is_passed_and_a_broken_array_is_not() {
    let good = record(&rows(1)[0]);
    let no_object = "a record must be an object, and start with `{`";
    for bad in ["1", "null", "\"text\"", "[{}]", "{}", r#"{"id": nul}"#] {
        for text in [
            format!("[{good},\n{bad},{good}]"),
            format!("{{\"records\":[{good},\n{bad},{good}]}}"),
        ] {
            let (read, faults) = faults(&text);
            assert_eq!((read, faults.len(), faults[0].0), (2, 1, 2), "{text}");
        }
    }
    assert_eq!(
        faults(format!("[{good},\n1]")),
        (1, vec![(2, no_object.to_owned())])
    );
    for (text, reason) in [
        (
            format!("[{good}\n {good}]"),
            "not JSON: a record must be followed by `,` or `]`",
        ),
        (format!("[{good},\n]"), "not JSON: a record is missing"),
        (
            format!("[{good}\n"),
            "the file is cut off: the array of records is not closed",
        ),
        (
            format!("[{good},\n{{\"id\":"),
            "cut off: the file ends within this record",
        ),
        (
            format!("{good}\n{{\"id\":"),
            "cut off: the file ends within this record",
        ),
        (
            format!("{{\"records\":[{good}]\n"),
            "not JSON: the page is broken or cut off after its `records`",
        ),
        (
            format!("{{\"records\":[{good}],\n\"records\":[]}}"),
            "not JSON: the page is broken or cut off after its `records`",
        ),
        (
            format!("[{{\"records\":[{good}]}}\n{{\"records\":[]}}]"),
            "not JSON: a record must be followed by `,` or `]`",
        ),
        (
            format!("[{{\"records\":[{good}]}},\n]"),
            "not JSON: a record is missing",
        ),
        (
            format!("[{{\"records\":[{good}]}}\n"),
            "the file is cut off: the array of records is not closed",
        ),
        (
            format!("[{{\"records\":[{good}\n]"),
            "not JSON: the page is broken or cut off after its `records`",
        ),
    ] {
        let all = read(&text);
        let last = all.last().unwrap().as_ref().unwrap_err();
        assert_eq!(
            (all.len(), last.reason.as_str(), last.line, last.is_final),
            (2, reason, 2, true),
            "{text}"
        );
    }
    for (text, reason) in [
        (r#"{"records": null}"#, "`records` must be an array"),
        (
            r#"{"a": x, "records": []}"#,
            "not JSON: the page is broken before its `records`",
        ),
    ] {
        assert_eq!(faults(text), (0, vec![(1, reason.to_owned())]), "{text}");
    }
}

#[test]
fn several_documents_in_one_file_are_read_one_after_the_other() {
    let rows = rows(6);
    let (one, two, three) = (&rows[..2], &rows[2..4], &rows[4..]);
    let pages = [page(one), page(two), page(three)];
    let pretty = |page: &String| {
        let page: serde_json::Value = serde_json::from_str(page).unwrap();
        serde_json::to_string_pretty(&page).unwrap()
    };
    let empty = page(&[]);
    for (shape, text) in [
        ("pages appended", pages.concat()),
        (
            "pages on one line",
            pages
                .each_ref()
                .map(|page| page.trim().replace('\n', ""))
                .concat(),
        ),
        (
            "one page a line",
            pages.each_ref().map(|page| page.replace('\n', " ")).join("\r\n"),
        ),
        ("pages as jq prints them", pages.each_ref().map(pretty).join("\n")),
        (
            "an array of pages, as jq -s makes it",
            format!("[{}]", pages.join(",")),
        ),
        ("the same, pretty", pretty(&format!("[{}]", pages.join(",")))),
        (
            "arrays",
            format!("{}{}\n{}", array(one), array(two), array(three)),
        ),
        (
            "arrays of pages",
            format!("[{}]\n[{},{}]", pages[0], pages[1], pages[2]),
        ),
        ("a page, then lines", page(one) + &lines(&rows[2..])),
        ("an array, a page, lines", array(one) + &page(two) + &lines(three)),
        ("lines, then a page", lines(one) + &page(&rows[2..])),
        ("lines, then an array", lines(one) + &array(&rows[2..])),
        (
            "lines, then a page as jq prints it, lines, an empty array",
            lines(one) + &pretty(&page(two)) + "\n" + &lines(three) + "[]",
        ),
        (
            "lines, then an array of pages",
            lines(one) + &format!("[{}, {}]", page(two), page(three)),
        ),
        (
            "a page, an array, a page",
            page(one) + &array(two) + "\n\n" + &page(three),
        ),
        (
            "empty ones between",
            format!(
                "[]{empty}{}{empty}[{empty},{}]{}",
                pages[0],
                pages[1],
                array(three)
            ),
        ),
        (
            "a byte order mark and space",
            format!("\u{feff}\n {} \n\t{} ", pages[0], array(&rows[2..])),
        ),
    ] {
        for buffer_bytes in [4, 61, 1 << 16] {
            let source = BufReader::with_capacity(buffer_bytes, Cursor::new(&text));
            let read: Result<Vec<_>, _> = Records::new(source, 1).collect();
            assert_eq!(read.as_ref(), Ok(&rows), "{shape}: {text}");
        }
    }
}

#[test]
fn a_fault_of_a_later_document_is_found_on_its_line() {
    let (good, one_page) = (record(&rows(1)[0]), page(&rows(1)));
    let after_page = one_page.lines().count() as u64;
    for (text, records, line, reason) in [
        (
            format!("{one_page}{{}}\n{good}"),
            2,
            after_page + 1,
            "`id` is missing",
        ),
        (
            format!("{one_page}\nx\n{good}"),
            2,
            after_page + 2,
            "a record must be an object, and start with `{`",
        ),
        (
            format!("[{good}]\n{{\"records\":[\n1]}}"),
            1,
            3,
            "a record must be an object, and start with `{`",
        ),
        (
            format!("[{one_page},\n{{\"records\": 1}}]"),
            1,
            after_page + 2,
            "`records` must be an array",
        ),
        (
            format!("{one_page}{{\"records\":[{good}]\n"),
            2,
            after_page + 2,
            "not JSON: the page is broken or cut off after its `records`",
        ),
        (
            format!("[{one_page},{{\"id\": 1}}]"),
            1,
            after_page + 1,
            "`file_name` is missing",
        ),
    ] {
        let (found, faults) = faults(&text);
        assert_eq!(
            (found, faults),
            (records, vec![(line, reason.to_owned())]),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_text_is_named() {
    assert!(faults([0x1f, 0x8b, 8, 0]).1[0].1.starts_with("a gzip archive"));
    assert!(faults([0xff, 0xfe, b'{', 0]).1[0].1.starts_with("UTF-16"));
}

#[test]
fn a_record_that_is_too_long_is_one_bad_record() {
    let good = record(&rows(1)[0]);
    let long = good.replace(
        "\"note\":",
        &format!("\"more\":\"{}\",\"note\":", "x".repeat(MAX_RECORD_BYTES)),
    );
    let expected = (2, vec![(2, "longer than 1048576 bytes".to_owned())]);
    assert_eq!(faults(format!("{good}\n{long}\n{good}\n")), expected);
    assert_eq!(faults(format!("[{good},\n{long},{good}]")), expected);
    let first = (1, vec![(1, "longer than 1048576 bytes".to_owned())]);
    assert_eq!(faults(format!("{long}\n{good}\n")), first);
}

#[test]
fn a_broken_first_line_takes_no_record_along_however_long_both_are() {
    let good = record(&rows(1)[0]);
    let fill = |text: &str, bytes: usize| {
        let member = |filling: &str| text.replace("\"id\":", &format!("\"more\":\"{filling}\",\"id\":"));
        member(&"x".repeat(bytes - member("").len()))
    };
    let longest = fill(&good, MAX_RECORD_BYTES);
    let cut_off = vec![(1, "cut off: the next line starts another record".to_owned())];
    for broken in [r#"{"id": 1, "x": ["#, r#"{"id": 1, "note":"#] {
        for first in [broken.to_owned(), fill(broken, MAX_RECORD_BYTES)] {
            assert_eq!(
                faults(format!("{first}\n{longest}")),
                (1, cut_off.clone()),
                "{broken}"
            );
            let text = format!("{first}\r\n\r\n{longest}\r\n{longest}\n{good}\n");
            assert_eq!(faults(text), (3, cut_off.clone()), "{broken}");
        }
    }
}

#[test]
fn members_around_the_records_of_a_page_may_be_of_any_length() {
    let row = &rows(1)[0];
    let other = format!("[\"{}\"]", "x".repeat(3 * MAX_RECORD_BYTES));
    let text = format!(
        "{{\"before\":{other},\"records\":[{}],\"after\":{other}}}",
        record(row)
    );
    assert_eq!(read(text), [Ok(row.clone())]);
}

/// Endless lines, and how many bytes of them were taken.
struct Counted {
    text: String,
    next_id: i64,
    taken: Arc<AtomicU64>,
    end: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.text.is_empty() && self.taken.load(Ordering::Relaxed) < self.end {
            let row = imports::Model {
                id: self.next_id,
                ..rows(1)[0].clone()
            };
            let start = if self.next_id == 0 {
                "{\"other\":[1],\"records\":["
            } else {
                ","
            };
            writeln!(self.text, "{start}{}", record(&row)).unwrap();
            self.next_id += 1;
        } else if self.text.is_empty() && self.next_id > 0 {
            self.text.push_str("]}");
            self.next_id = -1;
        }
        let mut source = self.text.as_bytes();
        let read = source.read(buffer)?;
        self.text.drain(..read);
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[test]
fn the_reader_is_never_more_than_a_record_and_its_buffer_ahead() {
    let taken = Arc::new(AtomicU64::new(0));
    let text = String::new();
    let source = Counted {
        text,
        next_id: 0,
        taken: taken.clone(),
        end: 20_000_000,
    };
    let longest = record(&rows(1)[0]).len() as u64 + 60;
    let buffer_bytes = 4_096;
    let mut asked = 0;
    for row in Records::new(BufReader::with_capacity(buffer_bytes as usize, source), 1) {
        assert_eq!(row.unwrap().id, asked);
        asked += 1;
        let ahead = taken
            .load(Ordering::Relaxed)
            .saturating_sub(asked as u64 * (longest - 60));
        assert!(
            taken.load(Ordering::Relaxed) <= asked as u64 * longest + buffer_bytes,
            "{ahead} bytes ahead"
        );
    }
    assert!(asked > 10_000);
}

#[test]
fn a_reader_that_fails_is_a_final_fault() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("no such luck"))
        }
    }
    let good = record(&rows(1)[0]);
    for start in ["", "[", "{\"records\":[],", "{\"id\":", "x"] {
        let source = BufReader::new(Cursor::new(format!("{start}\n")).chain(Broken));
        let last = Records::new(source, 1).last().unwrap().unwrap_err();
        assert!(
            last.is_final && last.reason.starts_with("cannot be read"),
            "{start:?} {last:?}"
        );
    }
    let mut all = BufReader::new(Cursor::new(good).chain(Broken));
    assert!(all.fill_buf().is_ok());
    assert!(Records::new(all, 1).next().unwrap().is_ok());
}
