//! `plan` and what carries it out, against a real API server.
#![allow(clippy::unwrap_used)]

mod common;

#[path = "apiserver_plan/adopt.rs"]
mod adopt;
#[path = "apiserver_plan/empty.rs"]
mod empty;
#[path = "apiserver_plan/installed.rs"]
mod installed;
#[path = "apiserver_plan/rights.rs"]
mod rights;
#[path = "apiserver_plan/site.rs"]
mod site;
