//! Job → its pods. The first failed pod is the verdict where the Job makes no second one.

use jiff::SignedDuration;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;

use super::{Context, JobRules, Sighting, Target, pod};
use crate::diagnose::chain::{event_time, name, uid};
use crate::diagnose::finding::Subject;
use crate::diagnose::parse::CreateError;
use crate::diagnose::symptom::{Component, Symptom};
use manifest::{Kind, ObjectRef};

pub(super) fn read(context: &Context<'_>, job: &Job, found: &mut Vec<Sighting>) {
    let meta = &job.metadata;
    if meta.deletion_timestamp.is_some() {
        return;
    }
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    let object = ObjectRef::namespaced(Kind::Job, namespace, name(meta));
    let status = job.status.as_ref();
    let conditions = status.and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    let condition = |kind: &str| conditions.iter().find(|c| c.type_ == kind && c.status == "True");
    if condition("Complete").or_else(|| condition("SuccessCriteriaMet")).is_some() {
        return;
    }
    let failed = condition("Failed").or_else(|| condition("FailureTarget"));
    let reason = failed.and_then(|c| c.reason.clone()).unwrap_or_default();
    let spec = job.spec.as_ref();
    let alone = spec.and_then(|s| s.backoff_limit) == Some(0)
        && spec.is_some_and(|s| s.pod_failure_policy.is_none());
    let rules = JobRules {
        first_is_last: alone || failed.is_some(),
        stopped: reason == "DeadlineExceeded",
    };
    let target = Target { object: &object, revision: uid(meta), job: Some(rules) };

    if spec.and_then(|s| s.suspend) == Some(true) {
        found.push(
            target
                .sighting(Subject::default(), Symptom::JobSuspended)
                .evidence("spec.suspend = true".to_owned())
                .fails(SignedDuration::ZERO, true),
        );
        return;
    }
    let mut pods: Vec<&Pod> = context.snapshot.pods_of_job(job).collect();
    pods.sort_by_key(|pod| pod.metadata.creation_timestamp.as_ref().map(|t| t.0));
    for pod in &pods {
        let before = found.len();
        pod::read(context, &target, pod, found);
        if found.len() > before {
            break; // the first one that fails tells why
        }
    }
    if let Some(failed) = failed {
        let message = failed.message.clone().unwrap_or_default();
        found.push(
            target
                .sighting(Subject::default(), Symptom::JobFailed { reason: reason.clone() })
                .evidence(format!("status.conditions[{}]: {reason}: {message}", failed.type_))
                .began(failed.last_transition_time.as_ref().map(|t| t.0))
                .fails(SignedDuration::ZERO, true),
        );
    } else if pods.is_empty() {
        no_pods(context, job, &target, found);
    }
}

fn no_pods(context: &Context<'_>, job: &Job, target: &Target<'_>, found: &mut Vec<Sighting>) {
    let uid = uid(&job.metadata);
    let refused =
        context.snapshot.newest_event(uid, |e| e.reason.as_deref() == Some("FailedCreate"));
    if let Some(event) = refused {
        let message = event.message.clone().unwrap_or_default();
        let error = CreateError::parse(&message);
        let grace = context.grace.create(&error);
        found.push(
            target
                .sighting(Subject::default(), Symptom::CreateRefused { error })
                .evidence(format!("event FailedCreate: {message}"))
                .began(event.first_timestamp.as_ref().map(|t| t.0).or(event_time(event)))
                .fails(grace, true),
        );
    } else if job.status.as_ref().is_none_or(|s| s.start_time.is_none()) {
        let symptom = Symptom::NothingMoves { component: Component::ControllerManager };
        let mut sighting = target
            .sighting(Subject::default(), symptom)
            .evidence("status.startTime is absent".to_owned());
        sighting.shows_after = context.grace.nothing_shows;
        found.push(sighting.fails(context.grace.nothing, true));
    }
}
