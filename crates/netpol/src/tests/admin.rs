//! Cluster-wide policies: rule 20.

use super::*;

fn admin(kind: &str, priority: u16, spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": kind,
        "metadata": {"name": format!("{}{priority}", kind.to_lowercase())}, "spec": spec,
    });
    if kind == "AdminNetworkPolicy" {
        object["spec"]["priority"] = json!(priority);
    } else {
        object["metadata"]["name"] = json!("default");
    }
    object["spec"]["subject"] = json!({"namespaces": {}});
    object
}

fn rule(action: &str, port: Option<u16>) -> Value {
    let ports = port.map(|p| json!([{"portNumber": {"protocol": "TCP", "port": p}}]));
    json!({"action": action, "from": [{"namespaces": {}}], "ports": ports})
}

fn ingress(objects: &[Value]) -> Verdict {
    let cluster = Cluster::from_manifests(objects).unwrap();
    between(&cluster, &pod("b", "y"), &pod("a", "x"))
}

const ANP: &str = "AdminNetworkPolicy";
const BANP: &str = "BaselineAdminNetworkPolicy";

#[test]
fn rule_20_the_first_matching_rule_of_the_lowest_priority_decides_finally() {
    let deny_all = policy(json!({}));
    let allow = admin(ANP, 5, json!({"ingress": [rule("Allow", Some(80)), rule("Deny", None)]}));
    let later = admin(ANP, 6, json!({"ingress": [rule("Allow", Some(81))]}));
    let verdict = ingress(&[deny_all, later, allow]);
    assert_eq!(verdict.allowed(), &tcp(&[80]));
}

#[test]
fn rule_20_pass_goes_to_network_policies_and_then_to_the_baseline() {
    let pass = admin(ANP, 5, json!({"ingress": [rule("Pass", Some(80)), rule("Allow", None)]}));
    let baseline = admin(BANP, 0, json!({"ingress": [rule("Deny", None)]}));
    let open = policy(json!({"ingress": [{"ports": [{"port": 80}]}]}));
    let closed = policy(json!({}));
    let except_80 = PortSet::all().difference(&tcp(&[80]));
    let admin = vec![pass.clone(), baseline.clone()];
    assert_eq!(ingress(&admin).allowed(), &except_80);
    assert_eq!(ingress(&[admin.clone(), vec![open]].concat()), Verdict::allow());
    assert_eq!(ingress(&[admin, vec![closed]].concat()).allowed(), &except_80);
    // Nothing that isolates: allowed.
    assert_eq!(ingress(&[pass]), Verdict::allow());
}

#[test]
fn rule_20_a_network_policy_that_selects_the_pod_comes_before_the_baseline() {
    let baseline = admin(BANP, 0, json!({"ingress": [rule("Allow", None)]}));
    assert!(ingress(&[baseline.clone(), policy(json!({}))]).is_deny());
    let other = policy(json!({"podSelector": {"matchLabels": {"app": "other"}}}));
    assert_eq!(ingress(&[baseline, other]), Verdict::allow());
}

#[test]
fn rule_20_equal_priorities_that_disagree_are_uncertain() {
    let mut one =
        admin(ANP, 5, json!({"ingress": [rule("Allow", Some(80)), rule("Allow", Some(81))]}));
    one["metadata"]["name"] = json!("one");
    let two = admin(ANP, 5, json!({"ingress": [rule("Deny", Some(80))]}));
    let verdict = ingress(&[one, two, policy(json!({}))]);
    assert_eq!(verdict.allowed(), &tcp(&[81]));
    assert_eq!(verdict.uncertain(), [(Why::CniDependent, tcp(&[80]))]);
}

#[test]
fn rule_20_a_policy_with_a_peer_of_an_unknown_kind_is_not_evaluated() {
    let uncertain = Verdict::perhaps(PortSet::all(), Why::PolicyKindNotEvaluated);
    for action in ["Allow", "Deny", "Pass"] {
        for peer in [json!({"planets": {}}), json!({"namespaces": {}, "planets": {}})] {
            let rule = json!({"action": action, "from": [peer]});
            let read = [admin(ANP, 5, json!({"ingress": [rule]})), policy(json!({}))];
            assert_eq!(ingress(&read), uncertain, "{action}");
        }
    }
    let cluster = Cluster::from_manifests(&[json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "newer"},
        "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "egress": [
            {"action": "Accept", "to": [{"planets": {}}]}]},
    })])
    .unwrap();
    assert_eq!(cluster.foreign[0].object, "ClusterNetworkPolicy newer");
    assert_eq!(between(&cluster, &pod("a", "x"), &pod("b", "y")), uncertain);
}

#[test]
fn rule_20_networks_hold_pods_and_host_network_pods_are_neither_subject_nor_peer() {
    let deny = json!({"egress": [{"action": "Deny", "to": [{"networks": ["10.0.0.0/8"]}]}]});
    let cluster = Cluster::from_manifests(&[admin(ANP, 5, deny)]).unwrap();
    let (source, mut target) = (pod("a", "x"), pod("b", "y"));
    target.addresses = vec!["10.1.1.1".parse().unwrap()];
    assert!(between(&cluster, &source, &target).is_deny());
    // Of a pod with two addresses the rule closes one family only.
    target.addresses.push("fd01::5".parse().unwrap());
    let unknown = Verdict::perhaps(PortSet::all(), Why::UnknownAddress);
    assert_eq!(between(&cluster, &source, &target), unknown);
    let mut host = source;
    host.host_network = true;
    assert_eq!(between(&cluster, &host, &target), Verdict::allow());
    let deny_pods = json!({"egress": [{"action": "Deny", "to": [{"namespaces": {}}]}]});
    let cluster = Cluster::from_manifests(&[admin(ANP, 5, deny_pods)]).unwrap();
    assert!(between(&cluster, &pod("a", "x"), &target).is_deny());
    target.host_network = true;
    assert_eq!(between(&cluster, &pod("a", "x"), &target), Verdict::allow());
}

#[test]
fn rule_20_names_may_lead_to_nodes() {
    let deny = json!({"egress": [{"action": "Deny", "to": [{"domainNames": ["*.example.org"]}]}]});
    let cluster = Cluster::from_manifests(&[admin(ANP, 5, deny)]).unwrap();
    let (source, mut target) = (pod("a", "x"), pod("b", "y"));
    assert_eq!(between(&cluster, &source, &target), Verdict::allow());
    let unknown = Verdict::perhaps(PortSet::all(), Why::UnknownAddress);
    let host = Host::default();
    assert_eq!(cluster.verdict(&Endpoint::Pod(&source), &Endpoint::Host(&host)), unknown);
    // A pod on its node's network has the node's address.
    target.host_network = true;
    assert_eq!(between(&cluster, &source, &target), unknown);
}

#[test]
fn rule_20_a_cluster_network_policy_stands_in_the_tier_that_it_names() {
    let cnp = |tier: &str, action: &str| {
        json!({
            "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
            "metadata": {"name": tier.to_lowercase()},
            "spec": {"tier": tier, "priority": 1, "subject": {"namespaces": {}}, "ingress": [{
                "action": action, "from": [{"namespaces": {}}],
                "protocols": [{"tcp": {"destinationPort": {"range": {"start": 80, "end": 81}}}}],
            }]},
        })
    };
    let closed = policy(json!({}));
    assert_eq!(ingress(&[cnp("Admin", "Accept"), closed.clone()]).allowed(), &tcp(&[80, 81]));
    assert!(ingress(&[cnp("Baseline", "Accept"), closed]).is_deny());
    assert!(ingress(&[cnp("Baseline", "Deny")]).allowed().intersection(&tcp(&[80, 81])).is_empty());
}
