//! Flows opened and closed.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::flow::{Actor, FlowChange, compare};
use netpol::{Cluster, Foreign};

fn shown(changes: &[FlowChange]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

fn actors() -> Vec<Actor> {
    vec![
        Actor::pod("gateway", "a", [("app", "gateway")]),
        Actor::pod("agent", "b", [("app", "agent")]),
        Actor::on_node("api-server", "kube-system"),
        Actor::address("database", "203.0.113.7/32".parse().unwrap()),
    ]
}

fn egress(rules: Value) -> Cluster {
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "a"},
        "spec": {"policyTypes": ["Egress"], "egress": rules},
    });
    Cluster::from_manifests([&policy]).unwrap()
}

#[test]
fn a_narrower_rule_closes_all_addresses_but_one() {
    let before = egress(json!([{"ports": [{"port": 5432}]}]));
    let after = egress(json!([{
        "to": [{"ipBlock": {"cidr": "203.0.113.7/32"}}], "ports": [{"port": 5432}, {"port": 6432}],
    }]));
    let diff = compare(before, after, &actors());
    assert_eq!(
        shown(&diff.opened),
        [
            // The address of its node is not known.
            "gateway → api-server TCP 6432 (perhaps: unknown-address)",
            "gateway → database TCP 6432",
        ]
    );
    assert_eq!(
        shown(&diff.closed),
        [
            "gateway → agent TCP 5432",
            "gateway → 0.0.0.0-203.0.113.6, 203.0.113.8-255.255.255.255, ::/0 TCP 5432",
        ]
    );
}

#[test]
fn a_rule_without_peers_opens_nodes_pods_and_every_address() {
    let before = egress(json!([]));
    let after = egress(json!([{"ports": [{"port": 6443}]}]));
    let diff = compare(before, after, &actors());
    assert_eq!(
        shown(&diff.opened),
        [
            "gateway → agent TCP 6443",
            "gateway → api-server TCP 6443",
            "gateway → database TCP 6443",
            "gateway → any address TCP 6443",
        ]
    );
    assert!(diff.closed.is_empty());
}

#[test]
fn the_same_flows_by_other_policies_are_no_change() {
    let one = egress(json!([{"ports": [{"port": 1}, {"port": 2}]}]));
    let two = egress(json!([{"ports": [{"port": 2}]}, {"ports": [{"port": 1, "endPort": 2}]}]));
    assert!(compare(one, two, &actors()).is_empty());
}

/// What one side leaves open and the other allows opens or closes perhaps; what both leave open is no
/// change.
#[test]
fn a_doubt_beside_a_permission_is_a_change_perhaps() {
    let unread = |rules: Value| {
        let mut cluster = egress(rules);
        cluster.foreign.push(Foreign::anything("networkpolicies.networking.k8s.io"));
        cluster
    };
    let open = || egress(json!([{"ports": [{"port": 443}]}]));
    let pair = [Actor::pod("agent", "a", [("app", "agent")]), actors().remove(3)];
    let diff = compare(unread(json!([])), open(), &pair);
    let perhaps = "agent → database TCP 443 (perhaps: policy-kind-not-evaluated)";
    assert!(shown(&diff.opened).contains(&perhaps.to_owned()), "{:?}", diff.opened);
    let diff = compare(open(), unread(json!([])), &pair);
    assert!(shown(&diff.closed).contains(&perhaps.to_owned()), "{:?}", diff.closed);
    assert!(compare(unread(json!([])), unread(json!([{}])), &pair).is_empty());
}
