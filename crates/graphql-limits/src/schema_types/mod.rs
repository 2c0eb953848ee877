//! The schema's types as the checks need them: the arguments of fields, what input types accept, what root fields cost.
//!
//! They are read once from the schema's own text, so that they cannot differ from what is served.

mod read;

use std::collections::{BTreeMap, HashMap, HashSet};

use async_graphql_parser::types::{BaseType, OperationType, Type};

pub use self::read::SchemaTypesError;
use crate::complexity::is_introspection;
use crate::cost::{Cost, Costs};
use crate::scalars::Scalar;

/// The schema's types, and what its root fields cost.
#[derive(Debug)]
pub struct SchemaTypes {
    kinds: HashMap<String, Kind>,
    directives: HashMap<String, Directive>,
    query: String,
    /// The root of subscriptions, where the schema has them.
    subscription: Option<String>,
    costs: Costs,
}

pub(crate) type Arguments = BTreeMap<String, Type>;

/// What a named type is.
#[derive(Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Enum(HashSet<String>),
    Input(Input),
    /// Its fields.
    Object(HashMap<String, Field>),
    /// An interface or union: its fields.
    Abstract(HashMap<String, Field>),
}

/// A directive that the schema has.
#[derive(Debug)]
pub(crate) struct Directive {
    pub(crate) arguments: Arguments,
    /// Whether it can be on the definition of a variable.
    pub(crate) is_for_variables: bool,
}

/// An input object type.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) is_one_of: bool,
    pub(crate) fields: Arguments,
}

/// A field of an output type: the name of its type, wrappers removed, and its arguments.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) of: String,
    /// The wrappers around that name, as `[!]!`.
    pub(crate) wrappers: String,
    pub(crate) arguments: Arguments,
    /// Those of them that have a default. Null counts as absent there, as whoever executes is to see to.
    pub(crate) defaults: HashSet<String>,
}

impl SchemaTypes {
    /// The type of that name.
    pub(crate) fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    /// What root fields cost.
    pub(crate) fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Whether a root field tells of the schema: one of introspection, or one that costs what these do.
    pub(crate) fn tells_of_schema(&self, field: &str) -> bool {
        let mut listed = self.costs.root_fields.iter();
        is_introspection(field)
            || listed.any(|(name, cost)| *name == field && matches!(cost, Cost::Introspection))
    }

    /// The name of the type that an operation selects of; `None` where the schema has none, and of mutations.
    pub(crate) fn root(&self, operation: OperationType) -> Option<&str> {
        match operation {
            OperationType::Query => Some(&self.query),
            OperationType::Subscription => self.subscription.as_deref(),
            OperationType::Mutation => None,
        }
    }

    /// A root field of queries or, where these have none of that name, of subscriptions.
    pub(crate) fn root_field(&self, name: &str) -> Option<&Field> {
        let roots = [OperationType::Query, OperationType::Subscription];
        let mut roots = roots.into_iter().filter_map(|operation| self.root(operation));
        roots.find_map(|root| self.field(root, name))
    }

    /// The field of an output type; on the query root, the introspection fields too.
    pub(crate) fn field(&self, parent: &str, name: &str) -> Option<&Field> {
        let parent = if parent == self.query && name.starts_with("__") {
            "__Root"
        } else {
            parent
        };
        match self.kinds.get(parent)? {
            Kind::Object(fields) | Kind::Abstract(fields) => fields.get(name),
            _ => None,
        }
    }

    /// The fields of an object type or interface, each with the name of its type, wrappers removed; none of another type.
    pub fn fields_of(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        let fields = match self.kinds.get(name) {
            Some(Kind::Object(fields) | Kind::Abstract(fields)) => Some(fields),
            _ => None,
        };
        let fields = fields.into_iter().flatten();
        fields.map(|(name, field)| (name.as_str(), field.of.as_str()))
    }

    /// Whether a type has values of its own, unlike an interface or union.
    pub(crate) fn is_object(&self, name: &str) -> bool {
        matches!(self.kinds.get(name), Some(Kind::Object(_)))
    }

    /// Whether the values of a type have no fields.
    pub(crate) fn is_leaf(&self, name: &str) -> bool {
        matches!(self.kinds.get(name), Some(Kind::Scalar(_) | Kind::Enum(_)))
    }

    /// Whether there is a type of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.kinds.contains_key(name)
    }

    /// The directive of that name.
    pub(crate) fn directive(&self, name: &str) -> Option<&Directive> {
        self.directives.get(name)
    }

    /// Whether variables can be of this type.
    pub(crate) fn is_input(&self, ty: &Type) -> bool {
        matches!(
            self.kind(base_name(ty)),
            Some(Kind::Scalar(_) | Kind::Enum(_) | Kind::Input(_))
        )
    }
}

/// The name of a type, wrappers removed.
pub(crate) fn base_name(ty: &Type) -> &str {
    let mut ty = ty;
    loop {
        match &ty.base {
            BaseType::Named(name) => return name.as_str(),
            BaseType::List(item) => ty = item,
        }
    }
}
