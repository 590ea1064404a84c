//! How policies are written. Which flows they open is asked of the policies themselves (`tests/it/rendered_flows.rs`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Case, cases, list};
use manifest::Kind;

/// Every pair that is not listed is closed, for pods of whatever make.
#[test]
fn everything_is_denied_by_default() {
    for case in cases() {
        for namespace in case.of(Kind::Namespace) {
            let policy = case.get(Kind::NetworkPolicy, &namespace.reference.name, "default-deny");
            let deny = json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] });
            assert_eq!(policy.unwrap()["spec"], deny, "{}", namespace.reference);
        }
    }
}

/// A rule that allows something to every pod of `openhive` or `hive-sandbox` would hold for every pod that is ever
/// made there. In `hive-agents` every pod is an agent.
#[test]
fn no_rule_allows_something_to_every_pod_of_openhive_or_hive_sandbox() {
    for case in cases() {
        for policy in case.of(Kind::NetworkPolicy) {
            let spec = &policy.manifest["spec"];
            let everywhere = spec["podSelector"] == json!({});
            if everywhere && policy.reference.namespace.as_deref() != Some("hive-agents") {
                assert_eq!(spec["ingress"], Value::Null, "{}", policy.reference);
                assert_eq!(spec["egress"], Value::Null, "{}", policy.reference);
            }
        }
    }
}

/// In a policy a list without elements means everything.
#[test]
fn no_rule_has_an_empty_list_of_peers_or_ports() {
    for case in cases() {
        for policy in case.of(Kind::NetworkPolicy) {
            for direction in ["ingress", "egress"] {
                for rule in list(&policy.manifest["spec"][direction]) {
                    for key in ["from", "to", "ports"] {
                        assert_ne!(rule[key], json!([]), "{}: {rule}", policy.reference);
                    }
                    assert_ne!(*rule, json!({}), "{}", policy.reference);
                }
            }
        }
    }
}

/// The address blocks that a policy opens, with their exceptions.
fn blocks(case: &Case, namespace: &str, name: &str) -> BTreeSet<String> {
    let policy = case.get(Kind::NetworkPolicy, namespace, name).unwrap();
    let peers = list(&policy["spec"]["egress"]).flat_map(|rule| list(&rule["to"]));
    let blocks = peers.filter_map(|peer| peer.get("ipBlock"));
    blocks.map(|block| block["cidr"].as_str().unwrap().to_owned()).collect()
}

fn case(name: &str) -> Case {
    cases().find(|case| case.input.name == name).unwrap()
}

#[test]
fn an_address_of_the_database_or_the_relay_is_a_block_of_one() {
    let unusual = case("unusual-platform");
    let migration = blocks(&unusual, "openhive", "openhive-db-migrate-egress");
    assert_eq!(migration, ["2001:db8::5/128".to_owned()].into());
    let everything = case("everything-platform");
    // The database's range was given and wins over its address.
    let migration = blocks(&everything, "openhive", "openhive-db-migrate-egress");
    assert_eq!(migration, ["198.51.100.0/28".to_owned()].into());
    let sandbox = blocks(&everything, "hive-sandbox", "hive-sandbox-egress");
    assert!(sandbox.contains("198.51.100.9/32"), "{sandbox:?}");
    assert!(!blocks(&everything, "hive-sandbox", "pipeline-egress").contains("198.51.100.9/32"));
}

#[test]
fn where_every_address_is_the_clusters_none_is_external() {
    assert!(
        blocks(&case("plain-gateway"), "hive-sandbox", "pipeline-egress").contains("0.0.0.0/0")
    );
    assert!(blocks(&case("closed-gateway"), "hive-sandbox", "pipeline-egress").is_empty());
}
