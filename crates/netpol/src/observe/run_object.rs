//! The objects that a run creates, and how they are told from everybody else's.
//!
//! In each namespace that it uses, a run creates one ConfigMap. It is the controller of everything
//! else that the run creates there, so that deleting it deletes the rest. Its annotation says until
//! when the run needs it; a run that is alive keeps moving that into the future.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::input::Member;
use crate::labels::{Label, Labels};

/// The label of everything that a run creates; its value is the run's id.
pub const RUN: &str = "openhive.io/probe-run";
/// What a probe pod is for: a party of the matrix, or part of the proof.
pub const ROLE: &str = "openhive.io/probe-role";
/// Until when an object is needed; RFC 3339, by the API server's clock.
pub const EXPIRES: &str = "openhive.io/expires";
/// The namespace that an administrator prepares for probe pods. No policy of the platform is in it.
pub const PROBE_NAMESPACE: &str = "openhive-probes";
/// The label and the value by which a namespace admits only pods that can do no harm to their node.
pub const POD_SECURITY: (&str, &str) = ("pod-security.kubernetes.io/enforce", "restricted");

const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kubectl-openhive");
/// Hexadecimal digits of a run's id.
const ID_DIGITS: usize = 8;

/// The name of a run's ConfigMaps and of its NetworkPolicy, and the beginning of its pods' names.
#[must_use]
pub fn name(run: &str) -> String {
    format!("openhive-probe-{run}")
}

/// The metadata of a run's ConfigMap.
#[must_use]
pub fn metadata(run: &str, expires: &str) -> Value {
    json!({
        "name": name(run),
        "labels": {RUN: run, MANAGED_BY.0: MANAGED_BY.1},
        "annotations": {EXPIRES: expires},
    })
}

/// The reference by which a run's ConfigMap owns an object beside it.
#[must_use]
pub fn owner_reference(run: &str, uid: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "name": name(run), "uid": uid,
        "controller": true, "blockOwnerDeletion": false,
    })
}

/// The run that an object is the ConfigMap or the NetworkPolicy of, by its exact name, its label, and
/// who manages it. A label alone, which anybody can set, says nothing.
#[must_use]
pub fn run_of(object: &Value) -> Option<&str> {
    let metadata = &object["metadata"];
    let run = metadata["labels"][RUN].as_str().filter(|run| is_id(run))?;
    let is = metadata["name"] == name(run) && metadata["labels"][MANAGED_BY.0] == MANAGED_BY.1;
    is.then_some(run)
}

/// Until when an object is needed, where it says so.
#[must_use]
pub fn expires(object: &Value) -> Option<Timestamp> {
    object["metadata"]["annotations"][EXPIRES].as_str()?.parse().ok()
}

/// Whether an object is a ConfigMap of a run that nobody needs any more at this time, by the API
/// server's clock.
#[must_use]
pub fn is_abandoned(object: &Value, now: Timestamp) -> bool {
    run_of(object).is_some() && expires(object).is_some_and(|expires| expires < now)
}

/// Whether the object with this uid controls another, so that the API server deletes them together.
#[must_use]
pub fn is_owned(object: &Value, uid: &str) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners.is_some_and(|owners| owners.iter().any(|o| o["uid"] == uid && o["controller"] == true))
}

/// Whether a pod is one that some run created to send packets, which is none of the platform's.
#[must_use]
pub fn is_probe_pod(member: &Member) -> bool {
    let Label::Is(run) = member.pod.labels.get(RUN) else { return false };
    let owner = member.owner.as_ref();
    let name = name(run);
    is_id(run)
        && member.is_pod
        && !member.pod.host_network
        && member.pod.name.starts_with(&format!("{name}-"))
        && owner.is_some_and(|owner| owner.kind == "ConfigMap" && owner.name == name)
}

/// Whether a namespace with these labels admits only pods of the Pod Security level `restricted`.
#[must_use]
pub fn is_prepared(namespace: &Labels) -> bool {
    namespace.get(POD_SECURITY.0) == Label::Is(POD_SECURITY.1)
}

fn is_id(run: &str) -> bool {
    run.len() == ID_DIGITS && run.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use serde_json::{Value, json};

    use super::{EXPIRES, RUN, is_abandoned, is_owned, metadata, owner_reference, run_of};

    const BEFORE: &str = "2025-01-02T03:04:05Z";

    fn now() -> Timestamp {
        BEFORE.parse::<Timestamp>().expect("a time") + SignedDuration::from_secs(1)
    }

    fn configmap() -> Value {
        json!({"metadata": metadata("0a1b2c3d", BEFORE)})
    }

    #[test]
    fn what_a_run_leaves_is_its_own() {
        assert_eq!(run_of(&configmap()), Some("0a1b2c3d"));
        assert!(is_abandoned(&configmap(), now()));
    }

    /// Each of these is somebody else's object, or one that is still needed.
    #[test]
    fn what_lacks_one_mark_is_never_deleted() {
        let changes: [(&str, Value); 9] = [
            ("/metadata/name", json!("settings")),
            ("/metadata/name", json!("openhive-probe-0a1b2c3d-agent-0")),
            ("/metadata/labels/openhive.io~1probe-run", json!("x")),
            ("/metadata/labels/openhive.io~1probe-run", json!("11111111")),
            ("/metadata/labels/app.kubernetes.io~1managed-by", json!("Helm")),
            ("/metadata/labels/app.kubernetes.io~1managed-by", json!(null)),
            ("/metadata/annotations/openhive.io~1expires", json!(null)),
            ("/metadata/annotations/openhive.io~1expires", json!("yesterday")),
            ("/metadata/annotations/openhive.io~1expires", json!(now().to_string())),
        ];
        for (path, value) in changes {
            let mut object = configmap();
            *object.pointer_mut(path).expect("a field") = value.clone();
            assert!(!is_abandoned(&object, now()), "{path}: {value}");
        }
        let alone = json!({"metadata": {"name": "openhive-probe-0a1b2c3d",
            "labels": {RUN: "0a1b2c3d"}, "annotations": {EXPIRES: BEFORE}}});
        assert!(!is_abandoned(&alone, now()), "not managed by us");
    }

    #[test]
    fn an_object_is_owned_by_the_uid_and_not_by_the_name() {
        let pod = json!({"metadata": {"ownerReferences": [owner_reference("0a1b2c3d", "u1")]}});
        assert!(is_owned(&pod, "u1"));
        assert!(!is_owned(&pod, "u2"));
        assert!(!is_owned(&json!({"metadata": {}}), "u1"));
    }
}
