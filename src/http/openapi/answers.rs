//! The answers of the operations, with their headers and one example that the API itself wrote: every status that a
//! request to them may have.

use serde_json::Value;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Header, Ref, Response, Responses};

use super::examples;

/// The answers to a list.
pub(super) fn of_a_list() -> Responses {
    ResponsesBuilder::new()
        .response(
            "200",
            with_age(with_tag(with_budget(builder(
                "A page of imports.",
                "Page",
                Some(examples::page()),
            ))))
            .build(),
        )
        .response("304", not_modified())
        .responses_from_iter(failures("The `Account-Token` is not that of the key's account."))
        .build()
}

/// The answers to counts.
pub(super) fn of_counts() -> Responses {
    ResponsesBuilder::new()
        .response(
            "200",
            with_age(with_tag(with_budget(builder(
                "The counts.",
                "ImportCounts",
                Some(examples::counts()),
            ))))
            .build(),
        )
        .response("304", not_modified())
        .responses_from_iter(failures("The `Account-Token` is not that of the key's account."))
        .build()
}

/// The answers to a record.
pub(super) fn of_a_record() -> Responses {
    ResponsesBuilder::new()
        .response(
            "200",
            with_age(with_tag(with_budget(builder("The import.", "Record", Some(examples::record()))))).build(),
        )
        .response("304", not_modified())
        .responses_from_iter(failures(
            "The account has no import with this id, or the `Account-Token` is not that of the key's account.",
        ))
        .build()
}

/// What an operation may answer instead.
fn failures(not_found: &str) -> [(&'static str, Response); 10] {
    let retry_after = || header(Type::Integer, "After how many seconds to try again.");
    let problem = |description| builder(description, "Problem", None);
    let bad_request = "A parameter is wrong; `errors` says which and why. The name `request` stands for the request's head, \
                       which may also be refused without a body.";
    [
        ("400", with_budget(builder(bad_request, "BadRequest", None)).build()),
        (
            "401",
            problem("No valid API key came with the request, or a key in the URL.")
                .header("WWW-Authenticate", header(Type::String, "The scheme to use."))
                .build(),
        ),
        ("404", with_budget(problem(not_found)).build()),
        (
            "405",
            problem("The method is not served.")
                .header("Allow", header(Type::String, "The methods that are served."))
                .build(),
        ),
        ("414", problem("The URL is too long.").build()),
        (
            "429",
            with_budget(builder(
                "The account's budget is spent, or too many requests without a valid API key came from this address.",
                "TooManyRequests",
                None,
            ))
            .header("Retry-After", retry_after())
                .build(),
        ),
        (
            "431",
            problem("The header fields are too many or too large. A head that cannot be read has an answer without a body.")
                .build(),
        ),
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

/// The answer to who has it.
fn not_modified() -> Response {
    let answer = ResponseBuilder::new()
        .description("The answer is the one that the client has, by its `If-None-Match`.")
        .header("X-Request-Id", request_id());
    with_age(with_tag(with_budget(answer))).build()
}

/// An answer that can be asked for again.
fn with_tag(answer: ResponseBuilder) -> ResponseBuilder {
    let description = "Stands for this answer in the `If-None-Match` of a later request. It may be left out.";
    answer.header("ETag", header(Type::String, description))
}

/// An answer about imports that may be another service's.
fn with_age(answer: ResponseBuilder) -> ResponseBuilder {
    let description = "How many seconds ago the imports were brought up to date, where they are another service's; a 304 \
                       tells it anew.";
    answer.header("Age", header(Type::Integer, description))
}

/// An answer that says what is left of the account's budget, where the request had a key and budgets are limited.
fn with_budget(answer: ResponseBuilder) -> ResponseBuilder {
    [
        (
            "RateLimit-Limit",
            Type::Integer,
            "Points that a full budget holds.",
        ),
        ("RateLimit-Remaining", Type::Integer, "Points that are left."),
        (
            "RateLimit-Reset",
            Type::Integer,
            "After how many seconds the budget is full again.",
        ),
        (
            "RateLimit-Policy",
            Type::String,
            "The budget's size and time, as `\"points\";q=10000;w=10`.",
        ),
        (
            "RateLimit",
            Type::String,
            "What is left of it, as `\"points\";r=9950;t=1`.",
        ),
    ]
    .into_iter()
    .fold(answer, |answer, (name, kind, description)| {
        answer.header(name, header(kind, description))
    })
}

fn builder(description: &str, schema: &str, example: Option<Value>) -> ResponseBuilder {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(schema)))
        .example(example)
        .build();
    ResponseBuilder::new()
        .description(description)
        .header("X-Request-Id", request_id())
        .content("application/json", content)
}

fn request_id() -> Header {
    header(Type::String, "The name of the request, for questions about it.")
}

fn header(kind: Type, description: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(kind)))
        .description(Some(description))
        .build()
}
