//! The rows of `status`.

use serde_json::json;

use super::*;
use crate::diagnose::{component_status, diagnose, job_status};
use crate::health::{Reason, Verdict};

#[test]
fn a_component_that_does_not_come_up() {
    let mut broken = waiting("InvalidImageName", "x");
    broken["status"]["containerStatuses"][0]["restartCount"] = json!(4);
    let snapshot = snapshot(vec![broken]);
    let findings = diagnose(&snapshot, &Grace::DEFAULT, at(61));
    let status = component_status(&snapshot.deployments[0], &snapshot, &findings, at(61));
    assert_eq!(
        (status.component.as_str(), status.image.as_str(), status.ready, status.desired),
        ("hive-gateway", "r.test/gateway:v2", 0, 1)
    );
    assert_eq!((status.age_seconds, status.restarts), (Some(60), 4));
    assert!(matches!(status.verdict, Verdict::Progressing(Reason::Replicas(_))));
    assert_eq!(status.first_finding, Some(findings[0].clone()));
    let json = serde_json::to_value(&status).unwrap();
    assert_eq!(json["verdict"]["state"], "progressing");
    assert_eq!(json["firstFinding"]["symptom"]["code"], "invalidImageName");
}

#[test]
fn another_components_finding_is_not_shown() {
    let mut other = deployment();
    other["metadata"]["name"] = json!("hive-agent");
    other["metadata"]["labels"] = json!({"app.kubernetes.io/component": "agent"});
    let snapshot = snapshot(vec![waiting("InvalidImageName", "x")]);
    let findings = diagnose(&snapshot, &Grace::DEFAULT, at(61));
    let other = typed(other);
    let status = component_status(&other, &Snapshot::default(), &findings, at(61));
    assert_eq!((status.component.as_str(), status.first_finding), ("agent", None));
    assert_eq!(status.age_seconds, None);
}

#[test]
fn a_job_that_failed() {
    let job = typed(json!({
        "metadata": {"name": "openhive-db-migrate", "namespace": "openhive", "uid": "j1"},
        "spec": {"template": {"spec": {"containers": [{"name": "m", "image": "r.test/g:v1"}]}}},
        "status": {"startTime": time(1), "conditions": [
            {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded",
             "lastTransitionTime": time(9)}]}
    }));
    let status = job_status(&job, &[]);
    assert_eq!((status.started, status.finished), (Some(at(1)), Some(at(9))));
    assert_eq!(status.image, "r.test/g:v1");
    assert!(status.verdict.is_failed());
}
