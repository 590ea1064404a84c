//! The pod that stands for another: the smallest set of labels that the same policies select, and
//! a manifest that no Service and no controller takes for its own.

use serde_json::{Value, json};

use super::run_object::{EXPIRES, ROLE, RUN, owner_reference};
use crate::cluster::Cluster;
use crate::endpoint::{ContainerPort, ContainerPorts, Endpoint, Pod};
use crate::labels::Labels;
use crate::matching::Remote;
use crate::matrix::Party;
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
/// Stands for the id of any run.
const ANY_RUN: &str = "00000000";

/// Keeps service meshes from putting a proxy beside a probe pod, which would answer for it.
const NO_PROXY: [(&str, &str); 2] =
    [("sidecar.istio.io/inject", "false"), ("linkerd.io/inject", "disabled")];

/// The smallest set of labels with which every policy treats a probe pod as it treats `pod`; `None`
/// where one depends on a label that a probe pod must not have, or on one that every probe pod has.
#[must_use]
pub fn smallest_labels(cluster: &Cluster, pod: &Pod, role: Role) -> Option<Vec<(String, String)>> {
    let wanted = signature(cluster, pod);
    let mut labels: Vec<(String, String)> = pod
        .labels
        .iter()
        .filter(|(key, _)| !NEVER.contains(key) && !key.starts_with("openhive.io/probe-"))
        .map(|(key, value)| (key.to_owned(), value.unwrap_or(ANY_VALUE).to_owned()))
        .collect();
    let with = |labels: &[(String, String)]| {
        let labels = with_own(labels, ANY_RUN, role);
        signature(cluster, &Pod { labels, ..pod.clone() })
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

/// Labels, and those that every probe pod has.
fn with_own(labels: &[(String, String)], run: &str, role: Role) -> Labels {
    let own = [(RUN, run), (ROLE, role.name())];
    Labels::new(labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).chain(own))
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

/// What a probe pod is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// It stands for a party of the matrix.
    Party(Party),
    /// It is one of those that the policy of the proof shuts.
    Proof,
}

impl Role {
    /// The value of the label that tells.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            // No label has an asterisk.
            Self::Party(Party::AgentMade) => Party::Agent.name(),
            Self::Party(party) => party.name(),
        }
    }
}

/// A probe pod.
#[derive(Clone, Debug)]
pub struct ProbePodSpec {
    /// What it is for.
    pub role: Role,
    /// Where it is.
    pub namespace: String,
    /// Its labels, beside those that every probe pod has.
    pub labels: Vec<(String, String)>,
    /// On which node it has to run.
    pub node: Option<String>,
    /// The ports that it listens on.
    pub listens: Vec<u16>,
    /// The ports that it declares, by whose names a rule may open them.
    pub declares: Vec<ContainerPort>,
    /// Whether the flows of its party are sent from it.
    pub sends: bool,
}

/// What all probe pods of a run in a namespace have in common.
#[derive(Clone, Copy, Debug)]
pub struct ProbePodDefaults<'a> {
    /// The run's id.
    pub run: &'a str,
    /// Until when it is needed; RFC 3339.
    pub expires: &'a str,
    /// The uid of the run's ConfigMap in the namespace.
    pub owner: &'a str,
    /// An image with python3.
    pub image: &'a str,
    /// A numeric user that is not root.
    pub user: i64,
    /// The process: a Python program that takes the ports as arguments.
    pub program: &'a str,
    /// After so many seconds the kubelet ends it.
    pub deadline: u32,
}

impl ProbePodSpec {
    /// How policies see the pod.
    #[must_use]
    pub fn pod(&self, run: &str) -> Pod {
        let labels = with_own(&self.labels, run, self.role);
        let ports = ContainerPorts::Known(self.declares.clone());
        Pod { ports, ..Pod::new(&self.namespace, "", labels) }
    }

    /// The manifest of the pod of this name.
    #[must_use]
    pub fn manifest(&self, name: &str, all: &ProbePodDefaults<'_>) -> Value {
        let mut labels: serde_json::Map<String, Value> =
            self.labels.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        labels.insert(RUN.to_owned(), json!(all.run));
        labels.insert(ROLE.to_owned(), json!(self.role.name()));
        let mut command = vec!["python3".to_owned(), "-c".to_owned(), all.program.to_owned()];
        command.extend(self.listens.iter().map(u16::to_string));
        let mut annotations: serde_json::Map<String, Value> =
            NO_PROXY.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        annotations.insert(EXPIRES.to_owned(), json!(all.expires));
        let affinity = self.node.as_ref().map(|node| {
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
                "name": name, "namespace": self.namespace, "labels": labels,
                "annotations": annotations,
                "ownerReferences": [owner_reference(all.run, all.owner)],
            },
            "spec": {
                "restartPolicy": "Never",
                "activeDeadlineSeconds": all.deadline,
                "terminationGracePeriodSeconds": 0,
                "automountServiceAccountToken": false,
                "enableServiceLinks": false,
                "readinessGates": [{"conditionType": GATE}],
                "tolerations": [{"operator": "Exists"}],
                "securityContext": {
                    "runAsNonRoot": true, "runAsUser": all.user,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [{
                    "name": "probe", "image": all.image, "imagePullPolicy": "IfNotPresent",
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
        let declared = self.declares.iter().map(|port| {
            let mut entry = json!({"containerPort": port.port, "protocol": port.protocol.name()});
            if !port.name.is_empty() {
                entry["name"] = json!(port.name);
            }
            entry
        });
        pod["spec"]["containers"][0]["ports"] = declared.collect();
        if let Some(affinity) = affinity {
            pod["spec"]["affinity"] = affinity;
        }
        if let Some(startup) = startup {
            pod["spec"]["containers"][0]["startupProbe"] = startup;
        }
        pod
    }
}
