//! Rules of the specification that async-graphql does not check.

use graphql_limits::{Code, Cost, Costs, Limits, SchemaTypes, check, coerce};
use serde_json::Map;

const SDL: &str = "
directive @label(text: String!) on VARIABLE_DEFINITION | FIELD
directive @tag(name: String) on VARIABLE_DEFINITION
type Query { user(id: ID): User }
type User { name: String }
type Subscription { joined(team: ID!, first: Int): User left: User }
";

/// The code and the messages with which a document is refused; none where it is accepted.
fn refused(text: &str) -> Option<(Code, Vec<String>)> {
    let costs = Costs {
        introspection: 1,
        root_fields: Vec::new(),
    };
    let types = SchemaTypes::from_sdl(SDL, &[], costs).expect("a valid schema");
    let rejection = check(text, &Limits::default(), true, &types).err()?;
    let messages = rejection.errors.into_iter().map(|error| error.message);
    Some((rejection.code, messages.collect()))
}

#[track_caller]
fn is_invalid(text: &str, messages: &[&str]) {
    let (code, found) = refused(text).expect(text);
    assert_eq!(code, Code::ValidationFailed, "{text}");
    assert_eq!(found, messages, "{text}");
}

#[test]
fn typename_takes_no_arguments_and_has_no_selection_set() {
    let argument = "The field `__typename` has no argument `x`.";
    let selection_set = "The field `__typename` is a leaf, and so has no selection set.";
    is_invalid("{ __typename(x: 1) }", &[argument]);
    is_invalid("{ __typename { x } }", &[selection_set]);
    is_invalid(
        "{ user { a: __typename(x: $v) { x } } }",
        &[argument, selection_set],
    );
    is_invalid(
        "{ ...F } fragment F on User { ... { __typename(x: null) } }",
        &[argument],
    );
    assert_eq!(
        refused("{ __typename user { a: __typename @label(text: \"x\") } }"),
        None
    );
}

#[test]
fn directives_on_variable_definitions_are_known_and_in_their_location() {
    let query = |directives: &str| format!("query ($id: ID {directives}) {{ user(id: $id) {{ name }} }}");
    for (directives, message) in [
        (
            "@skip(if: true)",
            "The directive `@skip` may not be on a variable definition.",
        ),
        ("@nothing", "There is no directive `@nothing`."),
        (
            "@label(text: \"a\", size: 1)",
            "The directive `@label` has no argument `size`.",
        ),
        (
            "@label(text: 5)",
            "`text` is of the type String, which takes a string.",
        ),
        ("@label", "The argument `text` is required, but not given."),
    ] {
        is_invalid(&query(directives), &[message]);
    }
    // By the grammar they are constant.
    let (code, messages) = refused(&query("@label(text: $id)")).expect("a refusal");
    assert_eq!(code, Code::ParseFailed);
    assert!(messages[0].contains("without variables"), "{messages:?}");
    for directives in ["", "@label(text: \"a\")", "@tag(name: \"b\") @label(text: \"a\")"] {
        assert_eq!(refused(&query(directives)), None, "{directives}");
    }
}

#[test]
fn no_fragment_is_named_on() {
    for text in [
        "{ ...on } fragment on on Query { __typename }",
        "{ __typename } fragment on on Query { __typename }",
        "{ user { ...on @include(if: true) } }",
    ] {
        let (code, messages) = refused(text).unwrap_or_else(|| panic!("{text} is accepted"));
        assert_eq!(code, Code::ParseFailed, "{text}");
        let [message] = messages.as_slice() else {
            panic!("{text}: {messages:?}");
        };
        assert!(message.contains("`on`"), "{text}: {message}");
    }
    assert_eq!(
        refused("{ ...on_ ... on Query { __typename } } fragment on_ on Query { __typename }"),
        None
    );
}

#[test]
fn a_subscription_is_typed_as_a_query_is() {
    is_invalid(
        "subscription { joined { name } }",
        &["The argument `team` is required, but not given."],
    );
    is_invalid(
        "subscription ($first: String) { joined(team: 1, first: $first) { name } }",
        &["The variable `first` of the type `String` stands where Int is expected."],
    );
    is_invalid(
        "subscription { joined(team: 1, first: \"a\") { name } }",
        &["`first` is of the type Int, which takes a whole number of 32 bits."],
    );
    // What queries have, subscriptions have not.
    is_invalid(
        "subscription { __type(name: \"User\") { name } }",
        &["A subscription selects a field of the schema, which `__type` is not."],
    );
}

#[test]
fn a_subscription_selects_one_field_whatever_its_variables_are() {
    let many = |count: &str| format!("A subscription selects exactly one field; this one selects {count}.");
    let directive = |name| format!("The directive `@{name}` may not be at the root of a subscription.");
    let typename = "A subscription selects a field of the schema, which `__typename` is not.";
    let left = "left { name }";
    for (text, messages) in [
        (format!("{left} __typename"), vec![many("2")]),
        (
            format!("{left} joined(team: 1) {{ name }} __typename"),
            vec![many("3")],
        ),
        (format!("{left} again: {left}"), vec![many("2")]),
        (format!("{left} ... {{ ...F }}"), vec![many("2")]),
        ("__typename".to_owned(), vec![typename.to_owned()]),
        ("...T".to_owned(), vec![typename.to_owned()]),
        (String::new(), vec![many("none")]),
        (
            "left @skip(if: false) { name }".to_owned(),
            vec![directive("skip")],
        ),
        (
            "left @include(if: true) { name }".to_owned(),
            vec![directive("include")],
        ),
        (
            format!("... @include(if: true) {{ {left} }}"),
            vec![directive("include")],
        ),
        ("...L @skip(if: false)".to_owned(), vec![directive("skip")]),
        ("...C".to_owned(), vec![directive("skip")]),
    ] {
        let text = format!(
            "subscription {{ {text} }} fragment F on Subscription {{ again: {left} }} fragment T on Subscription {{ __typename }}
             fragment L on Subscription {{ {left} }} fragment C on Subscription {{ left @skip(if: false) {{ name }} }}"
        );
        is_invalid(&text, &messages.iter().map(String::as_str).collect::<Vec<_>>());
    }
    for text in [
        format!("subscription {{ {left} }}"),
        format!(
            "subscription {{ {left} ... {{ left {{ id: name }} }} ...F ...F }} fragment F on Subscription {{ {left} }}"
        ),
        "subscription ($v: Boolean!) { left { name @skip(if: $v) __typename } }".to_owned(),
        // Of a query none of this is asked.
        "query ($v: Boolean!) { user @include(if: $v) { name } __typename }".to_owned(),
    ] {
        assert_eq!(refused(&text), None, "{text}");
    }
}

#[test]
fn a_subscription_costs_what_its_field_does() {
    let costs = Costs {
        introspection: 1,
        root_fields: vec![("joined", Cost::Fixed(7))],
    };
    let types = SchemaTypes::from_sdl(SDL, &[], costs).expect("a valid schema");
    let limits = Limits::default();
    for (text, cost) in [
        ("subscription { joined(team: 1) { name } }", 7),
        ("subscription { left { name } }", 1),
    ] {
        let document = check(text, &limits, true, &types).expect(text);
        let operation = document.operation(None).expect(text);
        let coerced = coerce(&document, operation, &Map::new(), &types, &limits).expect(text);
        assert_eq!(coerced.cost, cost, "{text}");
    }
}
