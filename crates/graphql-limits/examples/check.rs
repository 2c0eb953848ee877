//! Checks documents against a small schema, and says what each costs or why it is refused:
//! `cargo run -p graphql-limits --example check`.
#![expect(clippy::print_stdout, reason = "an example speaks to who runs it")]

use std::error::Error;

use graphql_limits::{
    ConnectionCost, Cost, Costs, CustomScalar, Limits, Rejection, SchemaTypes, check, coerce,
};
use serde_json::{Map, Value, json};

const SDL: &str = "
scalar Date
type Query { orders(first: Int, last: Int, since: Date): Orders! order(id: ID!): Order }
type Orders { nodes: [Order!]! total: Int! }
type Order { id: ID! customer: Customer! }
type Customer { name: String! orders: Orders! }
";

fn types() -> Result<SchemaTypes, Box<dyn Error>> {
    let date = CustomScalar {
        name: "Date",
        expects: "a day such as 2026-05-01",
        accepts: |text| text.len() == 10 && text.split('-').all(|part| part.parse::<u16>().is_ok()),
        takes_integers: false,
    };
    let page = ConnectionCost {
        default_size: 20,
        max_size: 100,
        fields: vec![("total", 10)],
    };
    let costs = Costs {
        introspection: 10,
        root_fields: vec![("orders", Cost::Connection(page))],
    };
    Ok(SchemaTypes::from_sdl(SDL, &[date], costs)?)
}

fn cost(types: &SchemaTypes, text: &str, variables: &Map<String, Value>) -> Result<u64, Rejection> {
    let limits = Limits {
        depth: 6,
        cost: 200,
        ..Limits::default()
    };
    let document = check(text, &limits, true, types)?;
    let operation = document.operation(None)?;
    Ok(coerce(&document, operation, variables, types, &limits)?.cost)
}

fn main() -> Result<(), Box<dyn Error>> {
    let types = types()?;
    for (text, variables) in [
        ("{ orders { nodes { id } } }", json!({})),
        (
            "query ($n: Int) { orders(first: $n) { total } }",
            json!({"n": 50}),
        ),
        (
            "query ($n: Int) { orders(first: $n) { total } }",
            json!({"n": "many"}),
        ),
        ("{ orders(since: \"yesterday\") { total } }", json!({})),
        (
            "{ a: orders(first: 100) { total } b: orders(first: 100) { total } }",
            json!({}),
        ),
        (
            "{ orders { nodes { customer { orders { nodes { customer { name } } } } } } }",
            json!({}),
        ),
        ("{ order(id: 1) { id: customer { name } id } }", json!({})),
    ] {
        println!("{text} {variables}");
        let variables = variables.as_object().cloned().unwrap_or_default();
        match cost(&types, text, &variables) {
            Ok(points) => println!("  costs {points} points"),
            Err(rejection) => println!("  {rejection}"),
        }
    }
    Ok(())
}
