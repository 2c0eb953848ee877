//! The answers of the two operations, with their headers and one example that the API itself wrote.

use entity::{ImportStatus, Instant, imports};
use serde_json::Value;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Header, Ref, Response, Responses};

use crate::list::Listing;
use crate::resources::imports::rest::{Page, Record, parse};

/// The answers to a list.
pub(super) fn of_a_list() -> Responses {
    ResponsesBuilder::new()
        .response("200", answer("A page of imports.", "Page", example_page()))
        .response(
            "400",
            answer(
                "A parameter is wrong; `errors` says which and why.",
                "BadRequest",
                None,
            ),
        )
        .responses_from_iter(failures("The `Account-Token` is not that of the key's account."))
        .build()
}

/// The answers to a record.
pub(super) fn of_a_record() -> Responses {
    let example = serde_json::to_value(Record::from(&example_import())).ok();
    ResponsesBuilder::new()
        .response("200", answer("The import.", "Record", example))
        .responses_from_iter(failures(
            "The account has no import with this id, or the `Account-Token` is not that of the key's account.",
        ))
        .build()
}

/// What either operation may answer instead.
fn failures(not_found: &str) -> [(&'static str, Response); 9] {
    let retry_after = || header(Type::Integer, "After how many seconds to try again.");
    let problem = |description| builder(description, "Problem", None);
    [
        (
            "401",
            problem("No valid API key came with the request.")
                .header("WWW-Authenticate", header(Type::String, "The scheme to use."))
                .build(),
        ),
        ("404", problem(not_found).build()),
        (
            "405",
            problem("The method is not served.")
                .header("Allow", header(Type::String, "The methods that are served."))
                .build(),
        ),
        ("414", problem("The URL is too long.").build()),
        (
            "429",
            builder("The account's budget is spent.", "TooManyRequests", None)
                .header("Retry-After", retry_after())
                .build(),
        ),
        ("431", problem("The header fields are too large.").build()),
        ("500", problem("A fault of the service.").build()),
        (
            "503",
            problem("The service cannot answer at the moment.")
                .header("Retry-After", retry_after())
                .build(),
        ),
        ("504", problem("The answer took too long.").build()),
    ]
}

fn answer(description: &str, schema: &str, example: Option<Value>) -> Response {
    builder(description, schema, example).build()
}

fn builder(description: &str, schema: &str, example: Option<Value>) -> ResponseBuilder {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(schema)))
        .example(example)
        .build();
    ResponseBuilder::new()
        .description(description)
        .header(
            "X-Request-Id",
            header(Type::String, "The name of the request, for questions about it."),
        )
        .content("application/json", content)
}

fn header(kind: Type, description: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(kind)))
        .description(Some(description))
        .build()
}

/// A page of one import, and another after it.
fn example_page() -> Option<Value> {
    let query = "filter[status][include]=partially_complete,complete&filter[created_at][gte]=2026-05-01";
    let question = parse(Some(query), usize::MAX).ok()?;
    let mut next = example_import();
    next.id -= 1;
    let listing = Listing {
        rows: vec![example_import()],
        beyond: Some(next),
        count: 500,
        ..Listing::default()
    };
    serde_json::to_value(Page::new(&question, &listing)).ok()
}

fn example_import() -> imports::Model {
    let instant = |micros| Instant::from_micros(micros).unwrap_or(Instant::MIN);
    // 2026-05-01T12:00:00.123456Z, and a minute before the hour.
    let (ended, created) = (instant(1_777_636_800_123_456), instant(1_777_636_740_000_000));
    imports::Model {
        account_id: 1,
        id: 1_240_000_001,
        completed_at: Some(ended),
        file_name: "vehicles.csv".to_owned(),
        file_size: 20_480,
        note: None,
        kind: "VehicleImport".to_owned(),
        status: ImportStatus::PartiallyComplete,
        created_at: created,
        updated_at: ended,
    }
}
