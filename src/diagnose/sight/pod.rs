//! What is wrong with a pod as a whole; its containers follow in `container`.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod, PodCondition, Taint};

use super::{Context, Sighting, Target, container, pod_subject};
use crate::diagnose::chain::{event_time, name, uid};
use crate::diagnose::parse::{MountError, Scheduling};
use crate::diagnose::symptom::{Component, Symptom};

/// Everything of one pod. A pod that goes away has no symptom but that it does not go.
pub(super) fn read(
    context: &Context<'_>,
    target: &Target<'_>,
    pod: &Pod,
    found: &mut Vec<Sighting>,
) {
    let status = pod.status.as_ref();
    let phase = status.and_then(|s| s.phase.as_deref()).unwrap_or("Pending");
    if pod.metadata.deletion_timestamp.is_some() || phase == "Succeeded" {
        return;
    }
    if let Some(reason) = status.and_then(|s| s.reason.clone()).filter(|_| phase == "Failed") {
        found.extend(removed(context, target, pod, reason));
        return;
    }
    if pod.spec.as_ref().and_then(|s| s.node_name.as_ref()).is_none() {
        found.push(unscheduled(context, target, pod));
        return;
    }
    found.extend(node_lost(context, target, pod));
    let statuses = |list: Option<&Vec<ContainerStatus>>| list.cloned().unwrap_or_default();
    let init = statuses(status.and_then(|s| s.init_container_statuses.as_ref()));
    let main = statuses(status.and_then(|s| s.container_statuses.as_ref()));
    if init.is_empty() && main.is_empty() {
        let symptom = Symptom::NothingMoves { component: Component::Kubelet };
        let mut sighting = target
            .sighting(pod_subject(pod), symptom)
            .evidence(format!("{}: no container status", place(pod)));
        sighting.shows_after = context.grace.nothing_shows;
        found.push(sighting.fails(context.grace.nothing, true));
        return;
    }
    let before = found.len();
    for (status, is_init) in
        init.iter().map(|status| (status, true)).chain(main.iter().map(|status| (status, false)))
    {
        found.extend(container::read(context, target, pod, status, is_init));
    }
    if found.len() == before {
        found.extend(not_created(context, target, pod, init.iter().chain(&main)));
    }
}

/// A pod that should be gone. `metadata.deletionTimestamp` already has the pod's own grace in it.
pub(super) fn overdue(context: &Context<'_>, target: &Target<'_>, pod: &Pod) -> Option<Sighting> {
    let due = pod.metadata.deletion_timestamp.as_ref()?.0;
    if context.now.duration_since(due) < context.grace.terminating {
        return None;
    }
    let symptom = Symptom::StuckTerminating {
        finalizers: pod.metadata.finalizers.clone().unwrap_or_default(),
        node: pod.spec.as_ref().and_then(|s| s.node_name.clone()),
    };
    Some(
        target
            .sighting(pod_subject(pod), symptom)
            .evidence(format!("{}: metadata.deletionTimestamp = {due}", place(pod)))
            .began(Some(due)),
    )
}

/// `Evicted`, `NodeShutdown`, `Preempting`, `OutOfcpu`, `UnexpectedAdmissionError`, …
fn removed(
    context: &Context<'_>,
    target: &Target<'_>,
    pod: &Pod,
    reason: String,
) -> Option<Sighting> {
    let message = pod.status.as_ref().and_then(|s| s.message.clone()).unwrap_or_default();
    // The Job's own deadline; its condition says so.
    if reason == "DeadlineExceeded" {
        return None;
    }
    let last = target.job.is_some_and(|job| job.first_is_last);
    let sighting = target
        .sighting(pod_subject(pod), Symptom::PodRemoved { reason: reason.clone() })
        .evidence(format!("{}: status.reason = {reason}: {message}", place(pod)));
    if last {
        return Some(sighting.fails(SignedDuration::ZERO, true));
    }
    // A Deployment makes another one.
    context.snapshot.counts(created(pod)).then_some(sighting)
}

fn unscheduled(context: &Context<'_>, target: &Target<'_>, pod: &Pod) -> Sighting {
    let Some(condition) = condition(pod, "PodScheduled").filter(|c| c.status == "False") else {
        let symptom = Symptom::NothingMoves { component: Component::Scheduler };
        let mut sighting = target
            .sighting(pod_subject(pod), symptom)
            .evidence(format!("{}: no node, and no condition PodScheduled", place(pod)))
            .began(created(pod));
        sighting.shows_after = context.grace.nothing_shows;
        return sighting.fails(context.grace.nothing, true);
    };
    let message = condition.message.clone().unwrap_or_default();
    let mut scheduling = Scheduling::parse(&message);
    scheduling.name_taints(&untolerated(context, pod));
    let scaling_up = context
        .snapshot
        .newest_event(uid(&pod.metadata), |event| {
            // Cluster Autoscaler, Karpenter.
            matches!(event.reason.as_deref(), Some("TriggeredScaleUp" | "Nominated"))
        })
        .is_some();
    let grace = context.grace.schedule(&scheduling, scaling_up);
    target
        .sighting(pod_subject(pod), Symptom::Unschedulable { scheduling, scaling_up })
        .evidence(format!("{}: status.conditions[PodScheduled]: {message}", place(pod)))
        .began(condition.last_transition_time.as_ref().map(|t| t.0))
        .fails(grace, true)
}

/// The keys of the nodes' taints that keep this pod away.
fn untolerated<'a>(context: &Context<'a>, pod: &Pod) -> Vec<&'a str> {
    let tolerations = pod.spec.as_ref().and_then(|s| s.tolerations.as_deref()).unwrap_or_default();
    let tolerated = |taint: &Taint| {
        tolerations.iter().any(|t| {
            t.key.as_ref().is_none_or(|key| *key == taint.key)
                && t.effect.as_ref().is_none_or(|effect| *effect == taint.effect)
                && (t.operator.as_deref() == Some("Exists") || t.value == taint.value)
        })
    };
    let nodes = context.snapshot.nodes.as_deref().unwrap_or_default();
    nodes
        .iter()
        .filter_map(|node| node.spec.as_ref()?.taints.as_deref())
        .flatten()
        .filter(|taint| taint.effect != "PreferNoSchedule" && !tolerated(taint))
        .map(|taint| taint.key.as_str())
        .collect()
}

fn node_lost(context: &Context<'_>, target: &Target<'_>, pod: &Pod) -> Option<Sighting> {
    let node_name = pod.spec.as_ref()?.node_name.as_ref()?;
    let nodes = context.snapshot.nodes.as_ref()?;
    let node = nodes.iter().find(|node| name(&node.metadata) == node_name);
    let ready = node.and_then(|node| {
        let conditions = node.status.as_ref()?.conditions.as_deref()?;
        conditions.iter().find(|c| c.type_ == "Ready")
    });
    if ready.is_some_and(|c| c.status == "True") {
        return None;
    }
    let evidence = match (node, ready) {
        (None, _) => format!("node/{node_name} does not exist"),
        (Some(_), None) => format!("node/{node_name}: no condition Ready"),
        (Some(_), Some(c)) => format!(
            "node/{node_name}: status.conditions[Ready] = {}: {}",
            c.status,
            c.message.as_deref().unwrap_or_default()
        ),
    };
    Some(
        target
            .sighting(pod_subject(pod), Symptom::NodeLost { node: node_name.clone() })
            .evidence(evidence)
            .began(ready.and_then(|c| c.last_transition_time.as_ref()).map(|t| t.0))
            .fails(context.grace.node_lost, true),
    )
}

/// `ContainerCreating`, and an event that says why it stays so.
fn not_created<'a>(
    context: &Context<'_>,
    target: &Target<'_>,
    pod: &Pod,
    mut statuses: impl Iterator<Item = &'a ContainerStatus>,
) -> Option<Sighting> {
    let creating = statuses.all(|status| {
        status.state.as_ref().and_then(|s| s.waiting.as_ref()).is_some_and(|waiting| {
            matches!(waiting.reason.as_deref(), Some("ContainerCreating" | "PodInitializing"))
        })
    });
    if !creating {
        return None;
    }
    let uid = uid(&pod.metadata);
    let parsed = |event: &Event| {
        MountError::parse(event.reason.as_deref()?, event.message.as_deref().unwrap_or_default())
    };
    let event = context.snapshot.newest_event(uid, |event| parsed(event).is_some())?;
    // kubelet pulls once volumes and network are there: then that is over.
    let over = context.snapshot.newest_event(uid, |later| {
        matches!(later.reason.as_deref(), Some("Pulling" | "Pulled" | "Created" | "Started"))
            && event_time(later) >= event_time(event)
    });
    if over.is_some() {
        return None;
    }
    let error = parsed(event)?;
    let grace = context.grace.mount(&error);
    Some(
        target
            .sighting(pod_subject(pod), Symptom::Mount { error })
            .evidence(format!(
                "{}: event {}: {}",
                place(pod),
                event.reason.as_deref().unwrap_or_default(),
                event.message.as_deref().unwrap_or_default()
            ))
            .began(event.first_timestamp.as_ref().map(|t| t.0).or(event_time(event)))
            .fails(grace, true),
    )
}

/// `pod/NAME`, as evidence begins.
pub(super) fn place(pod: &Pod) -> String {
    format!("pod/{}", name(&pod.metadata))
}

pub(super) fn created(pod: &Pod) -> Option<Timestamp> {
    pod.metadata.creation_timestamp.as_ref().map(|t| t.0)
}

pub(super) fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<&'a PodCondition> {
    pod.status.as_ref()?.conditions.as_deref()?.iter().find(|c| c.type_ == kind)
}
