//! A small writer of OCI images.
//!
//! [`Layer`] collects files and writes them as a reproducible tar, [`Image`] puts layers and a
//! configuration together, and [`Store`] lays both out the way the `distribution` registry's
//! filesystem driver keeps them: a registry pointed at that folder serves the images, and nothing
//! was ever pushed.
//!
//! Everything is a function of its inputs. Entries are sorted, owned by root, and dated at the
//! epoch, so that equal files give equal digests and two tags share every layer that they can.

mod blob;
mod image;
mod layer;
mod store;

pub use blob::{Blob, Digest};
pub use image::Image;
pub use layer::Layer;
pub use store::Store;

#[cfg(test)]
mod tests;
