//! The schema as a subgraph of Apollo Federation: the fields that a gateway asks for besides, and the text that is composed.
//!
//! The text leaves out `node` and `nodes`, which a gateway would send to one subgraph whosever id it is, and their interface
//! where nothing else has it as its type; and `_service` and `_entities`, which no gateway shows. It has one `@key` for each
//! entity: gateways ask for the fields of all keys with every entity.
//!
//! Source: Apollo Federation subgraph specification, version 2.3; GraphQL Composite Schemas specification, `@lookup`.

use std::borrow::Cow;

use async_graphql::parser::types::{ConstDirective, FieldDefinition, TypeDefinition, TypeKind};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{
    Any, ContainerType, Context, ContextSelectionSet, Error, Name, Object, ObjectType, OutputType, Pos,
    Positioned, ServerError, ServerResult, Value, parser,
};
use async_graphql_value::ConstValue;

use super::schema::{self, not_executed};
use super::sdl;
use crate::resources::node::Entity;
use crate::selection::declare::{Declared, NOT_EXECUTED};
use crate::selection::table::{self, Field, Needs};

/// What stands above the types. Apollo's composition knows `@oneOf` only where it is defined; `@lookup` is of composite
/// schemas, and no directive of Apollo Federation.
const HEAD: &str = r#"extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

"""Exactly one field of the input object is given, and that not null."""
directive @oneOf on INPUT_OBJECT

"""The field finds the entity whose key its argument is."""
directive @lookup on FIELD_DEFINITION
"#;

/// The text of the subgraph, for composition and for `_service`.
#[must_use]
pub fn subgraph_sdl() -> String {
    subgraph(&schema::sdl()).expect("the schema's own text is read back; a test reads it")
}

/// The text of the subgraph, by that of the schema.
///
/// # Errors
///
/// The text is no schema.
fn subgraph(text: &str) -> Result<String, parser::Error> {
    let mut types = sdl::types(text)?;
    for ty in &mut types {
        match (ty.name.node.as_str(), &mut ty.kind) {
            ("Query", TypeKind::Object(query)) => {
                query.fields.retain(|field| !is_node_field(&field.node));
                let is_lookup = |field: &&mut Positioned<FieldDefinition>| field.node.name.node == "import";
                if let Some(field) = query.fields.iter_mut().find(is_lookup) {
                    field.node.directives.push(directive("lookup", &[]));
                }
            }
            ("Import" | "Account", TypeKind::Object(_)) => {
                ty.directives.push(directive("key", &[("fields", "id")]));
            }
            ("PageInfo", TypeKind::Object(_)) => ty.directives.push(directive("shareable", &[])),
            _ => {}
        }
    }
    if !types.iter().any(has_a_field_of_nodes) {
        types.retain(|ty| ty.name.node != "Node");
        for ty in &mut types {
            if let TypeKind::Object(object) = &mut ty.kind {
                object.implements.retain(|interface| interface.node != "Node");
            }
        }
    }
    Ok(format!("{HEAD}\n{}", sdl::print(&types)))
}

fn is_node_field(field: &FieldDefinition) -> bool {
    matches!(field.name.node.as_str(), "node" | "nodes")
}

fn has_a_field_of_nodes(ty: &TypeDefinition) -> bool {
    let fields = match &ty.kind {
        TypeKind::Object(object) => &object.fields,
        TypeKind::Interface(interface) => &interface.fields,
        _ => return false,
    };
    let name = |field: &FieldDefinition| field.ty.node.to_string().replace(['[', ']', '!'], "");
    fields.iter().any(|field| name(&field.node) == "Node")
}

fn directive(name: &str, arguments: &[(&str, &str)]) -> Positioned<ConstDirective> {
    let written = |text: &str| Positioned::new(Name::new(text), Pos::default());
    let argument = |(name, value): &(&str, &str)| {
        let value = ConstValue::String((*value).to_owned());
        (written(name), Positioned::new(value, Pos::default()))
    };
    let directive = ConstDirective {
        name: written(name),
        arguments: arguments.iter().map(argument).collect(),
    };
    Positioned::new(directive, Pos::default())
}

/// Everything that can be asked, and what a federation gateway asks for besides.
#[derive(Debug)]
pub(super) struct Query;

/// The fields that a federation gateway asks for.
struct Additions;

#[Object(name = "_Additions")]
#[expect(
    unused_variables,
    reason = "the fields are declared here and answered by `execute`"
)]
impl Additions {
    /// This service as a subgraph of a federated graph.
    #[graphql(name = "_service")]
    async fn service(&self) -> Result<Declared<Service>, Error> {
        not_executed()
    }

    /// The entities of some representations, in their order; null where the caller's account has none.
    #[graphql(name = "_entities")]
    async fn entities(
        &self,
        #[graphql(desc = "Objects with `__typename` and the key `id`.")] representations: Vec<Any>,
    ) -> Result<Vec<Option<Entity>>, Error> {
        not_executed()
    }
}

impl OutputType for Query {
    fn type_name() -> Cow<'static, str> {
        schema::Query::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let name = schema::Query::create_type_info(registry);
        let additions = registry.create_fake_output_type::<Additions>();
        registry.types.remove(&*Additions::type_name());
        if let (
            MetaType::Object {
                fields: additions, ..
            },
            Some(MetaType::Object { fields, .. }),
        ) = (additions, registry.types.get_mut(&*schema::Query::type_name()))
        {
            fields.extend(additions);
        }
        name
    }

    async fn resolve(
        &self,
        _: &ContextSelectionSet<'_>,
        _: &Positioned<parser::types::Field>,
    ) -> ServerResult<Value> {
        Err(ServerError::new(NOT_EXECUTED, None))
    }
}

impl ContainerType for Query {
    async fn resolve_field(&self, _: &Context<'_>) -> ServerResult<Option<Value>> {
        Err(ServerError::new(NOT_EXECUTED, None))
    }
}

impl ObjectType for Query {}

/// This service as a subgraph, written from the text of it.
#[derive(Debug)]
pub(super) struct Service;

impl table::Object for Service {
    const NAME: &'static str = "_Service";
    const DESCRIPTION: &'static [&'static str] = &["A subgraph of a federated graph."];
    const ABSTRACT: &'static [&'static str] = &[];
    const FIELDS: &'static [Field<Self>] = &[Field {
        name: "sdl",
        description: &["Its schema, as it is composed with others."],
        declare: <String as OutputType>::create_type_info,
        needs: Needs::NOTHING,
        value: table::Value::Leaf(|sdl, json| json.string(sdl)),
    }];
    type Source<'a> = &'a str;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_this_service_can_answer_is_left_out_and_the_rest_is_kept() {
        let text = "interface Node { id: ID! }
            type Import implements Node { id: ID! }
            type PageInfo { endCursor: String }
            type Query { import(id: ID!): Import node(id: ID!): Node nodes(ids: [ID!]!): [Node]! page: PageInfo at: DateTime }
            type Subscription { imported: Import }
            input Filter @oneOf { a: Int b: Int }
            scalar DateTime @specifiedBy(url: \"https://www.rfc-editor.org/rfc/rfc3339\")";
        let types = "type Import @key(fields: \"id\") {\n  id: ID!\n}

type PageInfo @shareable {\n  endCursor: String\n}

type Query {\n  import(id: ID!): Import @lookup\n  page: PageInfo\n  at: DateTime\n}

type Subscription {\n  imported: Import\n}

input Filter @oneOf {\n  a: Int\n  b: Int\n}

scalar DateTime @specifiedBy(url: \"https://www.rfc-editor.org/rfc/rfc3339\")\n";
        assert_eq!(subgraph(text).unwrap(), format!("{HEAD}\n{types}"));
    }

    #[test]
    fn the_interface_of_nodes_stays_where_a_field_has_it() {
        let text = "interface Node { id: ID! } type Import implements Node { id: ID! related: [Node!]! }
            type Query { node(id: ID!): Node import: Import }";
        let found = subgraph(text).unwrap();
        assert!(found.contains("interface Node {"), "{found}");
        assert!(
            found.contains("type Import implements Node @key(fields: \"id\") {"),
            "{found}"
        );
        assert!(!found.contains("node("), "{found}");
    }

    #[test]
    fn the_schema_of_this_service_is_a_subgraph() {
        let found = subgraph_sdl();
        for line in [
            "type Import @key(fields: \"id\") {",
            "type Account @key(fields: \"id\") {",
            "type PageInfo @shareable {",
            "  ): Import @lookup",
            "scalar DateTime @specifiedBy(url: \"https://www.rfc-editor.org/rfc/rfc3339\")",
        ] {
            assert!(found.lines().any(|one| one == line), "{line} in {found}");
        }
        assert_eq!(found.matches("@key(").count(), 2);
        for absent in [
            "interface",
            "  node(",
            "  nodes(",
            // Descriptions name nothing that is not there either.
            "`node`",
            "`nodes`",
            "_service",
            "_entities",
            "_Any",
        ] {
            assert!(!found.contains(absent), "{absent} in {found}");
        }
    }
}
