//! A workload of several pods is several pods, wherever flows are asked about.

use super::report::json_of;
use super::*;
use crate::diff::{DiffOptions, diff_inputs};
use crate::engine::Connections;
use crate::explain::Answer;
use crate::flow_end::{FlowExplanation, Overall};
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

fn explained(input: &Input, from: &str, to: &str) -> FlowExplanation {
    let [from, to] = [from, to].map(|name| input.flow_end(input.pick(name).unwrap()).unwrap());
    input.explain(&from, &to, Protocol::Tcp, 5432)
}

#[test]
fn a_workload_with_itself_is_explained_for_two_of_its_pods() {
    let own = |replicas: u32| explained(&tank(replicas, [closed()]), "a/sts/tank", "a/sts/tank");
    let several = own(3);
    assert_eq!((several.answer, several.kinds.len()), (Overall::Denied, 1));
    assert!(!several.kinds[0].explanation.always);
    // One pod reaches itself.
    let one = own(1);
    assert_eq!(one.answer, Overall::Allowed);
    assert!(one.kinds[0].explanation.always);
}

#[test]
fn each_kind_of_pods_of_a_workload_is_explained_what_is_denied_first() {
    let mut reader = read::Reader::new("default");
    for (name, role) in [("tank-0", "primary"), ("tank-1", "replica"), ("tank-2", "replica")] {
        let owner = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "tank",
            "uid": "u", "controller": true});
        reader.add(
            &json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": name, "namespace": "a", "labels": {"role": role},
                    "ownerReferences": [owner]},
                "spec": {"containers": []}}),
            None,
        );
    }
    let cart = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "cart", "namespace": "a"}, "spec": {"containers": []}});
    reader.add(&cart, None);
    reader.add(&policy(json!({})), None);
    let mut primary = policy(json!({"podSelector": {"matchLabels": {"role": "primary"}},
        "ingress": [{"ports": [{"port": 5432}]}]}));
    primary["metadata"]["name"] = json!("primary");
    reader.add(&primary, None);
    let input = reader.finish();
    let found = explained(&input, "a/cart", "a/statefulset/tank");
    assert_eq!(found.answer, Overall::Mixed);
    let kinds: Vec<_> = found
        .kinds
        .iter()
        .map(|kind| (kind.destination.as_str(), kind.pairs, kind.explanation.answer))
        .collect();
    assert_eq!(kinds, [("a/tank-1", 2, Answer::Denied), ("a/tank-0", 1, Answer::Allowed)]);
    // Of its own pods: two to the primary, and to a replica two of each kind, which other rules would open.
    let own = explained(&input, "a/statefulset/tank", "a/statefulset/tank");
    let pairs: Vec<_> =
        own.kinds.iter().map(|kind| (kind.pairs, kind.explanation.answer)).collect();
    assert_eq!(pairs, [(2, Answer::Denied), (2, Answer::Denied), (2, Answer::Allowed)]);
}
