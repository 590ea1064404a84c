//! Installs, plans, and verifies the OpenHive platform on Kubernetes.
//!
//! | module | what |
//! |---|---|
//! | [`object`] | kinds, references, manifests (pure) |
//! | [`values`] | env file → checked values (pure) |
//! | [`redact`] | credentials → nothing (pure) |
//! | [`render`] | embedded templates → manifests (pure; the only YAML reader and writer) |
//! | [`netpol`] | policies × flow → decision (pure) |
//! | [`plan`] | desired × live → plan (pure) |
//! | [`health`] | object → verdict (pure) |
//! | [`diagnose`] | snapshot → findings (pure) |

pub mod diagnose;
pub mod health;
pub mod netpol;
pub mod object;
pub mod plan;
pub mod redact;
pub mod render;
pub mod values;
