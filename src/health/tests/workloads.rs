//! Deployment and Job.

use serde_json::{Value, json};

use super::typed;
use crate::health::{Reason, Replicas, Verdict};

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
    crate::health::deployment(&typed(value), None)
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

fn job(spec: Value, status: Value) -> Verdict {
    let mut job = json!({"spec": spec, "status": status});
    job["spec"]["template"] = json!({"spec": {"containers": []}});
    crate::health::job(&typed(job), None)
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
