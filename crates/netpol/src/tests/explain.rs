//! Explanations.

use super::*;
use crate::admin::Action;
use crate::explain::{Answer, Side};

#[test]
fn a_denial_names_the_policy_and_the_smallest_rule_that_opens_it() {
    let c = cluster([json!({"ingress": [{"ports": [{"port": 80}]}]})]);
    let (a, b) = (pod("a", "x"), pod("b", "y"));
    let found = c.explain(&Endpoint::Pod(&b), &Endpoint::Pod(&a), Protocol::Tcp, 81);
    assert_eq!(found.answer, Answer::Denied);
    assert_eq!(found.egress.answer, Answer::Allowed);
    assert!(found.egress.reason.policies.is_empty());
    assert_eq!(found.ingress.reason.policies[0].policy, "NetworkPolicy a/p0");
    assert!(found.ingress.reason.policies[0].rules.is_empty());
    let addition = found.ingress.addition.unwrap();
    assert_eq!(addition.policy, "a/p0");
    assert_eq!(
        addition.rule,
        json!({
            "from": [{
                "podSelector": {"matchLabels": {"app": "y"}},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "b"}},
            }],
            "ports": [{"protocol": "TCP", "port": 81}],
        })
    );
}

#[test]
fn a_permission_names_the_rule_on_both_sides() {
    let c = cluster([
        json!({"policyTypes": ["Ingress", "Egress"]}),
        json!({"policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{"ports": [{"port": 1}]}, {}]}),
    ]);
    let (x, y) = (pod("a", "x"), pod("a", "y"));
    let found = c.explain(&Endpoint::Pod(&x), &Endpoint::Pod(&y), Protocol::Tcp, 80);
    assert_eq!(found.answer, Answer::Allowed);
    let rules = |side: &Side| {
        let all = side.reason.policies.iter().flat_map(|p| &p.rules);
        all.map(|m| m.rule.clone()).collect::<Vec<_>>()
    };
    assert_eq!(rules(&found.egress), ["egress[1]"]);
    assert_eq!(rules(&found.ingress), ["ingress[0]"]);
    assert!(found.ingress.addition.is_none());
}

#[test]
fn no_rule_is_offered_where_it_would_not_open_the_flow() {
    let deny = json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy",
        "metadata": {"name": "no"},
        "spec": {"priority": 1, "subject": {"namespaces": {}},
            "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]},
    });
    let c = Cluster::from_manifests(&[deny, policy(json!({}))]).unwrap();
    let (a, b) = (pod("a", "x"), pod("b", "y"));
    let found = c.explain(&Endpoint::Pod(&b), &Endpoint::Pod(&a), Protocol::Tcp, 80);
    assert_eq!(found.answer, Answer::Denied);
    assert_eq!(found.ingress.reason.policies[0].rules[0].action, Action::Deny);
    assert!(found.ingress.addition.is_none());
}
