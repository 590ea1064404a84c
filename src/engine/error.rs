//! How a run ends badly.

use std::time::Duration;

use super::{Signal, Step};
use crate::cluster::ClusterError;
use crate::diagnose::Finding;
use crate::plan::FieldConflict;
use manifest::ObjectRef;

/// Why an installation stopped.
#[derive(Debug)]
pub enum InstallError {
    /// The account lacks rights; nothing was written.
    MissingRights(Vec<String>),
    /// A namespace is being deleted.
    NamespaceTerminating {
        /// Which.
        namespace: String,
        /// What holds it back, in the namespace controller's words.
        remaining: Vec<String>,
    },
    /// A namespace has no `default` ServiceAccount.
    NamespaceUnusable {
        /// Which.
        namespace: String,
    },
    /// An object that has to be replaced does not go away.
    NotGone {
        /// Which.
        object: ObjectRef,
        /// What holds it back.
        finalizers: Vec<String>,
    },
    /// Other managers own fields that the manifest sets.
    Conflict {
        /// Of which object.
        object: ObjectRef,
        /// Field and manager.
        conflicts: Vec<FieldConflict>,
    },
    /// A request failed for good.
    Request {
        /// What it was for.
        object: ObjectRef,
        /// Why it failed.
        error: ClusterError,
    },
    /// Something could not be seen that a wait depends on.
    Unwatchable {
        /// The resource, in the plural.
        resource: String,
        /// The namespace.
        namespace: String,
    },
    /// What a wait is for was deleted, or replaced by somebody else.
    Vanished {
        /// Which.
        object: ObjectRef,
    },
    /// The migration failed.
    Migration {
        /// What was found, the first cause first; may be empty.
        findings: Vec<Finding>,
        /// The Job's last log lines.
        log: Vec<String>,
        /// Since the step began.
        elapsed: Duration,
    },
    /// The migration goes on, but the time given is over.
    MigrationTimeout {
        /// What is known so far.
        findings: Vec<Finding>,
        /// Since the step began.
        elapsed: Duration,
    },
    /// The previous migration's pods do not go away.
    MigrationStuck {
        /// The pods that are still there, with their nodes.
        pods: Vec<String>,
        /// Since the step began.
        elapsed: Duration,
    },
    /// Another installer's migration took the Job's name.
    MigrationTaken,
    /// A rollout failed.
    Rollout {
        /// Of which workload.
        object: ObjectRef,
        /// What was found, the first cause first.
        findings: Vec<Finding>,
        /// Since the step began.
        elapsed: Duration,
    },
    /// A rollout is not through, but the time given is over.
    RolloutTimeout {
        /// The workloads that are not ready, with what is known of them.
        pending: Vec<(ObjectRef, String)>,
        /// What was found, the first cause first.
        findings: Vec<Finding>,
        /// Since the step began.
        elapsed: Duration,
    },
    /// A health endpoint does not answer as it should.
    Health {
        /// Which, such as `/healthz through hive-dashboard`.
        endpoint: String,
        /// What it answered, or why it did not.
        answer: String,
        /// Since the step began.
        elapsed: Duration,
    },
    /// A signal ended the run.
    Cancelled {
        /// Which.
        signal: Signal,
    },
}

/// What a failed run leaves behind.
#[derive(Clone, Debug, Default)]
pub struct Left {
    /// The step in which it ended.
    pub step: Option<Step>,
    /// How many objects were written.
    pub written: usize,
    /// Whether a write that got no answer may have been carried out.
    pub uncertain: bool,
    /// Policies that still allow what their predecessors allowed.
    pub interim: Vec<ObjectRef>,
    /// Secrets that hold the new values already.
    pub secrets: Vec<ObjectRef>,
    /// Whether the migration changed the schema, or may have.
    pub migrated: bool,
    /// Workloads whose new manifest is applied.
    pub runtime: Vec<ObjectRef>,
}
