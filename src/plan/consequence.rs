//! What follows from a change, and what stands in its way.

use std::fmt;

use serde::Serialize;

use super::FieldConflict;

/// What follows from a change for the running platform.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Consequence {
    /// The pods of the workload are replaced.
    Restarts {
        /// How many; 0 where none is desired.
        pods: u64,
        /// Why.
        reasons: Vec<RestartReason>,
    },
    /// Nothing answers until the new pods are ready, because the old ones go first.
    Downtime,
    /// Pods of these workloads are replaced, since they read what changes.
    RestartsReaders {
        /// Names of Deployments.
        workloads: Vec<String>,
    },
    /// These workloads read what changes, but nothing restarts them.
    KeepsOldValue {
        /// Names of Deployments.
        workloads: Vec<String>,
    },
    /// The fields of these managers become ours; their values stay.
    TakesOver {
        /// Names of managers.
        managers: Vec<String>,
    },
    /// The annotation of `kubectl apply` goes.
    DropsLastApplied {
        /// Whether it holds secret values in plain text.
        plain_text_secret: bool,
    },
    /// Deleted and created anew, because this field cannot change.
    Recreated {
        /// The field.
        field: String,
        /// What that costs.
        cost: String,
    },
    /// The update strategy is patched to `Recreate` first.
    StrategyPatch,
    /// Until the rollouts are done, the rules before and after hold side by side.
    UnionUntilRollout,
    /// Until the rollouts are done, a second policy keeps the rules of before for the pods of
    /// before, since it selects other ones now.
    CompanionUntilRollout {
        /// The second policy's name.
        name: String,
    },
    /// A volume grows.
    Expands {
        /// From this size.
        from: String,
        /// To this one.
        to: String,
    },
    /// What the Job runs.
    Runs {
        /// The command.
        command: String,
        /// Whether a Job of this name is deleted first.
        previous_deleted: bool,
    },
    /// Nobody deletes it; this command does.
    LeftInPlace {
        /// The command.
        command: String,
    },
}

/// Why pods restart.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RestartReason {
    /// A container's image.
    Image {
        /// The container.
        container: String,
    },
    /// Keys of a Secret that the pods read.
    Secret {
        /// The keys.
        keys: Vec<String>,
    },
    /// The digest of what the pods read is another one, and no Secret of the plan explains it.
    Digest,
    /// Any other field of the pod template.
    Field {
        /// Its path below the pod template.
        path: String,
    },
    /// The workload is deleted and created anew.
    Replaced,
}

impl fmt::Display for RestartReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image { container } => write!(f, "image of {container}"),
            Self::Secret { keys } => write!(f, "secret {}", keys.join(", ")),
            Self::Digest => f.write_str("digest of its configuration"),
            Self::Field { path } => f.write_str(path),
            Self::Replaced => f.write_str("replaced"),
        }
    }
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restarts { pods, reasons } => {
                let noun = if *pods == 1 { "pod" } else { "pods" };
                let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                write!(f, "restarts {pods} {noun}: {}", reasons.join(", "))
            }
            Self::Downtime => {
                f.write_str("down from the stop of the old pod until the new one is ready")
            }
            Self::RestartsReaders { workloads } => write!(f, "restarts {}", workloads.join(", ")),
            Self::KeepsOldValue { workloads } => {
                write!(f, "{} keep the old value until they restart", workloads.join(", "))
            }
            Self::TakesOver { managers } => {
                write!(f, "takes over the fields of {}", managers.join(", "))
            }
            Self::DropsLastApplied { plain_text_secret: true } => f.write_str(
                "drops the last-applied annotation, which holds the secret in plain text",
            ),
            Self::DropsLastApplied { plain_text_secret: false } => {
                f.write_str("drops the last-applied annotation")
            }
            Self::Recreated { field, cost } => {
                write!(f, "deleted and created anew, as {field} cannot change: {cost}")
            }
            Self::StrategyPatch => f.write_str("its update strategy becomes Recreate first"),
            Self::UnionUntilRollout => {
                f.write_str("old and new rules hold side by side until the rollouts are done")
            }
            Self::CompanionUntilRollout { name } => write!(
                f,
                "it selects other pods now: networkpolicy/{name} keeps the old rules for the old \
                 pods until the rollouts are done"
            ),
            Self::Expands { from, to } => write!(f, "grows from {from} to {to}, never back"),
            Self::Runs { command, previous_deleted: true } => {
                write!(f, "runs again: {command}")
            }
            Self::Runs { command, previous_deleted: false } => write!(f, "runs: {command}"),
            Self::LeftInPlace { command } => {
                write!(f, "no longer part of the platform; left in place. To remove it: {command}")
            }
        }
    }
}

/// Why a change cannot be carried out.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Obstacle {
    /// Others own fields that ours sets to other values.
    #[error("{} set by {}", fields_of(.conflicts), managers_of(.conflicts))]
    Conflict {
        /// Field and manager.
        conflicts: Vec<FieldConflict>,
    },
    /// The field cannot change, and the object must not be replaced.
    #[error("{field} cannot change once the object exists")]
    Immutable {
        /// The field.
        field: String,
    },
    /// A volume cannot shrink.
    #[error("a volume cannot shrink (from {from} to {to})")]
    Shrinks {
        /// From this size.
        from: String,
        /// To this one.
        to: String,
    },
    /// Replacing the object stops pods, which has to be asked for.
    #[error("{field} cannot change; the object has to be deleted and created anew")]
    NeedsRecreate {
        /// The field.
        field: String,
    },
    /// The object is being deleted.
    #[error("it is being deleted{}", held_by(.finalizers))]
    Terminating {
        /// What holds it back.
        finalizers: Vec<String>,
    },
    /// The server refuses the object.
    #[error("the server refuses it ({code}): {message}")]
    Rejected {
        /// HTTP status.
        code: u16,
        /// What the server said.
        message: String,
    },
}

impl Obstacle {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => {
                "undo the change there, or take the fields over with --force-conflicts"
            }
            Self::Immutable { .. } => "give the old value back in the values file",
            Self::Shrinks { .. } => "give the old size, or a larger one, in the values file",
            Self::NeedsRecreate { .. } => "allow it with --recreate; its pods stop meanwhile",
            Self::Terminating { .. } => "wait until it is gone, then run the command again",
            Self::Rejected { .. } => "correct what the server names, then run the command again",
        }
    }
}

fn fields_of(conflicts: &[FieldConflict]) -> String {
    let mut fields: Vec<&str> = conflicts.iter().map(|c| c.field.as_str()).collect();
    fields.dedup();
    fields.join(", ")
}

fn managers_of(conflicts: &[FieldConflict]) -> String {
    let mut managers: Vec<&str> = conflicts.iter().map(|c| c.manager.as_str()).collect();
    managers.sort_unstable();
    managers.dedup();
    managers.join(", ")
}

fn held_by(finalizers: &[String]) -> String {
    if finalizers.is_empty() {
        String::new()
    } else {
        format!(", held back by {}", finalizers.join(", "))
    }
}
