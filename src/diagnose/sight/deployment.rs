//! Deployment → ReplicaSet of its present template → pods.

use k8s_openapi::api::apps::v1::Deployment;

use super::{Context, Sighting, Target, pod};
use crate::diagnose::chain::{event_time, name, uid};
use crate::diagnose::finding::Subject;
use crate::diagnose::parse::CreateError;
use crate::diagnose::symptom::{Component, Symptom};
use crate::health::{self, Verdict};
use manifest::{Kind, ObjectRef};

pub(super) fn read(context: &Context<'_>, deployment: &Deployment, found: &mut Vec<Sighting>) {
    let meta = &deployment.metadata;
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    let object = ObjectRef::namespaced(Kind::Deployment, namespace, name(meta));
    let plain = Target { object: &object, revision: uid(meta), job: None };
    let verdict = health::deployment(deployment, None);
    // What has recovered is no symptom any more.
    if matches!(verdict, Verdict::Ready | Verdict::Terminating { .. }) {
        return;
    }
    let spec = deployment.spec.as_ref();
    if spec.and_then(|s| s.paused) == Some(true) {
        found.push(
            plain
                .sighting(Subject::default(), Symptom::Paused)
                .evidence("spec.paused = true".to_owned())
                .fails(jiff::SignedDuration::ZERO, true),
        );
        return;
    }
    let observed = deployment.status.as_ref().and_then(|s| s.observed_generation);
    let generation = meta.generation.unwrap_or_default();
    if observed.is_none_or(|observed| observed < generation) {
        found.push(nothing_moves(
            context,
            &plain,
            format!(
                "metadata.generation = {generation}, status.observedGeneration = {}",
                observed.map_or_else(|| "absent".to_owned(), |o| o.to_string())
            ),
        ));
        return;
    }
    let before = found.len();
    overdue_pods(context, deployment, &plain, found);
    let Some(set) = context.snapshot.current_set(deployment) else {
        // Under Recreate the new ReplicaSet comes when the last old pod is gone.
        let old_pods = context
            .snapshot
            .sets_of(deployment)
            .any(|set| context.snapshot.pods_of_set(set).next().is_some());
        if !old_pods {
            let line = "it has no ReplicaSet for its present template".to_owned();
            found.push(nothing_moves(context, &plain, line));
        }
        return;
    };
    if set.spec.as_ref().and_then(|s| s.replicas) == Some(0) {
        return;
    }
    let target = Target { object: &object, revision: uid(&set.metadata), job: None };
    let refused = set
        .status
        .as_ref()
        .and_then(|s| s.conditions.as_deref())
        .unwrap_or_default()
        .iter()
        .find(|c| c.type_ == "ReplicaFailure" && c.status == "True");
    if let Some(condition) = refused {
        let message = condition.message.clone().unwrap_or_default();
        let error = CreateError::parse(&message);
        let made = set.metadata.creation_timestamp.as_ref().map(|t| t.0);
        // A ReplicaSet waits ever longer between its tries, and nobody wakes it when a quota grows.
        let fresh = context.snapshot.counts(made)
            || context
                .snapshot
                .newest_event(uid(&set.metadata), |e| e.reason.as_deref() == Some("FailedCreate"))
                .is_some_and(|event| context.snapshot.counts(event_time(event)));
        let grace = context.grace.create(&error);
        found.push(
            target
                .sighting(Subject::default(), Symptom::CreateRefused { error })
                .evidence(format!(
                    "replicaset/{}: status.conditions[ReplicaFailure]: {message}",
                    name(&set.metadata)
                ))
                .began(condition.last_transition_time.as_ref().map(|t| t.0))
                .fails(grace, fresh),
        );
    }
    for pod in context.snapshot.pods_of_set(set) {
        pod::read(context, &target, pod, found);
    }
    if found.len() == before {
        deadline(context, deployment, &target, found);
    }
}

/// Old pods that are overdue hold up a `Recreate`.
fn overdue_pods(
    context: &Context<'_>,
    deployment: &Deployment,
    target: &Target<'_>,
    found: &mut Vec<Sighting>,
) {
    for set in context.snapshot.sets_of(deployment) {
        for pod in context.snapshot.pods_of_set(set) {
            found.extend(pod::overdue(context, target, pod));
        }
    }
}

fn nothing_moves(context: &Context<'_>, target: &Target<'_>, evidence: String) -> Sighting {
    let symptom = Symptom::NothingMoves { component: Component::ControllerManager };
    let mut sighting = target.sighting(Subject::default(), symptom).evidence(evidence);
    sighting.shows_after = context.grace.nothing_shows;
    sighting.fails(context.grace.nothing, true)
}

/// Only where nothing explains it better, and only if it is not an old condition. Never the end:
/// a late rollout still gets there.
fn deadline(
    context: &Context<'_>,
    deployment: &Deployment,
    target: &Target<'_>,
    found: &mut Vec<Sighting>,
) {
    let condition = deployment
        .status
        .as_ref()
        .and_then(|s| s.conditions.as_deref())
        .unwrap_or_default()
        .iter()
        .find(|c| {
            c.type_ == "Progressing"
                && c.status == "False"
                && c.reason.as_deref() == Some("ProgressDeadlineExceeded")
        });
    if let Some(condition) = condition {
        let time = condition.last_update_time.as_ref().map(|t| t.0);
        if context.snapshot.counts(time) {
            found.push(
                target
                    .sighting(Subject::default(), Symptom::DeadlineExceeded)
                    .evidence("status.conditions[Progressing]: ProgressDeadlineExceeded".to_owned())
                    .began(time),
            );
        }
    }
}
