//! Tier 1: the program as a person or a pipeline runs it, and the library, without a cluster.
#![allow(clippy::unwrap_used)]

#[path = "../common/analyzer.rs"]
mod analyzer;

mod architecture;
mod cases;
mod cli_init;
mod cli_render;
mod cli_validate;
mod cli_verify_expect;
mod cli_verify_netpol;
mod cli_verify_report;
mod cli_verify_service;
mod completions;
mod netpol_analyzer;
mod netpol_expect;
mod rendered_flows;
