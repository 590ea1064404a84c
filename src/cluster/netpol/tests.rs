//! The reading of a cluster whose answers are recorded.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use kube::client::Body;
use serde_json::{Value, json};

use super::kinds::KNOWN;
use super::{Effect, Reading, Reason, Settings, read};
use crate::cluster::ClusterError;
use crate::cluster::rest::Rest;
use netpol::labels::Label;
use netpol::read::{Bearing, bearing};
use netpol::{CidrMatch, Cni};

/// Answers by path; what is not here does not exist.
#[derive(Clone, Default)]
struct Server {
    answers: BTreeMap<String, (u16, Value)>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn with(mut self, path: &str, answer: Value) -> Self {
        self.answers.insert(path.to_owned(), (200, answer));
        self
    }

    fn refuses(mut self, path: &str, code: u16) -> Self {
        self.answers.insert(path.to_owned(), (code, json!({"message": "no"})));
        self
    }

    fn items(self, path: &str, items: &[Value]) -> Self {
        self.with(&format!("{path}?limit=500"), json!({"items": items}))
    }

    fn rest(&self) -> Rest {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let path = request.uri().to_string();
            let none = || (404, json!({"message": "not found"}));
            let (code, body) = server.answers.get(&path).cloned().unwrap_or_else(none);
            if path == "/apis" {
                let accepted = request.headers()["accept"].to_str().unwrap();
                let discovery = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
                assert!(accepted.ends_with(discovery), "{accepted}");
            }
            server.asked.lock().unwrap().push(path);
            let mut answer = Response::new(Body::from(body.to_string().into_bytes()));
            *answer.status_mut() = StatusCode::from_u16(code).unwrap();
            std::future::ready(Ok::<_, tower::BoxError>(answer))
        });
        let client = kube::Client::new(service, "default");
        Rest::new(client, "https://server".to_owned(), Duration::ZERO)
    }

    fn read(&self) -> Reading {
        self.read_with(&Settings::default())
    }

    fn read_with(&self, settings: &Settings) -> Reading {
        self.try_read(settings).unwrap()
    }

    fn try_read(&self, settings: &Settings) -> Result<Reading, ClusterError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { read(&self.rest(), settings).await })
    }
}

const PODS: &str = "/api/v1/pods";
const NODES: &str = "/api/v1/nodes";
const POLICIES: &str = "/apis/networking.k8s.io/v1/networkpolicies";

fn pod(namespace: &str, name: &str, address: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"nodeName": "n1", "containers": [{"name": "c"}]},
        "status": {"podIP": address},
    })
}

fn policy(namespace: &str, name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": namespace, "labels": {
            "app.kubernetes.io/part-of": "openhive",
            "app.kubernetes.io/managed-by": "kubectl-openhive",
        }},
        "spec": {"podSelector": {}},
    })
}

/// A cluster with a pod and a policy.
fn small() -> Server {
    let node = json!({"metadata": {"name": "n1", "labels": {"zone": "a"}},
        "spec": {"podCIDRs": ["10.1.0.0/24"]},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.1"},
            {"type": "Hostname", "address": "n1"}]}});
    Server::default()
        .with("/apis", json!({"items": []}))
        .items("/api/v1/namespaces", &[json!({"metadata": {"name": "a"}})])
        .items(PODS, &[pod("a", "web", "10.1.0.7")])
        .items(NODES, &[node])
        .items(POLICIES, &[policy("a", "deny")])
}

#[test]
fn a_list_is_read_page_by_page() {
    let first = json!({"items": [pod("a", "p1", "10.1.0.1")], "metadata": {"continue": "a+b="}});
    let second = json!({"items": [pod("a", "p2", "10.1.0.2")], "metadata": {"continue": ""}});
    let server = small()
        .with("/api/v1/pods?limit=500", first)
        .with("/api/v1/pods?limit=500&continue=a%2Bb%3D", second);
    let reading = server.read();
    assert_eq!(reading.input.counts.pods, 2);
    assert_eq!(reading.gaps, []);
}

#[test]
fn a_list_whose_items_are_null_is_empty() {
    let server = small().with("/api/v1/pods?limit=500", json!({"items": null, "metadata": {}}));
    assert_eq!(server.read().input.counts.pods, 0);
}

#[test]
fn a_list_that_ran_out_of_time_is_read_anew_from_its_start() {
    let server = small()
        .with(
            "/api/v1/pods?limit=500",
            json!({"items": [pod("a", "p1", "10.1.0.1")], "metadata": {"continue": "t"}}),
        )
        .refuses("/api/v1/pods?limit=500&continue=t", 410);
    let error = server.try_read(&Settings::default()).unwrap_err();
    assert_eq!(error.code(), Some(410));
    let asked = server.asked.lock().unwrap();
    let first = asked.iter().filter(|path| *path == "/api/v1/pods?limit=500").count();
    assert_eq!(first, 3, "it is tried again, and not for ever: {asked:?}");
}

#[test]
fn a_missing_right_is_a_gap_and_makes_flows_uncertain() {
    let reading = small().refuses(&format!("{POLICIES}?limit=500"), 403).read();
    let gap = &reading.gaps[0];
    assert_eq!((gap.effect, &gap.reason), (Effect::Policies, &Reason::Forbidden));
    assert_eq!(gap.right.command(), "kubectl auth can-i list networkpolicies.networking.k8s.io -A");
    let foreign = &reading.input.cluster.foreign[0];
    assert!(foreign.namespace.is_none() && foreign.selector.is_everything(), "{foreign:?}");

    let reading = small().refuses("/api/v1/pods?limit=500", 403).read();
    assert_eq!(reading.decisive_gaps().count(), 1);
    assert_eq!(reading.gaps[0].effect, Effect::Members);
    // A node stands for defaults only.
    let reading = small().refuses("/api/v1/nodes?limit=500", 403).read();
    assert_eq!((reading.gaps.len(), reading.decisive_gaps().count()), (1, 0));
}

/// A resource as the aggregated discovery names it.
fn resource(plural: &str, kind: &str, verbs: &[&str]) -> Value {
    json!({"resource": plural, "responseKind": {"kind": kind}, "verbs": verbs,
        "subresources": [{"subresource": "status", "responseKind": {"kind": kind}}]})
}

fn group(name: &str, versions: &[(&str, Value)]) -> Value {
    let versions = versions.iter().map(|(version, resources)| {
        json!({"version": version, "resources": resources, "freshness": "Current"})
    });
    json!({"metadata": {"name": name}, "versions": versions.collect::<Vec<_>>()})
}

fn with_groups(groups: &[Value]) -> Server {
    small().with("/apis", json!({"kind": "APIGroupDiscoveryList", "items": groups}))
}

fn with_kind(name: &str, version: &str, plural: &str, kind: &str) -> Server {
    with_groups(&[group(name, &[(version, json!([resource(plural, kind, &["get", "list"])]))])])
}

#[test]
fn policies_of_others_are_found_forbidden_ones_may_be_there_and_absent_ones_are_not() {
    let cilium = || with_kind("cilium.io", "v2", "ciliumnetworkpolicies", "CiliumNetworkPolicy");
    let path = "/apis/cilium.io/v2/ciliumnetworkpolicies";
    let object = json!({"metadata": {"name": "x", "namespace": "a"}, "spec": {}});
    let reading = cilium().items(path, &[object]).read();
    assert_eq!(reading.input.cluster.foreign[0].object, "CiliumNetworkPolicy a/x");
    assert_eq!(reading.gaps, []);

    let reading = cilium().refuses(&format!("{path}?limit=500"), 403).read();
    assert_eq!(reading.input.cluster.foreign[0].object, "ciliumnetworkpolicies.cilium.io");
    assert_eq!(reading.gaps[0].effect, Effect::Policies);

    // Rights are checked before existence: what `/apis` does not name is not asked for.
    let server = small();
    assert_eq!(server.read().input.cluster.foreign, []);
    assert!(!server.asked.lock().unwrap().iter().any(|path| path.contains("cilium")));
}

#[test]
fn kinds_that_nobody_has_listed_are_judged_as_in_files() {
    let all = json!([
        resource("podfirewalls", "PodFirewall", &["list"]),
        resource("fortresses", "Fortress", &["list"]),
        resource("policyreviews", "PolicyReview", &["create"]),
    ]);
    let keep = json!([resource("backuppolicies", "BackupPolicy", &["list"])]);
    let server =
        with_groups(&[group("acme.example", &[("v1", all)]), group("velero.io", &[("v1", keep)])])
            .items(
                "/apis/acme.example/v1/podfirewalls",
                &[json!({"metadata": {"name": "x", "namespace": "a"}})],
            );
    let reading = server.read();
    let foreign: Vec<_> = reading.input.cluster.foreign.iter().map(|f| f.object.as_str()).collect();
    assert_eq!(foreign, ["PodFirewall a/x"]);
    assert_eq!(reading.gaps, []);
    let told = &reading.input.skipped;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].kind.as_str(), told[0].known, told[0].count), ("Fortress", false, 0));
    let asked = server.asked.lock().unwrap();
    assert!(
        !asked.iter().any(|path| path.contains("backup") || path.contains("review")),
        "{asked:?}"
    );
}

#[test]
fn what_every_cluster_has_is_listed_once() {
    let policies = json!([resource("networkpolicies", "NetworkPolicy", &["list"])]);
    let server = with_groups(&[group("networking.k8s.io", &[("v1", policies)])]);
    assert_eq!(server.read().input.counts.policies, 1);
    let asked = server.asked.lock().unwrap();
    assert_eq!(asked.iter().filter(|path| path.contains("networkpolicies")).count(), 1);
}

#[test]
fn an_api_that_is_down_may_hold_policies() {
    let down = |name: &str| {
        let version = json!({"version": "v3", "freshness": "Stale"});
        with_groups(&[json!({"metadata": {"name": name}, "versions": [version]})]).read()
    };
    for name in ["projectcalico.org", "acme.example"] {
        let reading = down(name);
        assert_eq!(reading.gaps[0].reason, Reason::NotServed { code: 503 });
        assert_eq!(reading.gaps[0].effect, Effect::Policies);
        assert_eq!(reading.input.cluster.foreign[0].object, name);
    }
    assert_eq!(down("metrics.k8s.io").gaps, []);
}

#[test]
fn a_server_that_does_not_tell_its_kinds_may_have_any() {
    for code in [403, 404, 406] {
        let reading = small().refuses("/apis", code).read();
        let foreign = &reading.input.cluster.foreign[0];
        assert!(foreign.namespace.is_none() && foreign.selector.is_everything(), "{foreign:?}");
        assert_eq!(reading.decisive_gaps().count(), 1);
    }
}

#[test]
fn each_kind_is_listed_once_in_the_version_that_is_evaluated() {
    let resources = json!([resource("clusternetworkpolicies", "ClusterNetworkPolicy", &["list"])]);
    let listed = |versions: &[&str]| {
        let versions: Vec<_> = versions.iter().map(|v| (*v, resources.clone())).collect();
        let server = with_groups(&[group("policy.networking.k8s.io", &versions)]);
        server.read();
        let asked = server.asked.lock().unwrap();
        let lists = asked.iter().filter(|path| path.contains("clusternetworkpolicies"));
        lists.map(|path| path.split('/').nth(3).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&["v1beta1", "v1alpha2"]), ["v1alpha2"]);
    // A version that nobody knows yet is read all the same, and not evaluated.
    assert_eq!(listed(&["v1"]), ["v1"]);
}

#[test]
fn every_kind_that_is_known_by_name_is_one_of_policies() {
    for row in &KNOWN {
        assert_eq!(bearing(row.0, row.3), Bearing::Policy, "{}/{}", row.0, row.3);
    }
}

#[test]
fn a_policy_with_a_field_of_tomorrow_gets_no_answer() {
    let mut newer = policy("a", "newer");
    newer["spec"]["sideways"] = json!([]);
    let reading = small().items(POLICIES, &[policy("a", "deny"), newer]).read();
    assert_eq!(reading.input.counts.policies, 1);
    assert_eq!(reading.input.invalid, []);
    let foreign = &reading.input.cluster.foreign[0];
    assert_eq!(foreign.object, "NetworkPolicy a/newer");
    assert_eq!(foreign.namespace.as_deref(), Some("a"));
    assert!(matches!(reading.gaps[0].reason, Reason::NotUnderstood { .. }));
}

#[test]
fn nodes_tell_their_labels_and_where_pods_are_unless_a_pod_is_elsewhere() {
    let reading = small().read();
    let node = &reading.input.cluster.nodes["n1"];
    assert_eq!(node.labels.get("zone"), Label::Is("a"));
    assert_eq!(node.addresses, ["192.168.0.1".parse::<std::net::IpAddr>().unwrap()]);
    let cidrs = |reading: &Reading| reading.input.cluster.network.pod_cidrs.clone();
    assert_eq!(cidrs(&reading), ["10.1.0.0/24".parse().unwrap()]);
    // The plugin has a network of its own.
    let strange = small().items(PODS, &[pod("a", "web", "10.9.0.7")]).read();
    assert_eq!(cidrs(&strange).len(), 5, "the private ranges");
    let given = Settings { pod_cidrs: vec!["10.0.0.0/9".parse().unwrap()], cni: None };
    assert_eq!(cidrs(&small().read_with(&given)), given.pod_cidrs);
}

#[test]
fn the_plugin_and_its_mode_settle_what_the_api_leaves_open() {
    let daemonset = json!({"metadata": {"name": "cilium", "namespace": "kube-system"},
        "spec": {"template": {"metadata": {"labels": {"k8s-app": "cilium"}},
            "spec": {"containers": [{"name": "c", "image": "x/cilium:v1.20.0"}]}}}});
    let cilium = || small().items("/apis/apps/v1/daemonsets", std::slice::from_ref(&daemonset));
    let config = "/api/v1/namespaces/kube-system/configmaps/cilium-config";
    let network = |reading: Reading| {
        let network = reading.input.cluster.network;
        (network.cni, network.cidr_match, reading.gaps.len())
    };
    let nodes = json!({"data": {"policy-cidr-match-mode": "nodes"}});
    let found = network(cilium().with(config, nodes).read());
    let mode = CidrMatch { nodes: true, pods: false };
    assert_eq!(found, (Some(Cni::Cilium), Some(mode), 0));
    assert_eq!(network(cilium().refuses(config, 403).read()), (Some(Cni::Cilium), None, 1));
    let settings = Settings { cni: Some(Cni::Calico), ..Settings::default() };
    assert_eq!(network(cilium().refuses(config, 403).read_with(&settings)).0, Some(Cni::Calico));
}

#[test]
fn policies_of_the_platforms_namespaces_that_others_made_are_named() {
    let mut other = policy("hive-agents", "debug-egress");
    other["metadata"]["labels"] = json!({"app.kubernetes.io/part-of": "openhive"});
    let mut elsewhere = policy("shop", "own");
    elsewhere["metadata"]["labels"] = Value::Null;
    let policies = [policy("hive-agents", "default-deny"), other, elsewhere];
    assert_eq!(small().items(POLICIES, &policies).read().not_ours, ["hive-agents/debug-egress"]);
}
