//! Deployment, StatefulSet, DaemonSet, Job, Pod.

use serde_json::{Value, json};

use super::{at, typed};
use crate::health::{Observed, Reason, Replicas, Verdict, assess};

fn ready_deployment() -> Value {
    json!({
        "metadata": {"name": "hive-gateway", "uid": "d1", "generation": 3},
        "spec": {"replicas": 2, "selector": {}, "template": {}},
        "status": {
            "observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
            "availableReplicas": 2, "conditions": [{"type": "Available", "status": "True"}]
        }
    })
}

fn deployment(value: Value) -> Verdict {
    assess(&Observed::Deployment(&typed(value)), None, at(0))
}

#[test]
fn deployment_ready() {
    assert_eq!(deployment(ready_deployment()), Verdict::Ready);
}

#[test]
fn deployment_wants_every_count() {
    for field in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        for count in [1, 3] {
            let mut value = ready_deployment();
            value["status"][field] = json!(count);
            let verdict = deployment(value);
            assert!(matches!(verdict, Verdict::Progressing(Reason::Replicas(_))), "{field}");
        }
    }
}

#[test]
fn deployment_wants_available() {
    let mut value = ready_deployment();
    value["status"]["conditions"] = json!([{"type": "Available", "status": "False"}]);
    assert_eq!(deployment(value.clone()), Verdict::Progressing(Reason::NotAvailable));
    value["status"]["conditions"] = json!([]);
    assert_eq!(deployment(value), Verdict::Progressing(Reason::NotAvailable));
}

#[test]
fn deployment_paused_fails_at_once() {
    let mut value = ready_deployment();
    value["spec"]["paused"] = json!(true);
    assert_eq!(deployment(value), Verdict::Failed(Reason::Paused));
}

#[test]
fn deployment_past_its_deadline_still_progresses() {
    let mut value = ready_deployment();
    value["status"]["readyReplicas"] = json!(0);
    value["status"]["availableReplicas"] = json!(0);
    value["status"]["conditions"] = json!([
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
    let verdict = deployment(value);
    assert_eq!(verdict.to_string(), "0/2 ready, 2 updated, the progress deadline has passed");
    assert!(matches!(verdict, Verdict::Progressing(_)));
}

/// On an unchanged rerun the condition is old.
#[test]
fn deployment_ready_with_an_old_deadline_is_ready() {
    let mut value = ready_deployment();
    value["status"]["conditions"] = json!([
        {"type": "Available", "status": "True"},
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
    assert_eq!(deployment(value), Verdict::Ready);
}

#[test]
fn counts_in_words() {
    let counts = Replicas { desired: 1, total: 2, updated: 1, ready: 1, ..Replicas::default() };
    assert_eq!(counts.to_string(), "1/1 ready, 1 updated, 1 old, 0 available");
    let counts = Replicas { desired: 1, total: 1, updated: 1, ..Replicas::default() };
    assert_eq!(counts.to_string(), "0/1 ready, 1 updated");
}

fn stateful_set(spec: Value, status: Value) -> Verdict {
    let mut value = json!({
        "metadata": {"generation": 1},
        "spec": {"replicas": 3, "selector": {}, "serviceName": "s", "template": {}},
        "status": {"observedGeneration": 1, "replicas": 3, "readyReplicas": 3,
            "updatedReplicas": 3, "currentRevision": "b", "updateRevision": "b"}
    });
    for (key, part) in [("spec", spec), ("status", status)] {
        for (field, new) in part.as_object().unwrap() {
            value[key][field] = new.clone();
        }
    }
    assess(&Observed::StatefulSet(&typed(value)), None, at(0))
}

#[test]
fn stateful_set_ready() {
    assert_eq!(stateful_set(json!({}), json!({})), Verdict::Ready);
    let behind = stateful_set(json!({}), json!({"readyReplicas": 2}));
    assert!(matches!(behind, Verdict::Progressing(_)));
}

#[test]
fn stateful_set_revisions_and_partition() {
    let old = json!({"currentRevision": "a", "updatedReplicas": 1});
    assert!(matches!(stateful_set(json!({}), old.clone()), Verdict::Progressing(_)));
    let one_revision = json!({"currentRevision": "a"});
    assert!(matches!(stateful_set(json!({}), one_revision), Verdict::Progressing(_)));
    let partition = json!({"updateStrategy": {"rollingUpdate": {"partition": 2}}});
    assert_eq!(stateful_set(partition, old), Verdict::Ready);
}

#[test]
fn stateful_set_on_delete_warns() {
    let spec = json!({"updateStrategy": {"type": "OnDelete"}});
    let verdict = stateful_set(spec.clone(), json!({"updatedReplicas": 1}));
    assert_eq!(verdict, Verdict::Warning(Reason::OnDelete { outdated: 2 }));
    assert_eq!(stateful_set(spec, json!({})), Verdict::Ready);
}

fn daemon_set(desired: i32, updated: i32, available: i32) -> Verdict {
    let set = json!({
        "metadata": {"generation": 1}, "spec": {"selector": {}, "template": {}},
        "status": {"observedGeneration": 1, "currentNumberScheduled": desired,
            "desiredNumberScheduled": desired, "numberMisscheduled": 0, "numberReady": available,
            "numberAvailable": available, "updatedNumberScheduled": updated}
    });
    assess(&Observed::DaemonSet(&typed(set)), None, at(0))
}

#[test]
fn daemon_set_ready() {
    assert_eq!(daemon_set(2, 2, 2), Verdict::Ready);
    assert!(matches!(daemon_set(2, 1, 2), Verdict::Progressing(_)));
    assert!(matches!(daemon_set(2, 2, 1), Verdict::Progressing(_)));
}

#[test]
fn daemon_set_without_nodes_warns() {
    assert_eq!(daemon_set(0, 0, 0), Verdict::Warning(Reason::NoNodes));
}

fn job(spec: Value, status: Value) -> Verdict {
    let mut job = json!({"spec": spec, "status": status});
    job["spec"]["template"] = json!({"spec": {"containers": []}});
    assess(&Observed::Job(&typed(job)), None, at(0))
}

fn conditions(kind: &str) -> Value {
    json!({"conditions": [{"type": kind, "status": "True", "reason": "BackoffLimitExceeded",
        "message": "Job has reached the specified backoff limit"}]})
}

#[test]
fn job_complete() {
    assert_eq!(job(json!({}), conditions("Complete")), Verdict::Ready);
}

#[test]
fn job_failed_and_about_to_fail() {
    for kind in ["Failed", "FailureTarget"] {
        let verdict = job(json!({}), conditions(kind));
        assert!(verdict.is_failed(), "{kind}");
        assert_eq!(
            verdict.to_string(),
            "failed: BackoffLimitExceeded: Job has reached the specified backoff limit"
        );
    }
}

#[test]
fn job_whose_success_is_decided_still_stops() {
    let verdict = job(json!({}), conditions("SuccessCriteriaMet"));
    assert_eq!(verdict, Verdict::Progressing(Reason::JobEnding));
}

#[test]
fn job_suspended_fails() {
    let verdict = job(json!({"suspend": true}), json!({}));
    assert_eq!(verdict, Verdict::Failed(Reason::JobSuspended));
}

/// A podFailurePolicy may leave failed pods out of the count.
#[test]
fn job_is_never_judged_by_its_count() {
    let verdict = job(json!({"backoffLimit": 0}), json!({"failed": 9, "active": 1}));
    assert_eq!(verdict.to_string(), "1 active, 9 failed");
    assert!(matches!(verdict, Verdict::Progressing(_)));
}

#[test]
fn job_without_a_status() {
    assert_eq!(job(json!({}), json!({})).to_string(), "has no pod yet");
}

fn pod(owner: &str, status: Value) -> Verdict {
    let pod = json!({
        "metadata": {"ownerReferences": [
            {"apiVersion": "x", "kind": owner, "name": "x", "uid": "x", "controller": true}]},
        "spec": {"containers": [{"name": "a"}, {"name": "b"}]}, "status": status
    });
    assess(&Observed::Pod(&typed(pod)), None, at(0))
}

#[test]
fn pod_that_serves() {
    let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    assert_eq!(pod("ReplicaSet", ready.clone()), Verdict::Ready);
    assert!(matches!(pod("Job", ready), Verdict::Progressing(_)));
    let starting = pod("ReplicaSet", json!({"phase": "Pending"}));
    assert_eq!(starting.to_string(), "Pending, 0/2 containers ready");
}

#[test]
fn pod_that_succeeds() {
    let done = json!({"phase": "Succeeded"});
    assert_eq!(pod("Job", done.clone()), Verdict::Ready);
    assert_eq!(pod("ReplicaSet", done), Verdict::Failed(Reason::PodEnded));
}

#[test]
fn pod_that_failed() {
    let status = json!({"phase": "Failed", "reason": "Evicted", "message": "low on memory"});
    assert_eq!(pod("Job", status).to_string(), "failed: Evicted: low on memory");
}
