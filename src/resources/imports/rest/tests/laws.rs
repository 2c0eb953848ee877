//! Laws over any query string.

use entity::{ImportStatus, Instant};
use keyset::Direction;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{blamed, cursor, echo, parse};
use crate::resources::imports::Column;
use crate::resources::imports::rest::{PER_PAGE, Question, fuzz_query};
use crate::store::query::table::Column as _;

/// Every byte that can be, some of the rest at random, written as an escape.
fn escaped(text: &str, choices: &mut impl Iterator<Item = bool>) -> String {
    let mut written = String::new();
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"_-.:,[]".contains(&byte);
        if is_plain && choices.next().unwrap_or_default() {
            written.push(char::from(byte));
        } else if byte == b' ' && choices.next().unwrap_or_default() {
            written.push('+');
        } else {
            written.push_str(&format!("%{byte:02x}"));
        }
    }
    written
}

fn instant_text() -> impl Strategy<Value = String> {
    let micros = Instant::MIN.micros()..=Instant::MAX.micros();
    (micros, 0_u8..4).prop_map(|(micros, form)| {
        let text = Instant::from_micros(micros).unwrap().to_string();
        match form {
            0 => text,
            1 => text[..10].to_owned(),
            2 => text[..19].replace('T', " "),
            _ => text.replace('Z', "+00:00"),
        }
    })
}

/// Names and values of a sound query string, in any order, each name once.
fn sound_pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let mut names = Vec::new();
    for field in ["created_at", "updated_at"] {
        names.extend(["lt", "lte", "gt", "gte"].map(|operator| format!("filter[{field}][{operator}]")));
    }
    let count = names.len();
    let bounds = subsequence(names, 0..=count).prop_flat_map(|names| {
        names
            .into_iter()
            .map(|name| (Just(name), instant_text()))
            .collect::<Vec<_>>()
    });
    let sorts = subsequence(Column::SORTABLE.to_vec(), 0..=3).prop_flat_map(|columns| {
        let pair = |column: Column| {
            let direction = select(vec!["asc".to_owned(), "desc".to_owned()]);
            (Just(format!("sort[{}]", column.name())), direction)
        };
        columns.into_iter().map(pair).collect::<Vec<_>>()
    });
    let statuses = subsequence(ImportStatus::ALL.to_vec(), 1..=10).prop_map(|statuses| {
        statuses
            .into_iter()
            .map(ImportStatus::name)
            .collect::<Vec<_>>()
            .join(" , ")
    });
    let statuses =
        proptest::option::of(statuses.prop_map(|list| ("filter[status][include]".to_owned(), list)));
    let size = proptest::option::of(PER_PAGE.prop_map(|size| ("per_page".to_owned(), size.to_string())));
    (bounds, sorts, statuses, size)
        .prop_map(|(bounds, sorts, statuses, size)| {
            bounds
                .into_iter()
                .chain(sorts)
                .chain(statuses)
                .chain(size)
                .collect::<Vec<_>>()
        })
        .prop_shuffle()
}

/// What a question says of itself, as pairs again, in the order of filters, sort keys, size.
fn formatted(question: &Question) -> Vec<(String, String)> {
    let (filtered_by, sorted_by) = echo(question);
    let mut pairs = Vec::new();
    for (field, operators) in filtered_by
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one.as_object().unwrap())
    {
        for (operator, value) in operators.as_object().unwrap() {
            pairs.push((
                format!("filter[{field}][{operator}]"),
                value.as_str().unwrap().to_owned(),
            ));
        }
    }
    for (field, direction) in sorted_by
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one.as_object().unwrap())
    {
        pairs.push((format!("sort[{field}]"), direction.as_str().unwrap().to_owned()));
    }
    pairs.push(("per_page".to_owned(), question.window.size().to_string()));
    pairs
}

proptest! {
    #[test]
    fn a_sound_query_string_says_what_its_question_echoes(
        pairs in sound_pairs(),
        choices in proptest::collection::vec(any::<bool>(), 64),
    ) {
        let mut choices = choices.into_iter().cycle();
        let mut write = |pairs: &[(String, String)]| {
            let one = |(name, value): &(String, String)| {
                format!("{}={}", escaped(name, &mut choices), escaped(value, &mut choices))
            };
            pairs.iter().map(one).collect::<Vec<_>>().join("&")
        };
        let question = parse(Some(&write(&pairs)));
        prop_assert!(question.is_ok(), "{:?}", question);
        let question = question.unwrap();
        let said = formatted(&question);
        let of = |pairs: &[(String, String)], kind: &str| -> Vec<_> {
            pairs.iter().filter(|(name, _)| name.starts_with(kind)).cloned().collect()
        };
        prop_assert_eq!(of(&said, "filter"), of(&pairs, "filter"));
        if !of(&pairs, "sort").is_empty() {
            prop_assert_eq!(of(&said, "sort"), of(&pairs, "sort"));
        }
        prop_assert_eq!(parse(Some(&write(&said))), Ok(question));
    }

    #[test]
    fn no_bytes_panic(
        data in proptest::collection::vec(any::<u8>(), 0..200),
        near in "((filter|sort|q|per_page|start_cursor)(\\[(status|created_at|id|[a-z%\\[\\]]{0,3})\\]){0,3}(=[a-z0-9%+:,é\u{0}-]{0,20})?&?){0,6}",
    ) {
        let _ = (fuzz_query(&data), fuzz_query(near.as_bytes()));
    }

    #[test]
    fn a_damaged_cursor_is_refused(at in 0_usize..50, bit in 0_u32..7) {
        let sound = cursor(&[(Column::CreatedAt, Direction::Asc)]);
        let mut bytes = sound.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let damaged = String::from_utf8(bytes).unwrap();
        let query = format!("start_cursor={}", escaped(&damaged, &mut std::iter::empty()));
        prop_assert_eq!(blamed(&query), ["start_cursor"]);
    }
}

#[test]
fn the_fuzz_body_reaches_the_end_for_a_sound_query_string() {
    assert!(fuzz_query(b"filter[status][include]=new&per_page=2"));
    assert!(!fuzz_query(b"per_page=1"));
    assert!(!fuzz_query(b"\xff"));
}
