//! What a request asks for, found and checked before anything runs.
//!
//! Takes a request; gives a valid document with the operation's plan, its variables and its price, or why not.

use std::sync::Arc;

use async_graphql::Variables;
use async_graphql::parser::types::OperationType;
use graphql_limits::coerce;

use super::{Kind, POST_ONLY};
use crate::error::{Code, GraphqlError, Rejection};
use crate::graphql::documents::{DocumentError, Known, Named};
use crate::graphql::execute::Plan;
use crate::graphql::schema::ValidationError;
use crate::http::Gateway;
use crate::http::graphql_request::GraphqlRequest;

/// A request whose document does not run.
pub(super) struct RefusedDocument {
    pub(super) faults: Vec<GraphqlError>,
    /// What it would have cost, where that is why. **Unit**: points.
    pub(super) cost: Option<u64>,
}

impl From<graphql_limits::Rejection> for RefusedDocument {
    fn from(rejection: graphql_limits::Rejection) -> Self {
        let cost = rejection.cost;
        let faults = GraphqlError::of_rejection(rejection).collect();
        Self { faults, cost }
    }
}

impl From<GraphqlError> for RefusedDocument {
    fn from(fault: GraphqlError) -> Self {
        Self {
            faults: vec![fault],
            cost: None,
        }
    }
}

/// A request whose document is valid and paid for.
pub(super) struct Checked {
    pub(super) known: Arc<Known>,
    pub(super) plan: Arc<Plan>,
    pub(super) variables: Variables,
    pub(super) kind: Kind,
    /// In points.
    pub(super) cost: u64,
}

/// By a safe method no mutation runs. A document is parsed once its tokens are within the limits, validated once its complexity is, and run once its cost is.
///
/// # Errors
///
/// A refusal with a status of its own; or, inside, request errors, whose status depends on the media type.
pub(super) fn check(
    gateway: &Gateway,
    request: &GraphqlRequest,
    is_safe: bool,
) -> Result<Result<Checked, RefusedDocument>, Rejection> {
    let documents = &gateway.documents;
    let found = documents.find(Named {
        text: request.query.as_deref(),
        sha256: persisted_hash(request)?,
        id: request.document_id.as_deref(),
    });
    let known = match found {
        Ok(known) => known,
        Err(DocumentError::Refused(rejection)) => return Ok(Err(rejection.into())),
        Err(DocumentError::NotFound) => return Ok(Err(GraphqlError::of_persisted_query_not_found().into())),
        Err(DocumentError::NotTrusted) => return Ok(Err(GraphqlError::of_document_not_trusted().into())),
        Err(DocumentError::Unknown) => return Ok(Err(GraphqlError::of_unknown_document().into())),
        Err(error @ (DocumentError::Missing | DocumentError::WrongHash | DocumentError::OtherText)) => {
            return Err(Rejection::malformed_request(error.to_string()));
        }
    };
    let operation = match known.document().operation(request.operation_name.as_deref()) {
        Ok(operation) => operation,
        // A document that is not valid has no operation to choose.
        Err(rejection) => {
            let mut operations = known.document().operations().iter();
            let invalid = operations.find_map(|operation| known.plan(operation, &gateway.schema).err());
            let invalid = invalid.map(|invalid| of_invalid(invalid, documents.limits().errors));
            return Ok(Err(invalid.unwrap_or_else(|| rejection.into())));
        }
    };
    if is_safe && operation.kind() == OperationType::Mutation {
        return Err(Rejection::new(Code::MethodNotAllowed, POST_ONLY));
    }
    let (types, limits) = (documents.types(), documents.limits());
    let coerced = coerce(known.document(), operation, &request.variables, types, limits);
    let coerced = match coerced {
        Ok(coerced) => coerced,
        Err(rejection) => return Ok(Err(rejection.into())),
    };
    let plan = match known.plan(operation, &gateway.schema) {
        Ok(plan) => plan,
        Err(invalid) => return Ok(Err(of_invalid(invalid, limits.errors))),
    };
    let kind = match operation.kind() {
        OperationType::Subscription => Kind::Subscription,
        _ if operation.introspects() => Kind::Introspection,
        _ => Kind::Query,
    };
    Ok(Ok(Checked {
        plan,
        variables: coerced.variables,
        kind,
        cost: coerced.cost,
        known,
    }))
}

/// At most so many of what is wrong with a document.
fn of_invalid(invalid: &[ValidationError], most: usize) -> RefusedDocument {
    let faults = invalid.iter().take(most).map(GraphqlError::of_invalid);
    RefusedDocument {
        faults: faults.collect(),
        cost: None,
    }
}

/// The hash of Apollo's `persistedQuery` extension, version 1; an extension that is null is as if absent.
fn persisted_hash(request: &GraphqlRequest) -> Result<Option<&str>, Rejection> {
    let persisted = match request.extensions.get("persistedQuery") {
        None | Some(serde_json::Value::Null) => return Ok(None),
        Some(persisted) => persisted,
    };
    match (
        persisted.get("version").and_then(serde_json::Value::as_u64),
        persisted.get("sha256Hash"),
    ) {
        (Some(1), Some(serde_json::Value::String(hash))) => Ok(Some(hash)),
        _ => Err(Rejection::malformed_request(
            "`extensions.persistedQuery` must be {\"version\": 1, \"sha256Hash\": ...}",
        )),
    }
}
