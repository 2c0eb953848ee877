//! Rules of the specification that async-graphql does not check.

use graphql_limits::{Code, Costs, Limits, SchemaTypes, check};

const SDL: &str = "
directive @label(text: String!) on VARIABLE_DEFINITION | FIELD
directive @tag(name: String) on VARIABLE_DEFINITION
type Query { user(id: ID): User }
type User { name: String }
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
