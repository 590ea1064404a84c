//! What comes before any rule of a kind.

use serde_json::{Value, json};

use super::typed;
use crate::health::{Expected, Reason, Verdict, deployment};

fn object(observed: Option<i64>) -> Value {
    json!({
        "metadata": {"uid": "d1", "generation": 2},
        "spec": {"replicas": 0, "selector": {}, "template": {}},
        "status": {"observedGeneration": observed,
            "conditions": [{"type": "Available", "status": "True"}]}
    })
}

fn verdict(value: Value, uid: &str, generation: i64) -> Verdict {
    let expected = Expected { uid: uid.into(), generation: Some(generation) };
    deployment(&typed(value), Some(&expected))
}

#[test]
fn observation_of_what_was_applied() {
    assert_eq!(verdict(object(Some(2)), "d1", 2), Verdict::Ready);
    // Somebody else changed it since: what is there now counts.
    assert_eq!(verdict(object(Some(2)), "d1", 1), Verdict::Ready);
}

#[test]
fn observation_of_another_object_is_stale() {
    assert_eq!(verdict(object(Some(2)), "d2", 1), Verdict::Progressing(Reason::AnotherObject));
}

#[test]
fn observation_of_an_older_generation_is_stale() {
    let reason = Reason::OldGeneration { generation: 2, expected: 3 };
    assert_eq!(verdict(object(Some(2)), "d1", 3), Verdict::Progressing(reason));
}

/// The status of the old rollout says "ready" until the controller has seen the new generation.
#[test]
fn status_of_an_older_generation_is_not_believed() {
    for (observed, words) in [
        (Some(1), "its controller is at generation 1 of 2"),
        (None, "its controller has not seen generation 2 yet"),
    ] {
        let verdict = verdict(object(observed), "d1", 2);
        assert_eq!(verdict, Verdict::Progressing(Reason::NotObserved { generation: 2, observed }));
        assert_eq!(verdict.to_string(), words);
    }
}

#[test]
fn a_deployment_without_a_status_is_not_observed() {
    let value = json!({"metadata": {}, "spec": {"selector": {}, "template": {}}});
    let verdict = deployment(&typed(value), None);
    assert!(matches!(verdict, Verdict::Progressing(Reason::NotObserved { .. })));
}

#[test]
fn what_is_being_deleted_is_never_ready() {
    let mut value = object(Some(2));
    value["metadata"]["deletionTimestamp"] = json!("2026-05-01T10:00:00Z");
    value["metadata"]["finalizers"] = json!(["foregroundDeletion"]);
    let verdict = verdict(value, "d1", 2);
    assert_eq!(verdict.to_string(), "is being deleted, held by foregroundDeletion");
    assert!(!verdict.is_ready());
}
