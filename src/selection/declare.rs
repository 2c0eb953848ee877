//! The tables of output types, declared to the GraphQL library, which validates documents and answers introspection.

use std::any::type_name;
use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::Field;
use async_graphql::registry::{Deprecation, MetaField, MetaType, MetaTypeId, Registry};
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerError, ServerResult, Value};

use super::table::Object;

/// What the library is told where it would resolve a field. It is never asked to: `graphql::execute` answers data, and
/// the library validates and introspects.
pub const NOT_EXECUTED: &str = "the GraphQL library was asked to execute, which graphql::execute does";

/// The object type `O`, as the library knows it.
#[derive(Debug)]
pub struct Declared<O>(PhantomData<fn() -> O>);

impl<O: Object> OutputType for Declared<O> {
    fn type_name() -> Cow<'static, str> {
        O::NAME.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        for interface in O::IMPLEMENTS {
            registry.add_implements(O::NAME, interface);
        }
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| MetaType::Object {
            name: O::NAME.to_owned(),
            description: Some(O::DESCRIPTION.to_owned()),
            fields: O::FIELDS
                .iter()
                .map(|line| field(line.name, line.description, (line.declare)(registry)))
                .collect(),
            cache_control: Default::default(),
            extends: false,
            shareable: false,
            resolvable: true,
            keys: None,
            visible: None,
            inaccessible: false,
            interface_object: false,
            tags: Vec::new(),
            is_subscription: false,
            rust_typename: Some(type_name::<Self>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        })
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        not_executed(field)
    }
}

/// Declares the interface `T`: its fields, each with its name, its description and its type, and the objects that
/// implement it.
pub fn interface<T: OutputType>(
    registry: &mut Registry,
    description: &str,
    fields: &[(&str, &str, fn(&mut Registry) -> String)],
    objects: &[fn(&mut Registry) -> String],
) -> String {
    registry.create_output_type::<T, _>(MetaTypeId::Interface, |registry| MetaType::Interface {
        name: T::type_name().into_owned(),
        description: Some(description.to_owned()),
        fields: fields
            .iter()
            .map(|(name, description, declare)| field(name, description, declare(registry)))
            .collect(),
        possible_types: objects
            .iter()
            .map(|declare| declare(registry).trim_end_matches('!').to_owned())
            .collect(),
        extends: false,
        keys: None,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        rust_typename: Some(type_name::<T>()),
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    })
}

/// The error of a field that the library would resolve.
///
/// # Errors
///
/// Always: see [`NOT_EXECUTED`].
pub fn not_executed(field: &Positioned<Field>) -> ServerResult<Value> {
    Err(ServerError::new(NOT_EXECUTED, Some(field.pos)))
}

fn field(name: &str, description: &str, ty: String) -> (String, MetaField) {
    let field = MetaField {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        args: IndexMap::new(),
        ty,
        deprecation: Deprecation::NoDeprecated,
        cache_control: Default::default(),
        external: false,
        requires: None,
        provides: None,
        visible: None,
        shareable: false,
        inaccessible: false,
        tags: Vec::new(),
        override_from: None,
        compute_complexity: None,
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    };
    (name.to_owned(), field)
}
