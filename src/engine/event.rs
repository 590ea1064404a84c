//! What a run tells while it goes on: the terminal view, plain lines and JSON all consume this.

use std::time::Duration;

use serde::Serialize;

use manifest::ObjectRef;

/// A step of an installation, in order.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Rights and versions, before anything is written.
    Preflight,
    /// The three namespaces.
    Namespaces,
    /// Secrets, policies, accounts, RBAC, claims.
    Foundation,
    /// The migration Job.
    Migration,
    /// Deployments, Services, Ingress.
    Runtime,
    /// Until the workloads are ready.
    Rollout,
    /// The platform's own health endpoints.
    Health,
    /// Policies that were held wider until the rollouts were through.
    Policies,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "event")]
pub enum Event {
    /// A step begins.
    StepStarted {
        /// Which.
        step: Step,
    },
    /// A step is done.
    StepFinished {
        /// Which.
        step: Step,
        /// What it did.
        detail: Detail,
        /// How long it took.
        #[serde(rename = "seconds", serialize_with = "seconds")]
        elapsed: Duration,
    },
    /// An object was written.
    Object {
        /// Which.
        #[serde(flatten)]
        object: ObjectRef,
        /// What was done to it.
        outcome: ObjectOutcome,
    },
    /// What a step waits for.
    Waiting {
        /// Which step.
        step: Step,
        /// In words.
        what: String,
    },
    /// A workload's state changed.
    Workload {
        /// Which.
        #[serde(flatten)]
        object: ObjectRef,
        /// Pods that are ready.
        ready: i32,
        /// Pods that are wanted.
        desired: i32,
        /// Whether it is through.
        done: bool,
        /// What holds it back, in words.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A request is tried again.
    Retrying {
        /// Why.
        error: String,
        /// For how long by now.
        #[serde(rename = "seconds", serialize_with = "seconds")]
        elapsed: Duration,
    },
}

/// What was done to an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ObjectOutcome {
    /// It is new.
    Created,
    /// It was changed.
    Updated,
    /// It was deleted.
    Deleted,
}

/// What a step did.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Detail {
    /// So many checks passed.
    Checks {
        /// How many.
        count: usize,
    },
    /// So many objects were written, and so many needed no write.
    Objects {
        /// Created or updated.
        changed: usize,
        /// Neither.
        unchanged: usize,
    },
    /// The migration ran.
    Migration {
        /// The schema's revision now, where the log names it.
        head: Option<String>,
        /// How many revisions were applied.
        applied: usize,
    },
    /// So many workloads are ready.
    Ready {
        /// How many.
        count: usize,
    },
    /// So many endpoints answered.
    Answered {
        /// Which.
        endpoints: Vec<String>,
    },
    /// There was nothing to do.
    Nothing,
}

fn seconds<S: serde::Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((elapsed.as_secs_f64() * 10.0).round() / 10.0)
}
