//! Tier 3: on a real node, which the tests share one after the other (see [`common::platform`]).
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod contract;
mod interrupt;
mod lifecycle;
mod probe_tools;
mod verify_netpol;
mod verify_netpol_not_enforced;
mod verify_netpol_settings;
