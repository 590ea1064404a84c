//! Deployment: the counts of its rollout, once its controller has seen the newest generation.

use k8s_openapi::api::apps::v1::Deployment;

use super::{Expected, Reason, Replicas, Verdict, gate};

/// The verdict on a Deployment (`docs/health.md`). It is ready when updated = total = ready = available = desired, and
/// `Available=True`.
///
/// `expected` is what the response to our write said; an observation of another object or of an older generation
/// says nothing yet.
#[must_use]
pub fn deployment(deployment: &Deployment, expected: Option<&Expected>) -> Verdict {
    if let Some(verdict) = gate::check(&deployment.metadata, expected) {
        return verdict;
    }
    let generation = deployment.metadata.generation.unwrap_or_default();
    let observed = deployment.status.as_ref().and_then(|s| s.observed_generation);
    // Also without a generation: a workload whose status is empty has not been seen.
    if observed.is_none_or(|observed| observed < generation) {
        return Verdict::Progressing(Reason::NotObserved { generation, observed });
    }
    let spec = deployment.spec.as_ref();
    if spec.and_then(|s| s.paused) == Some(true) {
        return Verdict::Failed(Reason::Paused);
    }
    let status = deployment.status.as_ref();
    let condition = |kind: &str| {
        status
            .and_then(|s| s.conditions.as_deref())
            .unwrap_or_default()
            .iter()
            .find(|c| c.type_ == kind)
    };
    let count = |n: Option<i32>| n.unwrap_or_default();
    let replicas = Replicas {
        desired: spec.and_then(|s| s.replicas).unwrap_or(1),
        total: count(status.and_then(|s| s.replicas)),
        updated: count(status.and_then(|s| s.updated_replicas)),
        ready: count(status.and_then(|s| s.ready_replicas)),
        available: count(status.and_then(|s| s.available_replicas)),
        deadline_exceeded: condition("Progressing").is_some_and(|c| {
            c.status == "False" && c.reason.as_deref() == Some("ProgressDeadlineExceeded")
        }),
    };
    let Replicas { desired, total, updated, ready, available, .. } = replicas;
    if [total, updated, ready, available].iter().any(|&n| n != desired) {
        Verdict::Progressing(Reason::Replicas(replicas))
    } else if condition("Available").is_none_or(|c| c.status != "True") {
        Verdict::Progressing(Reason::NotAvailable)
    } else {
        Verdict::Ready
    }
}
