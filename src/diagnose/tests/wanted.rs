//! Which logs are asked for.

use serde_json::{Value, json};

use super::*;
use crate::diagnose::log_requests;

fn asked(status: Value) -> Option<bool> {
    let requests = log_requests(&snapshot(vec![pod(status)]));
    requests.first().map(|request| {
        assert_eq!((request.pod_uid.as_str(), request.container.as_str()), ("p1", "gateway"));
        request.previous
    })
}

#[test]
fn of_the_run_that_ended() {
    let ended = json!({"terminated": {"exitCode": 1}});
    assert_eq!(asked(json!({"state": ended})), Some(false));
    let waits = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    assert_eq!(asked(json!({"state": waits, "lastState": ended})), Some(true));
    assert_eq!(asked(json!({"state": {"running": {}}, "lastState": ended})), Some(true));
}

#[test]
fn not_of_a_container_that_never_ran_or_is_fine() {
    assert_eq!(asked(json!({"state": {"waiting": {"reason": "ErrImagePull"}}})), None);
    assert_eq!(asked(json!({"state": {"running": {}}})), None);
    let ended = json!({"terminated": {"exitCode": 1}});
    assert_eq!(asked(json!({"ready": true, "state": {"running": {}}, "lastState": ended})), None);
    assert_eq!(asked(json!({"state": {"terminated": {"exitCode": 0}}})), None);
}

#[test]
fn not_of_old_revisions() {
    let mut old = pod(json!({"state": {"terminated": {"exitCode": 1}}}));
    old["metadata"]["ownerReferences"] = owned("ReplicaSet", "rs1");
    assert_eq!(log_requests(&snapshot(vec![old])), []);
}
