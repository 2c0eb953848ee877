//! What may be null, in the form that every reader of OpenAPI knows.
//!
//! JSON Schema takes a list of types, and many tools for OpenAPI take the first of it, or stop. `anyOf` they all know.

use utoipa::openapi::schema::{AnyOfBuilder, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

/// Gives each property that has a type or null, `anyOf` the two.
pub(super) fn spell_out(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else {
        return;
    };
    object.properties.values_mut().for_each(spell_out);
    if let Some(kind) = type_or_null(object) {
        let description = object.description.take();
        let mut value = std::mem::take(object);
        value.schema_type = SchemaType::Type(kind);
        let null = ObjectBuilder::new().schema_type(Type::Null);
        let either = AnyOfBuilder::new()
            .item(value)
            .item(null)
            .description(description);
        *schema = either.into();
    }
}

fn type_or_null(object: &Object) -> Option<Type> {
    match &object.schema_type {
        SchemaType::Array(kinds) => match kinds.as_slice() {
            [kind, Type::Null] | [Type::Null, kind] => Some(kind.clone()),
            _ => None,
        },
        _ => None,
    }
}
