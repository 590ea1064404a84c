//! Embedded templates and checked values to manifests. Pure, and the only reader and writer of YAML.

mod digest;
mod facts;
mod profile;

pub use digest::DigestKey;
pub use facts::{ClusterFacts, Fact, Source};
pub use profile::Profile;
