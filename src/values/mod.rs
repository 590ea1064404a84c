//! The values file: from bytes to checked [`Values`]. Pure: the caller reads the file.

mod model;

pub use model::{
    CodingBackend, Database, EgressAllow, Image, Images, Ingress, Relay, SandboxKey, SecretName,
    Values,
};
