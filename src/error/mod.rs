//! The closed set of error codes, and what each one means outside.
//!
//! Takes a [`Code`], gives its [`Row`]: name, HTTP status, metric label, log level. Codes are public API: programs
//! branch on them, so a name never changes and the set only grows. [`Rejection`] is a request refused at the door,
//! before any root field ran. Rendering (GraphQL's `errors`, REST's problem object) is left to the layers above.

mod graphql_error;

use std::borrow::Cow;

use axum::http::StatusCode;
use tracing::Level;

pub use graphql_error::GraphqlError;

use crate::config::HttpStatuses;
use crate::load::budget::Remaining;

/// An error as the outside knows it: the value of `extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request itself is malformed: body, URL or parameters.
    BadRequest,
    /// The body is larger than the limit.
    PayloadTooLarge,
    /// The request target is longer than the limit.
    UriTooLong,
    /// Too many header fields, or too many bytes of them.
    HeadersTooLarge,
    /// The body has a content type or an encoding that is not served.
    UnsupportedMediaType,
    /// Nothing that the client accepts can be produced.
    NotAcceptable,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// No key, or one that opens nothing.
    Unauthenticated,
    /// The caller's budget is spent.
    RateLimited,
    /// The process runs as much as it may.
    Overloaded,
    /// The database cannot answer now.
    ServiceUnavailable,
    /// The request's time is up.
    Timeout,
    /// The document has too many bytes or tokens.
    QueryTooLarge,
    /// The document nests too deeply.
    QueryTooDeep,
    /// The document asks for too much.
    QueryTooComplex,
    /// The document does not parse.
    GraphqlParseFailed,
    /// The document or its variables do not fit the schema.
    GraphqlValidationFailed,
    /// No operation, or none of that name, or several and no name.
    OperationResolutionFailure,
    /// Introspection is switched off.
    IntrospectionDisabled,
    /// Only known documents are served, and this is none.
    DocumentNotTrusted,
    /// The hash is not known here; the client sends the document with it.
    PersistedQueryNotFound,
    /// An argument of the right type with a wrong value.
    BadUserInput,
    /// A cursor that is cut, damaged or empty.
    InvalidCursor,
    /// A cursor of another sort.
    CursorMismatch,
    /// A point of the change feed that is no longer kept, or of another history.
    ChangesExpired,
    /// A fault of ours.
    InternalServerError,
}

/// How the HTTP status of an answer with this code is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The code's own status, whatever the client accepts.
    Fixed,
    /// A GraphQL request error: the code's status under `application/graphql-response+json`, 200 under
    /// `application/json`.
    Request,
    /// A GraphQL field error: 200 with a path. The code's status holds where there is no field.
    Field,
}

/// Everything that hangs on a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name as `extensions.code` shows it.
    pub name: &'static str,
    /// The status where the code decides it; see [`Class`].
    pub status: StatusCode,
    /// How the status of an answer is found.
    pub class: Class,
    /// The value of the metric label `code`.
    pub label: &'static str,
    /// The level of the one log line that tells of it: the answer's or, of a fault of ours, the one with its cause.
    pub level: Level,
}

impl Code {
    /// Every code, in the order of the README's table.
    pub const ALL: [Self; 26] = [
        Self::BadRequest,
        Self::PayloadTooLarge,
        Self::UriTooLong,
        Self::HeadersTooLarge,
        Self::UnsupportedMediaType,
        Self::NotAcceptable,
        Self::MethodNotAllowed,
        Self::Unauthenticated,
        Self::RateLimited,
        Self::Overloaded,
        Self::ServiceUnavailable,
        Self::Timeout,
        Self::QueryTooLarge,
        Self::QueryTooDeep,
        Self::QueryTooComplex,
        Self::GraphqlParseFailed,
        Self::GraphqlValidationFailed,
        Self::OperationResolutionFailure,
        Self::IntrospectionDisabled,
        Self::DocumentNotTrusted,
        Self::PersistedQueryNotFound,
        Self::BadUserInput,
        Self::InvalidCursor,
        Self::CursorMismatch,
        Self::ChangesExpired,
        Self::InternalServerError,
    ];

    /// The code's whole row.
    pub const fn row(self) -> Row {
        use Class::{Field, Fixed, Request};
        use StatusCode as S;
        let (name, status, class, label, level) = match self {
            Self::BadRequest => ("BAD_REQUEST", S::BAD_REQUEST, Fixed, "bad_request", Level::DEBUG),
            Self::PayloadTooLarge => (
                "PAYLOAD_TOO_LARGE",
                S::PAYLOAD_TOO_LARGE,
                Fixed,
                "payload_too_large",
                Level::DEBUG,
            ),
            Self::UriTooLong => (
                "URI_TOO_LONG",
                S::URI_TOO_LONG,
                Fixed,
                "uri_too_long",
                Level::DEBUG,
            ),
            Self::HeadersTooLarge => (
                "HEADERS_TOO_LARGE",
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                Fixed,
                "headers_too_large",
                Level::DEBUG,
            ),
            Self::UnsupportedMediaType => (
                "UNSUPPORTED_MEDIA_TYPE",
                S::UNSUPPORTED_MEDIA_TYPE,
                Fixed,
                "unsupported_media_type",
                Level::DEBUG,
            ),
            Self::NotAcceptable => (
                "NOT_ACCEPTABLE",
                S::NOT_ACCEPTABLE,
                Fixed,
                "not_acceptable",
                Level::DEBUG,
            ),
            Self::MethodNotAllowed => (
                "METHOD_NOT_ALLOWED",
                S::METHOD_NOT_ALLOWED,
                Fixed,
                "method_not_allowed",
                Level::DEBUG,
            ),
            Self::Unauthenticated => (
                "UNAUTHENTICATED",
                S::UNAUTHORIZED,
                Fixed,
                "unauthenticated",
                Level::DEBUG,
            ),
            Self::RateLimited => (
                "RATE_LIMITED",
                S::TOO_MANY_REQUESTS,
                Fixed,
                "rate_limited",
                Level::DEBUG,
            ),
            Self::Overloaded => (
                "OVERLOADED",
                S::SERVICE_UNAVAILABLE,
                Fixed,
                "overloaded",
                Level::WARN,
            ),
            Self::ServiceUnavailable => (
                "SERVICE_UNAVAILABLE",
                S::SERVICE_UNAVAILABLE,
                Fixed,
                "service_unavailable",
                Level::WARN,
            ),
            Self::Timeout => ("TIMEOUT", S::GATEWAY_TIMEOUT, Fixed, "timeout", Level::WARN),
            Self::QueryTooLarge => (
                "QUERY_TOO_LARGE",
                S::BAD_REQUEST,
                Fixed,
                "query_too_large",
                Level::DEBUG,
            ),
            Self::QueryTooDeep => (
                "QUERY_TOO_DEEP",
                S::BAD_REQUEST,
                Fixed,
                "query_too_deep",
                Level::DEBUG,
            ),
            Self::QueryTooComplex => (
                "QUERY_TOO_COMPLEX",
                S::BAD_REQUEST,
                Fixed,
                "query_too_complex",
                Level::DEBUG,
            ),
            Self::GraphqlParseFailed => (
                "GRAPHQL_PARSE_FAILED",
                S::BAD_REQUEST,
                Request,
                "graphql_parse_failed",
                Level::DEBUG,
            ),
            Self::GraphqlValidationFailed => (
                "GRAPHQL_VALIDATION_FAILED",
                S::BAD_REQUEST,
                Request,
                "graphql_validation_failed",
                Level::DEBUG,
            ),
            Self::OperationResolutionFailure => (
                "OPERATION_RESOLUTION_FAILURE",
                S::BAD_REQUEST,
                Request,
                "operation_resolution_failure",
                Level::DEBUG,
            ),
            Self::IntrospectionDisabled => (
                "INTROSPECTION_DISABLED",
                S::BAD_REQUEST,
                Request,
                "introspection_disabled",
                Level::DEBUG,
            ),
            Self::DocumentNotTrusted => (
                "DOCUMENT_NOT_TRUSTED",
                S::BAD_REQUEST,
                Request,
                "document_not_trusted",
                Level::DEBUG,
            ),
            Self::PersistedQueryNotFound => (
                "PERSISTED_QUERY_NOT_FOUND",
                S::BAD_REQUEST,
                Request,
                "persisted_query_not_found",
                Level::DEBUG,
            ),
            Self::BadUserInput => (
                "BAD_USER_INPUT",
                S::BAD_REQUEST,
                Field,
                "bad_user_input",
                Level::DEBUG,
            ),
            Self::InvalidCursor => (
                "INVALID_CURSOR",
                S::BAD_REQUEST,
                Field,
                "invalid_cursor",
                Level::DEBUG,
            ),
            Self::CursorMismatch => (
                "CURSOR_MISMATCH",
                S::BAD_REQUEST,
                Field,
                "cursor_mismatch",
                Level::DEBUG,
            ),
            Self::ChangesExpired => ("CHANGES_EXPIRED", S::GONE, Field, "changes_expired", Level::DEBUG),
            Self::InternalServerError => (
                "INTERNAL_SERVER_ERROR",
                S::INTERNAL_SERVER_ERROR,
                Field,
                "internal_server_error",
                Level::ERROR,
            ),
        };
        Row {
            name,
            status,
            class,
            label,
            level,
        }
    }

    /// The name as `extensions.code` shows it.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The status where the code decides it, by the drafts before GraphQL over HTTP's first edition, and in REST; see
    /// [`Class`].
    pub const fn status(self) -> StatusCode {
        self.row().status
    }

    /// The status where the code decides it.
    ///
    /// Source: GraphQL over HTTP, text of 6 August 2026, "Status Codes".
    pub const fn status_by(self, statuses: HttpStatuses) -> StatusCode {
        match (statuses, self) {
            (
                HttpStatuses::Edition2026,
                Self::GraphqlValidationFailed
                | Self::OperationResolutionFailure
                | Self::IntrospectionDisabled,
            ) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => self.status(),
        }
    }
}

/// A request refused at the door.
///
/// The message is safe to show and says what to do; it never holds what the client sent beyond the names of
/// our own parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.name())]
pub struct Rejection {
    /// The HTTP status of the answer by the first edition of GraphQL over HTTP; before it, and in REST, the code's own holds.
    pub status: StatusCode,
    /// The code of the answer.
    pub code: Code,
    /// What is wrong and what to do.
    pub message: Cow<'static, str>,
    /// When to come back. **Unit**: seconds.
    pub retry_after_s: Option<u64>,
    /// What is left of the caller's budget, where that is known.
    pub remaining: Option<Remaining>,
}

impl Rejection {
    /// A refusal with the code's own status.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: code.status_by(HttpStatuses::Edition2026),
            code,
            message: message.into(),
            retry_after_s: None,
            remaining: None,
        }
    }

    /// A refusal of JSON that is no well-formed GraphQL request.
    ///
    /// Source: GraphQL over HTTP, text of 6 August 2026, "Status Codes".
    pub fn malformed_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            ..Self::new(Code::BadRequest, message)
        }
    }

    /// The HTTP status of the answer.
    pub const fn status_by(&self, statuses: HttpStatuses) -> StatusCode {
        match statuses {
            HttpStatuses::Edition2026 => self.status,
            HttpStatuses::Draft2025 => self.code.status(),
        }
    }
}

#[cfg(test)]
mod tests;
