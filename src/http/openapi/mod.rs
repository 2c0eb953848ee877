//! `/openapi.json`: REST as OpenAPI 3.1 describes it, derived from the types that write the answers.
//!
//! Takes nothing, gives a document that is built once. Needs no key.

mod answers;
mod examples;
mod nullable;
mod parameters;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, Paths,
    Server,
};

use super::Gateway;
use super::rest::problem::{BadRequest, Problem, TooManyRequests};
use super::rest::{COUNTS, LISTS, RECORDS};
use crate::resources::imports::rest::{ImportCounts, Page, SortDirection};

pub(super) const PATH: &str = "/openapi.json";

pub(super) fn router() -> Router<Arc<Gateway>> {
    let text = Bytes::from(serde_json::to_vec(&document()).unwrap_or_default());
    let content_type = HeaderValue::from_static("application/json");
    Router::new().route(PATH, get(async move || ([(CONTENT_TYPE, content_type)], text)))
}

/// The description of the API.
fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("imports-gateway")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Imports of one account, page by page. A page starts *at* its `start_cursor`; `next_cursor` starts the \
             next one. A cursor carries its sort: filter and page size may be repeated, left out or changed.",
        ))
        .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()));
    OpenApiBuilder::new()
        .info(info.build())
        // Resolved against the URL of the description itself, so it is right below any prefix that a proxy takes off.
        .servers(Some([Server::new(".")]))
        .paths(paths())
        .components(Some(components()))
        .build()
}

fn paths() -> Paths {
    let mut paths = Paths::new();
    for (index, path) in LISTS.into_iter().enumerate() {
        let operation = operation(["listImports", "listImportsUnversioned"][index], "Lists imports")
            .description(Some(
                "Different filters must all hold. Parameters that are not described here are passed over, but an \
                 unknown field, operator or direction is refused, and so is a name that begins like one of these or \
                 that other APIs have for a cursor or a page.",
            ))
            .parameters(Some(parameters::of_a_list()))
            .responses(answers::of_a_list());
        paths.paths.insert(path.to_owned(), item(operation));
    }
    for (index, path) in COUNTS.into_iter().enumerate() {
        let operation = operation(["countImports", "countImportsUnversioned"][index], "Counts imports over time")
            .description(Some(
                "Counts of the filtered list by state and by hour, day, week or month of the upload, at most 400 of them, in \
                 a time zone. At most 20,000 imports are looked at, the newest ones.",
            ))
            .parameters(Some(parameters::of_counts()))
            .responses(answers::of_counts());
        paths.paths.insert(path.to_owned(), item(operation));
    }
    for (index, path) in RECORDS.into_iter().enumerate() {
        let operation = operation(["getImport", "getImportUnversioned"][index], "Gives one import")
            .parameters(Some(parameters::of_a_record()))
            .responses(answers::of_a_record());
        paths.paths.insert(path.to_owned(), item(operation));
    }
    paths
}

fn operation(id: &str, summary: &str) -> OperationBuilder {
    OperationBuilder::new()
        .operation_id(Some(id))
        .summary(Some(summary))
        .tag("imports")
        .securities(Some(security()))
}

fn item(operation: impl Into<Operation>) -> PathItem {
    PathItem::new(HttpMethod::Get, operation)
}

const BEARER: &str = "bearer";
const TOKEN: &str = "token";
const ACCOUNT_TOKEN: &str = "accountToken";

/// Either scheme, each with or without the account's token.
fn security() -> [SecurityRequirement; 4] {
    let none: [&str; 0] = [];
    let with_account = |scheme| SecurityRequirement::new(scheme, none).add(ACCOUNT_TOKEN, none);
    [
        SecurityRequirement::new(BEARER, none),
        SecurityRequirement::new(TOKEN, none),
        with_account(BEARER),
        with_account(TOKEN),
    ]
}

fn components() -> Components {
    let mut schemas = Vec::new();
    add::<Page<'_>>(&mut schemas);
    add::<ImportCounts>(&mut schemas);
    add::<SortDirection>(&mut schemas);
    add::<Problem<'_>>(&mut schemas);
    add::<BadRequest<'_>>(&mut schemas);
    add::<TooManyRequests<'_>>(&mut schemas);
    schemas
        .iter_mut()
        .for_each(|(_, schema)| nullable::spell_out(schema));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "`Authorization: Bearer KEY`, with an API key of the account.",
        ))
        .build();
    let token = ApiKeyValue::with_description("Authorization", "`Token KEY` or `Token token=\"KEY\"`.");
    let account = ApiKeyValue::with_description(
        "Account-Token",
        "The token of the account that the key belongs to. It may be left out.",
    );
    ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
        .security_scheme(TOKEN, SecurityScheme::ApiKey(ApiKey::Header(token)))
        .security_scheme(ACCOUNT_TOKEN, SecurityScheme::ApiKey(ApiKey::Header(account)))
        .build()
}

type Schemas = Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>;

/// Adds a schema and those that it refers to.
fn add<T: ToSchema>(schemas: &mut Schemas) {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
}
