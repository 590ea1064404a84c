//! A cluster in miniature, one thing wrong at a time.
#![allow(clippy::unwrap_used)]

mod containers;
mod jobs;
mod logs;
mod pods;
mod status;
mod time;
mod wanted;
mod workloads;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Event, Pod};
use serde_json::{Value, json};

use super::{Finding, Grace, Snapshot, Tracker};

/// When the objects were applied.
const APPLY: &str = "2026-05-01T10:00:00Z";

fn at(seconds: i64) -> Timestamp {
    APPLY.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn time(seconds: i64) -> String {
    at(seconds).to_string()
}

fn typed<T: serde::de::DeserializeOwned>(value: Value) -> Arc<T> {
    Arc::new(serde_json::from_value(value).unwrap())
}

fn template(image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app.kubernetes.io/name": "hive-gateway"}},
        "spec": {"containers": [{"name": "gateway", "image": image}]}
    })
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "hive-gateway", "namespace": "openhive", "uid": "d1", "generation": 2},
        "spec": {"replicas": 1, "selector": {}, "template": template("r.test/gateway:v2")},
        "status": {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1}
    })
}

fn owned(kind: &str, uid: &str) -> Value {
    json!([{"apiVersion": "apps/v1", "kind": kind, "name": "x", "uid": uid, "controller": true}])
}

fn replica_set(uid: &str, image: &str) -> Value {
    let mut own = template(image);
    own["metadata"]["labels"]["pod-template-hash"] = json!(uid);
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("hive-gateway-{uid}"), "namespace": "openhive", "uid": uid,
            "creationTimestamp": time(1), "ownerReferences": owned("Deployment", "d1"),
        },
        "spec": {"replicas": 1, "selector": {}, "template": own},
    })
}

/// A pod of ReplicaSet `rs2`, the present one, with this container status.
fn pod(status: Value) -> Value {
    let mut status = status;
    status["name"] = json!("gateway");
    for (field, value) in [("image", json!("")), ("imageID", json!("")), ("ready", json!(false))] {
        if status.get(field).is_none() {
            status[field] = value;
        }
    }
    if status.get("restartCount").is_none() {
        status["restartCount"] = json!(0);
    }
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "hive-gateway-rs2-x", "namespace": "openhive", "uid": "p1",
            "creationTimestamp": time(1), "ownerReferences": owned("ReplicaSet", "rs2"),
        },
        "spec": {
            "nodeName": "node-1", "restartPolicy": "Always",
            "containers": [{"name": "gateway", "image": "r.test/gateway:v2",
                "resources": {"limits": {"memory": "1Gi"}}}],
        },
        "status": {"phase": "Pending", "containerStatuses": [status]}
    })
}

fn waiting(reason: &str, message: &str) -> Value {
    pod(json!({"state": {"waiting": {"reason": reason, "message": message}}}))
}

fn event(uid: &str, reason: &str, message: &str, seconds: i64) -> Arc<Event> {
    typed(json!({
        "metadata": {"name": "e", "namespace": "openhive"},
        "involvedObject": {"kind": "Pod", "name": "x", "uid": uid,
            "fieldPath": "spec.containers{gateway}"},
        "reason": reason, "message": message, "type": "Warning",
        "firstTimestamp": time(seconds), "lastTimestamp": time(seconds), "count": 1
    }))
}

/// The Deployment, its old and its present ReplicaSet, and these pods.
fn snapshot(pods: Vec<Value>) -> Snapshot {
    Snapshot {
        since: Some(at(0)),
        deployments: vec![typed(deployment())],
        replica_sets: vec![
            typed(replica_set("rs1", "r.test/gateway:v1")),
            typed(replica_set("rs2", "r.test/gateway:v2")),
        ],
        pods: pods.into_iter().map(typed::<Pod>).collect(),
        ..Snapshot::default()
    }
}

/// The first finding when `snapshot` shows from second 2 on, `age` seconds later.
fn after(snapshot: &Snapshot, age: i64) -> Option<Finding> {
    let mut tracker = Tracker::new(Grace::DEFAULT);
    tracker.observe(at(2), snapshot);
    tracker.observe(at(2 + age), snapshot).into_iter().next()
}

/// Not terminal one second before `grace`, terminal from then on; the cause.
#[track_caller]
fn fails_after(snapshot: &Snapshot, grace: i64) -> Finding {
    if grace > 0 {
        let early = after(snapshot, grace - 1);
        assert!(early.is_none_or(|finding| !finding.terminal), "terminal before {grace} s");
    }
    let finding = after(snapshot, grace).expect("a finding");
    assert!(finding.terminal, "not terminal after {grace} s: {}", finding.cause);
    finding
}

/// Shown at once, and never the end.
#[track_caller]
fn only_shown(snapshot: &Snapshot) -> Finding {
    let first = after(snapshot, 0).expect("a finding at once");
    let late = after(snapshot, 7200).expect("still a finding");
    assert!(!first.terminal && !late.terminal, "terminal: {}", late.cause);
    first
}
