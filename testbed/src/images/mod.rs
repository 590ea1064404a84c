//! The images that the testbed's registry serves.
//!
//! OpenHive's own images cannot be had on a machine without the internet. The ones built here run
//! the platform's true commands and keep its runtime contracts; the sources are in
//! `testbed/images/`, whose README lists every tag. Some are broken on purpose.

mod base;
mod build;
pub mod catalogue;
pub mod oci;

pub use build::{registry_storage, registry_storage_with};
