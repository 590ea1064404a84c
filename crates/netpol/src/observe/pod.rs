//! The pod that stands for another: the smallest set of labels that the same policies select, and
//! a manifest that no Service and no controller takes for its own.

use serde_json::{Value, json};

use super::run_object::{EXPIRES, ROLE, RUN, owner_reference};
use crate::cluster::Cluster;
use crate::endpoint::{Endpoint, Pod};
use crate::labels::Labels;
use crate::matching::Remote;
use crate::policy::{Direction, Peer};
use crate::verdict::Tri;

/// A condition that nobody ever sets: so that no Service sends traffic to a probe pod.
const GATE: &str = "openhive.io/never";

/// Labels by which controllers know their pods: an orphan that has them is adopted, and deleted.
const NEVER: [&str; 5] = [
    "pod-template-hash",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// The value of a label of which only the key is known.
const ANY_VALUE: &str = "probe";

/// The smallest set of labels for which every policy does the same as for the pod; `None` where one
/// depends on a label that a probe pod must not have.
#[must_use]
pub fn smallest_labels(cluster: &Cluster, pod: &Pod) -> Option<Vec<(String, String)>> {
    let wanted = signature(cluster, pod);
    let mut labels: Vec<(String, String)> = pod
        .labels
        .iter()
        .filter(|(key, _)| !NEVER.contains(key) && !key.starts_with("openhive.io/probe-"))
        .map(|(key, value)| (key.to_owned(), value.unwrap_or(ANY_VALUE).to_owned()))
        .collect();
    let with = |labels: &[(String, String)]| {
        let labels = labels.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        signature(cluster, &Pod { labels: Labels::new(labels), ..pod.clone() })
    };
    if with(&labels) != wanted {
        return None;
    }
    let mut at = 0;
    while at < labels.len() {
        let removed = labels.remove(at);
        if with(&labels) != wanted {
            labels.insert(at, removed);
            at += 1;
        }
    }
    Some(labels)
}

/// Everything that policies make of a pod by its labels.
fn signature(cluster: &Cluster, pod: &Pod) -> Vec<Tri> {
    // Addresses are no labels: the pod that stands for this one has another.
    let pod = Pod { addresses: Vec::new(), host_network: false, ..pod.clone() };
    // Of which direction a rule is matters for addresses only.
    let end = Remote::new(Direction::Ingress, Endpoint::Pod(&pod));
    let mut all = Vec::new();
    for policy in &cluster.policies {
        all.push(cluster.selects(policy, &pod));
        let rules = Direction::ALL.into_iter().filter_map(|d| policy.rules(d)).flatten();
        let peers = rules.flat_map(|rule| &rule.peers).filter(|p| matches!(p, Peer::Pods { .. }));
        all.extend(peers.map(|peer| cluster.peer_is(&policy.namespace, peer, &end)));
    }
    for policy in &cluster.admin {
        all.push(cluster.admin_selects(policy, &pod));
        let rules = Direction::ALL.into_iter().flat_map(|d| policy.rules(d));
        all.extend(rules.map(|rule| cluster.admin_rule_holds(rule, &end)));
    }
    all.extend(cluster.foreign.iter().map(|policy| cluster.foreign_selects(policy, &pod)));
    all
}

/// What a probe pod is made of.
#[derive(Clone, Debug)]
pub struct Recipe<'a> {
    /// The run's id.
    pub run: &'a str,
    /// RFC 3339.
    pub expires: &'a str,
    /// Where.
    pub namespace: &'a str,
    /// `metadata.name`.
    pub name: &'a str,
    /// What it is for.
    pub role: &'a str,
    /// Beside our own.
    pub labels: &'a [(String, String)],
    /// The uid of the run's ConfigMap in this namespace.
    pub owner: &'a str,
    /// An image with python3.
    pub image: &'a str,
    /// A numeric user that is not root.
    pub user: i64,
    /// On which node it has to run.
    pub node: Option<&'a str>,
    /// What it listens on; the node tries the first.
    pub listens: &'a [u16],
    /// The process: a Python program that takes the ports as arguments.
    pub program: &'a str,
    /// After so many seconds the kubelet ends it.
    pub deadline: u32,
}

impl Recipe<'_> {
    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> Value {
        let mut labels: serde_json::Map<String, Value> =
            self.labels.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        labels.insert(RUN.to_owned(), json!(self.run));
        labels.insert(ROLE.to_owned(), json!(self.role));
        let mut command = vec!["python3".to_owned(), "-c".to_owned(), self.program.to_owned()];
        command.extend(self.listens.iter().map(u16::to_string));
        let affinity = self.node.map(|node| {
            json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchFields": [
                    {"key": "metadata.name", "operator": "In", "values": [node]}]}]}}})
        });
        let startup = self.listens.first().map(
            |port| json!({"tcpSocket": {"port": port}, "periodSeconds": 1, "failureThreshold": 60}),
        );
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": self.name, "namespace": self.namespace, "labels": labels,
                "annotations": {EXPIRES: self.expires},
                "ownerReferences": [owner_reference(self.run, self.owner)],
            },
            "spec": {
                "restartPolicy": "Never",
                "activeDeadlineSeconds": self.deadline,
                "terminationGracePeriodSeconds": 0,
                "automountServiceAccountToken": false,
                "enableServiceLinks": false,
                "readinessGates": [{"conditionType": GATE}],
                "tolerations": [{"operator": "Exists"}],
                "securityContext": {
                    "runAsNonRoot": true, "runAsUser": self.user,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [{
                    "name": "probe", "image": self.image, "imagePullPolicy": "IfNotPresent",
                    "command": command,
                    "securityContext": {
                        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "resources": {
                        "requests": {"cpu": "10m", "memory": "32Mi"},
                        "limits": {"cpu": "500m", "memory": "128Mi"},
                    },
                }],
            },
        });
        if let Some(affinity) = affinity {
            pod["spec"]["affinity"] = affinity;
        }
        if let Some(startup) = startup {
            pod["spec"]["containers"][0]["startupProbe"] = startup;
        }
        pod
    }
}
