//! JSON patches (RFC 6902) that have to precede a server-side apply.

use serde::Serialize;
use serde_json::{Value, json};

use super::diff::LAST_APPLIED;
use super::managers::{FIELD_MANAGER, Manager, Managers, has_last_applied, needs_takeover};
use manifest::Kind;

/// A JSON patch, guarded by the resource version that it was computed from: where the object has
/// changed since, the server answers 409 and it is computed anew.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct JsonPatch(pub Vec<Value>);

impl JsonPatch {
    /// `replace`, not `test`: a failed test is a 422, a stale version a 409.
    fn guarded(mut operations: Vec<Value>, live: &Value) -> Self {
        if let Some(version) = live.pointer("/metadata/resourceVersion") {
            operations.push(
                json!({"op": "replace", "path": "/metadata/resourceVersion", "value": version}),
            );
        }
        Self(operations)
    }
}

/// Hands the fields of those who wrote the object before us (client-side `kubectl apply`,
/// `kubectl create`) to our manager and drops the last-applied annotation, as client-go's
/// `csaupgrade` does. Without it a field that we no longer set would stay for ever, owned by a
/// manager that never writes again. `None` where there is nothing to hand over.
#[must_use]
pub fn takeover_patch(live: &Value) -> Option<JsonPatch> {
    if !needs_takeover(live) {
        return None;
    }
    let managers = Managers::of(live);
    let predecessors: Vec<&Manager> = managers.predecessors().collect();
    let mut operations = Vec::new();
    if has_last_applied(live) {
        let key = LAST_APPLIED.replace('~', "~0").replace('/', "~1");
        operations.push(json!({"op": "remove", "path": format!("/metadata/annotations/{key}")}));
    }
    if !predecessors.is_empty() {
        let value = handed_over(live, &predecessors);
        operations
            .push(json!({"op": "replace", "path": "/metadata/managedFields", "value": value}));
    }
    Some(JsonPatch::guarded(operations, live))
}

/// The entries of `managedFields` with those of the predecessors merged into ours.
fn handed_over(live: &Value, predecessors: &[&Manager]) -> Vec<Value> {
    let entries = live
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let read: Vec<Option<Manager>> = entries.iter().map(Manager::read).collect();
    let goes =
        |manager: &Option<Manager>| manager.as_ref().is_some_and(|m| predecessors.contains(&m));
    // Where we have no entry yet, the newest of theirs becomes ours: it names its fields in the
    // version that the object was last written in.
    let target = read
        .iter()
        .position(|manager| manager.as_ref().is_some_and(Manager::is_ours))
        .or_else(|| {
            (0..entries.len())
                .filter(|at| goes(&read[*at]))
                .max_by_key(|at| entries[*at].get("time").and_then(Value::as_str))
        });
    let mut kept = Vec::new();
    for (at, (entry, manager)) in entries.iter().zip(&read).enumerate() {
        if Some(at) != target {
            if !goes(manager) {
                kept.push(entry.clone());
            }
            continue;
        }
        let Some(ours) = manager else { continue };
        let mut fields = ours.fields.clone();
        for other in predecessors.iter().filter(|p| p.api_version == ours.api_version) {
            fields = fields.union(&other.fields);
        }
        let mut annotation = super::Path::fields("metadata.annotations");
        annotation.0.push(super::Segment::Field(LAST_APPLIED.to_owned()));
        fields.remove(&annotation);
        let mut entry = entry.clone();
        entry["manager"] = json!(FIELD_MANAGER);
        entry["operation"] = json!("Apply");
        entry["fieldsV1"] = fields.to_json();
        kept.push(entry);
    }
    kept
}

/// Turns a live `RollingUpdate` into the desired `Recreate`. A server-side apply cannot: the live
/// object's defaulted `rollingUpdate` stays, which validation refuses beside `Recreate`, even with
/// force and with an explicit null. `None` where it is not needed.
#[must_use]
pub fn strategy_patch(kind: Kind, live: &Value, desired: &Value) -> Option<JsonPatch> {
    if kind != Kind::Deployment {
        return None;
    }
    let of = |object: &'_ Value| {
        object.pointer("/spec/strategy/type").and_then(Value::as_str).map(str::to_owned)
    };
    let rolls = of(live).as_deref() != Some("Recreate")
        || live.pointer("/spec/strategy/rollingUpdate").is_some_and(|v| !v.is_null());
    (of(desired).as_deref() == Some("Recreate") && rolls).then(|| {
        let operation =
            json!({"op": "replace", "path": "/spec/strategy", "value": {"type": "Recreate"}});
        JsonPatch::guarded(vec![operation], live)
    })
}
