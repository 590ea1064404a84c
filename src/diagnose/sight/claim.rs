//! Claims that get no volume.

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::{Context, Sighting, Target};
use crate::diagnose::chain::{event_time, name, uid};
use crate::diagnose::finding::Subject;
use crate::diagnose::symptom::Symptom;
use manifest::{Kind, ObjectRef};

pub(super) fn read(
    context: &Context<'_>,
    claim: &PersistentVolumeClaim,
    found: &mut Vec<Sighting>,
) {
    let meta = &claim.metadata;
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    let object = ObjectRef::namespaced(Kind::PersistentVolumeClaim, namespace, name(meta));
    let target = Target { object: &object, revision: uid(meta), job: None };
    let phase = claim.status.as_ref().and_then(|s| s.phase.as_deref());
    match phase {
        Some("Bound") => {}
        Some("Lost") => found.push(
            target
                .sighting(Subject::default(), Symptom::ClaimLost)
                .evidence("status.phase = Lost".to_owned())
                .fails(SignedDuration::ZERO, true),
        ),
        // A claim that only waits for its pod has neither event.
        _ => {
            let event = context.snapshot.newest_event(uid(meta), |event| {
                matches!(event.reason.as_deref(), Some("ProvisioningFailed" | "FailedBinding"))
            });
            let Some(event) = event else { return };
            let message = event.message.clone().unwrap_or_default();
            let reason = event.reason.as_deref().unwrap_or_default();
            let grace = if reason == "FailedBinding" {
                context.grace.unschedulable
            } else {
                context.grace.claim
            };
            let symptom = Symptom::ClaimPending {
                provisioner: Some(message.clone()),
                class: claim.spec.as_ref().and_then(|s| s.storage_class_name.clone()),
            };
            found.push(
                target
                    .sighting(Subject::default(), symptom)
                    .evidence(format!("event {reason}: {message}"))
                    .began(event.first_timestamp.as_ref().map(|t| t.0).or(event_time(event)))
                    .fails(grace, true),
            );
        }
    }
}
