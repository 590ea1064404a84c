//! Workloads whose number of pods an autoscaler decides.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::managers::Managers;
use super::path::Path;
use manifest::{Kind, Object, ObjectRef};

/// Leaves `spec.replicas` of the targets of HorizontalPodAutoscalers to them. To be called on the
/// desired objects before the server is asked.
///
/// While nobody but us owns the field, the live number is written instead: to leave it out would
/// make the server fall back to one pod.
pub fn leave_replicas_to_autoscalers(
    desired: &mut [Object],
    targets: &BTreeSet<ObjectRef>,
    live: impl Fn(&ObjectRef) -> Option<Value>,
) {
    let replicas = Path::fields("spec.replicas");
    for object in desired
        .iter_mut()
        .filter(|o| o.reference.kind == Kind::Deployment && targets.contains(&o.reference))
    {
        let Some(live) = live(&object.reference) else { continue };
        let taken = Managers::of(&live).foreign().any(|manager| manager.fields.contains(&replicas));
        let current = live.pointer("/spec/replicas").cloned().unwrap_or_else(|| json!(1));
        let Some(spec) = object.manifest.get_mut("spec").and_then(Value::as_object_mut) else {
            continue;
        };
        if taken {
            spec.shift_remove("replicas");
        } else {
            spec.insert("replicas".to_owned(), current);
        }
    }
}
