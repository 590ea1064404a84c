//! Exit codes, one documented type.

use std::process::ExitCode;

/// How the program ends. Scripts depend on these numbers: they never change their meaning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Done, or no difference.
    Done = 0,
    /// Any error without a code of its own.
    Error = 1,
    /// `plan` or `connections --against`, with `--exit-code`, found differences.
    Differences = 2,
    /// The values file is not usable.
    Values = 3,
    /// Rights, cluster, or version do not allow it; nothing was changed.
    Preflight = 4,
    /// Someone else owns a field or holds the lock.
    Conflict = 5,
    /// The migration failed; the runtime was not touched.
    Migration = 6,
    /// A rollout or a health check failed.
    Rollout = 7,
    /// It still runs, but the time given is over.
    Timeout = 8,
    /// Something is open that must be closed.
    Verification = 9,
    /// A verification could not answer everything.
    Incomplete = 10,
    /// The manifests that were given are not usable.
    Input = 11,
    /// The network plugin does not enforce policies.
    NotEnforcing = 12,
    /// Something is closed that must be open.
    Overblock = 13,
    /// Only lint, at or above `--fail-on`.
    Lint = 14,
    /// The command line is wrong. Not clap's own 2, which would read as differences.
    Usage = 64,
    /// SIGINT.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl Exit {
    /// Every code that `--help` lists, with its meaning.
    pub const TABLE: [(Self, &'static str); 18] = [
        (Self::Done, "done, or no difference"),
        (Self::Error, "error"),
        (
            Self::Differences,
            "differences (--exit-code of plan, and of verify-netpol connections --against)",
        ),
        (Self::Values, "bad values file"),
        (Self::Preflight, "preflight: rights, cluster, or version"),
        (Self::Conflict, "conflict, or locked"),
        (Self::Migration, "migration failed"),
        (Self::Rollout, "rollout or health check failed"),
        (Self::Timeout, "time-out"),
        (Self::Verification, "verify-netpol: open, must be closed"),
        (Self::Incomplete, "verify-netpol: not decidable, or not readable (--strict)"),
        (Self::Input, "verify-netpol: bad manifests, expectations, or baseline"),
        (Self::NotEnforcing, "verify-netpol: policies are not enforced"),
        (Self::Overblock, "verify-netpol: closed, must be open"),
        (Self::Lint, "verify-netpol: lint only (--fail-on)"),
        (Self::Usage, "wrong command line"),
        (Self::Interrupted, "interrupted (SIGINT)"),
        (Self::Terminated, "terminated (SIGTERM)"),
    ];

    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
