//! Untyped objects to the types that are evaluated; strict, as the API server.

mod admin;
mod cilium;
pub(crate) mod cursor;
mod foreign;
mod kinds;
mod manifest;
mod node;
mod objects;
mod pod;
pub(crate) mod policy;
pub(crate) mod selector;
mod service;
mod workload;

pub use admin::admin_policy;
pub use kinds::{Bearing, bearing};
pub use manifest::Manifest;
pub use objects::{Reader, is_evaluated};
pub use policy::network_policy;
