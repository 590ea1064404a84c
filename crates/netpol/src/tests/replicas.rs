//! A workload of several pods is several pods, wherever flows are asked about.

use super::report::json_of;
use super::*;
use crate::diff::{DiffOptions, diff_inputs};
use crate::engine::Connections;
use crate::listing::{By, Filter, Listing};
use crate::report::explained_json;

/// A StatefulSet of so many pods under these policies of its namespace.
fn tank(replicas: u32, specs: impl IntoIterator<Item = Value>) -> Input {
    let mut reader = read::Reader::new("default");
    let template = json!({
        "metadata": {"labels": {"app": "tank"}},
        "spec": {"containers": [{"name": "m", "ports": [{"containerPort": 5432}]}]},
    });
    reader.add(
        &json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"name": "tank", "namespace": "a"},
            "spec": {"replicas": replicas, "template": template},
        }),
        None,
    );
    specs.into_iter().for_each(|spec| reader.add(&policy(spec), None));
    reader.finish()
}

fn closed() -> Value {
    json!({"policyTypes": ["Ingress", "Egress"]})
}

/// The rows of the workload with itself.
fn own(rows: &Value) -> Vec<Value> {
    let id = json!({"workload": "a/statefulset/tank"});
    let rows = rows.as_array().unwrap().iter();
    rows.filter(|row| row["src"] == id && row["dst"] == id).cloned().collect()
}

#[test]
fn connections_between_replicas_are_listed() {
    for (by, replicas, listed) in [(By::Pod, 3, 3), (By::Workload, 3, 3), (By::Pod, 1, 0)] {
        let rows = json_of(&tank(replicas, []), by);
        // One row for each protocol.
        assert_eq!(own(&rows["connections"]).len(), listed, "{by:?} of {replicas}");
    }
    assert!(own(&json_of(&tank(3, [closed()]), By::Pod)["connections"]).is_empty());
    let port = json!({"ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 5432}]}]});
    let rows = json_of(&tank(3, [port]), By::Pod);
    let [row] = own(&rows["connections"]).try_into().unwrap();
    assert_eq!(row["ports"], json!([[5432, 5432]]));
}

#[test]
fn explained_connections_tell_that_replicas_are_denied() {
    let input = tank(3, [closed()]);
    let mut text = String::new();
    let mut connections = Connections::new(&input, true);
    let mut listing = Listing::new(&mut connections, By::Pod, Filter::default());
    explained_json(&mut listing, &mut text).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let [pair] = own(&document["pairs"]).try_into().unwrap();
    assert_eq!((&pair["allowed"], &pair["denied"]["TCP"]), (&json!({}), &json!([[1, 65535]])));
}

#[test]
fn a_change_between_replicas_is_a_change() {
    let changes = |replicas: u32| {
        let states = [tank(replicas, []), tank(replicas, [closed()])];
        let options = DiffOptions { known_only: true, ..DiffOptions::default() };
        let found = diff_inputs(&states[0], &states[1], &options).unwrap();
        found.closed.iter().filter(|change| change.from == change.to).count()
    };
    assert_eq!((changes(3), changes(1)), (1, 0));
}
