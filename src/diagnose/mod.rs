//! Why is it not healthy? A pure function of a snapshot: `docs/diagnosis.md`.
//!
//! `snapshot` (objects of one moment) → `sight` (symptoms, along `chain`) → `tracker` (how long
//! each has lasted) → [`Finding`] (with the words of `text` and `advice`). Messages are taken apart
//! in [`parse`] and [`logs`] and nowhere else.

mod advice;
mod chain;
mod finding;
mod grace;
pub mod logs;
pub mod parse;
mod sight;
mod snapshot;
mod status;
mod symptom;
mod text;
mod tracker;
mod wanted;

pub use finding::{Finding, Subject};
pub use grace::Grace;
pub use snapshot::{Endpoint, LogRequest, LogTail, Snapshot};
pub use status::{ComponentStatus, JobStatus, component_status, job_status};
pub use symptom::{Component, Symptom};
pub use tracker::{Tracker, diagnose};
pub use wanted::log_requests;

#[cfg(test)]
mod tests;
