//! What a federation gateway asks for: lists of any values, whose different objects cost, and a field that tells of the schema.

use graphql_limits::{Code, Cost, Costs, Limits, Rejection, SchemaTypes, check, coerce};
use serde_json::{Value, json};

const SDL: &str = "scalar _Any type Query { entities(of: [_Any!]!): [User] user: User text: String } type User { name: String }";

fn types() -> SchemaTypes {
    let distinct = Cost::Distinct {
        argument: "of",
        keys: &["type", "id"],
    };
    let costs = Costs {
        introspection: 7,
        root_fields: vec![("entities", distinct), ("text", Cost::Introspection)],
    };
    SchemaTypes::from_sdl(SDL, &[], costs).expect("a valid schema")
}

fn cost(document: &str, variables: Value, limits: &Limits) -> Result<u64, Rejection> {
    let types = types();
    let document = check(document, limits, true, &types)?;
    let variables = variables.as_object().expect("an object").clone();
    let coerced = coerce(&document, document.operation(None)?, &variables, &types, limits)?;
    Ok(coerced.cost)
}

fn entity(id: usize) -> Value {
    json!({"type": "User", "id": id.to_string()})
}

#[test]
fn each_different_object_of_a_list_costs_a_point() {
    let limits = Limits::default();
    let of = |items: Value| {
        let document = "query ($of: [_Any!]!) { entities(of: $of) { name } }";
        cost(document, json!({ "of": items }), &limits).expect("it is payable")
    };
    assert_eq!(of(json!([entity(1), entity(2), entity(1)])), 2);
    assert_eq!(of(json!({"type": "User", "id": "1"})), 1);
    assert_eq!(
        of(json!([{"type": "User", "id": "1", "a": 1}, {"type": "User", "id": "1", "a": 2}])),
        1
    );
    assert_eq!(
        of(json!([{"type": "User", "id": "1"}, {"type": "Other", "id": "1"}])),
        2
    );
    // What lacks one of the strings.
    assert_eq!(
        of(json!([1, "x", [], {}, {"id": "1"}, {"type": "User", "id": 1}])),
        1
    );
    for (literal, points) in [
        (
            "[{type: \"User\", id: $id}, {type: \"User\", id: \"1\"}, {type: \"User\", id: \"2\"}]",
            2,
        ),
        ("[$any, {type: \"User\", id: \"4\"}, $any]", 2),
        ("[]", 1),
    ] {
        let document = format!("query ($id: String!, $any: _Any!) {{ entities(of: {literal}) {{ name }} }}");
        let variables = json!({"id": "1", "any": {"type": "User", "id": "3"}});
        assert_eq!(cost(&document, variables, &limits), Ok(points), "{literal}");
    }
}

#[test]
fn a_list_that_is_longer_than_what_is_coerced_costs_a_point_an_item() {
    for (list_items, points, most) in [(10, 20, 20), (20, 10, 20)] {
        let limits = Limits {
            list_items,
            cost: points,
            ..Limits::default()
        };
        let document = "query ($of: [_Any!]!) { entities(of: $of) { name } }";
        let of = |count| cost(document, json!({ "of": vec![entity(1); count] }), &limits);
        assert_eq!(of(most), Ok(1));
        for count in [most + 1, 10_000] {
            let rejection = of(count).expect_err("it is too long");
            assert_eq!(
                (rejection.code, rejection.cost),
                (Code::QueryTooComplex, Some(count as u64))
            );
        }
    }
}

#[test]
fn a_field_that_tells_of_the_schema_goes_with_introspection() {
    let limits = Limits::default();
    assert_eq!(cost("{ text }", json!({}), &limits), Ok(7));
    for document in ["{ text }", "{ ...F } fragment F on Query { a: text }"] {
        let rejection = check(document, &limits, false, &types()).expect_err("introspection is off");
        assert_eq!(rejection.code, Code::IntrospectionDisabled, "{document}");
    }
    assert!(check("{ entities(of: []) { name } }", &limits, false, &types()).is_ok());
}

#[test]
fn any_takes_every_value_but_null() {
    let limits = Limits::default();
    for literal in [
        "1",
        "-0.5",
        "\"x\"",
        "true",
        "NAME",
        "[null]",
        "{a: null, b: {c: [1]}}",
    ] {
        assert!(
            cost(
                &format!("{{ entities(of: [{literal}]) {{ name }} }}"),
                json!({}),
                &limits
            )
            .is_ok(),
            "{literal}"
        );
    }
    let document = "query ($of: [_Any!]!) { entities(of: $of) { name } }";
    for value in [json!(null), json!([null])] {
        let rejection = cost(document, json!({ "of": value }), &limits).expect_err("null");
        assert_eq!(rejection.code, Code::ValidationFailed, "{value}");
    }
    let rejection = cost("{ entities(of: [null]) { name } }", json!({}), &limits).expect_err("null");
    assert_eq!(rejection.code, Code::ValidationFailed);
}
