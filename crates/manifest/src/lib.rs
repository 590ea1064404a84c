//! Kubernetes objects as data: a kind known at build time, a reference, untyped JSON, quantities, and the only
//! reader and writer of YAML.
//!
//! Untyped on purpose: a typed struct drops the fields that a newer server knows, on both sides of
//! a comparison, without a word. Pure: no I/O, no clock, no client.

mod kind;
mod quantity;
mod reference;
pub mod yaml;

pub use kind::{Kind, Wave};
pub use quantity::{NotAQuantity, Quantity};
pub use reference::ObjectRef;

use serde_json::Value;

/// A manifest together with its identity.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Kind, namespace and name.
    pub reference: ObjectRef,
    /// The whole manifest, as it is sent.
    pub manifest: Value,
}

impl Object {
    /// Reads the identity out of a manifest.
    ///
    /// # Errors
    /// The manifest's kind is not one of [`Kind`], or it has no name.
    pub fn from_manifest(manifest: Value) -> Result<Self, ObjectError> {
        let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
        let api_version = text("/apiVersion").unwrap_or_default();
        let kind = text("/kind").unwrap_or_default();
        let kind = Kind::of(api_version, kind).ok_or_else(|| ObjectError::UnknownKind {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
        })?;
        let name = text("/metadata/name").ok_or(ObjectError::NoName { kind })?;
        let reference = match text("/metadata/namespace") {
            Some(namespace) => ObjectRef::namespaced(kind, namespace, name),
            None => ObjectRef::cluster(kind, name),
        };
        Ok(Self { reference, manifest })
    }
}

/// Why a manifest is not an object of ours.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ObjectError {
    /// The pair of `apiVersion` and `kind` is not handled.
    #[error("unknown kind {kind:?} of {api_version:?}")]
    UnknownKind {
        /// As found.
        api_version: String,
        /// As found.
        kind: String,
    },
    /// `metadata.name` is missing.
    #[error("a {kind} without metadata.name")]
    NoName {
        /// Of which kind.
        kind: Kind,
    },
}
