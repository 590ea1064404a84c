//! Desired objects and live objects to a [`Plan`]. Pure.

mod live;
mod model;

pub use live::{DryRun, FieldConflict, Live};
pub use model::{Action, Change, FieldChange, FieldValue, Plan, Verification};
