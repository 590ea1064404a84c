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
mod symptom;
mod text;
mod tracker;

pub use finding::{Finding, Subject};
pub use grace::Grace;
pub use snapshot::{Endpoint, HealthAnswer, LogRequest, LogTail, Snapshot};
pub use symptom::{Component, Symptom};
pub use tracker::{Tracker, diagnose};

#[cfg(test)]
mod tests;
