//! Tier 2: the control plane shape against itself, and what builds the parts of a testbed.
#![allow(clippy::unwrap_used)]

mod build;
mod control_plane;
