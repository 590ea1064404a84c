//! Pod: a Job's pod is to succeed, any other is to serve.

use k8s_openapi::api::core::v1::Pod;

use super::{Reason, Verdict};

pub(super) fn assess(pod: &Pod) -> Verdict {
    let status = pod.status.as_ref();
    let phase = status.and_then(|s| s.phase.as_deref()).unwrap_or("Pending");
    let of_job = pod
        .metadata
        .owner_references
        .as_deref()
        .unwrap_or_default()
        .iter()
        .any(|owner| owner.controller == Some(true) && owner.kind == "Job");
    let ready = status
        .and_then(|s| s.conditions.as_deref())
        .unwrap_or_default()
        .iter()
        .any(|c| c.type_ == "Ready" && c.status == "True");
    match phase {
        "Failed" => Verdict::Failed(Reason::PodFailed {
            reason: status.and_then(|s| s.reason.clone()).unwrap_or_default(),
            message: status.and_then(|s| s.message.clone()).unwrap_or_default(),
        }),
        "Succeeded" if of_job => Verdict::Ready,
        "Succeeded" => Verdict::Failed(Reason::PodEnded),
        _ if ready && !of_job => Verdict::Ready,
        _ => {
            let containers =
                status.and_then(|s| s.container_statuses.as_deref()).unwrap_or_default();
            Verdict::Progressing(Reason::PodNotReady {
                phase: phase.to_owned(),
                ready: containers.iter().filter(|c| c.ready).count(),
                containers: pod.spec.as_ref().map_or(0, |s| s.containers.len()),
            })
        }
    }
}
