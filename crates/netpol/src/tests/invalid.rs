//! Objects that the API server refuses, each with the field that is wrong.

use super::*;

fn problems(spec: Value) -> Vec<String> {
    let errors = read::network_policy(&policy(spec), "default", None).unwrap_err();
    errors.iter().map(|e| format!("{}: {}", e.field, e.problem)).collect()
}

fn ingress(rule: Value) -> Vec<String> {
    problems(json!({"ingress": [rule]}))
}

#[test]
fn peers_are_one_alternative_each() {
    let at = "spec.ingress[0].from[0]";
    let found = ingress(json!({"from": [{}]}));
    assert!(found[0].starts_with(&format!("{at}: an empty peer")), "{found:?}");
    let found = ingress(json!({"from": [{"podSelector": null}]}));
    assert!(found[0].starts_with(&format!("{at}: an empty peer")), "{found:?}");
    let both = json!({"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}});
    let found = ingress(json!({"from": [both]}));
    assert!(
        found[0].starts_with(&format!("{at}.podSelector: must not stand beside ipBlock")),
        "{found:?}"
    );
}

#[test]
fn a_misspelt_field_is_named_with_the_right_one() {
    let found = ingress(json!({"form": [{"podSelector": {}}]}));
    assert_eq!(found, ["spec.ingress[0].form: unknown field, did you mean from?"]);
}

#[test]
fn ports() {
    let port = |entry: Value| ingress(json!({"ports": [entry]})).remove(0);
    let at = "spec.ingress[0].ports[0]";
    for (entry, start) in [
        (json!({"port": 0}), ".port: 0 is not a port"),
        (json!({"port": 65536}), ".port: 65536 is not a port"),
        (json!({"port": "80"}), ".port: \"80\" is not a port name"),
        (json!({"port": "a--b"}), ".port: \"a--b\" is not a port name"),
        (json!({"port": true}), ".port: must be a port number or name, not a boolean"),
        (json!({"port": 80, "endPort": 79}), ".endPort: 79 is less than port 80"),
        (json!({"endPort": 79}), ".endPort: needs a port"),
        (json!({"port": "web", "endPort": 79}), ".endPort: must not stand beside a port name"),
        (json!({"protocol": "tcp"}), ".protocol: \"tcp\" is not one of TCP, UDP, SCTP"),
    ] {
        let found = port(entry);
        assert!(found.starts_with(&format!("{at}{start}")), "{found}");
    }
    assert!(port(json!({"port": "80"})).ends_with("write a number without quotes"));
    assert!(port(json!({"protocol": "udp"})).ends_with("did you mean UDP?"));
    assert!(port(json!({"protocol": "ICMP"})).ends_with("UDP, SCTP"));
}

#[test]
fn blocks() {
    let block = |block: Value| ingress(json!({"from": [{"ipBlock": block}]})).remove(0);
    let at = "spec.ingress[0].from[0].ipBlock";
    for (value, start) in [
        (json!({}), ".cidr: required"),
        (json!({"cidr": "10.0.0.1"}), ".cidr: \"10.0.0.1\" is not a CIDR"),
        (json!({"cidr": "10.0.0.0/33"}), ".cidr: \"10.0.0.0/33\" is not a CIDR"),
        (json!({"cidr": "10.0.0.0/+8"}), ".cidr: \"10.0.0.0/+8\" is not a CIDR"),
        (json!({"cidr": "::ffff:10.0.0.0/104"}), ".cidr: \"::ffff:10.0.0.0/104\" is an IPv4"),
        (
            json!({"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}),
            ".except[0]: 10.0.0.0/8 is not a strict",
        ),
        (
            json!({"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}),
            ".except[0]: 11.0.0.0/16 is not a strict",
        ),
        (json!({"cidr": "10.0.0.0/8", "except": ["::/0"]}), ".except[0]: ::/0 is not a strict"),
    ] {
        let found = block(value);
        assert!(found.starts_with(&format!("{at}{start}")), "{found}");
    }
}

#[test]
fn selectors() {
    let expression =
        |e: Value| problems(json!({"podSelector": {"matchExpressions": [e]}})).remove(0);
    let at = "spec.podSelector.matchExpressions[0]";
    for (value, start) in [
        (json!({"key": "a", "operator": "In"}), ".values: operator In needs values"),
        (json!({"key": "a", "operator": "NotIn", "values": []}), ".values: operator NotIn needs"),
        (
            json!({"key": "a", "operator": "Exists", "values": ["x"]}),
            ".values: operator Exists takes",
        ),
        (json!({"key": "a", "operator": "in", "values": ["x"]}), ".operator: \"in\" is not one of"),
        (json!({"operator": "Exists"}), ".key: required"),
        (json!({"key": "-a", "operator": "Exists"}), ".key: \"-a\" is not a label key"),
        (
            json!({"key": "a", "operator": "In", "values": ["x y"]}),
            ".values[0]: \"x y\" is not a label value",
        ),
    ] {
        let found = expression(value);
        assert!(found.starts_with(&format!("{at}{start}")), "{found}");
    }
    // `n` and `on` are booleans to the API server's YAML reader.
    let found = problems(json!({"podSelector": {"matchLabels": {"app": true}}})).remove(0);
    assert!(found.starts_with("spec.podSelector.matchLabels.app: must be a string"), "{found}");
}

#[test]
fn every_problem_of_an_object_is_reported_at_once() {
    let found = problems(json!({
        "policyTypes": ["ingress"],
        "ingress": [{"ports": [{"port": 0}, {"port": 70000}]}],
        "egress": {},
    }));
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn an_error_names_object_and_place() {
    let place = Place { file: "np.yaml".to_owned(), line: Some(7) };
    let manifest = policy(json!({"ingress": "all"}));
    let errors = read::network_policy(&manifest, "default", Some(&place)).unwrap_err();
    assert_eq!(errors[0].object, "NetworkPolicy a/p");
    assert_eq!(errors[0].place.as_ref().unwrap().to_string(), "np.yaml:7");
    assert_eq!(
        errors[0].to_string(),
        "NetworkPolicy a/p: spec.ingress: must be a list, not a string"
    );
}
