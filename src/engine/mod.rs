//! Runs a [`Plan`](crate::plan::Plan): the value that `plan` prints, and nothing else.
//!
//! What happens is told as [`Event`]s; how a run ends badly is an [`InstallError`]. Nothing is
//! printed here.

mod apply;
mod cancel;
mod error;
mod event;
mod heads;
mod health;
mod install;
mod migration;
mod observe;
mod preflight;
pub mod probe;
mod rollout;
mod wait;

pub use cancel::{Cancel, Signal, canceller};
pub use error::{InstallError, Left};
pub use event::{Detail, Event, ObjectOutcome, Step};
pub use install::{Installed, Options, install};
