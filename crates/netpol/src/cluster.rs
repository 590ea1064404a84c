//! Everything that decides about a flow.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

use super::address::Span;
use super::admin::AdminPolicy;
use super::endpoint::{Home, Pod};
use super::labels::{Labels, NAMESPACE_NAME, Selector};
use super::policy::Policy;

/// Namespaces, policies, and what is known of the network.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    namespaces: BTreeMap<String, Labels>,
    /// Every NetworkPolicy, ours and others'.
    pub policies: Vec<Policy>,
    /// Every cluster-wide policy.
    pub admin: Vec<AdminPolicy>,
    /// Policies of kinds that are not evaluated.
    pub foreign: Vec<Foreign>,
    /// The nodes by name, as far as they are in the input.
    pub nodes: BTreeMap<String, Node>,
    /// What is known of the network.
    pub network: Network,
}

impl Cluster {
    /// Adds a namespace. Its name's label is set whatever the input says.
    pub fn add_namespace(&mut self, name: &str, mut labels: Labels) {
        labels.insert(NAMESPACE_NAME, name);
        self.namespaces.insert(name.to_owned(), labels);
    }

    /// The namespaces of the input with their labels.
    pub fn namespaces(&self) -> impl Iterator<Item = (&str, &Labels)> {
        self.namespaces.iter().map(|(name, labels)| (name.as_str(), labels))
    }

    /// Whether a namespace is in the input, or a policy is in it.
    #[must_use]
    pub fn knows_namespace(&self, name: &str) -> bool {
        self.namespaces.contains_key(name) || self.policies.iter().any(|p| p.namespace == name)
    }

    /// The labels of a pod's namespace. One that is not in the input exists: of its labels only
    /// the name is known.
    #[must_use]
    pub fn namespace_labels<'a>(&'a self, pod: &'a Pod) -> Cow<'a, Labels> {
        match &pod.home {
            Home::Elsewhere(labels) => Cow::Borrowed(labels),
            Home::Namespace(name) => self
                .namespaces
                .get(name)
                .map_or_else(|| Cow::Owned(Labels::of_unlisted_namespace(name)), Cow::Borrowed),
        }
    }
}

impl Cluster {
    /// Whether addresses that nobody in the input has may be a pod's or a node's: of nodes that are not
    /// in the input any private address.
    pub(crate) fn may_have(&self, span: &Span) -> bool {
        let nodes = if self.nodes.is_empty() { private() } else { Vec::new() };
        let nodes = nodes.into_iter().map(Span::from);
        let mut declared = self.network.declared_outside.iter().copied().map(Span::from);
        !declared.any(|outside| outside.covers(span))
            && self.network.pod_spans().chain(nodes).any(|own| own.meets(span))
    }
}

/// A policy of a kind that is not evaluated, or a kind that could not be listed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Foreign {
    /// `CiliumNetworkPolicy hive-agents/allow-all`, or the kind alone.
    pub object: String,
    /// The only namespace whose pods it may select; `None`: any.
    pub namespace: Option<String>,
    /// The only pods that it may select.
    pub selector: Selector,
    /// Whether it selects nodes, and with them of the pods only those on their node's network.
    pub nodes: bool,
}

impl Foreign {
    /// What may select any pod.
    #[must_use]
    pub fn anything(object: impl Into<String>) -> Self {
        let selector = Selector::everything();
        Self { object: object.into(), namespace: None, selector, nodes: false }
    }
}

/// A node.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Node {
    /// Its labels.
    pub labels: Labels,
    /// Its own addresses.
    pub addresses: Vec<IpAddr>,
    /// Those by which pods of other nodes see it, where the plugin leads its traffic through a tunnel;
    /// `None`: nothing is said of a tunnel.
    pub tunnel_addresses: Option<Vec<IpAddr>>,
    /// Where the addresses of its pods are (`spec.podCIDRs`).
    pub pod_cidrs: Vec<IpNet>,
}

/// Which network plugin decides what the API leaves open.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cni {
    /// Blocks hold pods and nodes only where [`CidrMatch`] says so.
    Cilium,
    /// Blocks hold pods and nodes by their addresses.
    Calico,
    /// The API's letter: blocks are for addresses outside the cluster, selectors for pods of the
    /// pod network.
    None,
}

/// What an address block holds on Cilium besides addresses outside of the cluster
/// (`policy-cidr-match-mode`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct CidrMatch {
    /// Nodes by their addresses.
    pub nodes: bool,
    /// Pods by their addresses.
    pub pods: bool,
}

/// What is known of the network.
#[derive(Clone, Debug)]
pub struct Network {
    /// The plugin; `None`: not known, so that what depends on it is uncertain.
    pub cni: Option<Cni>,
    /// How Cilium is set, by default to neither; `None`: not known.
    pub cidr_match: Option<CidrMatch>,
    /// Where the addresses of pods are.
    pub pod_cidrs: Vec<IpNet>,
    /// Blocks that are declared to hold no pods: a pod whose address is not known has none in them.
    pub declared_outside: Vec<IpNet>,
}

/// Where the addresses of pods are taken to be where nobody says it.
const PRIVATE: [&str; 5] =
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

impl Network {
    /// Whether nobody said where the addresses of pods are.
    pub(crate) fn assumes_pod_cidrs(&self) -> bool {
        let assumed = PRIVATE.iter().filter_map(|c| c.parse::<IpNet>().ok());
        assumed.eq(self.pod_cidrs.iter().copied())
    }

    pub(crate) fn pod_spans(&self) -> impl Iterator<Item = Span> {
        self.pod_cidrs.iter().copied().map(Span::from)
    }
}

/// Networks of which no address is reached from the internet.
fn private() -> Vec<IpNet> {
    const PRIVATE: [&str; 5] =
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];
    PRIVATE.iter().filter_map(|c| c.parse().ok()).collect()
}

impl Default for Network {
    fn default() -> Self {
        Self {
            cni: None,
            cidr_match: Some(CidrMatch::default()),
            pod_cidrs: private(),
            declared_outside: Vec::new(),
        }
    }
}
