//! The service's tests, one binary.

mod guard;
