//! The network door: from sockets to requests, and from answers to sockets.

pub mod envelope;
pub mod negotiate;
