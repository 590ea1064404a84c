//! Untyped objects to the types that are evaluated; strict, as the API server.

mod cursor;
mod policy;
mod selector;

pub use policy::network_policy;
mod objects;
