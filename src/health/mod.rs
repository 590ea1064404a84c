//! Is an object healthy? A pure function of the object: `docs/health.md`.

mod claim;
mod gate;
mod ingress;
mod job;
mod namespace;
mod pod;
mod service;
mod verdict;
mod workload;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::api::storage::v1::StorageClass;

pub use gate::Expected;
pub use ingress::Surroundings;
pub use verdict::{Reason, Replicas, Verdict};

/// An object, and where one object does not suffice what its verdict also depends on.
#[derive(Clone, Copy, Debug)]
pub enum Observed<'a> {
    /// `apps/v1`
    Deployment(&'a Deployment),
    /// `apps/v1`
    StatefulSet(&'a StatefulSet),
    /// `apps/v1`
    DaemonSet(&'a DaemonSet),
    /// `batch/v1`
    Job(&'a Job),
    /// `v1`. A pod that a Job controls is to succeed, any other is to serve.
    Pod(&'a Pod),
    /// `v1`, and its StorageClass where it is known.
    Claim(&'a PersistentVolumeClaim, Option<&'a StorageClass>),
    /// `v1`, and EndpointSlices of its namespace (others than its own are left out by label).
    Service(&'a Service, &'a [EndpointSlice]),
    /// `networking.k8s.io/v1`, and what it refers to.
    Ingress(&'a Ingress, Surroundings<'a>),
    /// `v1`, and whether it has its `default` ServiceAccount.
    Namespace(&'a Namespace, bool),
}

/// The verdict on an object (`docs/health.md`).
///
/// `expected` is what the response to our write said; an observation of another object or of an
/// older generation says nothing yet. `now` is only compared with times that the API server set.
#[must_use]
pub fn assess(observed: &Observed<'_>, expected: Option<&Expected>, now: Timestamp) -> Verdict {
    if let Some(verdict) = gate::check(observed, expected) {
        return verdict;
    }
    match *observed {
        Observed::Deployment(deployment) => workload::deployment(deployment),
        Observed::StatefulSet(set) => workload::stateful_set(set),
        Observed::DaemonSet(set) => workload::daemon_set(set),
        Observed::Job(job) => job::assess(job),
        Observed::Pod(pod) => pod::assess(pod),
        Observed::Claim(claim, class) => claim::assess(claim, class),
        Observed::Service(service, slices) => service::assess(service, slices),
        Observed::Ingress(ingress, around) => ingress::assess(ingress, &around, now),
        Observed::Namespace(namespace, account) => namespace::assess(namespace, account),
    }
}
