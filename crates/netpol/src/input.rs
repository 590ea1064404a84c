//! Everything that was read: what decides, and who is asked about.

use std::fmt;

use super::cluster::Cluster;
use super::endpoint::Pod;
use super::invalid::{Invalid, Place};
use super::service::{EndpointSlice, Ingress, Service};

/// What a folder of manifests or a cluster holds, as far as it matters for connections.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Namespaces and policies.
    pub cluster: Cluster,
    /// Pods, and templates of workloads that have none in the input.
    pub members: Vec<Member>,
    /// Services: they add no connection, they tell what is meant to be reached.
    pub services: Vec<Service>,
    /// Who is behind Services, as far as it is written.
    pub slices: Vec<EndpointSlice>,
    /// Ingresses.
    pub ingresses: Vec<Ingress>,
    /// Objects that have no bearing, or whose kind is not known, by kind.
    pub skipped: Vec<Skipped>,
    /// Policies that the API server would refuse. Without `--skip-invalid`, the end.
    pub invalid: Vec<Invalid>,
    /// How much was read.
    pub counts: Counts,
}

impl Input {
    /// Kinds of which nothing is known, and which are taken to have no bearing on connections, as
    /// `PostgresCluster.postgres-operator.crunchydata.com`.
    pub fn unknown_kinds(&self) -> impl Iterator<Item = String> {
        self.skipped.iter().filter(|skipped| !skipped.known).map(|skipped| {
            match skipped.api_version.split_once('/') {
                Some((group, _)) => format!("{}.{group}", skipped.kind),
                None => skipped.kind.clone(),
            }
        })
    }
}

/// How many objects were read; the first line of every report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize)]
pub struct Counts {
    /// Namespaces that are objects of the input or that an object names.
    pub namespaces: usize,
    /// Pods that run or will run.
    pub pods: usize,
    /// Workloads.
    pub workloads: usize,
    /// Policies of every evaluated kind.
    pub policies: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural =
            |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
        write!(
            f,
            "{}, {}, {}, {}",
            plural(self.namespaces, "namespace", "namespaces"),
            plural(self.pods, "pod", "pods"),
            plural(self.workloads, "workload", "workloads"),
            plural(self.policies, "policy", "policies"),
        )
    }
}

/// Objects of one kind that were passed over. Without a kind: no Kubernetes objects.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// `v1`.
    pub api_version: String,
    /// `ConfigMap`.
    pub kind: String,
    /// Whether the kind is known to have no bearing on connections.
    pub known: bool,
    /// How many; 0 where a cluster has the kind and its objects were not read.
    pub count: usize,
}

/// A pod, or a workload that stands for the pods that it would make.
#[derive(Clone, Debug)]
pub struct Member {
    /// How it is evaluated. For a workload its name is `kind/name`.
    pub pod: Pod,
    /// Its namespace.
    pub namespace: String,
    /// Whether it is a pod of the input; else it is made from a template.
    pub is_pod: bool,
    /// The controller that the pod names, or the workload itself.
    pub owner: Option<Owner>,
    /// The top-most controller that is in the input, or the workload itself.
    pub workload: Option<Owner>,
    /// How many pods a workload asks for; 1 for a pod.
    pub replicas: u32,
    /// Whether there may be another number of them: one on each node, as an autoscaler says, or by the
    /// rules of a kind that is not known.
    pub varies: bool,
    /// The first container of a pod that runs, in which programs can be run.
    pub container: Option<Container>,
    /// Where it was read.
    pub place: Option<Place>,
}

/// A container of a pod that runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// The numeric user that it or its pod names.
    pub user: Option<i64>,
}

impl Member {
    /// Whether it stands for more than one pod, as far as one can tell: these may reach one another,
    /// or not, as any two pods.
    #[must_use]
    pub const fn may_be_several(&self) -> bool {
        !self.is_pod && (self.replicas > 1 || self.varies)
    }

    /// `namespace/name` of a pod, `namespace/kind/name` of a workload.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.pod.name)
    }
}

/// A controller.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Owner {
    /// `Deployment`.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
}

/// `deployment/web`.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.to_ascii_lowercase(), self.name)
    }
}
