//! The JSON of connections.

use std::collections::BTreeSet;

use super::random::{Dice, world};
use super::*;
use crate::engine::Connections;
use crate::listing::{By, Filter, Listing};
use crate::report::{SCHEMA, connections_json};

pub(super) fn json_of(input: &Input, by: By) -> Value {
    json_with(input, by, Filter::default())
}

pub(super) fn json_with(input: &Input, by: By, filter: Filter) -> Value {
    let mut text = String::new();
    let mut connections = Connections::new(input, false);
    let mut listing = Listing::new(&mut connections, by, filter);
    connections_json(&mut listing, &mut text).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["schema"], SCHEMA);
    value
}

/// The members of an end, as ungrouped rows name them.
fn members(groups: &Value, end: &Value) -> Vec<Value> {
    let Some(group) = end["group"].as_str() else { return vec![end.clone()] };
    let list = |key: &str, name: &str| {
        let ids = groups[group][key].as_array().unwrap().iter();
        ids.map(|id| json!({name: id})).collect::<Vec<_>>()
    };
    [list("pods", "pod"), list("workloads", "workload")].concat()
}

fn expanded(document: &Value, list: &str) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for row in document[list].as_array().unwrap() {
        for src in members(&document["groups"], &row["src"]) {
            for dst in members(&document["groups"], &row["dst"]) {
                if src != dst {
                    let mut row = row.clone();
                    row["src"] = src.clone();
                    row["dst"] = dst;
                    assert!(rows.insert(row.to_string()), "twice: {row}");
                }
            }
        }
    }
    rows
}

#[test]
fn groups_expand_to_exactly_the_ungrouped_rows() {
    for seed in 0..200 {
        let mut input = world(seed, &mut Dice(seed)).input();
        // Twins, so that there are groups.
        let twins: Vec<Member> = input.members.iter().take(3).cloned().collect();
        for (i, mut twin) in twins.into_iter().enumerate() {
            twin.pod.name = format!("twin{i}");
            input.members.push(twin);
        }
        let (grouped, ungrouped) = (json_of(&input, By::Group), json_of(&input, By::Pod));
        for list in ["connections", "uncertain"] {
            let plain: BTreeSet<String> =
                ungrouped[list].as_array().unwrap().iter().map(Value::to_string).collect();
            assert_eq!(expanded(&grouped, list), plain, "seed {seed}");
            assert_eq!(plain.len(), ungrouped[list].as_array().unwrap().len(), "seed {seed}");
        }
    }
}

#[test]
fn everything_open_is_one_group_and_all_addresses() {
    let mut input = Input::default();
    for name in ["x", "y"] {
        input.members.push(Member {
            pod: pod("a", name),
            namespace: "a".to_owned(),
            is_pod: true,
            owner: None,
            workload: None,
            replicas: 1,
            varies: false,
            container: None,
            place: None,
        });
    }
    let mut text = String::new();
    let mut connections = Connections::new(&input, true);
    let mut listing = Listing::new(&mut connections, By::Group, Filter::default());
    connections_json(&mut listing, &mut text).unwrap();
    let tcp: Vec<&str> = text.lines().filter(|l| l.contains("TCP")).collect();
    assert_eq!(
        tcp,
        [
            r#"{"src":{"group":"g1"},"dst":{"group":"g1"},"protocol":"TCP","ports":[[1,65535]]},"#,
            r#"{"src":{"group":"g1"},"dst":{"ips":["0.0.0.0/0"]},"protocol":"TCP","ports":[[1,65535]]},"#,
            r#"{"src":{"group":"g1"},"dst":{"ips":["::/0"]},"protocol":"TCP","ports":[[1,65535]]},"#,
            r#"{"src":{"ips":["0.0.0.0/0"]},"dst":{"group":"g1"},"protocol":"TCP","ports":[[1,65535]]},"#,
            r#"{"src":{"ips":["::/0"]},"dst":{"group":"g1"},"protocol":"TCP","ports":[[1,65535]]},"#,
        ]
    );
}

#[test]
fn a_selector_that_matches_nobody_shows_whom_it_would_let_in() {
    let objects = [
        policy(json!({"ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "gone"}}}]}]})),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "a"}, "spec": {"containers": []}}),
    ];
    let mut reader = read::Reader::new("default");
    objects.iter().for_each(|o| reader.add(o, None));
    let document = json_of(&reader.finish(), By::Group);
    let sources: Vec<&Value> = document["connections"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["dst"]["group"] == "g1" && row["protocol"] == "TCP")
        .map(|row| &row["src"])
        .collect();
    assert_eq!(
        sources,
        [&json!({"unknown": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "a"}},
            "podSelector": {"matchLabels": {"app": "gone"}},
        }})]
    );
}
