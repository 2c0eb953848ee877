//! The network door: from sockets to requests, and from answers to sockets.

pub mod accept;
pub mod body;
pub mod cors;
pub mod envelope;
pub mod layers;
pub mod negotiate;
pub mod query_string;
pub mod refusal;
pub mod request_id;
mod strict_json;
