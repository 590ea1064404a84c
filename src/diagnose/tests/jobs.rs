//! The migration Job: the first failed pod is the verdict.

use serde_json::{Value, json};

use super::*;
use crate::diagnose::logs::{DatabaseError, LogCause};
use crate::diagnose::parse::CreateError;
use crate::diagnose::{Component, Endpoint, LogTail, Symptom};

fn job(backoff_limit: i32, conditions: Value) -> Value {
    json!({
        "metadata": {"name": "openhive-db-migrate", "namespace": "openhive", "uid": "j1"},
        "spec": {"backoffLimit": backoff_limit, "template": {"spec": {"containers": []}}},
        "status": {"startTime": time(1), "conditions": conditions}
    })
}

fn job_pod(state: Value) -> Value {
    let mut pod = pod(json!({"state": state}));
    pod["metadata"]["ownerReferences"] = owned("Job", "j1");
    pod["metadata"]["labels"] = json!({"batch.kubernetes.io/controller-uid": "j1"});
    pod["metadata"]["name"] = json!("openhive-db-migrate-x");
    pod["spec"]["restartPolicy"] = json!("Never");
    pod["status"]["phase"] = json!("Failed");
    pod
}

fn failed(exit_code: i32, reason: &str, message: &str) -> Value {
    job_pod(json!({"terminated": {"exitCode": exit_code, "reason": reason, "message": message,
        "startedAt": time(2), "finishedAt": time(4)}}))
}

fn migration(backoff_limit: i32, conditions: Value, pods: Vec<Value>) -> Snapshot {
    Snapshot {
        since: Some(at(0)),
        jobs: vec![typed(job(backoff_limit, conditions))],
        pods: pods.into_iter().map(typed::<Pod>).collect(),
        database: Some(Endpoint { host: "db.example".into(), port: 6432 }),
        ..Snapshot::default()
    }
}

#[test]
fn first_failed_pod_is_the_verdict() {
    let pod = failed(255, "Error", "FAILED: Can't locate revision identified by 'b2'");
    let found = fails_after(&migration(0, json!([]), vec![pod]), 0);
    assert_eq!(
        found.symptom,
        Symptom::JobPodFailed {
            exit_code: 255,
            log: Some(LogCause::UnknownRevision { revision: "b2".into(), head: None })
        }
    );
    assert_eq!(found.object.to_string(), "job/openhive-db-migrate -n openhive");
    assert!(found.advice.contains("restore the database"), "{}", found.advice);
}

#[test]
fn the_log_wins_over_the_termination_message() {
    let mut snapshot = migration(0, json!([]), vec![failed(1, "Error", "cut off")]);
    snapshot.logs.push(LogTail {
        pod_uid: "p1".into(),
        container: "gateway".into(),
        previous: false,
        lines: vec!["asyncpg.exceptions.InvalidPasswordError: password authentication failed for user \"hive\"".into()],
    });
    let found = fails_after(&snapshot, 0);
    assert_eq!(
        found.symptom,
        Symptom::JobPodFailed {
            exit_code: 1,
            log: Some(LogCause::Database {
                endpoint: snapshot.database.clone(),
                error: DatabaseError::Password { user: Some("hive".into()) }
            })
        }
    );
    assert_eq!(
        found.cause,
        "container gateway failed with exit code 1: the database db.example:6432 refuses the password of user hive"
    );
}

#[test]
fn a_job_that_tries_again_is_not_over() {
    only_shown(&migration(6, json!([]), vec![failed(1, "Error", "")]));
    let target =
        json!([{"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded"}]);
    let found = fails_after(&migration(6, target, vec![failed(1, "Error", "")]), 0);
    assert!(matches!(found.symptom, Symptom::JobPodFailed { exit_code: 1, .. }));
}

#[test]
fn of_several_failed_pods_the_first_tells_why() {
    let first = failed(3, "Error", "");
    // A symptom that would rank before the first one's.
    let mut second = failed(137, "OOMKilled", "");
    second["metadata"]["creationTimestamp"] = json!(time(30));
    second["metadata"]["uid"] = json!("p2");
    let found = after(&migration(6, json!([]), vec![second, first]), 0).unwrap();
    assert!(matches!(found.symptom, Symptom::JobPodFailed { exit_code: 3, .. }));
}

#[test]
fn out_of_memory_in_a_job_is_over_at_once() {
    let found = fails_after(&migration(0, json!([]), vec![failed(137, "OOMKilled", "")]), 0);
    assert!(matches!(found.symptom, Symptom::OomKilled { times: 1, .. }));
}

#[test]
fn a_job_whose_program_is_missing() {
    let message = "exec: \"alembic\": executable file not found in $PATH: unknown";
    let found = fails_after(&migration(0, json!([]), vec![failed(128, "StartError", message)]), 0);
    assert_eq!(found.cause, "container gateway cannot start: its image has no program alembic");
}

#[test]
fn the_jobs_own_deadline() {
    let conditions = json!([{"type": "Failed", "status": "True", "reason": "DeadlineExceeded",
        "message": "Job was active longer than specified deadline"}]);
    let found = fails_after(&migration(0, conditions, vec![failed(143, "Error", "")]), 0);
    assert_eq!(found.symptom, Symptom::JobFailed { reason: "DeadlineExceeded".into() });
}

#[test]
fn an_evicted_job_pod() {
    let mut pod = failed(137, "Error", "");
    pod["status"] = json!({"phase": "Failed", "reason": "Evicted", "message": "disk"});
    let found = fails_after(&migration(0, json!([]), vec![pod]), 0);
    assert_eq!(found.symptom, Symptom::PodRemoved { reason: "Evicted".into() });
}

#[test]
fn a_job_whose_image_does_not_come() {
    let pod = job_pod(json!({"waiting": {"reason": "ErrImagePull", "message": "x: not found"}}));
    let mut pod = pod;
    pod["status"]["phase"] = json!("Pending");
    let found = fails_after(&migration(0, json!([]), vec![pod]), 10);
    assert_eq!(found.advice, "check repository and tag in OPENHIVE_GATEWAY_IMAGE");
}

#[test]
fn job_refused_by_quota() {
    let mut snapshot = migration(0, json!([]), Vec::new());
    let message =
        "Error creating: pods \"x\" is forbidden: exceeded quota: compute, requested: limits.cpu=1";
    snapshot.events.push(event("j1", "FailedCreate", message, 2));
    let found = fails_after(&snapshot, 10);
    assert!(matches!(found.symptom, Symptom::CreateRefused { error: CreateError::Quota { .. } }));
}

#[test]
fn job_suspended() {
    let mut snapshot = migration(0, json!([]), Vec::new());
    let mut suspended = job(0, json!([]));
    suspended["spec"]["suspend"] = json!(true);
    snapshot.jobs = vec![typed(suspended)];
    fails_after(&snapshot, 0);
}

#[test]
fn job_that_nobody_starts() {
    let mut snapshot = migration(0, json!([]), Vec::new());
    let mut unseen = job(0, json!([]));
    unseen.as_object_mut().unwrap().remove("status");
    snapshot.jobs = vec![typed(unseen)];
    assert_eq!(after(&snapshot, 29), None);
    let found = fails_after(&snapshot, 60);
    assert_eq!(found.symptom, Symptom::NothingMoves { component: Component::ControllerManager });
}

#[test]
fn a_complete_job_has_no_symptom() {
    let conditions = json!([{"type": "Complete", "status": "True"}]);
    let mut done = failed(0, "Completed", "");
    done["status"]["phase"] = json!("Succeeded");
    assert_eq!(after(&migration(0, conditions, vec![done]), 600), None);
}
