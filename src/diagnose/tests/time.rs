//! How long a symptom may last, and when it is forgotten.

use serde_json::json;

use super::*;
use crate::diagnose::{Symptom, diagnose};

fn missing_secret() -> Snapshot {
    snapshot(vec![waiting("CreateContainerConfigError", "secret \"x\" not found")])
}

#[test]
fn recovers_within_grace() {
    let mut tracker = Tracker::new(Grace::DEFAULT);
    let running = snapshot(vec![pod(json!({"ready": true, "state": {"running": {}}}))]);
    for second in 0..10 {
        assert!(!tracker.observe(at(second), &missing_secret())[0].terminal);
    }
    assert_eq!(tracker.observe(at(10), &running), []);
    // It comes back: its grace begins again.
    let again = tracker.observe(at(11), &missing_secret()).remove(0);
    assert_eq!((again.terminal, again.since), (false, at(11)));
    assert!(tracker.observe(at(21), &missing_secret())[0].terminal);
}

/// The cluster's clock an hour ahead or behind makes nothing older or younger.
#[test]
fn the_clusters_clock_does_not_count() {
    for skew in [-3600, 3600] {
        let mut tracker = Tracker::new(Grace::DEFAULT);
        assert!(!tracker.observe(at(skew), &missing_secret())[0].terminal);
        assert!(!tracker.observe(at(skew + 9), &missing_secret())[0].terminal);
        assert!(tracker.observe(at(skew + 10), &missing_secret())[0].terminal);
    }
}

#[test]
fn another_revision_is_another_chance() {
    let mut tracker = Tracker::new(Grace::DEFAULT);
    tracker.observe(at(0), &missing_secret());
    assert!(tracker.observe(at(10), &missing_secret())[0].terminal);

    let mut next = missing_secret();
    let mut set = replica_set("rs2", "r.test/gateway:v2");
    set["metadata"]["uid"] = json!("rs3");
    next.replica_sets[1] = typed(set);
    let mut pod = waiting("CreateContainerConfigError", "secret \"x\" not found");
    pod["metadata"]["ownerReferences"] = owned("ReplicaSet", "rs3");
    next.pods = vec![typed(pod)];
    assert!(!tracker.observe(at(11), &next)[0].terminal);
}

#[test]
fn the_first_certain_cause_comes_first() {
    let mut snapshot = snapshot(vec![waiting("ContainerCreating", "")]);
    snapshot.events.push(event("p1", "FailedMount", "volume \"v\" exit status 32", 2));
    snapshot.deployments.push({
        let mut other = deployment();
        other["metadata"]["name"] = json!("hive-agent");
        other["metadata"]["uid"] = json!("d2");
        other["spec"]["paused"] = json!(true);
        typed(other)
    });
    let mut tracker = Tracker::new(Grace::DEFAULT);
    let found = tracker.observe(at(2), &snapshot);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].symptom, Symptom::Paused);
    assert!(found[0].terminal && !found[1].terminal);
}

#[test]
fn pods_of_one_revision_are_one_finding() {
    let mut second = waiting("InvalidImageName", "x");
    second["metadata"]["uid"] = json!("p2");
    let found = Tracker::new(Grace::DEFAULT)
        .observe(at(2), &snapshot(vec![waiting("InvalidImageName", "x"), second]));
    assert_eq!(found.len(), 1);
}

#[test]
fn events_from_before_the_apply_do_not_count() {
    let mut snapshot = snapshot(vec![waiting("ContainerCreating", "")]);
    snapshot.events.push(event("p1", "FailedMount", "secret \"gone\" not found", -2));
    assert_eq!(after(&snapshot, 600), None);
}

/// The API's times are whole seconds: what happens right after the apply may look older than it.
#[test]
fn events_of_the_applys_own_second_count() {
    let mut snapshot = snapshot(vec![waiting("ContainerCreating", "")]);
    snapshot.since = Some(at(0) + SignedDuration::from_millis(900));
    snapshot.events.push(event("p1", "FailedMount", "secret \"gone\" not found", 0));
    assert!(after(&snapshot, 0).is_some());
}

#[test]
fn a_series_is_as_new_as_its_last_event() {
    let mut snapshot = snapshot(vec![waiting("ContainerCreating", "")]);
    snapshot.events.push(typed(json!({
        "metadata": {"name": "e", "creationTimestamp": time(-60)},
        "involvedObject": {"uid": "p1"},
        "reason": "FailedMount", "message": "secret \"gone\" not found",
        "eventTime": "2026-05-01T09:59:00.000000Z",
        "series": {"count": 2, "lastObservedTime": "2026-05-01T10:00:05.000000Z"}
    })));
    assert!(after(&snapshot, 0).is_some());
}

#[test]
fn one_look_takes_the_objects_own_times() {
    let mut unscheduled = waiting("x", "");
    unscheduled["spec"].as_object_mut().unwrap().remove("nodeName");
    unscheduled["status"] = json!({"phase": "Pending", "conditions": [{
        "type": "PodScheduled", "status": "False", "lastTransitionTime": time(5),
        "message": "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    }]});
    let snapshot = snapshot(vec![unscheduled]);
    assert!(!diagnose(&snapshot, &Grace::DEFAULT, at(34))[0].terminal);
    let found = diagnose(&snapshot, &Grace::DEFAULT, at(35)).remove(0);
    assert_eq!((found.terminal, found.since), (true, at(5)));
}

#[test]
fn a_finding_is_an_object_of_json() {
    let found = after(&missing_secret(), 10).unwrap();
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["object"]["kind"], "Deployment");
    assert_eq!(json["subject"]["container"], "gateway");
    assert_eq!(json["symptom"]["code"], "config");
    assert_eq!(json["symptom"]["error"]["secret"], "x");
    assert_eq!(json["since"], time(2));
    assert_eq!(json["terminal"], true);
}
