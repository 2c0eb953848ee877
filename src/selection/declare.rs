//! The tables of output types, declared to the GraphQL library, which validates documents and answers introspection.

use std::any::type_name;
use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::indexmap::IndexMap;
use async_graphql::registry::{Deprecation, MetaField, MetaType, MetaTypeId, Registry};
use async_graphql::{
    ContainerType, Context, ContextSelectionSet, Error, ID, ObjectType, OutputType, Positioned, ServerError,
    ServerResult, Value, parser,
};

use super::table::{Field, Object};

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
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| MetaType::Object {
            name: O::NAME.to_owned(),
            description: Some(text(O::DESCRIPTION)),
            fields: O::FIELDS
                .iter()
                .map(|line| (line.name.to_owned(), field(line, registry)))
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

    async fn resolve(
        &self,
        _: &ContextSelectionSet<'_>,
        _: &Positioned<parser::types::Field>,
    ) -> ServerResult<Value> {
        Err(ServerError::new(NOT_EXECUTED, None))
    }
}

impl<O: Object> ContainerType for Declared<O> {
    async fn resolve_field(&self, _: &Context<'_>) -> ServerResult<Option<Value>> {
        Err(ServerError::new(NOT_EXECUTED, None))
    }
}

impl<O: Object> ObjectType for Declared<O> {}

impl<O> Declared<O> {
    /// The field of the interface `Node`, which the library asks for where it declares that.
    ///
    /// # Errors
    ///
    /// Always: see [`NOT_EXECUTED`].
    pub async fn id(&self, _: &Context<'_>) -> Result<ID, Error> {
        Err(Error::new(NOT_EXECUTED))
    }
}

/// A description's lines, as doc comments have them.
fn text(lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
    lines.join("\n")
}

fn field<O: Object>(line: &Field<O>, registry: &mut Registry) -> MetaField {
    MetaField {
        name: line.name.to_owned(),
        description: Some(text(line.description)),
        args: IndexMap::new(),
        ty: (line.declare)(registry),
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
    }
}
