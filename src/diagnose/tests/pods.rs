//! The rows of the table that are read from a pod as a whole.

use serde_json::{Value, json};

use super::*;
use crate::diagnose::parse::MountError;
use crate::diagnose::{Component, Symptom};

fn creating() -> Value {
    waiting("ContainerCreating", "")
}

#[test]
fn mount_object_missing() {
    let mut snapshot = snapshot(vec![creating()]);
    let message = "MountVolume.SetUp failed for volume \"certs\" : secret \"gone\" not found";
    snapshot.events.push(event("p1", "FailedMount", message, 2));
    let found = fails_after(&snapshot, 15);
    assert_eq!(
        found.symptom,
        Symptom::Mount { error: MountError::SecretMissing { secret: "gone".into() } }
    );
    assert_eq!(found.advice, "create secret/gone -n openhive");
}

#[test]
fn mount_otherwise() {
    for (reason, message) in [
        ("FailedMount", "MountVolume.MountDevice failed for volume \"pvc-1\" : exit status 32"),
        ("FailedAttachVolume", "Multi-Attach error for volume \"pvc-1\" Volume is already used"),
        (
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: rpc error: failed to setup network for sandbox \"a\": plugin type=\"calico\" failed (add)",
        ),
    ] {
        let mut snapshot = snapshot(vec![creating()]);
        snapshot.events.push(event("p1", reason, message, 2));
        fails_after(&snapshot, 120);
    }
}

#[test]
fn mount_that_recovered_is_no_symptom() {
    let mut snapshot = snapshot(vec![creating()]);
    snapshot.events.push(event("p1", "FailedMount", "secret \"gone\" not found", 2));
    snapshot.events.push(event("p1", "Pulling", "Pulling image", 9));
    let found = after(&snapshot, 600).unwrap();
    assert!(matches!(found.symptom, Symptom::Pulling { .. }), "{}", found.cause);
    snapshot.events.push(event("p1", "Pulled", "Successfully pulled image", 12));
    assert_eq!(after(&snapshot, 600), None);
}

fn unscheduled(message: &str) -> Value {
    let mut pod = creating();
    pod["spec"].as_object_mut().unwrap().remove("nodeName");
    pod["status"] = json!({"phase": "Pending", "conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
    }]});
    pod
}

#[test]
fn unschedulable_by_selector_taint_or_claim() {
    for message in [
        "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
        "0/3 nodes are available: 3 node(s) had untolerated taint {gpu: true}.",
        "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
    ] {
        fails_after(&snapshot(vec![unscheduled(message)]), 30);
    }
}

#[test]
fn unschedulable_by_resources() {
    let message = "0/3 nodes are available: 1 node(s) had untolerated taint {gpu: true}, 2 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found.";
    let found = fails_after(&snapshot(vec![unscheduled(message)]), 180);
    assert_eq!(
        found.cause,
        "no node can take pod hive-gateway-rs2-x: 1 of 3 nodes: taint gpu is not tolerated, 2 of 3 nodes: not enough cpu"
    );
}

#[test]
fn unschedulable_while_the_autoscaler_works() {
    let mut snapshot = snapshot(vec![unscheduled("0/1 nodes are available: 1 Insufficient cpu.")]);
    snapshot.events.push(event("p1", "TriggeredScaleUp", "pod triggered scale-up", 5));
    fails_after(&snapshot, 600);
}

/// Newer schedulers do not name the taint; the nodes do.
#[test]
fn unschedulable_by_a_taint_that_only_the_nodes_name() {
    let message = "0/1 nodes are available: 1 node(s) had untolerated taint(s).";
    let mut snapshot = snapshot(vec![unscheduled(message)]);
    let node = |key: &str| {
        Some(vec![typed(json!({
            "metadata": {"name": "node-1"},
            "spec": {"taints": [{"key": key, "effect": "NoSchedule"}]}
        }))])
    };
    snapshot.nodes = node("gpu");
    assert!(fails_after(&snapshot, 30).cause.contains("taint gpu is not tolerated"));
    snapshot.nodes = node("node.kubernetes.io/not-ready");
    fails_after(&snapshot, 180);
}

#[test]
fn node_lost() {
    let mut running = pod(json!({"ready": true, "state": {"running": {}}}));
    running["status"]["phase"] = json!("Running");
    let mut snapshot = snapshot(vec![running]);
    let node = |status: &str| {
        typed(json!({
            "metadata": {"name": "node-1"},
            "status": {"conditions": [{"type": "Ready", "status": status}]}
        }))
    };
    snapshot.nodes = Some(vec![node("True")]);
    assert_eq!(after(&snapshot, 600), None);
    snapshot.nodes = Some(vec![node("Unknown")]);
    let found = fails_after(&snapshot, 60);
    assert_eq!(found.cause, "node node-1 does not answer");
    snapshot.nodes = None;
    assert_eq!(after(&snapshot, 600), None, "nodes that may not be read are not lost");
}

#[test]
fn stuck_terminating_is_reported_only() {
    let mut pod = pod(json!({"ready": true, "state": {"running": {}}}));
    pod["metadata"]["deletionTimestamp"] = json!(time(30));
    pod["metadata"]["finalizers"] = json!(["example.org/hold"]);
    let snapshot = snapshot(vec![pod]);
    let observe = |second| Tracker::new(Grace::DEFAULT).observe(at(second), &snapshot);
    assert_eq!(observe(59), []);
    let found = observe(60).remove(0);
    assert!(!found.terminal);
    assert_eq!(
        found.cause,
        "pod hive-gateway-rs2-x on node node-1 should be gone, but is held by example.org/hold"
    );
}

#[test]
fn a_pod_that_goes_away_has_no_other_symptom() {
    let mut pod = waiting("InvalidImageName", "x");
    pod["metadata"]["deletionTimestamp"] = json!(time(30));
    assert_eq!(after(&snapshot(vec![pod]), 20), None);
}

#[test]
fn scheduler_down() {
    let mut pod = creating();
    pod["spec"].as_object_mut().unwrap().remove("nodeName");
    pod["status"] = json!({"phase": "Pending"});
    let snapshot = snapshot(vec![pod]);
    assert_eq!(after(&snapshot, 29), None, "nothing to say yet");
    let found = fails_after(&snapshot, 60);
    assert_eq!(found.symptom, Symptom::NothingMoves { component: Component::Scheduler });
}

#[test]
fn kubelet_down() {
    let mut pod = creating();
    pod["status"] = json!({"phase": "Pending"});
    let found = fails_after(&snapshot(vec![pod]), 60);
    assert_eq!(found.symptom, Symptom::NothingMoves { component: Component::Kubelet });
}

#[test]
fn evicted_pod_of_a_deployment_is_only_shown() {
    let mut pod = creating();
    pod["status"] = json!({"phase": "Failed", "reason": "Evicted", "message": "low on memory"});
    let found = only_shown(&snapshot(vec![pod]));
    assert_eq!(found.cause, "pod hive-gateway-rs2-x was taken off its node: Evicted");
}
