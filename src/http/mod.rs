//! The network door: from sockets to requests, and from answers to sockets.

pub mod accept;
pub mod body;
pub mod envelope;
pub mod negotiate;
