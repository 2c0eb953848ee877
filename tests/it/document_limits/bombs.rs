//! Documents built to exhaust a server, each refused with its code.

use graphql_limits::Limits;

use super::{TYPES, admitted};

fn code(text: &str) -> &'static str {
    admitted(text).map_or_else(|rejection| rejection.code.as_str(), |_| "accepted")
}

#[test]
fn nesting_of_any_bracket_is_refused_at_any_size() {
    for levels in [33, 100, 1_000, 1_600, 5_000] {
        for opening in ["{a(x:", "query($v:", "query($v:Int="] {
            for bracket in ["[", "{k:", "{a"] {
                let code = code(&format!("{opening}{}", bracket.repeat(levels)));
                assert!(
                    ["QUERY_TOO_DEEP", "QUERY_TOO_LARGE"].contains(&code),
                    "{opening} {bracket} {levels}: {code}"
                );
            }
        }
        assert!(["QUERY_TOO_DEEP", "QUERY_TOO_LARGE"].contains(&code(&"{a".repeat(levels))));
    }
    assert_eq!(
        code(&format!("{}a{}", "{a".repeat(31), "}".repeat(31))),
        "QUERY_TOO_DEEP"
    );
    assert_eq!(code(&"{a".repeat(1_000_000)), "QUERY_TOO_LARGE");
}

#[test]
fn nesting_behind_a_string_without_an_end_is_refused() {
    let text = format!("{{a(x:[\"\"\" b\" {}", "[".repeat(4_000));
    assert_eq!(code(&text), "GRAPHQL_PARSE_FAILED");
}

/// `levels` fragments, each spreading the next `width` times.
fn fan_out(levels: usize, width: usize, wrap: bool) -> String {
    let mut text = String::from("{...F0}");
    for level in 0..levels {
        let next = level + 1;
        let spread = if wrap {
            format!("...{{...F{next}}}")
        } else {
            format!("...F{next} ")
        };
        text.push_str(&format!("fragment F{level} on Query{{{}}}", spread.repeat(width)));
    }
    text.push_str(&format!("fragment F{levels} on Query{{__typename}}"));
    text
}

#[test]
fn fragments_that_fan_out_are_refused_in_steps_counted_by_their_text() {
    for (levels, width) in [(19, 2), (19, 8), (6, 20), (15, 20)] {
        for wrap in [false, true] {
            let rejection = admitted(&fan_out(levels, width, wrap)).expect_err("a bomb");
            let code = rejection.code.as_str();
            assert!(
                ["QUERY_TOO_COMPLEX", "QUERY_TOO_DEEP"].contains(&code),
                "{levels} {width} {wrap}: {code}"
            );
        }
    }
    assert_eq!(code(&fan_out(31, 2, false)), "QUERY_TOO_LARGE");
    assert_eq!(code(&fan_out(24, 2, false)), "QUERY_TOO_LARGE");
    // Behind one field there is a single root field, and the nodes alone refuse it.
    assert_eq!(
        code(&fan_out(12, 2, false).replace("{...F0}", "{imports{...F0}}")),
        "QUERY_TOO_COMPLEX"
    );
}

#[test]
fn work_is_bounded_by_the_text_whatever_it_expands_to() {
    let limits = Limits {
        expanded_nodes: usize::MAX,
        root_fields: usize::MAX,
        ..Limits::default()
    };
    let text = fan_out(19, 2, false);
    let scanned = graphql_limits::check_tokens(&text, &limits).expect("a sound text");
    let document = graphql_limits::check(&text, &limits, true, &TYPES).expect("limits are off");
    assert!(document.operations()[0].expanded_nodes() > 1 << 19);
    assert!(
        document.steps() <= 4 * scanned.tokens as u64,
        "{} steps",
        document.steps()
    );
}

#[test]
fn fragments_that_lead_back_to_themselves_are_refused() {
    for length in [1, 2, 20] {
        let fragments: String = (0..length)
            .map(|at| format!("fragment F{at} on Query{{...F{}}}", (at + 1) % length))
            .collect();
        assert_eq!(
            code(&format!("{{...F0}}{fragments}")),
            "GRAPHQL_VALIDATION_FAILED"
        );
        assert_eq!(
            code(&format!("{{__typename}}{fragments}")),
            "GRAPHQL_VALIDATION_FAILED"
        );
    }
}

#[test]
fn repetition_is_refused() {
    let aliases = |count: usize| (0..count).map(|at| format!("a{at}:id ")).collect::<String>();
    let import = |fields: &str| format!("{{import(id:1){{{fields}}}}}");
    assert_eq!(code(&import(&aliases(30))), "accepted");
    assert_eq!(code(&import(&aliases(31))), "QUERY_TOO_COMPLEX");
    assert_eq!(code(&import(&aliases(101))), "QUERY_TOO_COMPLEX");
    assert_eq!(code(&import(&aliases(10_000))), "QUERY_TOO_LARGE");
    assert_eq!(code(&format!("{{{}}}", "__typename ".repeat(10))), "accepted");
    assert_eq!(
        code(&format!("{{{}}}", "__typename ".repeat(11))),
        "QUERY_TOO_COMPLEX"
    );
    assert_eq!(
        code(&format!("{{{}}}", "import(id:1){id}".repeat(150))),
        "QUERY_TOO_COMPLEX"
    );
    assert_eq!(code(&"query A{__typename}".repeat(1_000)), "QUERY_TOO_LARGE");
    let operations: String = (0..6).map(|at| format!("query A{at}{{__typename}}")).collect();
    assert_eq!(code(&operations), "QUERY_TOO_LARGE");
    let fragments: String = (0..21)
        .map(|at| format!("fragment F{at} on Query{{__typename}}"))
        .collect();
    assert_eq!(code(&format!("{{__typename}}{fragments}")), "QUERY_TOO_LARGE");
    let variables: String = (0..51).map(|at| format!("$v{at}:Int ")).collect();
    assert_eq!(
        code(&format!("query({variables}){{__typename}}")),
        "QUERY_TOO_COMPLEX"
    );
}

#[test]
fn directives_are_counted_wherever_they_stand() {
    for at in [
        "query D {__typename}",
        "query($v:Int D){__typename}",
        "{__typename D}",
        "{...F D} fragment F on Query{__typename}",
        "{... D {__typename}}",
        "{...F} fragment F on Query D {__typename}",
    ] {
        assert_eq!(
            code(&at.replace('D', &"@aa ".repeat(4))),
            "QUERY_TOO_COMPLEX",
            "{at}"
        );
        // They are unknown; that is an error of the library's rules, but for variables, where it has none.
        let few = match at.contains("$v") {
            true => "GRAPHQL_VALIDATION_FAILED",
            false => "accepted",
        };
        assert_eq!(code(&at.replace('D', &"@aa ".repeat(3))), few, "{at}");
    }
    assert_eq!(
        code(&format!("{{import(id:1){{{}}}}}", "id @aa @bb ".repeat(10))),
        "accepted"
    );
    assert_eq!(
        code(&format!("{{import(id:1){{{}}}}}", "id @aa @bb ".repeat(11))),
        "QUERY_TOO_COMPLEX"
    );
    assert_eq!(
        code(&format!("{{__typename {}}}", "@a".repeat(10_000))),
        "QUERY_TOO_LARGE"
    );
}

#[test]
fn depth_counts_fields_with_fragments_expanded() {
    let nested = |levels: usize| format!("{}a{}", "a{".repeat(levels - 1), "}".repeat(levels - 1));
    assert_eq!(code(&format!("{{{}}}", nested(10))), "accepted");
    assert_eq!(code(&format!("{{{}}}", nested(11))), "QUERY_TOO_DEEP");
    assert_eq!(
        code(&format!("{{a{{...F}}}} fragment F on A{{{}}}", nested(9))),
        "accepted"
    );
    assert_eq!(
        code(&format!("{{a{{...F}}}} fragment F on A{{{}}}", nested(10))),
        "QUERY_TOO_DEEP"
    );
    let inline = format!("{{{}__typename{}}}", "...{".repeat(31), "}".repeat(31));
    assert_eq!(code(&inline), "accepted");
    let chained = format!("{{...F}} fragment F on Query{inline}");
    assert_eq!(code(&chained), "QUERY_TOO_DEEP");
}

#[test]
fn circular_introspection_is_refused() {
    let query = "{__schema{types{fields{type{fields{type{fields{name}}}}}}}}";
    assert_eq!(code(query), "QUERY_TOO_DEEP");
}
