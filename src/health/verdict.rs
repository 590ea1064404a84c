//! The answer.

use std::fmt;

use serde::Serialize;

/// What an object's status says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "camelCase")]
pub enum Verdict {
    /// As it should be.
    Ready,
    /// On its way; the reason names what is still missing.
    Progressing(Reason),
    /// It will not get there by itself.
    Failed(Reason),
    /// It is going away and never ready.
    Terminating {
        /// What holds it back.
        finalizers: Vec<String>,
    },
}

impl Verdict {
    /// Whether a wait for this object is over with success.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }

    /// Whether a wait for this object is over without success.
    #[must_use]
    pub const fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// One clause without a full stop, for behind `deployment/hive-gateway  `.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Progressing(reason) | Self::Failed(reason) => reason.fmt(f),
            Self::Terminating { finalizers } => {
                f.write_str("is being deleted")?;
                if !finalizers.is_empty() {
                    write!(f, ", held by {}", finalizers.join(", "))?;
                }
                Ok(())
            }
        }
    }
}

/// Why an object is not ready.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Reason {
    /// The observation is of an object that was there before the one that was applied.
    AnotherObject,
    /// The observation is older than the apply's response.
    OldGeneration {
        /// Of the observation.
        generation: i64,
        /// Of the apply's response.
        expected: i64,
    },
    /// The controller has not seen the newest generation.
    NotObserved {
        /// `metadata.generation`.
        generation: i64,
        /// `status.observedGeneration`, where there is one.
        observed: Option<i64>,
    },
    /// A rollout on its way.
    Replicas(Replicas),
    /// Enough replicas, but the controller does not call them available yet.
    NotAvailable,
    /// A Deployment with `spec.paused`.
    Paused,
    /// A Job that still works.
    JobRunning {
        /// Pods that run or wait to.
        active: i32,
        /// Pods that failed.
        failed: i32,
    },
    /// A Job whose success is decided, its pods still stop.
    JobEnding,
    /// A Job with `spec.suspend`.
    JobSuspended,
    /// A Job that gave up, or is about to.
    JobFailed {
        /// The condition's reason, such as `BackoffLimitExceeded` or `DeadlineExceeded`.
        reason: String,
        /// The condition's message.
        message: String,
    },
}

/// The counts of a rollout.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replicas {
    /// `spec.replicas`.
    pub desired: i32,
    /// All pods, old and new.
    pub total: i32,
    /// Pods of the newest revision.
    pub updated: i32,
    /// Pods that are ready.
    pub ready: i32,
    /// Pods that have been ready for `minReadySeconds`.
    pub available: i32,
    /// `Progressing=False, ProgressDeadlineExceeded`. No failure by itself: a late rollout still
    /// gets there, and on an unchanged object the condition is old.
    pub deadline_exceeded: bool,
}

/// `0/1 ready, 1 updated`.
impl fmt::Display for Replicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} ready, {} updated", self.ready, self.desired, self.updated)?;
        if self.total > self.updated {
            write!(f, ", {} old", self.total - self.updated)?;
        }
        if self.available < self.ready {
            write!(f, ", {} available", self.available)?;
        }
        if self.deadline_exceeded {
            f.write_str(", the progress deadline has passed")?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnotherObject => f.write_str("waits for the new object to show"),
            Self::OldGeneration { generation, expected } => {
                write!(f, "waits for generation {expected} to show (seen: {generation})")
            }
            Self::NotObserved { generation, observed: Some(observed) } => {
                write!(f, "its controller is at generation {observed} of {generation}")
            }
            Self::NotObserved { generation, observed: None } => {
                write!(f, "its controller has not seen generation {generation} yet")
            }
            Self::Replicas(replicas) => replicas.fmt(f),
            Self::NotAvailable => f.write_str("ready, but not yet called available"),
            Self::Paused => f.write_str("its rollout is paused"),
            Self::JobRunning { active: 0, failed: 0 } => f.write_str("has no pod yet"),
            Self::JobRunning { active, failed: 0 } => write!(f, "{active} active"),
            Self::JobRunning { active, failed } => write!(f, "{active} active, {failed} failed"),
            Self::JobEnding => f.write_str("succeeded, its pod still stops"),
            Self::JobSuspended => f.write_str("is suspended"),
            Self::JobFailed { reason, message } => {
                f.write_str("failed")?;
                for part in [reason, message].into_iter().filter(|part| !part.is_empty()) {
                    write!(f, ": {part}")?;
                }
                Ok(())
            }
        }
    }
}
