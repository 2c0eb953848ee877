//! The definitions of a document, brought together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use async_graphql_parser::Positioned;
use async_graphql_parser::types::{
    DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition,
};
use async_graphql_value::Name;

use crate::rejection::{Code, Rejection, quote};

/// The definitions so far, and the first that stands where it must not.
#[derive(Default)]
pub(super) struct Definitions {
    pub(super) operations: Vec<(Option<Positioned<Name>>, Positioned<OperationDefinition>)>,
    pub(super) fragments: Vec<(Name, Positioned<FragmentDefinition>)>,
}

impl Definitions {
    pub(super) fn into_document(self) -> Result<ExecutableDocument, Rejection> {
        let mut fragments = HashMap::new();
        for (name, fragment) in self.fragments {
            let pos = fragment.pos;
            if fragments.insert(name.clone(), fragment).is_some() {
                let message = format!("The fragment {} is defined twice.", quote(&name));
                return Err(Rejection::new(Code::ValidationFailed, message, vec![pos]));
            }
        }
        let is_alone = self.operations.len() == 1;
        let mut operations = HashMap::new();
        for (name, operation) in self.operations {
            let Some(name) = name else {
                if is_alone {
                    let operations = DocumentOperations::Single(operation);
                    return Ok(ExecutableDocument {
                        operations,
                        fragments,
                    });
                }
                let message = "An operation without a name must be the only one.";
                return Err(Rejection::new(
                    Code::ValidationFailed,
                    message,
                    vec![operation.pos],
                ));
            };
            match operations.entry(name.node) {
                Entry::Vacant(place) => drop(place.insert(operation)),
                Entry::Occupied(first) => {
                    let message = format!("The operation {} is defined twice.", quote(first.key()));
                    return Err(Rejection::new(Code::ValidationFailed, message, vec![name.pos]));
                }
            }
        }
        if operations.is_empty() {
            let message = "The document has no operation.";
            return Err(Rejection::new(
                Code::OperationResolutionFailure,
                message,
                Vec::new(),
            ));
        }
        let operations = DocumentOperations::Multiple(operations);
        Ok(ExecutableDocument {
            operations,
            fragments,
        })
    }
}
