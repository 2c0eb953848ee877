//! The crate `graphql_limits` with the library behind it: what it accepts is parsed, validated, run and dropped safely.

mod bombs;
mod coercion;
mod limits;
mod properties;
mod schema;

use std::sync::LazyLock;

use async_graphql::{Request, Response};
use futures_util::FutureExt;
use graphql_limits::{Coerced, Document, Limits, Rejection, SchemaTypes, check, coerce};
use imports_gateway::graphql::validation;
use serde_json::{Map, Value as Json};

use schema::TestSchema;

static SCHEMA: LazyLock<TestSchema> = LazyLock::new(schema::schema);
static TYPES: LazyLock<SchemaTypes> =
    LazyLock::new(|| validation::types(&SCHEMA.sdl()).expect("a sound schema"));

/// Checks a document with the default limits, introspection on.
fn admitted(text: &str) -> Result<Document, Rejection> {
    check(text, &Limits::default(), true, &TYPES)
}

/// The only operation's variables and cost.
fn bind(text: &str, variables: &Json) -> Result<(Document, Coerced), Rejection> {
    let document = admitted(text)?;
    let variables: Map<String, Json> = variables.as_object().expect("an object").clone();
    let operation = document.operation(None)?;
    let coerced = coerce(&document, operation, &variables, &TYPES, &Limits::default())?;
    Ok((document, coerced))
}

/// Runs a checked document on the library's executor.
fn run(document: &Document, coerced: Coerced) -> Response {
    let mut request = Request::new("").variables(coerced.variables);
    request.set_parsed_query(document.executable().clone());
    SCHEMA.execute(request).now_or_never().expect("nothing waits")
}

/// What `imports` was given.
fn asked(text: &str, variables: &Json) -> String {
    let (document, coerced) = bind(text, variables).expect(text);
    let response = run(&document, coerced);
    assert_eq!(response.errors, [], "{text}");
    let data = response.data.into_json().expect("JSON");
    data["imports"]["asked"].as_str().expect(text).to_owned()
}

/// The code with which a request is refused; `accepted` where it is not.
fn verdict(text: &str, variables: &Json) -> &'static str {
    bind(text, variables).map_or_else(|rejection| rejection.code.as_str(), |_| "accepted")
}
