//! What was read from the cluster, as the planner's input.

use serde_json::Value;

/// One object of the cluster beside what the server would make of ours.
#[derive(Clone, Debug)]
pub struct Live {
    /// The object as it is, `None` where it does not exist.
    pub object: Option<Value>,
    /// The answer to a server-side apply with `dryRun=All`.
    pub dry_run: DryRun,
}

/// The outcome of a dry run.
#[derive(Clone, Debug)]
pub enum DryRun {
    /// The object as it would be after the write, defaults and webhooks included.
    Verified(Value),
    /// The namespace does not exist yet, so that the server could not be asked.
    NamespaceMissing,
    /// A RoleBinding whose Role does not exist yet: the server cannot compare its rights with the
    /// account's.
    RoleMissing,
    /// The rights for a dry run are missing.
    Forbidden,
    /// An admission webhook refuses dry runs.
    WebhookRefused {
        /// What the server said.
        message: String,
    },
    /// Other managers own fields that ours sets to other values.
    Conflict {
        /// Field and manager, one for each cause.
        causes: Vec<FieldConflict>,
        /// The object as it would be if the fields were taken over.
        forced: Option<Box<Value>>,
    },
    /// The server refuses the object.
    Rejected {
        /// HTTP status.
        code: u16,
        /// What the server said.
        message: String,
    },
    /// Never asked: offline, or nothing to ask for.
    NotAsked,
}

/// One cause of a field manager conflict.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct FieldConflict {
    /// The field's path as the server prints it.
    pub field: String,
    /// Who owns it.
    pub manager: String,
}
