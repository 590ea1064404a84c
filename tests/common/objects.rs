//! What is in the platform's namespaces.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The namespaces of the platform.
pub const NAMESPACES: [&str; 3] = ["openhive", "hive-agents", "hive-sandbox"];

/// Every kind that a person or an installer would make. Pods, ReplicaSets, endpoints and events follow from them.
const KINDS: &str = "secrets,configmaps,serviceaccounts,networkpolicies,roles,rolebindings,\
                     persistentvolumeclaims,jobs,cronjobs,deployments,statefulsets,daemonsets,services,ingresses";

/// Everything in the platform's namespaces that somebody made on purpose, as `Kind namespace/name`, with its
/// resourceVersion. What the cluster makes in every namespace is left out.
pub fn versions(kubectl: impl Fn(&[&str]) -> testbed::Result<String>) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found = BTreeMap::new();
    for item in [items(&kubectl, "namespaces"), items(&kubectl, KINDS)].concat() {
        let (kind, metadata) = (text(&item["kind"]), &item["metadata"]);
        let name = text(&metadata["name"]);
        let version = text(&metadata["resourceVersion"]);
        if kind == "Namespace" && NAMESPACES.contains(&name.as_str()) {
            found.insert(format!("Namespace {name}"), version);
            continue;
        }
        let of_cluster = matches!(
            (kind.as_str(), name.as_str()),
            ("ConfigMap", "kube-root-ca.crt") | ("ServiceAccount", "default")
        );
        let namespace = text(&metadata["namespace"]);
        if NAMESPACES.contains(&namespace.as_str()) && !of_cluster {
            found.insert(format!("{kind} {namespace}/{name}"), version);
        }
    }
    found
}

/// Names alone.
pub fn names(kubectl: impl Fn(&[&str]) -> testbed::Result<String>) -> BTreeSet<String> {
    versions(kubectl).into_keys().collect()
}

/// Objects of these kinds, in every namespace.
pub fn items(kubectl: impl Fn(&[&str]) -> testbed::Result<String>, kinds: &str) -> Vec<Value> {
    let list = kubectl(&["get", kinds, "-A", "-o", "json"]).unwrap();
    let mut list: Value = serde_json::from_str(&list).unwrap();
    list["items"].as_array_mut().map(std::mem::take).unwrap()
}

/// What exists once everything before the runtime was written, the migration Job included.
pub const BEFORE_THE_RUNTIME: &[&str] = &[
    "Namespace hive-agents",
    "Namespace hive-sandbox",
    "Namespace openhive",
    "Secret openhive/openhive-installer",
    "Secret openhive/openhive-platform-secrets",
    "Secret hive-sandbox/openhive-platform-secrets",
    "ServiceAccount openhive/hive-gateway-runtime",
    "NetworkPolicy openhive/allow-dns",
    "NetworkPolicy openhive/default-deny",
    "NetworkPolicy openhive/hive-dashboard-egress",
    "NetworkPolicy openhive/hive-dashboard-ingress",
    "NetworkPolicy openhive/hive-gateway-egress",
    "NetworkPolicy openhive/hive-gateway-ingress",
    "NetworkPolicy openhive/openhive-db-migrate-egress",
    "NetworkPolicy hive-agents/allow-dns",
    "NetworkPolicy hive-agents/default-deny",
    "NetworkPolicy hive-agents/hive-agent-egress",
    "NetworkPolicy hive-agents/hive-agent-ingress",
    "NetworkPolicy hive-sandbox/allow-dns",
    "NetworkPolicy hive-sandbox/allow-dns-pipelines",
    "NetworkPolicy hive-sandbox/default-deny",
    "NetworkPolicy hive-sandbox/hive-sandbox-egress",
    "NetworkPolicy hive-sandbox/hive-sandbox-ingress",
    "NetworkPolicy hive-sandbox/pipeline-egress",
    "Role hive-agents/hive-gateway-runtime",
    "Role hive-sandbox/hive-gateway-runtime",
    "RoleBinding hive-agents/hive-gateway-runtime",
    "RoleBinding hive-sandbox/hive-gateway-runtime",
    "PersistentVolumeClaim hive-agents/agent-config-pvc",
    "Job openhive/openhive-db-migrate",
];

/// What the runtime adds.
pub const RUNTIME: &[&str] = &[
    "Deployment openhive/hive-gateway",
    "Deployment openhive/hive-dashboard",
    "Deployment hive-agents/hive-agent",
    "Deployment hive-sandbox/hive-sandbox",
    "Service openhive/hive-gateway",
    "Service openhive/hive-dashboard",
    "Service hive-agents/hive-agent",
    "Service hive-sandbox/hive-sandbox",
    "Ingress openhive/openhive-platform",
];

/// Fails the test unless exactly these objects exist.
#[track_caller]
pub fn exactly(found: &BTreeSet<String>, expected: &[&[&str]]) {
    let expected: BTreeSet<String> =
        expected.iter().flat_map(|part| part.iter().map(|name| (*name).to_owned())).collect();
    let more: Vec<_> = found.difference(&expected).collect();
    let less: Vec<_> = expected.difference(found).collect();
    assert!(more.is_empty() && less.is_empty(), "unexpected: {more:#?}\nmissing: {less:#?}");
}
