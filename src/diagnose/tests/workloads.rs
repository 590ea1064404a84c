//! The rows of the table that are read from a Deployment, its ReplicaSets, or a claim.

use serde_json::json;

use super::*;
use crate::diagnose::parse::CreateError;
use crate::diagnose::{Component, Symptom};

fn refused(message: &str) -> Snapshot {
    let mut set = replica_set("rs2", "r.test/gateway:v2");
    set["status"] = json!({"replicas": 0, "conditions": [{
        "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message,
    }]});
    let mut snapshot = snapshot(Vec::new());
    snapshot.replica_sets[1] = typed(set);
    snapshot
}

#[test]
fn create_refused_by_quota() {
    let found = fails_after(
        &refused(
            "pods \"x\" is forbidden: exceeded quota: compute, requested: limits.cpu=2, used: limits.cpu=3, limited: limits.cpu=4",
        ),
        10,
    );
    assert_eq!(
        found.cause,
        "its pods do not fit into resource quota compute: requested: limits.cpu=2, used: limits.cpu=3, limited: limits.cpu=4"
    );
}

#[test]
fn create_refused_by_pod_security() {
    let found = fails_after(
        &refused(
            "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true",
        ),
        10,
    );
    assert!(found.cause.ends_with("refuses its pods: runAsNonRoot != true"), "{}", found.cause);
}

#[test]
fn create_refused_by_a_webhook() {
    fails_after(&refused("admission webhook \"w.test\" denied the request: no"), 10);
}

#[test]
fn webhook_down() {
    let found = fails_after(
        &refused("Internal error occurred: failed calling webhook \"w.test\": refused"),
        60,
    );
    assert!(found.cause.contains("webhook w.test does not answer"));
}

#[test]
fn service_account_may_still_come() {
    fails_after(
        &refused(
            "pods \"x\" is forbidden: error looking up service account openhive/a: serviceaccount \"a\" not found",
        ),
        60,
    );
}

/// Somebody raised the quota and installs again: the ReplicaSet has not tried since.
#[test]
fn create_refused_before_the_apply_is_only_shown() {
    let mut snapshot = refused("exceeded quota: compute, requested: x");
    let mut set = serde_json::to_value(&*snapshot.replica_sets[1]).unwrap();
    set["metadata"]["creationTimestamp"] = json!(time(-600));
    snapshot.replica_sets[1] = typed(set);
    only_shown(&snapshot);
    snapshot.events.push(event("rs2", "FailedCreate", "exceeded quota", 5));
    let found = fails_after(&snapshot, 10);
    assert!(matches!(found.symptom, Symptom::CreateRefused { error: CreateError::Quota { .. } }));
}

#[test]
fn paused() {
    let mut paused = deployment();
    paused["spec"]["paused"] = json!(true);
    let mut snapshot = snapshot(Vec::new());
    snapshot.deployments = vec![typed(paused)];
    let found = fails_after(&snapshot, 0);
    assert_eq!(found.advice, "kubectl rollout resume -n openhive deployment/hive-gateway");
}

#[test]
fn controller_manager_down() {
    let mut unseen = deployment();
    unseen["status"]["observedGeneration"] = json!(1);
    let mut snapshot = snapshot(vec![waiting("InvalidImageName", "of the old revision")]);
    snapshot.deployments = vec![typed(unseen)];
    assert_eq!(after(&snapshot, 29), None, "nothing to say yet, nothing about old pods");
    let found = fails_after(&snapshot, 60);
    assert_eq!(found.symptom, Symptom::NothingMoves { component: Component::ControllerManager });
}

#[test]
fn pods_of_old_replica_sets_do_not_count() {
    let mut old = waiting("InvalidImageName", "x");
    old["metadata"]["ownerReferences"] = owned("ReplicaSet", "rs1");
    assert_eq!(after(&snapshot(vec![old]), 600), None);
}

/// Under `Recreate` the new ReplicaSet is made when the last old pod is gone.
#[test]
fn waiting_for_old_pods_is_no_stall() {
    let mut old = pod(json!({"ready": true, "state": {"running": {}}}));
    old["metadata"]["ownerReferences"] = owned("ReplicaSet", "rs1");
    old["metadata"]["deletionTimestamp"] = json!(time(900));
    let mut snapshot = snapshot(vec![old]);
    snapshot.replica_sets.pop();
    assert_eq!(after(&snapshot, 600), None);
    snapshot.pods.clear();
    fails_after(&snapshot, 60);
}

fn deadline(second: i64) -> Snapshot {
    let mut late = deployment();
    late["status"]["conditions"] = json!([{
        "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
        "lastUpdateTime": time(second), "lastTransitionTime": time(second),
    }]);
    let mut snapshot = snapshot(Vec::new());
    snapshot.deployments = vec![typed(late)];
    snapshot
}

#[test]
fn progress_deadline_is_no_end() {
    let found = only_shown(&deadline(600));
    assert_eq!(found.symptom, Symptom::DeadlineExceeded);
}

/// On an unchanged rerun the condition is an old one.
#[test]
fn progress_deadline_of_an_earlier_run_is_nothing() {
    assert_eq!(after(&deadline(-600), 600), None);
}

#[test]
fn a_healthy_deployment_has_no_symptom() {
    let mut ready = deployment();
    ready["status"] = json!({
        "observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
        "availableReplicas": 1, "conditions": [{"type": "Available", "status": "True"}]
    });
    let mut evicted = waiting("ContainerCreating", "");
    evicted["status"] = json!({"phase": "Failed", "reason": "Evicted"});
    let mut snapshot = snapshot(vec![evicted]);
    snapshot.deployments = vec![typed(ready)];
    assert_eq!(after(&snapshot, 600), None);
}

fn claim(phase: &str) -> Snapshot {
    Snapshot {
        since: Some(at(0)),
        claims: vec![typed(json!({
            "metadata": {"name": "agent-config-pvc", "namespace": "hive-agents", "uid": "c1"},
            "spec": {"storageClassName": "fast"}, "status": {"phase": phase}
        }))],
        ..Snapshot::default()
    }
}

#[test]
fn claim_lost() {
    fails_after(&claim("Lost"), 0);
}

#[test]
fn claim_that_waits_for_its_pod_is_no_symptom() {
    let mut snapshot = claim("Pending");
    snapshot.events.push(event("c1", "WaitForFirstConsumer", "waiting for first consumer", 2));
    assert_eq!(after(&snapshot, 600), None);
}

#[test]
fn claim_without_provisioner() {
    let mut snapshot = claim("Pending");
    let message = "storageclass.storage.k8s.io \"fast\" not found";
    snapshot.events.push(event("c1", "ProvisioningFailed", message, 2));
    let found = fails_after(&snapshot, 120);
    assert_eq!(found.object.to_string(), "persistentvolumeclaim/agent-config-pvc -n hive-agents");
    assert!(found.cause.starts_with("it gets no volume of storage class fast: storageclass"));
}
