//! The public schema: exactly what was promised, described throughout, and the same wherever it is read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition};
use axum::body::Body;
use axum::http::Request;
use imports_gateway::graphql::schema::sdl;
use serde_json::json;

use crate::app::TestApp;
use crate::databases;

/// The promise: programs rely on each name and type.
const PROMISED: &str = "
type Query {
  imports(first: Int, after: String, last: Int, before: String, filter: ImportFilter, sort: [ImportSort!]): ImportConnection
  import(id: ID!): Import
  importByDatabaseId(databaseId: BigInt!): Import
  importStatusCounts(filter: ImportFilter): [ImportStatusCount!]
  importCounts(
    filter: ImportFilter, by: ImportCountBucket! = DAY, timeZone: String! = \"UTC\", from: DateTime, to: DateTime
  ): ImportCounts
  importCursorAt(position: ImportPosition!, sort: [ImportSort!]): String
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  viewer: Account
}
type Subscription { importChanges(after: String, filter: ImportFilter): ImportChange! }
interface Node { id: ID! }
type Import implements Node {
  id: ID!
  databaseId: BigInt!
  completedAt: DateTime
  fileName: String!
  fileSize: BigInt!
  note: String
  type: String!
  status: ImportStatus!
  createdAt: DateTime!
  updatedAt: DateTime!
}
enum ImportStatus {
  NEW QUEUED PROCESSING PARTIALLY_COMPLETE FAILED COMPLETE INCOMPLETE ROLLED_BACK ROLLING_BACK UNSUPPORTED
}
type ImportConnection {
  edges: [ImportEdge!]!
  nodes: [Import!]!
  pageInfo: PageInfo!
  estimatedRemainingCount: Int!
  perPage: Int!
  isSearchPartial: Boolean!
  changesCursor: String! mirror: Mirror
  filteredBy: [ImportFilteredBy!]!
  sortedBy: [ImportSortedBy!]!
}
type ImportChange { cursor: String! kind: ImportChangeKind! databaseId: BigInt! removedId: ID import: Import }
enum ImportChangeKind { UPSERTED REMOVED }
type ImportEdge { cursor: String! node: Import! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
input ImportFilter {
  status: ImportStatusFilter createdAt: DateTimeFilter updatedAt: DateTimeFilter
  type: ImportTypeFilter fileName: ImportTextFilter completedAt: DateTimeFilter isCompleted: Boolean
}
input ImportStatusFilter @oneOf { include: [ImportStatus!] exclude: [ImportStatus!] }
input DateTimeFilter @oneOf { lt: DateTime lte: DateTime gt: DateTime gte: DateTime between: DateTimeRange }
input DateTimeRange { gte: DateTime! lt: DateTime! }
input ImportSort @oneOf { id: SortDirection createdAt: SortDirection updatedAt: SortDirection }
enum SortDirection { ASC DESC }
type ImportStatusCount { status: ImportStatus! count: Int! capped: Boolean! }
type ImportFilteredBy {
  status: ImportStatusIncluded createdAt: DateTimeBound updatedAt: DateTimeBound
  type: ImportTypeIncluded fileName: ImportTextMatched completedAt: DateTimeBound isCompleted: Boolean
}
type ImportStatusIncluded { include: [ImportStatus!]! exclude: [ImportStatus!] }
type ImportTypeIncluded { include: [String!] exclude: [String!] }
type ImportTextMatched { contains: String startsWith: String }
input ImportTypeFilter @oneOf { include: [String!] exclude: [String!] }
input ImportTextFilter @oneOf { contains: String startsWith: String }
input ImportPosition @oneOf { id: BigInt createdAt: DateTime updatedAt: DateTime }
enum ImportCountBucket { HOUR DAY WEEK MONTH }
type ImportCounts { buckets: [ImportCountsBucket!]! total: Int! isExact: Boolean! reachedAt: DateTime }
type ImportCountsBucket { start: DateTime! end: DateTime! total: Int! byStatus: [ImportStatusCount!]! }
type DateTimeBound { lt: DateTime lte: DateTime gt: DateTime gte: DateTime }
type ImportSortedBy { id: SortDirection createdAt: SortDirection updatedAt: SortDirection }
type Account implements Node { id: ID! databaseId: BigInt! name: String! mirror: Mirror }
type Mirror { upstream: String! phase: MirrorPhase! lastPolledAt: DateTime ageSeconds: Int isComplete: Boolean! }
enum MirrorPhase { BACKFILL FOLLOWING RECONCILING STALLED }
scalar BigInt
scalar DateTime @specifiedBy(url: \"https://www.rfc-editor.org/rfc/rfc3339\")
";

/// What a schema's text says, a line each in no order, and the places without a description.
fn read(text: &str) -> (BTreeSet<String>, Vec<String>) {
    let (mut lines, mut silent) = (BTreeSet::new(), Vec::new());
    for definition in parse_schema(text).unwrap().definitions {
        let TypeSystemDefinition::Type(ty) = definition else {
            continue;
        };
        let ty = ty.node;
        let name = ty.name.node.as_str();
        let mut note = |line: String, description: Option<&str>| {
            if description.is_none_or(|text| text.trim().is_empty()) {
                silent.push(line.clone());
            }
            assert!(lines.insert(line.clone()), "{line} twice");
        };
        let directives: Vec<_> = ty
            .directives
            .iter()
            .map(|directive| {
                let arguments = directive.node.arguments.iter();
                let arguments: Vec<_> = arguments
                    .map(|(name, value)| format!("{}: {}", name.node, value.node))
                    .collect();
                format!("@{}({})", directive.node.name.node, arguments.join(", "))
            })
            .collect();
        let described = ty.description.as_ref().map(|text| text.node.as_str());
        let mut head = |kind: &str, implements: Vec<String>| {
            note(
                format!("{kind} {name} {} {}", implements.join(" "), directives.join(" ")),
                described,
            );
        };
        let names = |names: &[async_graphql::Positioned<async_graphql::Name>]| {
            names.iter().map(|name| name.node.to_string()).collect()
        };
        match ty.kind {
            TypeKind::Scalar => head("scalar", Vec::new()),
            TypeKind::Object(object) => {
                head("type", names(&object.implements));
                object
                    .fields
                    .iter()
                    .for_each(|field| note_field(name, &field.node, &mut note));
            }
            TypeKind::Interface(interface) => {
                head("interface", names(&interface.implements));
                interface
                    .fields
                    .iter()
                    .for_each(|field| note_field(name, &field.node, &mut note));
            }
            TypeKind::Enum(values) => {
                head("enum", Vec::new());
                for (place, value) in values.values.iter().enumerate() {
                    let described = value.node.description.as_ref().map(|text| text.node.as_str());
                    note(format!("{name} {place} {}", value.node.value.node), described);
                }
            }
            TypeKind::InputObject(input) => {
                head("input", Vec::new());
                input
                    .fields
                    .iter()
                    .for_each(|field| note_input(name, &field.node, &mut note));
            }
            TypeKind::Union(_) => panic!("{name} is a union"),
        }
    }
    (lines, silent)
}

fn note_field(parent: &str, field: &FieldDefinition, note: &mut impl FnMut(String, Option<&str>)) {
    let described = field.description.as_ref().map(|text| text.node.as_str());
    let path = format!("{parent}.{}", field.name.node);
    let deprecated = field.directives.len();
    note(format!("{path}: {} {deprecated}", field.ty.node), described);
    for argument in &field.arguments {
        note_input(&path, &argument.node, note);
    }
}

fn note_input(parent: &str, input: &InputValueDefinition, note: &mut impl FnMut(String, Option<&str>)) {
    let described = input.description.as_ref().map(|text| text.node.as_str());
    let default = input.default_value.as_ref().map(|value| value.node.to_string());
    note(
        format!("{parent}({}): {} {default:?}", input.name.node, input.ty.node),
        described,
    );
}

#[test]
fn every_name_and_type_is_the_promised_one() {
    let (found, _) = read(&sdl());
    let (promised, _) = read(PROMISED);
    let missing: Vec<_> = promised.difference(&found).collect();
    let unforeseen: Vec<_> = found.difference(&promised).collect();
    assert!(
        missing.is_empty() && unforeseen.is_empty(),
        "missing {missing:#?}\nunforeseen {unforeseen:#?}"
    );
}

#[test]
fn every_type_field_argument_and_value_is_described() {
    let (_, silent) = read(&sdl());
    assert_eq!(silent, Vec::<String>::new());
    // The check sees what is not described.
    let (lines, silent) = read(PROMISED);
    assert_eq!(silent.len(), lines.len());
}

#[tokio::test]
async fn the_schema_is_the_same_text_in_the_repository_and_over_http() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        sdl(),
        "schema.graphql is what `imports-gateway schema` prints"
    );
    let app = TestApp::on(databases::sqlite(), &[]).await;
    let caller = app.account("Acme").await;
    let request = |key: &str| {
        let request = Request::get("/schema.graphql").header("authorization", format!("Bearer {key}"));
        request.body(Body::empty()).unwrap()
    };
    let answer = app.send(request(caller.key.reveal())).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (200, sdl().as_bytes())
    );
    let refused = app.send(request("x")).await;
    assert_eq!(
        (refused.status.as_u16(), refused.codes()),
        (401, vec!["UNAUTHENTICATED"])
    );
    let closed = TestApp::on(databases::sqlite(), &["--introspection", "off"]).await;
    let caller = closed.account("Acme").await;
    assert_eq!(closed.send(request(caller.key.reveal())).await.status, 404);
}

#[tokio::test]
async fn introspection_tells_the_descriptions_to_a_playground() {
    let app = TestApp::on(databases::sqlite(), &[]).await;
    let caller = app.account("Acme").await;
    let document = "{ __type(name: \"ImportConnection\") { description fields { name description } }
        __schema { queryType { name } mutationType { name } subscriptionType { name } types { name description } } }";
    let data = app.data(&caller.key, document, json!({})).await;
    assert_eq!(data["__schema"]["mutationType"], json!(null));
    assert_eq!(
        data["__schema"]["subscriptionType"],
        json!({"name": "Subscription"})
    );
    assert_eq!(data["__type"]["description"], "A page of imports.");
    let fields = data["__type"]["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 10);
    assert!(fields.iter().all(|field| field["description"].is_string()));
}
