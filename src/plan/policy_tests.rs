#![allow(clippy::unwrap_used)]
use super::*;

fn policy(spec: Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "openhive", "labels": {"a": "b"}},
        "spec": spec,
    })
}

fn port(port: u16) -> Value {
    json!({"ports": [{"port": port, "protocol": "TCP"}]})
}

fn union_of(live: Value, desired: Value) -> Value {
    match interim(&policy(live), &policy(desired)) {
        Some(Interim::Union { policy }) => policy["spec"].clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn old_rules_stay_until_the_end() {
    let spec = |egress| {
        json!({"podSelector": {"matchLabels": {"app": "g"}},
        "policyTypes": ["Egress"], "egress": [egress]})
    };
    assert_eq!(
        union_of(spec(port(5432)), spec(port(6432))),
        json!({"podSelector": {"matchLabels": {"app": "g"}}, "policyTypes": ["Egress"],
            "egress": [port(6432), port(5432)]})
    );
}

#[test]
fn nothing_interim_where_rules_are_only_added() {
    let live = json!({"podSelector": {}, "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"port": 80}], "from": null}]});
    let desired = json!({"podSelector": {"matchLabels": {}}, "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"port": 81, "protocol": "TCP"}]},
                    {"ports": [{"port": 80, "protocol": "TCP"}]}]});
    assert_eq!(interim(&policy(live.clone()), &policy(desired)), None);
    let all = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]});
    assert_eq!(interim(&policy(live), &policy(all)), None);
}

#[test]
fn deny_all_that_replaces_a_rule_waits() {
    let live = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [port(80)]});
    let desired = json!({"podSelector": {}, "policyTypes": ["Ingress"]});
    assert_eq!(union_of(live.clone(), desired), live);
}

#[test]
fn every_isolated_direction_keeps_its_own_rules() {
    let live = json!({"podSelector": {}, "ingress": [port(1)], "egress": [port(2)]});
    let desired = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [port(3)],
        "egress": [port(4)]});
    let union = union_of(live, desired);
    assert_eq!(union["policyTypes"], json!(["Ingress", "Egress"]));
    assert_eq!(union["ingress"], json!([port(3), port(1)]));
    assert_eq!(union["egress"], json!([port(2)]), "a rule without its policy type means nothing");
}

#[test]
fn another_selector_moves_the_old_rules_to_a_companion() {
    let live = json!({"podSelector": {"matchLabels": {"app": "g"}}, "policyTypes": ["Egress"],
        "egress": [port(5432)]});
    let desired = json!({"podSelector": {"matchLabels": {"app.kubernetes.io/name": "g"}},
        "policyTypes": ["Egress"], "egress": [port(5432)]});
    let Some(Interim::Companion { name, policy: companion }) =
        interim(&policy(live.clone()), &policy(desired.clone()))
    else {
        panic!("a companion")
    };
    assert!(name.starts_with("p-before-"), "{name}");
    assert_eq!(companion["spec"], live);
    assert_eq!(companion["metadata"]["namespace"], "openhive");
    assert_eq!(companion["metadata"]["labels"], json!({"a": "b"}));
    assert_eq!(companion["metadata"]["annotations"][INTERIM_ANNOTATION], "p");

    let mut older = live;
    older["egress"] = json!([port(1)]);
    let Some(Interim::Companion { name: other, .. }) = interim(&policy(older), &policy(desired))
    else {
        panic!("a companion")
    };
    assert_ne!(name, other, "one that was left behind keeps its rules");
}

#[test]
fn the_union_of_a_union_adds_nothing() {
    let spec = |p| json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [port(p)]});
    let (live, desired) = (policy(spec(1)), policy(spec(2)));
    let Some(Interim::Union { policy: first }) = interim(&live, &desired) else { panic!() };
    let Some(Interim::Union { policy: again }) = interim(&first, &desired) else { panic!() };
    assert_eq!(first["spec"], again["spec"]);
    assert_eq!(interim(&desired, &desired), None);
}
