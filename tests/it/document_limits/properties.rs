//! For any document: what they accept is parsed, validated, run and dropped on a small stack, and the work
//! is bounded by the text.

use futures_util::FutureExt;
use graphql_limits::{Limits, Operation, check, check_tokens, coerce};
use imports_gateway::fuzzing;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::Map;

use super::{SCHEMA, TYPES, run};

/// Threads of the service have 2 MiB; an eighth leaves room for everything around.
const STACK_BYTES: usize = 256 * 1024;

/// Pieces that make documents, sound and unsound ones.
fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ":",
        "$",
        "!",
        "=",
        "@",
        "|",
        "&",
        "...",
        "\"",
        "\"\"\"",
        "\\",
        "#",
        "\n",
        "\r",
        ",",
        " ",
        "-",
        "0",
        "1.5",
        "1e9",
        "true",
        "null",
        "a",
        "query",
        "mutation",
        "fragment",
        "on",
        "on Query",
        "F",
        "F0",
        "__typename",
        "__schema",
        "__type",
        "types",
        "fields",
        "imports",
        "nodes",
        "edges",
        "first:",
        "filter:",
        "{lt:",
        "\"x\"",
        "[ID!]",
        "Int",
        "$v",
        "($v:Int)",
        "@include(if:$v)",
        "@skip(if:true)",
        "\u{feff}",
        "é",
        "\0",
        "\\u",
        "\\\"\"\"",
    ];
    prop_oneof![
        8 => proptest::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => (proptest::sample::select(vec!["{a", "[", "{k:", "(", "...{"]), 1usize..60).prop_map(|(it, n)| it.repeat(n)),
        1 => "\\PC{0,6}",
    ]
}

/// A sound selection set on the root, nested and spread at random.
fn selection() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("__typename".to_owned()),
        Just("imports(first:3){nodes{id note}}".to_owned()),
        Just("imports(filter:{status:{include:[NEW]}}){asked estimatedRemainingCount}".to_owned()),
        Just("nodes(ids:[1 \"b\"]){id ...{__typename}}".to_owned()),
        Just("__type(name:\"Query\"){fields{name args{type{ofType{name}}}}}".to_owned()),
        (0usize..6).prop_map(|at| format!("...F{at}")),
    ];
    leaf.prop_recursive(24, 120, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|all| all.join(" ")),
            inner.clone().prop_map(|it| format!("...{{{it}}}")),
            inner.prop_map(|it| format!("... on Query @include(if:true) {{{it}}}")),
        ]
    })
}

/// A document whose fragments only spread later ones.
fn document() -> impl Strategy<Value = String> {
    (selection(), proptest::collection::vec(selection(), 6)).prop_map(|(root, fragments)| {
        let mut text = format!("{{{root}}}");
        for (at, fragment) in fragments.into_iter().enumerate() {
            let earlier = (0..=at).fold(fragment, |it, at| it.replace(&format!("...F{at}"), "__typename"));
            let is_used = text.contains(&format!("...F{at}"));
            if is_used {
                text.push_str(&format!("fragment F{at} on Query{{{earlier}}}"));
            }
        }
        text
    })
}

/// Checks and runs a text on a small stack; whether it was accepted.
fn survives(text: &str) -> bool {
    let limits = Limits::default();
    let tokens = check_tokens(text, &limits).map(|scanned| scanned.tokens as u64);
    let Ok(document) = check(text, &limits, true, &TYPES) else {
        return false;
    };
    let expanded: usize = document.operations().iter().map(Operation::expanded_nodes).sum();
    let bound = 4 * tokens.expect("what passed was scanned") + 20 + expanded as u64;
    assert!(document.steps() <= bound, "{} steps for {text}", document.steps());
    for operation in document.operations() {
        assert!(operation.expanded_nodes() <= limits.expanded_nodes + limits.introspection_nodes);
        if let Ok(coerced) = coerce(&document, operation, &Map::new(), &TYPES, &limits) {
            assert!((1..=limits.cost).contains(&coerced.cost));
            drop(run(&document, coerced));
        }
    }
    true
}

fn on_a_small_stack<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(body)
        .expect("a thread");
    thread.join().expect("no panic")
}

/// Built before the small stack is entered: building is the start of a service, not a request.
fn warm() {
    assert!(SCHEMA.execute("{__typename}").now_or_never().is_some());
    assert!(check("{__typename}", &Limits::default(), true, &TYPES).is_ok());
}

#[test]
fn sound_documents_are_mostly_accepted_so_the_property_means_something() {
    warm();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let accepted = (0..100).filter(|_| {
        let text = document().new_tree(&mut runner).expect("a document").current();
        on_a_small_stack(move || survives(&text))
    });
    assert!(accepted.count() >= 30);
}

#[test]
fn the_deepest_document_of_every_shape_survives_a_small_stack() {
    warm();
    let lists = format!(
        "{{imports(first:1 x:{}1{}){{asked}}}}",
        "[".repeat(30),
        "]".repeat(30)
    );
    let objects = format!("{{imports(x:{}1{}){{asked}}}}", "{k:".repeat(30), "}".repeat(30));
    let types = format!("query($v:{}Int{}){{__typename}}", "[".repeat(31), "]".repeat(31));
    let defaults = format!(
        "query($v:Int={}1{}){{__typename}}",
        "[".repeat(30),
        "]".repeat(30)
    );
    let inline = format!("{{{}__typename{}}}", "...{".repeat(31), "}".repeat(31));
    for (text, is_accepted) in [
        (lists, true),
        (objects, true),
        (types, true),
        (defaults, false),
        (inline, true),
    ] {
        assert_eq!(
            on_a_small_stack({
                let text = text.clone();
                move || survives(&text)
            }),
            is_accepted,
            "{text}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_refused_or_survives_a_small_stack(pieces in proptest::collection::vec(piece(), 0..60)) {
        warm();
        let text = pieces.concat();
        on_a_small_stack(move || { survives(&text); });
    }

    #[test]
    fn any_sound_document_is_refused_or_survives_a_small_stack(text in document()) {
        warm();
        on_a_small_stack(move || { survives(&text); });
    }

    #[test]
    fn a_damaged_document_is_refused_or_survives(text in document(), at in any::<prop::sample::Index>(), byte in any::<char>()) {
        warm();
        let mut characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len());
        characters[at] = byte;
        let text: String = characters.into_iter().collect();
        on_a_small_stack(move || { survives(&text); });
    }

    #[test]
    fn any_bytes_end_the_fuzz_body(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = fuzzing::document(&bytes);
    }
}
