//! What runs, since when, and what is wrong with it: the rows of `status`.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::chain::name;
use super::{Finding, Snapshot};
use crate::health::{self, Verdict};
use manifest::{Kind, ObjectRef};

/// A workload in one line.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComponentStatus {
    /// `app.kubernetes.io/component`, else the object's name.
    pub component: String,
    /// The object.
    pub object: ObjectRef,
    /// The image of its first container, as the template names it.
    pub image: String,
    /// Pods that are ready, old ones too while they still serve.
    pub ready: i32,
    /// Pods that should be.
    pub desired: i32,
    /// Since when the present revision's oldest pod exists, in seconds; `None` without a pod.
    pub age_seconds: Option<i64>,
    /// Restarts of the containers of the present revision's pods.
    pub restarts: i32,
    /// Whether it is healthy.
    pub verdict: Verdict,
    /// The first thing that is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_finding: Option<Finding>,
}

/// A Job in one line.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobStatus {
    /// The object.
    pub object: ObjectRef,
    /// The image of its first container.
    pub image: String,
    /// `status.startTime`.
    pub started: Option<Timestamp>,
    /// When it completed or failed.
    pub finished: Option<Timestamp>,
    /// Whether it succeeded.
    pub verdict: Verdict,
    /// The first thing that is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_finding: Option<Finding>,
}

/// The line of a Deployment. `findings` are a diagnosis of the same snapshot; `now` is the API
/// server's time.
#[must_use]
pub fn component_status(
    deployment: &Deployment,
    snapshot: &Snapshot,
    findings: &[Finding],
    now: Timestamp,
) -> ComponentStatus {
    let meta = &deployment.metadata;
    let object = reference(Kind::Deployment, meta);
    let spec = deployment.spec.as_ref();
    let pods: Vec<&Pod> = snapshot
        .current_set(deployment)
        .map(|set| snapshot.pods_of_set(set).collect())
        .unwrap_or_default();
    let label = |key: &str| meta.labels.as_ref().and_then(|labels| labels.get(key)).cloned();
    ComponentStatus {
        component: label("app.kubernetes.io/component").unwrap_or_else(|| object.name.clone()),
        image: spec
            .and_then(|s| s.template.spec.as_ref())
            .and_then(|s| s.containers.first())
            .and_then(|c| c.image.clone())
            .unwrap_or_default(),
        ready: deployment.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or_default(),
        desired: spec.and_then(|s| s.replicas).unwrap_or(1),
        age_seconds: pods
            .iter()
            .filter_map(|pod| pod.metadata.creation_timestamp.as_ref())
            .map(|created| now.duration_since(created.0).as_secs().max(0))
            .max(),
        restarts: pods
            .iter()
            .filter_map(|pod| pod.status.as_ref()?.container_statuses.as_deref())
            .flatten()
            .map(|container| container.restart_count)
            .sum(),
        verdict: health::deployment(deployment, None),
        first_finding: first(&object, findings),
        object,
    }
}

/// The line of a Job. `findings` are a diagnosis of a snapshot with it.
#[must_use]
pub fn job_status(job: &Job, findings: &[Finding]) -> JobStatus {
    let object = reference(Kind::Job, &job.metadata);
    let status = job.status.as_ref();
    let failed = status.and_then(|s| s.conditions.as_deref()).and_then(|conditions| {
        let failed = conditions.iter().find(|c| c.type_ == "Failed" && c.status == "True")?;
        failed.last_transition_time.clone()
    });
    JobStatus {
        image: job
            .spec
            .as_ref()
            .and_then(|s| s.template.spec.as_ref())
            .and_then(|s| s.containers.first())
            .and_then(|c| c.image.clone())
            .unwrap_or_default(),
        started: status.and_then(|s| s.start_time.as_ref()).map(|t| t.0),
        finished: status.and_then(|s| s.completion_time.clone()).or(failed).map(|t| t.0),
        verdict: health::job(job, None),
        first_finding: first(&object, findings),
        object,
    }
}

fn reference(kind: Kind, meta: &ObjectMeta) -> ObjectRef {
    ObjectRef::namespaced(kind, meta.namespace.as_deref().unwrap_or_default(), name(meta))
}

fn first(object: &ObjectRef, findings: &[Finding]) -> Option<Finding> {
    findings.iter().find(|finding| finding.object == *object).cloned()
}
