//! The tools as clients are told of them, and the document of each, by which arguments are coerced and priced.

use serde_json::{Map, Value, json};

use super::super::json_schema;
use crate::graphql::introspection::Introspection;
use crate::resources::imports::{Import, ImportStatusCount};
use crate::selection::table::Object as _;

/// A tool.
pub(super) struct Described {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// The schema of its arguments.
    pub(super) input: Value,
    /// The schemas of the members that it gives.
    pub(super) output: Map<String, Value>,
    /// The document whose variables its arguments are.
    pub(super) document: &'static str,
}

/// What a tool answers with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    List,
    One,
    Counts,
}

/// The row id has the name that it has in REST; the global id of GraphQL is left out.
const ROW_ID: (&str, &str) = ("databaseId", "id");

/// The tools, in the order of their list.
pub(super) fn all(introspection: &Introspection) -> [Described; 3] {
    let row = json_schema::object(row(introspection));
    let mut by_id = json_schema::of_arguments(introspection, "importByDatabaseId");
    rename(&mut by_id);
    let count = json_schema::of_fields(introspection, ImportStatusCount::NAME);
    let count = json_schema::object(count.into_iter().collect());
    let one = |name: &str, schema| Map::from_iter([(name.to_owned(), schema)]);
    [
        Described {
            kind: Kind::List,
            name: "list_imports",
            about: "A page of the account's imports, newest first unless `sort` says otherwise. Give `nextCursor` as `after` \
                for the page behind it, with the same arguments. A search by file name looks at 50,000 imports a call: where \
                `isSearchPartial` is true there may be more behind `nextCursor`, even if the page is empty.",
            input: json_schema::of_arguments(introspection, "imports"),
            output: page(&row),
            document: "query($first:Int $after:String $last:Int $before:String $filter:ImportFilter $sort:[ImportSort!])\
                {imports(first:$first after:$after last:$last before:$before filter:$filter sort:$sort)\
                {estimatedRemainingCount nodes{id}}}",
        },
        Described {
            kind: Kind::One,
            name: "get_import",
            about: "The import with this id; null where the account has none.",
            input: by_id,
            output: one("import", json_schema::or_null(row)),
            document: "query($id:BigInt!){importByDatabaseId(databaseId:$id){id}}",
        },
        Described {
            kind: Kind::Counts,
            name: "count_imports",
            about: "How many imports there are of each status, each counted up to 500.",
            input: json_schema::of_arguments(introspection, "importStatusCounts"),
            output: one("counts", json!({ "type": "array", "items": count })),
            document: "query($filter:ImportFilter){importStatusCounts(filter:$filter){count}}",
        },
    ]
}

/// What is selected of an import, in the schema's order.
pub(super) fn selected(introspection: &Introspection) -> impl Iterator<Item = String> {
    let fields = json_schema::of_fields(introspection, Import::NAME).into_iter();
    fields.filter_map(|(name, _)| match name.as_str() {
        "id" => None,
        name if name == ROW_ID.0 => Some(format!("{}:{name}", ROW_ID.1)),
        _ => Some(name),
    })
}

/// The members of an import.
fn row(introspection: &Introspection) -> Map<String, Value> {
    let fields = json_schema::of_fields(introspection, Import::NAME).into_iter();
    let fields = fields.filter(|(name, _)| name != "id");
    let named = fields.map(|(name, schema)| {
        let is_row_id = name == ROW_ID.0;
        (if is_row_id { ROW_ID.1.to_owned() } else { name }, schema)
    });
    named.collect()
}

/// The members of a page of these rows.
fn page(row: &Value) -> Map<String, Value> {
    let cursor = |about| {
        let mut schema = json_schema::or_null(json!({ "type": "string" }));
        schema["description"] = Value::from(about);
        schema
    };
    let number = |about| json!({ "type": "integer", "description": about });
    let members = [
        (
            "imports",
            json!({ "type": "array", "items": row, "description": "The imports of the page." }),
        ),
        (
            "nextCursor",
            cursor("The next page starts after it: give it as `after`; null on the last page."),
        ),
        (
            "previousCursor",
            cursor("The page before ends before it: give it as `before`; null on the first page."),
        ),
        (
            "estimatedRemainingCount",
            number("Imports from the start of this page on, this page included; counted up to 500."),
        ),
        (
            "isSearchPartial",
            json!({ "type": "boolean", "description": "True where a search by file name stopped before the page was full: more \
                may follow, so go on with `nextCursor`; the count is then a lower bound." }),
        ),
        ("perPage", number("The page size in force.")),
    ];
    let members = members.map(|(name, schema)| (name.to_owned(), schema));
    Map::from_iter(members)
}

/// Gives the row id of a schema its name.
fn rename(input: &mut Value) {
    let (name, alias) = ROW_ID;
    if let Some(properties) = input["properties"].as_object_mut()
        && let Some(schema) = properties.remove(name)
    {
        properties.insert(alias.to_owned(), schema);
    }
    input["required"] = json!([alias]);
}
