//! Filters, and nodes of every kind: whatever is listed, it is the same connections.

use std::collections::{BTreeMap, BTreeSet};

use super::random::{Dice, world};
use super::report::{json_of, json_with};
use super::*;
use crate::address::Span;
use crate::input::Owner;
use crate::listing::{Asked, By, Filter};
use crate::pick::Pick;

/// Members with controllers: two in each namespace, so that some are split.
fn owned(seed: u64) -> Input {
    let mut input = world(seed, &mut Dice(seed)).input();
    for (i, member) in input.members.iter_mut().enumerate() {
        let owner = |kind: &str, name: usize| {
            Some(Owner { kind: kind.to_owned(), name: format!("o{name}") })
        };
        member.owner = owner("ReplicaSet", i % 2);
        member.workload = if i % 5 == 0 { None } else { owner("Deployment", 0) };
    }
    input
}

/// Rows between single pods, from rows between whatever stands for them.
fn single(document: &Value, list: &str, stands_for: &BTreeMap<String, Vec<Value>>) -> Vec<String> {
    let members =
        |end: &Value| stands_for.get(&end.to_string()).cloned().unwrap_or(vec![end.clone()]);
    let mut rows = Vec::new();
    for row in document[list].as_array().unwrap() {
        for src in members(&row["src"]) {
            for dst in members(&row["dst"]) {
                if src != dst {
                    let mut row = row.clone();
                    (row["src"], row["dst"]) = (src.clone(), dst);
                    rows.push(row.to_string());
                }
            }
        }
    }
    rows.sort();
    rows
}

fn plain(document: &Value, list: &str) -> Vec<String> {
    single(document, list, &BTreeMap::new())
}

/// What each group, workload or owner of a document stands for.
fn legend(document: &Value) -> BTreeMap<String, Vec<Value>> {
    let ids = |list: &Value, key: &str| {
        let ids = list.as_array().into_iter().flatten();
        ids.map(|id| json!({key: id})).collect::<Vec<_>>()
    };
    let mut found = BTreeMap::new();
    for (name, group) in document["groups"].as_object().into_iter().flatten() {
        let members = [ids(&group["pods"], "pod"), ids(&group["workloads"], "workload")].concat();
        found.insert(json!({"group": name}).to_string(), members);
    }
    for key in ["workload", "owner"] {
        for entry in document[format!("{key}s")].as_array().into_iter().flatten() {
            let mut end = json!({key: entry[key]});
            if let Some(part) = entry.get("where") {
                end["where"] = part.clone();
            }
            let mut members = ids(&entry["pods"], "pod");
            if entry["template"] == true {
                members.push(json!({"workload": entry[key]}));
            }
            found.insert(end.to_string(), members);
        }
    }
    found
}

#[test]
fn workloads_and_owners_expand_to_exactly_the_ungrouped_rows() {
    let mut split = 0;
    for seed in 0..50 {
        let input = owned(seed);
        let pods = json_of(&input, By::Pod);
        for by in [By::Workload, By::Owner] {
            let document = json_of(&input, by);
            for list in ["connections", "uncertain"] {
                let expanded = single(&document, list, &legend(&document));
                assert!(expanded == plain(&pods, list), "seed {seed}, by {by:?}");
            }
            split += document.to_string().matches("\"where\"").count();
        }
    }
    assert!(split > 0);
}

/// What a filter must leave of a row between single pods.
fn keep(row: &str, input: &Input, asked: &Asked) -> Option<String> {
    let mut row: Value = serde_json::from_str(row).unwrap();
    let namespace = |end: &Value| {
        let id = end["pod"].as_str()?;
        Some(id.split('/').next().unwrap().to_owned())
    };
    let representative = |end: &Value| {
        let selector = &end["unknown"]["namespaceSelector"];
        let name = "kubernetes.io/metadata.name";
        let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
        let values = expressions.filter(|e| e["key"] == name && e["operator"] == "In");
        let values = values.flat_map(|e| e["values"].as_array().unwrap());
        let values = values.chain(selector["matchLabels"].get(name));
        values.map(|v| v.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let homes = |end: &Value| namespace(end).map_or_else(|| representative(end), |n| vec![n]);
    for (key, names) in [("src", &asked.from), ("dst", &asked.to)] {
        let Some(name) = names.first() else { continue };
        if let Some(ips) = row[key]["ips"].as_array() {
            let Ok(Pick::Addresses(only, _)) = input.pick(name) else { return None };
            let ips: Vec<Span> = ips.iter().filter_map(|ip| span(ip).intersection(&only)).collect();
            row[key]["ips"] = json!(ips);
            if ips.is_empty() {
                return None;
            }
        } else if row[key]["pod"] != name.as_str() && !homes(&row[key]).contains(name) {
            let at = row[key]["pod"].as_str();
            let member = input.members.iter().find(|m| Some(m.id().as_str()) == at)?;
            let Ok(Pick::Addresses(only, _)) = input.pick(name) else { return None };
            let inside = |a: &std::net::IpAddr| only.covers(&Span::from(*a));
            member.pod.addresses.iter().any(inside).then_some(())?;
        }
    }
    if let Some(name) = asked.namespaces.first() {
        let ends = [homes(&row["src"]), homes(&row["dst"])];
        ends.concat().contains(name).then_some(())?;
    }
    if let Some((port, protocol)) = asked.ports.first() {
        let held = |range: &Value| {
            (range[0].as_u64().unwrap()..=range[1].as_u64().unwrap()).contains(&u64::from(*port))
        };
        let any = row["ports"].as_array().unwrap().iter().any(held);
        (any && row["protocol"] == protocol.name()).then_some(())?;
        row["ports"] = json!([[port, port]]);
    }
    Some(row.to_string())
}

fn span(text: &Value) -> Span {
    let text = text.as_str().unwrap();
    text.parse::<ipnet::IpNet>().map(Span::from).unwrap_or_else(|_| {
        let (first, last) = text.split_once('-').unwrap();
        Span::between(first.parse().unwrap(), last.parse().unwrap()).unwrap()
    })
}

#[test]
fn a_filter_leaves_exactly_the_rows_that_are_asked_for() {
    let mut left = 0;
    for seed in 0..120 {
        let mut dice = Dice(seed);
        let input = world(seed, &mut dice).input();
        let mut names: Vec<String> = input.members.iter().map(Member::id).collect();
        names.extend(["a", "b", "10.0.0.0/24", "192.0.2.0/25", "2001:db8::/32"].map(str::to_owned));
        names.retain(|name| input.pick(name).is_ok());
        let name = |dice: &mut Dice| {
            if dice.one_in(2) { Vec::new() } else { vec![dice.pick(&names).clone()] }
        };
        let mut asked = Asked { from: name(&mut dice), to: name(&mut dice), ..Asked::default() };
        if dice.one_in(3) {
            asked.ports.push((*dice.pick(&[80, 81]), *dice.pick(&Protocol::ALL)));
        }
        if dice.one_in(3) && input.has_namespace("a") {
            asked.namespaces.push("a".to_owned());
        }
        let all = json_of(&input, By::Pod);
        for by in [By::Group, By::Pod, By::Workload] {
            let document = json_with(&input, by, Filter::new(&input, &asked).unwrap());
            for list in ["connections", "uncertain"] {
                let mut expected: Vec<String> =
                    plain(&all, list).iter().filter_map(|r| keep(r, &input, &asked)).collect();
                expected.sort();
                left += expected.len();
                let found = single(&document, list, &legend(&document));
                let differ = found.iter().zip(&expected).find(|(a, b)| a != b);
                assert_eq!(differ, None, "seed {seed}, by {by:?}, {asked:?}");
                assert_eq!(found.len(), expected.len(), "seed {seed}, by {by:?}, {asked:?}");
            }
        }
    }
    assert!(left > 1000, "{left}");
}

fn read_all(objects: impl IntoIterator<Item = Value>) -> Input {
    let mut reader = read::Reader::new("default");
    objects.into_iter().for_each(|object| reader.add(&object, None));
    reader.finish()
}

fn replica(name: &str, labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {
        "name": name, "namespace": "a", "labels": labels,
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "1", "controller": true}],
    }, "spec": {"containers": []}})
}

#[test]
fn parts_of_a_workload_are_named_after_what_tells_them_apart() {
    let from = |selector: Value| policy(json!({"podSelector": selector, "ingress": [{}]}));
    let parts = |objects: Vec<Value>| {
        let document = json_of(&read_all(objects), By::Workload);
        let workloads = document["workloads"].as_array().unwrap().clone();
        workloads.iter().map(|w| w["where"].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>()
    };
    let pods = || {
        vec![
            replica("db-0", json!({"app": "db", "role": "primary", "zone": "1"})),
            replica("db-1", json!({"app": "db", "role": "replica", "zone": "2"})),
            replica("db-2", json!({"app": "db", "zone": "2"})),
        ]
    };
    let on = |labels: Value| from(json!({"matchLabels": labels}));
    assert_eq!(parts([pods(), vec![on(json!({"app": "db"}))]].concat()), [""]);
    assert_eq!(
        parts([pods(), vec![on(json!({"zone": "2"}))]].concat()),
        ["zone=1", "zone=2"],
        "a label that no selector reads tells nothing apart"
    );
    let exists = from(json!({"matchExpressions": [{"key": "role", "operator": "Exists"}]}));
    assert_eq!(parts([pods(), vec![exists]].concat()), ["role in (primary,replica)", "!role"]);
    let mut host = pods();
    host[0]["spec"]["hostNetwork"] = json!(true);
    assert_eq!(
        parts([host, vec![on(json!({"app": "db"}))]].concat()),
        ["hostNetwork", "no hostNetwork"]
    );
    let mut ports = pods();
    ports[1]["spec"]["containers"] = json!([{"ports": [{"name": "sql", "containerPort": 5432}]}]);
    let named = policy(json!({"ingress": [{"ports": [{"port": "sql"}]}]}));
    assert_eq!(parts([ports, vec![named]].concat()), ["db-0 db-2", "db-1"]);
}

#[test]
fn names_are_found_and_similar_ones_offered() {
    let input = read_all([
        replica("db-0", json!({})),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "empty"}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "b"},
            "spec": {"containers": []}, "status": {"podIP": "10.0.0.7"}}),
    ]);
    let members = |names: &[&str]| {
        let found: BTreeSet<_> = names
            .iter()
            .map(|n| input.pick(n).unwrap_or_else(|e| panic!("{e:?}")))
            .map(|p| format!("{p:?}"))
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    };
    assert_eq!(members(&["a/db-0", "a/pod/db-0", "a/statefulset/db", "a/sts/db"]), "Members([0])");
    assert_eq!(members(&["b/x", "10.0.0.7"]), "Members([1])");
    assert_eq!(members(&["db-0", "db", "sts/db", "a/db", "pod/db-0"]), "Members([0])");
    assert_eq!(members(&["x", "[10.0.0.7]", "::ffff:10.0.0.7"]), "Members([1])");
    assert_eq!(input.pick("empty"), Ok(Pick::Namespace("empty".to_owned())));
    assert!(matches!(input.pick("10.0.0.0/24"), Ok(Pick::Addresses(_, own)) if own == [1]));
    assert!(matches!(input.pick("203.0.113.9"), Ok(Pick::Addresses(..))));
    for (wrong, near) in [
        ("a/db-1", "a/db-0"),
        ("a/statefulset/bd", "a/statefulset/db"),
        ("emty", "empty"),
        ("", "a"),
        ("10.0.0.0/99", "empty"),
        ("a/statefulset/db/0", "a/statefulset/db"),
    ] {
        let error = input.pick(wrong).unwrap_err();
        assert_eq!(error.name, wrong);
        if wrong.starts_with(|c: char| c.is_ascii_alphabetic()) {
            assert_eq!(error.nearest.as_deref(), Some(near));
        }
    }
    let several = read_all([
        replica("db-0", json!({})),
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "db", "namespace": "b"},
        "spec": {"template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": []}}}}),
    ]);
    let error = several.pick("db").unwrap_err();
    assert_eq!(
        (error.several, error.nearest),
        (vec!["a/statefulset/db".to_owned(), "b/deployment/db".to_owned()], None)
    );
    assert!(several.pick("b/db").is_ok() && several.pick("deploy/db").is_ok());
    assert_eq!(input.pick_namespace("c").unwrap_err().nearest.as_deref(), Some("a"));
    assert_eq!(Input::default().pick("a/b").unwrap_err().nearest, None);
}
