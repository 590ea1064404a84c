//! Tier 3: the node shape against itself, and the platform's images, each as processes against a real PostgreSQL.
#![allow(clippy::unwrap_used)]

mod cluster;
mod images;
