//! Installs, plans, and verifies the OpenHive platform on Kubernetes.
//!
//! | module | what |
//! |---|---|
//! | [`values`] | env file → checked values (pure) |
//! | [`redact`] | credentials → nothing (pure) |
//! | [`render`] | embedded templates → manifests (pure) |
//! | [`isolation`] | who may talk to whom on the platform (pure) |
//! | [`plan`] | desired × live → plan (pure) |
//! | [`health`] | object → verdict (pure) |
//! | [`diagnose`] | snapshot → findings (pure) |
//! | [`cluster`] | the only place that talks to an API server |
//! | [`engine`] | runs a plan, emits events |
//! | [`cli`] | clap types, one file for each verb |
//! | [`ui`] | every byte that is printed |

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
pub mod cluster;
pub mod diagnose;
pub mod engine;
pub mod health;
pub mod isolation;
pub mod plan;
pub mod redact;
pub mod render;
pub mod ui;
pub mod values;
