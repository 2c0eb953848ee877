//! Each layer's small errors, turned into what a caller is told.
//!
//! Takes errors of the store, of fields, of documents, of the key check and of validation; gives [`GraphqlError`]s
//! with a code and a safe message. What is ours is logged here, once, with its cause; what the database said is never
//! passed on.

use async_graphql::{PathSegment, Pos};

use super::{Code, Rejection};
use crate::auth::AuthError;
use crate::graphql::execute::FailedField;
use crate::graphql::schema::ValidationError;
use crate::resources::FieldError;
use crate::store::StoreError;

/// One entry of a GraphQL answer's `errors`.
#[derive(Clone, Debug)]
pub struct GraphqlError {
    /// What is wrong and what to do.
    pub message: String,
    /// The code.
    pub code: Code,
    /// The argument at fault, a dotted path.
    pub argument: Option<String>,
    /// Where in the document.
    pub locations: Vec<Pos>,
    /// Which field of the answer; empty: the request as a whole.
    pub path: Vec<PathSegment>,
}

/// The longest message of the GraphQL library that is passed on. **Unit**: characters.
const LONGEST_MESSAGE: usize = 300;

impl GraphqlError {
    /// The fault of a field that has no answer. The request's name is for the log.
    #[must_use]
    pub fn of_field(failed: &FailedField, request_id: Option<&str>) -> Self {
        let failure = &failed.failure;
        let (code, argument) = row(failure);
        // The places of a list failed for one reason.
        if code == Code::InternalServerError && failed.is_first() {
            tracing::error!(request_id, cause = chain(failure), "a field failed");
        }
        let key = PathSegment::Field(failed.key.to_string());
        let index = failed.index.map(PathSegment::Index);
        Self {
            message: safe_message(code).map_or_else(|| failure.to_string(), str::to_owned),
            code,
            argument: argument.map(str::to_owned),
            locations: vec![failed.at],
            path: [key].into_iter().chain(index).collect(),
        }
    }

    /// The fault of a document that does not fit the schema.
    #[must_use]
    pub fn of_invalid(invalid: &ValidationError) -> Self {
        Self {
            locations: invalid.locations.clone(),
            ..Self::of_request(Code::GraphqlValidationFailed, &short(&invalid.message))
        }
    }

    /// The fault of a hash that nobody registered. Apollo's clients know it by its message.
    #[must_use]
    pub fn of_persisted_query_not_found() -> Self {
        Self::of_request(Code::PersistedQueryNotFound, "PersistedQueryNotFound")
    }

    /// The fault of a document that is not in the manifest.
    #[must_use]
    pub fn of_document_not_trusted() -> Self {
        let message = "this service runs only documents that its operators know; this one is not among them";
        Self::of_request(Code::DocumentNotTrusted, message)
    }

    /// The fault of a document that is asked for by a name that none has.
    #[must_use]
    pub fn of_unknown_document() -> Self {
        let message = "no document is known here under this `documentId`; send its text as `query`";
        Self::of_request(Code::DocumentNotTrusted, message)
    }

    fn of_request(code: Code, message: &str) -> Self {
        Self {
            message: message.to_owned(),
            code,
            argument: None,
            locations: Vec::new(),
            path: Vec::new(),
        }
    }

    /// The fault of a request that is refused as a whole.
    #[must_use]
    pub fn of_refusal(rejection: &Rejection) -> Self {
        Self::of_request(rejection.code, &rejection.message)
    }

    /// The faults of a document or variables that are refused.
    pub fn of_rejection(rejection: graphql_limits::Rejection) -> impl Iterator<Item = Self> {
        let code = Code::from(rejection.code);
        rejection.errors.into_iter().map(move |error| Self {
            message: error.message,
            code,
            argument: error.argument,
            locations: error.locations,
            path: Vec::new(),
        })
    }
}

/// A failure's code and the argument at fault.
fn row(failure: &FieldError) -> (Code, Option<&'static str>) {
    match failure {
        FieldError::Input { argument, .. } => (Code::BadUserInput, Some(*argument)),
        FieldError::InvalidCursor { argument } | FieldError::InvalidChangesCursor { argument } => {
            (Code::InvalidCursor, Some(*argument))
        }
        FieldError::CursorMismatch { argument } => (Code::CursorMismatch, Some(*argument)),
        FieldError::ChangesExpired => (Code::ChangesExpired, None),
        FieldError::Store(error) => (Code::from(&**error), None),
        FieldError::Internal(_) => (Code::InternalServerError, None),
    }
}

impl From<&StoreError> for Code {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::ServiceUnavailable,
            StoreError::Busy => Self::Overloaded,
            StoreError::TimedOut(_) => Self::Timeout,
            StoreError::Failed(_) => Self::InternalServerError,
        }
    }
}

impl From<graphql_limits::Code> for Code {
    fn from(code: graphql_limits::Code) -> Self {
        match code {
            graphql_limits::Code::QueryTooLarge => Self::QueryTooLarge,
            graphql_limits::Code::QueryTooDeep => Self::QueryTooDeep,
            graphql_limits::Code::QueryTooComplex => Self::QueryTooComplex,
            graphql_limits::Code::ParseFailed => Self::GraphqlParseFailed,
            graphql_limits::Code::ValidationFailed => Self::GraphqlValidationFailed,
            graphql_limits::Code::OperationResolutionFailure => Self::OperationResolutionFailure,
            graphql_limits::Code::IntrospectionDisabled => Self::IntrospectionDisabled,
        }
    }
}

impl Rejection {
    /// The refusal of a request that the database gave no answer to. The request's name is for the log.
    #[must_use]
    pub fn of_store(error: &StoreError, request_id: Option<&str>) -> Self {
        let code = Code::from(error);
        if code == Code::InternalServerError {
            tracing::error!(request_id, cause = chain(error), "a request failed");
        }
        Self::new(code, safe_message(code).unwrap_or_default())
    }
}

/// All that is wrong with a key answers alike; which it was is for the log.
impl From<AuthError> for Rejection {
    fn from(error: AuthError) -> Self {
        tracing::debug!(reason = %error, "a key was refused");
        Self::new(
            Code::Unauthenticated,
            "a valid API key is needed: send it as `Authorization: Bearer KEY`",
        )
    }
}

/// What is said where the cause is not for the caller.
fn safe_message(code: Code) -> Option<&'static str> {
    match code {
        Code::ServiceUnavailable => Some("the service has no database at the moment; try again shortly"),
        Code::Overloaded => Some("the service has more requests than it can answer; try again shortly"),
        Code::Timeout => {
            Some("the request took too long; narrow the filter, or sort by the field that it bounds")
        }
        Code::InternalServerError => Some("internal error"),
        _ => None,
    }
}

/// A message with line breaks and the like escaped, cut where it gets long: it may quote the document.
fn short(message: &str) -> String {
    let mut short = String::new();
    for (index, character) in message.chars().enumerate() {
        if index == LONGEST_MESSAGE {
            short.push('…');
            break;
        }
        if character.is_control() {
            short.extend(character.escape_default());
        } else {
            short.push(character);
        }
    }
    short
}

/// An error and all its causes, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
