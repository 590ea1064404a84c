//! From an object to its pods and events, by uid: never by name, never by label selector.

use jiff::{Timestamp, ToSpan};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Snapshot;

/// Set by the Job controller on its pods (`batch/v1`, 1.27 and later).
const JOB_UID: &str = "batch.kubernetes.io/controller-uid";
/// Set by the Deployment controller on its ReplicaSets and their pods.
const TEMPLATE_HASH: &str = "pod-template-hash";
/// Set by the Deployment controller on its ReplicaSets.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// `metadata.uid`; empty where an object has none, which only an object that was never stored has.
pub(super) fn uid(meta: &ObjectMeta) -> &str {
    meta.uid.as_deref().unwrap_or_default()
}

pub(super) fn name(meta: &ObjectMeta) -> &str {
    meta.name.as_deref().unwrap_or_default()
}

fn controlled_by(meta: &ObjectMeta, owner: &str) -> bool {
    meta.owner_references
        .as_deref()
        .unwrap_or_default()
        .iter()
        .any(|reference| reference.controller == Some(true) && reference.uid == owner)
}

impl Snapshot {
    /// All ReplicaSets of a Deployment.
    pub(super) fn sets_of<'a>(
        &'a self,
        deployment: &'a Deployment,
    ) -> impl Iterator<Item = &'a ReplicaSet> {
        let owner = uid(&deployment.metadata);
        self.replica_sets
            .iter()
            .map(AsRef::as_ref)
            .filter(|set| controlled_by(&set.metadata, owner))
    }

    /// The ReplicaSet of the Deployment's present template, as the controller finds it: the
    /// templates are equal but for the hash. Not the highest revision number: that one is behind
    /// for a moment after each change.
    pub(super) fn current_set<'a>(&'a self, deployment: &'a Deployment) -> Option<&'a ReplicaSet> {
        let template = &deployment.spec.as_ref()?.template;
        self.sets_of(deployment)
            .filter(|set| {
                set.spec.as_ref().and_then(|s| s.template.as_ref()).is_some_and(|own| {
                    let mut own = own.clone();
                    if let Some(labels) = own.metadata.as_mut().and_then(|m| m.labels.as_mut()) {
                        labels.remove(TEMPLATE_HASH);
                    }
                    own == *template
                })
            })
            .max_by_key(|set| {
                set.metadata
                    .annotations
                    .as_ref()
                    .and_then(|a| a.get(REVISION))
                    .and_then(|revision| revision.parse::<u64>().ok())
            })
    }

    pub(super) fn pods_of_set<'a>(&'a self, set: &'a ReplicaSet) -> impl Iterator<Item = &'a Pod> {
        let owner = uid(&set.metadata);
        self.pods.iter().map(AsRef::as_ref).filter(|pod| controlled_by(&pod.metadata, owner))
    }

    pub(super) fn pods_of_job<'a>(&'a self, job: &'a Job) -> impl Iterator<Item = &'a Pod> {
        let owner = uid(&job.metadata);
        self.pods.iter().map(AsRef::as_ref).filter(move |pod| {
            pod.metadata.labels.as_ref().and_then(|l| l.get(JOB_UID)).is_some_and(|l| l == owner)
        })
    }

    /// The pods that the targets are judged by.
    pub(super) fn target_pods(&self) -> Vec<&Pod> {
        let deployed = self
            .deployments
            .iter()
            .filter_map(|deployment| self.current_set(deployment))
            .flat_map(|set| self.pods_of_set(set));
        deployed.chain(self.jobs.iter().flat_map(|job| self.pods_of_job(job))).collect()
    }

    /// The events of an object, less those from before the apply.
    pub(super) fn events_of<'a>(&'a self, uid: &'a str) -> impl Iterator<Item = &'a Event> {
        self.events.iter().map(AsRef::as_ref).filter(move |event| {
            event.involved_object.uid.as_deref() == Some(uid) && self.counts(event_time(event))
        })
    }

    /// The newest event of an object that `pick` accepts.
    pub(super) fn newest_event<'a>(
        &'a self,
        uid: &'a str,
        pick: impl Fn(&Event) -> bool,
    ) -> Option<&'a Event> {
        self.events_of(uid).filter(|event| pick(event)).max_by_key(|event| event_time(event))
    }

    /// Whether a time is not from before the apply. The API's times are whole seconds, rounded
    /// down; what has no time counts.
    pub(super) fn counts(&self, time: Option<Timestamp>) -> bool {
        match (self.since, time) {
            (Some(since), Some(time)) => {
                since.checked_sub(1.second()).is_ok_and(|since| time > since)
            }
            _ => true,
        }
    }
}

/// When an event last happened.
pub(super) fn event_time(event: &Event) -> Option<Timestamp> {
    [
        event.series.as_ref().and_then(|s| s.last_observed_time.as_ref()).map(|t| t.0),
        event.last_timestamp.as_ref().map(|t| t.0),
        event.event_time.as_ref().map(|t| t.0),
        event.first_timestamp.as_ref().map(|t| t.0),
        event.metadata.creation_timestamp.as_ref().map(|t| t.0),
    ]
    .into_iter()
    .flatten()
    .max()
}

/// Whether an event is about this container (`involvedObject.fieldPath`:
/// `spec.containers{gateway}`, `spec.initContainers{config-bootstrap}`).
pub(super) fn about_container(event: &Event, container: &str) -> bool {
    event.involved_object.field_path.as_deref().is_some_and(|path| {
        path.strip_suffix('}')
            .and_then(|path| path.rsplit_once('{'))
            .is_some_and(|(_, name)| name == container)
    })
}
