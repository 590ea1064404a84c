//! Deployment, StatefulSet, DaemonSet. `status.observedGeneration` has been checked before.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};

use super::{Reason, Replicas, Verdict};

/// Ready: updated = total = ready = available = desired, and `Available=True`.
pub(super) fn deployment(deployment: &Deployment) -> Verdict {
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

/// Ready: ready = desired; updated ≥ desired − partition; without a partition one revision.
pub(super) fn stateful_set(set: &StatefulSet) -> Verdict {
    let spec = set.spec.as_ref();
    let status = set.status.as_ref();
    let strategy = spec.and_then(|s| s.update_strategy.as_ref());
    let partition = strategy
        .and_then(|s| s.rolling_update.as_ref())
        .and_then(|r| r.partition)
        .unwrap_or_default();
    let desired = spec.and_then(|s| s.replicas).unwrap_or(1);
    let replicas = Replicas {
        desired,
        total: status.map_or(0, |s| s.replicas),
        updated: status.and_then(|s| s.updated_replicas).unwrap_or_default(),
        ready: status.and_then(|s| s.ready_replicas).unwrap_or_default(),
        available: status.and_then(|s| s.available_replicas).unwrap_or_default(),
        deadline_exceeded: false,
    };
    if replicas.ready != desired {
        return Verdict::Progressing(Reason::Replicas(replicas));
    }
    if strategy.and_then(|s| s.type_.as_deref()) == Some("OnDelete") {
        let outdated = desired - replicas.updated;
        return if outdated > 0 {
            Verdict::Warning(Reason::OnDelete { outdated })
        } else {
            Verdict::Ready
        };
    }
    let one_revision = status.is_some_and(|s| s.current_revision == s.update_revision);
    if replicas.updated < desired - partition || (partition == 0 && !one_revision) {
        return Verdict::Progressing(Reason::Replicas(replicas));
    }
    Verdict::Ready
}

/// Ready: updated = available = desired.
pub(super) fn daemon_set(set: &DaemonSet) -> Verdict {
    let Some(status) = set.status.as_ref() else {
        return Verdict::Progressing(Reason::NotObserved {
            generation: set.metadata.generation.unwrap_or_default(),
            observed: None,
        });
    };
    let replicas = Replicas {
        desired: status.desired_number_scheduled,
        total: status.current_number_scheduled,
        updated: status.updated_number_scheduled.unwrap_or_default(),
        ready: status.number_ready,
        available: status.number_available.unwrap_or_default(),
        deadline_exceeded: false,
    };
    if replicas.desired == 0 {
        return Verdict::Warning(Reason::NoNodes);
    }
    let on_delete = set
        .spec
        .as_ref()
        .and_then(|s| s.update_strategy.as_ref())
        .is_some_and(|s| s.type_.as_deref() == Some("OnDelete"));
    let outdated = replicas.desired - replicas.updated;
    if replicas.available != replicas.desired || (outdated != 0 && !on_delete) {
        Verdict::Progressing(Reason::Replicas(replicas))
    } else if outdated != 0 {
        Verdict::Warning(Reason::OnDelete { outdated })
    } else {
        Verdict::Ready
    }
}
