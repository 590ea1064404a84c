//! Files that are compared with a cluster.

use super::*;
use crate::diff::{Change, DiffEnd, DiffOptions, InputDiff, Presence, complete, diff_inputs};
use crate::read::Reader;
use crate::verdict::Why;

fn input(objects: &[Value]) -> Input {
    let mut reader = Reader::new("default");
    objects.iter().for_each(|object| reader.add(object, None));
    reader.finish()
}

fn pod(namespace: &str, app: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []},
        "metadata": {"name": app, "namespace": namespace, "labels": {"app": app}}})
}

/// Lets namespaces with a label in.
fn policy(port: u16) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": port}],
            "from": [{"namespaceSelector": {"matchLabels": {"team": "red"}}}]}]}})
}

fn cluster() -> Vec<Value> {
    let namespace = |name: &str, labels: Value| {
        json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": labels}})
    };
    vec![
        namespace("shop", json!({})),
        namespace("red", json!({"team": "red"})),
        namespace("blue", json!({})),
        pod("shop", "db"),
        pod("red", "client"),
        pod("blue", "client"),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "closed", "namespace": "blue"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}),
    ]
}

fn compare(before: &Input, after: &Input) -> InputDiff {
    let options = DiffOptions { known_only: true, ..DiffOptions::default() };
    diff_inputs(before, after, &options).unwrap()
}

fn rows(diff: &InputDiff, changes: &[Change]) -> Vec<String> {
    let end = |end: &DiffEnd| match end {
        DiffEnd::Party(number) => diff.parties[*number].members.join(" "),
        DiffEnd::Addresses(_) => "addresses".to_owned(),
    };
    let row = |c: &Change| {
        let why = c.why.map(|why| format!(" ? {why}")).unwrap_or_default();
        format!("{} → {} {}{why}", end(&c.from), end(&c.to), c.ports)
    };
    changes.iter().map(row).collect()
}

/// Nobody is gone because a folder does not speak of them, and their labels are known.
#[test]
fn files_stand_for_their_namespaces_only() {
    let mut objects = cluster();
    objects.push(policy(5432));
    let there = input(&objects);
    let mut files = input(&[pod("shop", "db"), policy(5433)]);
    let own = complete(&mut files, &there);
    assert_eq!(own.into_iter().collect::<Vec<_>>(), ["shop"]);
    let diff = compare(&there, &files);
    assert!(diff.parties.iter().all(|p| p.presence == Presence::Both));
    assert_eq!(rows(&diff, &diff.opened), ["red/client → shop/db TCP 5433"]);
    assert_eq!(rows(&diff, &diff.closed), ["red/client → shop/db TCP 5432"]);
    // A policy of such a namespace that is not in the files is gone.
    let mut files = input(&[pod("shop", "db")]);
    complete(&mut files, &there);
    let diff = compare(&there, &files);
    let opened = rows(&diff, &diff.opened);
    assert!(opened.contains(&"blue/client → shop/db all ports".to_owned()), "{opened:?}");
}

/// Policies that could not be listed are unknown where the files do not tell them.
#[test]
fn policies_that_could_not_be_read_are_never_none() {
    let mut there = input(&cluster());
    there.cluster.foreign.push(Foreign::anything("networkpolicies.networking.k8s.io"));
    let mut files = input(&[pod("shop", "db"), policy(5432)]);
    complete(&mut files, &there);
    let diff = compare(&there, &files);
    assert!(!diff.is_empty());
    let all = diff.opened.iter().chain(&diff.closed);
    let doubt = Some(Why::PolicyKindNotEvaluated);
    assert!(all.into_iter().all(|change| change.why == doubt), "{:?}", diff.opened);
    // Into other namespaces nothing is known on either side.
    let known = |name: &str| diff.parties.iter().position(|p| p.members.contains(&name.into()));
    let blue = DiffEnd::Party(known("blue/client").unwrap());
    let red = DiffEnd::Party(known("red/client").unwrap());
    let both = |c: &&Change| [&blue, &red].contains(&&c.from) && [&blue, &red].contains(&&c.to);
    assert_eq!(diff.opened.iter().chain(&diff.closed).filter(both).count(), 0);
}
