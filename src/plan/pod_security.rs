//! Namespaces whose Pod Security an administrator has made stricter.

use serde_json::{Value, json};

use manifest::{Kind, Object, ObjectRef};

/// The levels of Pod Security admission (KEP-2579), the laxest first.
const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];

/// Keeps every Pod Security label of a live namespace that is stricter than the desired one: an
/// installer must not lower a guard that somebody has raised.
pub fn keep_stricter_pod_security(
    desired: &mut [Object],
    live: impl Fn(&ObjectRef) -> Option<Value>,
) {
    for object in desired.iter_mut().filter(|object| object.reference.kind == Kind::Namespace) {
        let Some(live) = live(&object.reference) else { continue };
        let Some(labels) = object.manifest["metadata"]["labels"].as_object_mut() else { continue };
        for mode in ["enforce", "audit", "warn"] {
            let key = format!("pod-security.kubernetes.io/{mode}");
            let found = &live["metadata"]["labels"][&key];
            let ours = labels.get(&key).map_or(0, rank);
            if rank(found) > ours && labels.contains_key(&key) {
                labels.insert(key, json!(found));
            }
        }
    }
}

fn rank(level: &Value) -> usize {
    LEVELS.iter().position(|known| level == known).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::keep_stricter_pod_security;
    use manifest::Object;

    fn after(desired: &str, live: &str) -> Value {
        let namespace = |level: &str| {
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "hive-agents",
                "labels": {"pod-security.kubernetes.io/enforce": level}}})
        };
        let mut objects = [Object::from_manifest(namespace(desired)).unwrap()];
        keep_stricter_pod_security(&mut objects, |_| Some(namespace(live)));
        objects[0].manifest["metadata"]["labels"]["pod-security.kubernetes.io/enforce"].clone()
    }

    #[test]
    fn a_stricter_level_stays_and_a_laxer_one_is_raised() {
        assert_eq!(after("baseline", "restricted"), "restricted");
        assert_eq!(after("restricted", "baseline"), "restricted");
        assert_eq!(after("baseline", "privileged"), "baseline");
        assert_eq!(after("baseline", "nonsense"), "baseline");
    }
}
