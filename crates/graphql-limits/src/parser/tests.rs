//! What the parser promises.

use super::*;

#[track_caller]
fn code(text: &str) -> Option<Code> {
    parse(text).err().map(|rejection| rejection.code)
}

/// The document as async-graphql's parser has it, where the grammar of 2021 has it at all.
fn of_2021(text: &str) -> String {
    let document = async_graphql_parser::parse_query(text).expect(text);
    serde_json::to_string(&document).expect("JSON")
}

#[test]
fn a_document_of_2021_is_what_the_library_makes_of_it() {
    for text in [
        "{ a }",
        "query Q { a: b(c: 1, d: [1.5, -2, \"x\"], e: {f: [], g: {}}) @h @i(j: $k) { l } }",
        "query ($a: [Int!]! = [1, 2], $b: B = {c: D, e: null}, $f: Boolean = true) { a }",
        "mutation M { a } ",
        "subscription { a ...F ... on T @x { b } ... { c } ... @y { d } } fragment F on T @z { e }",
        "{ a(b: \"\"\"\n  c\n    d\n\"\"\") }",
        "{ query fragment on: true null }",
        "{\n  é: a # c\n}".replace('é', "e").as_str(),
    ] {
        let document = parse(text).expect(text);
        assert_eq!(
            serde_json::to_string(&document).expect("JSON"),
            of_2021(text),
            "{text}"
        );
    }
}

#[test]
fn the_grammar_of_2026_is_read() {
    for text in [
        "{}",
        "query Q {}",
        "{ a {} ...F ... {} } fragment F on T {}",
        "\"d\" query Q { a }",
        "\"\"\"d\"\"\" fragment F on T { a } { a }",
        "query Q(\"d\" $a: Int) { a }",
        "query Q($a: Int = 1 @b) { a }",
        "{ ... on#c\nT { a } }",
        "{ a(b: -0) }",
        "{ a(b: \"\\u{1F600}\\uD83D\\uDE00\") }",
    ] {
        assert_eq!(code(text), None, "{text}");
    }
}

#[test]
fn what_is_no_document_is_refused_where_it_stops_to_be_one() {
    for (text, line, column) in [
        ("", 1, 1),
        ("# c", 1, 4),
        ("a", 1, 1),
        ("type T { a: Int }", 1, 1),
        ("\"d\" { a }", 1, 5),
        ("query Q() { a }", 1, 9),
        ("query Q($a Int) { a }", 1, 12),
        ("query Q($a: Int = $b) { a }", 1, 19),
        ("query Q($a: Int @b(c: $a)) { a }", 1, 23),
        ("query Q($a: Int @b = 1) { a }", 1, 20),
        ("{ a() }", 1, 5),
        ("{ a(b) }", 1, 6),
        ("{ a(b: 007) }", 1, 8),
        ("{ a(b: [truetrue 1a]) }", 1, 18),
        ("{ a:\n}", 2, 1),
        ("{ ... }", 1, 7),
        ("{ ...on }", 1, 9),
        ("fragment on on T { a }", 1, 10),
        ("fragment F { a }", 1, 12),
        ("{ a } b", 1, 7),
        ("{ a ? }", 1, 5),
    ] {
        let rejection = parse(text).expect_err(text);
        assert_eq!(rejection.code, Code::ParseFailed, "{text}");
        assert_eq!(rejection.errors[0].locations, [Pos { line, column }], "{text}");
    }
}

#[test]
fn what_stands_twice_is_invalid_and_only_where_the_rest_is_sound() {
    for text in [
        "query A { a } query A { b }",
        "query A { a } { b }",
        "{ a } { b }",
        "{ a } fragment F on T { a } fragment F on T { b }",
        "{a(x:{lt:1 #c\n lt :2})}",
        "query($x:T={a:{b:1} b:1 b:1}){a}",
        "{ a(b: 1e999) }",
    ] {
        assert_eq!(code(text), Some(Code::ValidationFailed), "{text}");
        assert_eq!(code(&format!("{text} ?")), Some(Code::ParseFailed), "{text}");
    }
    assert_eq!(code("{a(x:{b:{b:1}}) x:a x:a y:a(x:[{b:1},{b:1}])}"), None);
    assert_eq!(
        code("fragment F on T { a }"),
        Some(Code::OperationResolutionFailure)
    );
}
