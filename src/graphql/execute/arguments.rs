//! The arguments of a root field: literals with the request's variables put in, as Rust values.

use async_graphql::parser::types::Field;
use async_graphql::{InputType, Name, Variables};
use async_graphql_value::{ConstValue, Value};

use crate::resources::FieldError;

/// The arguments as the document has them.
#[derive(Debug)]
pub(super) struct Arguments(Vec<(Name, Value)>);

impl Arguments {
    /// Those of a field.
    pub(super) fn of(field: &Field) -> Self {
        let arguments = field.arguments.iter();
        Self(
            arguments
                .map(|(name, value)| (name.node.clone(), value.node.clone()))
                .collect(),
        )
    }

    /// An argument's value. An unset variable is as if the argument, or the key of an input object, were absent.
    ///
    /// # Errors
    ///
    /// [`FieldError::Internal`] for a value that is not of the argument's type: validation accepts none.
    pub(super) fn get<T: InputType>(&self, variables: &Variables, name: &str) -> Result<T, FieldError> {
        let argument = self.0.iter().find(|(argument, _)| argument == name);
        let value = argument.and_then(|(_, value)| constant(value, variables));
        T::parse(value).map_err(|_| {
            FieldError::Internal(format!(
                "the argument {name} has a value that is no {}",
                T::type_name()
            ))
        })
    }
}

/// A value with variables put in; `None` where it is an unset variable. In a list that is null.
pub(super) fn constant(value: &Value, variables: &Variables) -> Option<ConstValue> {
    Some(match value {
        Value::Variable(name) => return variables.get(name).cloned(),
        Value::Null => ConstValue::Null,
        Value::Number(number) => ConstValue::Number(number.clone()),
        Value::String(text) => ConstValue::String(text.clone()),
        Value::Boolean(boolean) => ConstValue::Boolean(*boolean),
        Value::Binary(bytes) => ConstValue::Binary(bytes.clone()),
        Value::Enum(name) => ConstValue::Enum(name.clone()),
        Value::List(items) => {
            let items = items
                .iter()
                .map(|item| constant(item, variables).unwrap_or(ConstValue::Null));
            ConstValue::List(items.collect())
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), constant(value, variables)?)));
            ConstValue::Object(fields.collect())
        }
    })
}
