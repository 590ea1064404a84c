//! Untyped objects to the types that are evaluated; strict, as the API server.

mod admin;
pub(crate) mod cursor;
mod foreign;
mod manifest;
mod node;
mod objects;
mod pod;
pub(crate) mod policy;
pub(crate) mod selector;
mod service;

pub use admin::admin_policy;
pub use foreign::{is_policy_kind, policy_groups};
pub use manifest::Manifest;
pub use objects::{Reader, is_evaluated};
pub use policy::network_policy;
