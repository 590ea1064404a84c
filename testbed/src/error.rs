//! What can go wrong while a testbed is built or started.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The result of a testbed operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a testbed could not be built, started or asked.
#[derive(thiserror::Error)]
pub enum Error {
    /// The machine lacks something that no testbed can do without.
    #[error("no testbed can run here: {missing}; {hint}")]
    Unsupported {
        /// What is missing, as a clause.
        missing: String,
        /// What to do about it, as a clause.
        hint: String,
    },
    /// An artefact could not be built or fetched.
    #[error("cannot build {what}: {cause}")]
    Build {
        /// The artefact, in words.
        what: String,
        /// What failed, with the last lines of the builder's output.
        cause: String,
    },
    /// A component ended, or did not become ready in time.
    #[error("{component} {cause} (log: {})\n{tail}", log.display())]
    Component {
        /// The component, such as `kube-apiserver`.
        component: String,
        /// What it did, as a predicate.
        cause: String,
        /// Its whole log. Gone once the instance is, unless the state is kept.
        log: PathBuf,
        /// The last lines of its log.
        tail: String,
    },
    /// A helper program could not be run or ended with an error.
    #[error("`{command}` failed: {cause}")]
    Command {
        /// The program and its arguments.
        command: String,
        /// Its standard error, or why it could not be run.
        cause: String,
    },
    /// A file operation failed.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was attempted, as a verb phrase naming the path.
        action: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A wait inside the cluster ran out.
    #[error("{what} after {seconds} s: {last}")]
    Timeout {
        /// What was not reached, such as `node is not Ready`.
        what: String,
        /// The bound that ran out, in seconds.
        seconds: u64,
        /// What was seen last.
        last: String,
    },
    /// No cluster of this name is up.
    #[error("no cluster is up; start one with `cargo xtask cluster up`")]
    NotUp,
}

/// As `Display`: it is what a test's `unwrap` shows, and log lines are unreadable escaped.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Adds the attempted action to an I/O error.
pub(crate) trait Attempt<T> {
    /// Names the action that failed, as a verb phrase.
    fn attempt(self, action: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Attempt<T> for io::Result<T> {
    fn attempt(self, action: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Io { action: action(), source })
    }
}
