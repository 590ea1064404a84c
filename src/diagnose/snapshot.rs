//! What a diagnosis looks at.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Node, PersistentVolumeClaim, Pod};

/// The objects of one moment, as watches hold them (`Arc`, so that a snapshot copies nothing).
///
/// Objects that belong to none of the targets are left out by the diagnosis itself: a whole
/// namespace may be handed over.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// When the objects were written, by the API server's clock. What is older says nothing about
    /// them: it is shown, but never ends a command. `None`: everything counts.
    pub since: Option<Timestamp>,
    /// Targets.
    pub deployments: Vec<Arc<Deployment>>,
    /// Targets.
    pub jobs: Vec<Arc<Job>>,
    /// Targets.
    pub claims: Vec<Arc<PersistentVolumeClaim>>,
    /// For the way from a Deployment to its pods.
    pub replica_sets: Vec<Arc<ReplicaSet>>,
    /// Pods of the targets' namespaces.
    pub pods: Vec<Arc<Pod>>,
    /// Events of the targets' namespaces.
    pub events: Vec<Arc<Event>>,
    /// The cluster's nodes; `None` where they may not be read.
    pub nodes: Option<Vec<Arc<Node>>>,
    /// Last log lines, as far as they were fetched.
    pub logs: Vec<LogTail>,
    /// Where the database is, for the words of a cause.
    pub database: Option<Endpoint>,
}

/// The last lines of a container's log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogTail {
    /// `metadata.uid` of the pod.
    pub pod_uid: String,
    /// The container, or init container.
    pub container: String,
    /// As in the request.
    pub previous: bool,
    /// The lines, oldest first.
    pub lines: Vec<String>,
}

/// A log that would make a finding clearer.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LogRequest {
    /// Of the pod.
    pub namespace: String,
    /// Of the pod.
    pub pod: String,
    /// `metadata.uid` of the pod.
    pub pod_uid: String,
    /// The container, or init container.
    pub container: String,
    /// Whether the run before the present one is meant (`previous=true`).
    pub previous: bool,
    /// How often the container was restarted: a new number is a new log.
    pub restarts: i32,
}

/// A host and a port.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// A name or an address literal (IPv6 without brackets).
    pub host: String,
    /// The port.
    pub port: u16,
}

/// `db.example:5432`, `[2001:db8::1]:5432`.
impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
