//! The images that the testbed's registry serves.

pub mod oci;
