//! Tier 2: against a real API server, which most tests start for themselves.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod accept;
mod bad_input;
mod netpol;
mod plan;
mod probing_rights;
mod site;
