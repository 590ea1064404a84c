//! The rows of the table that are read from a container's status.

use serde_json::{Value, json};

use super::*;
use crate::diagnose::parse::{Answer, ConfigError, Probe, PullError, StartError};
use crate::diagnose::{LogTail, Symptom};

#[test]
fn invalid_image_name() {
    let found = fails_after(&snapshot(vec![waiting("InvalidImageName", "couldn't parse")]), 0);
    assert_eq!(found.cause, "r.test/gateway:v2 is no valid image reference");
    assert_eq!(found.advice, "correct OPENHIVE_GATEWAY_IMAGE and install again");
    assert_eq!(found.object.to_string(), "deployment/hive-gateway -n openhive");
    assert_eq!(found.subject.pod.as_deref(), Some("hive-gateway-rs2-x"));
}

#[test]
fn image_never_pulled() {
    let found = fails_after(&snapshot(vec![waiting("ErrImageNeverPull", "absent")]), 0);
    assert!(matches!(found.symptom, Symptom::ImageNeverPulled { .. }));
}

#[track_caller]
fn pull(message: &str, error: PullError, grace: i64) -> Finding {
    let found = fails_after(&snapshot(vec![waiting("ErrImagePull", message)]), grace);
    assert!(matches!(&found.symptom, Symptom::ImagePull { error: e, .. } if *e == error));
    found
}

#[test]
fn pull_not_found() {
    let found = pull(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"r.test/gateway:v2\": failed to resolve reference \"r.test/gateway:v2\": r.test/gateway:v2: not found",
        PullError::NotFound,
        10,
    );
    assert_eq!(found.cause, "image r.test/gateway:v2 does not exist in its registry");
    assert_eq!(found.advice, "check repository and tag in OPENHIVE_GATEWAY_IMAGE");
    assert!(found.evidence[0].starts_with(
        "pod/hive-gateway-rs2-x: containerStatuses[gateway].state.waiting = ErrImagePull: rpc error"
    ));
}

#[test]
fn pull_no_such_platform() {
    pull("no match for platform in manifest: not found", PullError::NoPlatform, 10);
}

#[test]
fn pull_unauthorized() {
    let found = pull("401 Unauthorized", PullError::Unauthorized, 20);
    assert!(found.advice.contains("OPENHIVE_IMAGE_PULL_SECRET"), "{}", found.advice);
}

#[test]
fn pull_that_may_pass() {
    for (message, error) in [
        ("429 Too Many Requests", PullError::TooManyRequests),
        ("dial tcp: lookup r.test on 10.96.0.10:53: no such host", PullError::NameResolution),
        ("x509: certificate signed by unknown authority", PullError::Certificate),
        ("dial tcp 203.0.113.9:443: i/o timeout", PullError::Timeout),
    ] {
        pull(message, error, 120);
    }
}

/// Before 1.31 the back-off message does not say why.
#[test]
fn pull_back_off_takes_the_cause_from_the_event() {
    let mut snapshot =
        snapshot(vec![waiting("ImagePullBackOff", "Back-off pulling image \"r.test/gateway:v2\"")]);
    snapshot.events.push(event(
        "p1",
        "Failed",
        "Failed to pull image \"r.test/gateway:v2\": rpc error: code = NotFound desc = r.test/gateway:v2: not found",
        2,
    ));
    let found = fails_after(&snapshot, 10);
    assert!(matches!(found.symptom, Symptom::ImagePull { error: PullError::NotFound, .. }));
}

/// Somebody pushed the image and installs again: kubelet has not tried since.
#[test]
fn pull_error_from_before_the_apply_is_only_shown() {
    let mut old = waiting("ImagePullBackOff", "ErrImagePull: x: not found");
    old["metadata"]["creationTimestamp"] = json!(time(-600));
    let mut snapshot = snapshot(vec![old]);
    let found = only_shown(&snapshot);
    assert!(found.evidence.iter().any(|line| line.contains("from before this apply")));

    snapshot.events.push(event("p1", "Failed", "Failed to pull image: x: not found", 30));
    fails_after(&snapshot, 10);
}

fn ended(id: &str, exit_code: i32, reason: &str, seconds: i64) -> Value {
    json!({"terminated": {"containerID": id, "exitCode": exit_code, "reason": reason,
        "startedAt": time(seconds - 1), "finishedAt": time(seconds)}})
}

fn crash(restarts: i32, exit_code: i32, seconds: i64) -> Value {
    pod(json!({
        "restartCount": restarts,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
        "lastState": ended(&format!("c{restarts}"), exit_code, "Error", seconds),
    }))
}

#[test]
fn crash_loop_three_restarts() {
    let found = fails_after(&snapshot(vec![crash(3, 1, 40)]), 0);
    assert_eq!(found.cause, "container gateway exits with code 1 at start (4 times)");
}

#[test]
fn crash_loop_two_restarts_with_the_same_exit_code() {
    let mut tracker = Tracker::new(Grace::DEFAULT);
    let mut last = |restarts, code, second| {
        let snapshot = snapshot(vec![crash(restarts, code, second)]);
        tracker.observe(at(second), &snapshot).remove(0)
    };
    assert!(!last(0, 1, 2).terminal);
    assert!(!last(1, 1, 4).terminal, "one restart is not enough");
    assert!(last(2, 1, 16).terminal);
}

#[test]
fn crash_loop_two_restarts_with_another_exit_code_each_time() {
    let mut tracker = Tracker::new(Grace::DEFAULT);
    for (restarts, code) in [(0, 1), (1, 2), (2, 3)] {
        let snapshot = snapshot(vec![crash(restarts, code, 2)]);
        assert!(!tracker.observe(at(3), &snapshot)[0].terminal);
    }
    assert!(tracker.observe(at(50), &snapshot(vec![crash(3, 4, 49)]))[0].terminal);
}

#[test]
fn crash_loop_names_the_cause_from_the_log() {
    let mut snapshot = snapshot(vec![crash(3, 1, 40)]);
    snapshot.logs.push(LogTail {
        pod_uid: "p1".into(),
        container: "gateway".into(),
        previous: true,
        lines: vec![
            "Traceback (most recent call last):".into(),
            "hive.startup.MigrationError: database is at 51ab, code expects 7f3a; run the migration Job".into(),
        ],
    });
    let found = fails_after(&snapshot, 0);
    assert_eq!(
        found.cause,
        "container gateway exits with code 1 at start (4 times): the database schema is at revision 51ab, the code expects 7f3a"
    );
    assert_eq!(found.log.len(), 2);
}

/// Somebody repaired the database and installs again: the pod sits out its back-off.
#[test]
fn crash_loop_from_before_the_apply_is_only_shown() {
    only_shown(&snapshot(vec![crash(12, 1, -30)]));
}

#[test]
fn crash_loop_that_runs_again_is_only_shown() {
    let running = pod(json!({
        "restartCount": 5,
        "state": {"running": {"startedAt": time(20)}},
        "lastState": ended("c5", 1, "Error", 15),
    }));
    only_shown(&snapshot(vec![running]));
}

#[test]
fn crash_loop_by_a_liveness_probe_names_the_probe() {
    let mut snapshot = snapshot(vec![crash(3, 137, 40)]);
    snapshot.events.push(event(
        "p1",
        "Unhealthy",
        "Liveness probe failed: HTTP probe failed with statuscode: 500",
        40,
    ));
    let found = fails_after(&snapshot, 0);
    assert_eq!(
        found.cause,
        "kubelet killed container gateway 4 times because its liveness probe failed: 500"
    );
}

#[test]
fn out_of_memory_twice() {
    let killed = |restarts: i32| {
        pod(json!({
            "restartCount": restarts,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": ended("c", 137, "OOMKilled", 10),
        }))
    };
    only_shown(&snapshot(vec![killed(0)]));
    let found = fails_after(&snapshot(vec![killed(1)]), 0);
    assert_eq!(
        found.cause,
        "container gateway needs more memory than its limit of 1Gi (killed 2 times)"
    );
}

#[test]
fn config_secret_missing() {
    let message = "secret \"openhive-platform-secrets\" not found";
    let found = fails_after(&snapshot(vec![waiting("CreateContainerConfigError", message)]), 10);
    assert_eq!(
        found.cause,
        "secret openhive-platform-secrets, which container gateway needs, does not exist in this namespace"
    );
    assert_eq!(
        found.advice,
        "install again: it writes secret/openhive-platform-secrets -n openhive"
    );
}

#[test]
fn config_key_missing() {
    let message = "couldn't find key admin-password in Secret openhive/openhive-platform-secrets";
    let found = fails_after(&snapshot(vec![waiting("CreateContainerConfigError", message)]), 10);
    assert_eq!(
        found.cause,
        "secret/openhive-platform-secrets -n openhive has no key admin-password, which container gateway needs"
    );
}

#[test]
fn config_runs_as_root() {
    let message = "container has runAsNonRoot and image will run as root (pod: \"x\")";
    let found = fails_after(&snapshot(vec![waiting("CreateContainerConfigError", message)]), 10);
    assert!(matches!(found.symptom, Symptom::Config { error: ConfigError::RunsAsRoot }));
}

#[test]
fn config_cache_is_transient() {
    let message = "failed to sync secret cache: timed out waiting for the condition";
    only_shown(&snapshot(vec![waiting("CreateContainerConfigError", message)]));
}

#[test]
fn start_without_its_program() {
    let message = "exec: \"alembic\": executable file not found in $PATH: unknown";
    let found = fails_after(&snapshot(vec![waiting("CreateContainerError", message)]), 10);
    assert_eq!(
        found.symptom,
        Symptom::Start { error: StartError::NoProgram { program: "alembic".into() } }
    );
    fails_after(&snapshot(vec![waiting("CreateContainerError", "name is reserved")]), 120);
}

fn not_ready(started: bool) -> Value {
    let mut pod = pod(json!({
        "started": started, "state": {"running": {"startedAt": time(1)}},
    }));
    let probe = |period: i32, threshold: i32| json!({"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": period, "failureThreshold": threshold});
    pod["status"]["phase"] = json!("Running");
    pod["spec"]["containers"][0]["startupProbe"] = probe(5, 60);
    pod["spec"]["containers"][0]["readinessProbe"] = probe(20, 3);
    pod
}

#[test]
fn readiness_failing_from_the_probes_own_period() {
    let mut snapshot = snapshot(vec![not_ready(true)]);
    let message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
    snapshot.events.push(event("p1", "Unhealthy", message, 2));
    let found = fails_after(&snapshot, 60);
    assert_eq!(
        found.symptom,
        Symptom::ProbeFailing {
            probe: Probe::Readiness,
            asks: "GET /healthz".into(),
            answer: Answer::Status { status: 503 },
        }
    );
    assert_eq!(found.cause, "container gateway is not ready: readiness probe: GET /healthz → 503");
}

#[test]
fn startup_failing_from_the_probes_own_period() {
    let mut snapshot = snapshot(vec![not_ready(false)]);
    let message = "Startup probe failed: Get \"http://10.0.0.1:8080/healthz\": dial tcp 10.0.0.1:8080: connect: connection refused";
    snapshot.events.push(event("p1", "Unhealthy", message, 2));
    let found = fails_after(&snapshot, 300);
    assert_eq!(
        found.cause,
        "container gateway is not ready: startup probe: GET /healthz → connection refused"
    );
}

/// A probe that failed before the container was restarted says nothing about the new run.
#[test]
fn probe_events_of_an_earlier_run_do_not_count() {
    let mut pod = not_ready(true);
    pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = json!(time(10));
    let mut snapshot = snapshot(vec![pod]);
    snapshot.events.push(event("p1", "Unhealthy", "Readiness probe failed: x", 5));
    assert_eq!(after(&snapshot, 600).map(|found| found.symptom), Some(Symptom::NotReady));
}

/// No event says why: then at least that.
#[test]
fn not_ready_without_a_reason_is_only_shown() {
    let snapshot = snapshot(vec![not_ready(true)]);
    assert_eq!(after(&snapshot, 29), None, "nothing to say yet");
    let found = after(&snapshot, 7200).unwrap();
    assert_eq!((found.symptom, found.terminal), (Symptom::NotReady, false));
}

#[test]
fn a_long_pull_is_only_shown() {
    let mut snapshot = snapshot(vec![waiting("ContainerCreating", "")]);
    snapshot.events.push(event("p1", "Pulling", "Pulling image", 2));
    assert_eq!(after(&snapshot, 9), None, "nothing to say yet");
    let found = after(&snapshot, 7200).unwrap();
    assert_eq!(found.cause, "image r.test/gateway:v2 of container gateway is still being pulled");
    assert!(!found.terminal);
    snapshot.events.push(event("p1", "Pulled", "Successfully pulled", 3));
    assert_eq!(after(&snapshot, 600), None);
}

#[test]
fn init_container_is_named() {
    let mut pod = pod(json!({"state": {"waiting": {"reason": "PodInitializing"}}}));
    pod["spec"]["initContainers"] =
        json!([{"name": "config-bootstrap", "image": "r.test/agent:v2"}]);
    pod["status"]["initContainerStatuses"] = json!([{
        "name": "config-bootstrap", "image": "", "imageID": "", "ready": false, "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": ended("c", 2, "Error", 40),
    }]);
    let found = fails_after(&snapshot(vec![pod]), 0);
    assert_eq!(found.cause, "init container config-bootstrap exits with code 2 at start (4 times)");
    assert!(found.evidence[0].contains("initContainerStatuses[config-bootstrap]"));
}

#[test]
fn init_container_that_is_done_is_no_symptom() {
    let mut pod = pod(json!({"state": {"waiting": {"reason": "PodInitializing"}}}));
    pod["status"]["initContainerStatuses"] = json!([{
        "name": "config-bootstrap", "image": "", "imageID": "", "ready": true, "restartCount": 0,
        "state": ended("c", 0, "Completed", 2),
    }]);
    assert_eq!(after(&snapshot(vec![pod]), 600), None);
}
