//! Messages that Kubernetes gives no structure. One small parser each, and nothing else in the
//! program looks into a message: `docs/diagnosis.md`, "Messages".

mod config;
mod create;
mod mount;
mod probe;
mod pull;
mod schedule;
mod start;

pub use config::ConfigError;
pub use create::CreateError;
pub use mount::MountError;
pub use probe::{Answer, Probe, parse as probe_answer};
pub use pull::PullError;
pub use schedule::{Blocker, Scheduling};
pub use start::StartError;

/// The text between the first `before` and the next `after`.
pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inner, _)| inner)
}

/// The text without its parts in double quotes (image references, URLs), which are names and not
/// words: an image may well be called `not-found`.
fn unquoted(text: &str) -> String {
    text.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}
