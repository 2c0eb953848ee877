//! Reads the types of a schema from its text.

use std::collections::{HashMap, HashSet};

use async_graphql_parser::types::{
    DirectiveLocation, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql_parser::{Positioned, parse_schema};

use super::{Arguments, Directive, Field, Input, Kind, SchemaTypes, base_name};
use crate::cost::{Cost, Costs};
use crate::scalars::{CustomScalar, Scalar};

/// The introspection types, which no printed schema shows, and the scalars and directives that it may leave out.
const BUILT_IN: &str = "
scalar Int scalar Float scalar String scalar Boolean scalar ID
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
type __Root { __schema: __Schema! __type(name: String!): __Type }
type __Schema { types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type directives: [__Directive!]! }
type __Type { fields(includeDeprecated: Boolean): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!]
  enumValues(includeDeprecated: Boolean): [__EnumValue!] inputFields(includeDeprecated: Boolean): [__InputValue!] ofType: __Type }
type __Field { args(includeDeprecated: Boolean): [__InputValue!]! type: __Type! }
type __InputValue { type: __Type! }
type __EnumValue { name: String! }
type __Directive { args(includeDeprecated: Boolean): [__InputValue!]! }
";

/// Why a schema's text cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaTypesError {
    /// The text is not a schema.
    #[error("the schema does not parse: {0}")]
    Syntax(String),
    /// A scalar that is neither built in nor given.
    #[error("the scalar {0} is not known")]
    UnknownScalar(String),
    /// An argument or input field of a type that is not there, or is no input type.
    #[error("{0} is not an input type")]
    NotAnInput(String),
    /// A field of an input object with a default: null, not the default, is given for an unset variable.
    #[error("{0} has a default value, which an unset variable would miss")]
    DefaultValue(String),
    /// No query root.
    #[error("there is no query type")]
    NoQuery,
    /// A root of subscriptions that is named but not there.
    #[error("there is no type {0}, which subscriptions select of")]
    NoSubscription(String),
    /// A cost for something that is not in the schema.
    #[error("{0} has a cost, but is not in the schema")]
    UnknownCost(String),
}

impl SchemaTypes {
    /// Reads a schema's text. `scalars` are those of its scalars that are neither built in nor `_Any`, `costs` what its root
    /// fields cost.
    ///
    /// # Errors
    ///
    /// [`SchemaTypesError`], where the text is not a schema, or one whose documents cannot be checked in full.
    pub fn from_sdl(sdl: &str, scalars: &[CustomScalar], costs: Costs) -> Result<Self, SchemaTypesError> {
        let mut types = Self {
            kinds: HashMap::new(),
            directives: HashMap::new(),
            query: "Query".to_owned(),
            subscription: None,
            costs,
        };
        let mut names_roots = false;
        for text in [BUILT_IN, sdl] {
            let schema = parse_schema(text).map_err(|error| SchemaTypesError::Syntax(error.to_string()))?;
            let mut definitions = schema.definitions.iter();
            names_roots |= definitions.any(|one| matches!(one, TypeSystemDefinition::Schema(_)));
            for definition in schema.definitions {
                types.add(definition, scalars)?;
            }
        }
        if !names_roots && types.is_object("Subscription") {
            types.subscription = Some("Subscription".to_owned());
        }
        types.close()?;
        Ok(types)
    }

    fn add(
        &mut self,
        definition: TypeSystemDefinition,
        scalars: &[CustomScalar],
    ) -> Result<(), SchemaTypesError> {
        match definition {
            TypeSystemDefinition::Schema(schema) => {
                if let Some(query) = schema.node.query {
                    self.query = query.node.to_string();
                }
                self.subscription = schema.node.subscription.map(|name| name.node.to_string());
            }
            TypeSystemDefinition::Directive(directive) => {
                let directive = directive.node;
                let locations = directive.locations.iter();
                let known = Directive {
                    arguments: arguments(directive.arguments),
                    is_for_variables: locations
                        .map(|it| it.node)
                        .any(|it| it == DirectiveLocation::VariableDefinition),
                };
                self.directives.insert(directive.name.node.to_string(), known);
            }
            TypeSystemDefinition::Type(definition) => {
                let name = definition.node.name.node.to_string();
                let kind = kind(definition.node, scalars)?;
                self.kinds.insert(name, kind);
            }
        }
        Ok(())
    }

    /// # Errors
    ///
    /// A query root, an input type or a field with a cost that is named but not there.
    fn close(&self) -> Result<(), SchemaTypesError> {
        if !self.is_object(&self.query) {
            return Err(SchemaTypesError::NoQuery);
        }
        if let Some(root) = self.subscription.as_ref().filter(|root| !self.is_object(root)) {
            return Err(SchemaTypesError::NoSubscription(root.clone()));
        }
        for (name, cost) in &self.costs.root_fields {
            let Some(field) = self.root_field(name) else {
                return Err(SchemaTypesError::UnknownCost((*name).to_owned()));
            };
            let unknown = match cost {
                Cost::Fixed(_) | Cost::Introspection => None,
                Cost::Items(argument) | Cost::Distinct { argument, .. } => {
                    Some(*argument).filter(|name| !field.arguments.contains_key(*name))
                }
                Cost::Connection(connection) => {
                    let mut fields = connection.fields.iter().map(|(name, _)| *name);
                    fields.find(|name| self.field(&field.of, name).is_none())
                }
            };
            if let Some(unknown) = unknown {
                return Err(SchemaTypesError::UnknownCost(format!("{name}.{unknown}")));
            }
        }
        let mut named: Vec<&Type> = self
            .directives
            .values()
            .flat_map(|directive| directive.arguments.values())
            .collect();
        for kind in self.kinds.values() {
            match kind {
                Kind::Input(input) => named.extend(input.fields.values()),
                Kind::Object(fields) | Kind::Abstract(fields) => {
                    named.extend(fields.values().flat_map(|field| field.arguments.values()))
                }
                Kind::Scalar(_) | Kind::Enum(_) => {}
            }
        }
        match named.into_iter().find(|ty| !self.is_input(ty)) {
            Some(ty) => Err(SchemaTypesError::NotAnInput(ty.to_string())),
            None => Ok(()),
        }
    }
}

fn kind(definition: TypeDefinition, scalars: &[CustomScalar]) -> Result<Kind, SchemaTypesError> {
    let name = definition.name.node;
    let is_one_of = definition
        .directives
        .iter()
        .any(|directive| directive.node.name.node == "oneOf");
    Ok(match definition.kind {
        TypeKind::Scalar => match Scalar::named(&name, scalars) {
            Some(scalar) => Kind::Scalar(scalar),
            None => return Err(SchemaTypesError::UnknownScalar(name.to_string())),
        },
        TypeKind::Object(object) => Kind::Object(fields(object.fields)?),
        TypeKind::Interface(interface) => Kind::Abstract(fields(interface.fields)?),
        TypeKind::Union(_) => Kind::Abstract(HashMap::new()),
        TypeKind::Enum(of) => Kind::Enum(
            of.values
                .into_iter()
                .map(|value| value.node.value.node.to_string())
                .collect(),
        ),
        TypeKind::InputObject(object) => {
            no_defaults(&name, &object.fields)?;
            Kind::Input(Input {
                is_one_of,
                fields: arguments(object.fields),
            })
        }
    })
}

fn fields(fields: Vec<Positioned<FieldDefinition>>) -> Result<HashMap<String, Field>, SchemaTypesError> {
    let mut table = HashMap::new();
    for field in fields {
        let field = field.node;
        let of = base_name(&field.ty.node).to_owned();
        let wrappers = field.ty.node.to_string().replacen(&of, "", 1);
        table.insert(
            field.name.node.to_string(),
            Field {
                of,
                wrappers,
                defaults: with_defaults(&field.arguments),
                arguments: arguments(field.arguments),
            },
        );
    }
    Ok(table)
}

fn arguments(definitions: Vec<Positioned<InputValueDefinition>>) -> Arguments {
    definitions
        .into_iter()
        .map(|it| (it.node.name.node.to_string(), it.node.ty.node))
        .collect()
}

fn with_defaults(definitions: &[Positioned<InputValueDefinition>]) -> HashSet<String> {
    let with_default = definitions.iter().filter(|it| it.node.default_value.is_some());
    with_default.map(|it| it.node.name.node.to_string()).collect()
}

fn no_defaults(of: &str, definitions: &[Positioned<InputValueDefinition>]) -> Result<(), SchemaTypesError> {
    match definitions.iter().find(|it| it.node.default_value.is_some()) {
        Some(it) => Err(SchemaTypesError::DefaultValue(format!(
            "{of}.{}",
            it.node.name.node
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use async_graphql_parser::types::OperationType;

    use super::*;
    use crate::cost::ConnectionCost;

    fn read(sdl: &str, root_fields: Vec<(&'static str, Cost)>) -> Result<SchemaTypes, String> {
        let date_time = CustomScalar {
            name: "DateTime",
            expects: "an instant",
            accepts: |_| true,
            takes_integers: false,
        };
        let costs = Costs {
            introspection: 10,
            root_fields,
        };
        SchemaTypes::from_sdl(sdl, &[date_time], costs).map_err(|error| error.to_string())
    }

    fn error(sdl: &str) -> String {
        read(sdl, Vec::new()).expect_err("a bad schema")
    }

    #[test]
    fn a_schema_that_cannot_be_checked_in_full_is_refused() {
        assert!(error("type Query {").contains("does not parse"));
        assert!(error("type Query { a: Int } scalar Url").contains("Url"));
        assert!(error("type Query { a(b: C): Int }").contains("C is not an input type"));
        assert!(error("type Query { a(b: Query): Int }").contains("Query is not an input type"));
        assert!(error("type Query { a(b: B): Int } input B { c: Int = 1 }").contains("B.c"));
        assert!(error("type Root { a: Int }").contains("no query"));
        let rootless = error("type Query { a: Int } schema { query: Query subscription: Events }");
        assert!(rootless.contains("no type Events"), "{rootless}");
    }

    #[test]
    fn a_cost_of_what_is_not_in_the_schema_is_refused() {
        let sdl = "type Query { users(ids: [ID!]): Users } type Users { total: Int } type Subscription { joined: Users }";
        let page = |field| {
            Cost::Connection(ConnectionCost {
                default_size: 10,
                max_size: 100,
                fields: vec![(field, 5)],
            })
        };
        for (name, cost, unknown) in [
            ("people", Cost::Fixed(1), "people has a cost"),
            ("users", Cost::Items("names"), "users.names has a cost"),
            ("users", page("sum"), "users.sum has a cost"),
        ] {
            let error = read(sdl, vec![(name, cost)]).expect_err("an unknown name");
            assert!(error.contains(unknown), "{error}");
        }
        for cost in [Cost::Items("ids"), page("total")] {
            assert!(read(sdl, vec![("users", cost)]).is_ok());
        }
        assert!(read(sdl, vec![("joined", Cost::Fixed(5))]).is_ok());
    }

    #[test]
    fn what_a_schema_prints_around_its_types_is_understood() {
        let sdl = "\"\"\"\ntext\n\"\"\"\nscalar DateTime @specifiedBy(url: \"https://x.example\")\n
            input A @oneOf { b: Int \"\"\"\ntext\n\"\"\" c: [DateTime!] }\n
            type Root { a(a: A): Int @deprecated(reason: \"no\") } type Subscription { a: Int }\n
            directive @oneOf on INPUT_OBJECT\n
            directive @deprecated(reason: String = \"No longer supported\") on FIELD_DEFINITION | ENUM_VALUE\n
            schema { query: Root }";
        let types = read(sdl, Vec::new()).expect("a valid schema");
        assert_eq!(types.root(OperationType::Query), Some("Root"));
        // A type of that name is no root where the roots are named.
        assert_eq!(types.root(OperationType::Subscription), None);
        assert!(
            matches!(types.kind("A"), Some(Kind::Input(input)) if input.is_one_of && input.fields.len() == 2)
        );
        assert!(types.field("Root", "__type").is_some());
        assert!(types.directive("include").is_some());
    }
}
