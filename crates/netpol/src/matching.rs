//! Whether a policy selects a pod, and whether a peer of a rule is an endpoint.

use std::net::IpAddr;

use super::address::{Block, Span};
use super::admin::{Action, AdminPeer, AdminPods, AdminPolicy, AdminRule};
use super::cluster::{Cluster, Cni, Foreign, Node};
use super::endpoint::{ContainerPorts, Endpoint, Pod};
use super::labels::Selector;
use super::mutant::{self, Mutant};
use super::policy::{Peer, Policy, Rule, RulePorts, Scope};
use super::ports::{PortRange, PortSet};
use super::verdict::{Tri, Verdict, Why};

const CNI: Tri = Tri::Maybe(Why::CniDependent);

impl Cluster {
    /// Whether policies and selectors apply to a pod that uses its node's network. The API leaves
    /// it open; no known plugin does.
    pub(crate) fn applies_to_host_network(&self) -> Tri {
        match self.network.cni {
            _ if mutant::is(Mutant::HostNetworkOrdinary) => Tri::Yes,
            None => CNI,
            Some(Cni::Cilium | Cni::Calico | Cni::None) => Tri::No,
        }
    }

    /// Whether a block holds pods that have an address in it.
    fn blocks_hold_pods(&self) -> Tri {
        match self.network.cni {
            None if mutant::is(Mutant::BlocksHoldPods) => Tri::Yes,
            None => CNI,
            Some(Cni::Calico) => Tri::Yes,
            Some(Cni::Cilium) => self.network.cidr_match.map_or(CNI, |mode| mode.pods.into()),
            Some(Cni::None) => Tri::No,
        }
    }

    /// Whether a block holds nodes that have an address in it.
    fn blocks_hold_nodes(&self) -> Tri {
        match self.network.cni {
            None => CNI,
            Some(Cni::Calico | Cni::None) => Tri::Yes,
            Some(Cni::Cilium) => self.network.cidr_match.map_or(CNI, |mode| mode.nodes.into()),
        }
    }

    /// Whether the policy's `podSelector` and namespace hold the pod, whatever its network.
    pub(crate) fn selects(&self, policy: &Policy, pod: &Pod) -> Tri {
        if pod.namespace() == Some(&policy.namespace) || mutant::is(Mutant::SelectsEverywhere) {
            policy.selector.matches(&pod.labels)
        } else {
            Tri::No
        }
    }

    /// Whether one of the rule's peers is the endpoint.
    pub(crate) fn rule_holds(&self, policy: &Policy, rule: &Rule, peer: &Endpoint<'_>) -> Tri {
        if rule.peers.is_empty() {
            return (!mutant::is(Mutant::NoPeersIsNobody)).into();
        }
        if mutant::is(Mutant::PeersNarrow) {
            let all = rule.peers.iter().map(|p| self.peer_is(&policy.namespace, p, peer));
            return all.fold(Tri::Yes, Tri::and);
        }
        rule.peers.iter().fold(Tri::No, |any, p| {
            if any == Tri::Yes { any } else { any.or(self.peer_is(&policy.namespace, p, peer)) }
        })
    }

    /// Whether a peer, written in a policy of `namespace`, is the endpoint.
    pub(crate) fn peer_is(&self, namespace: &str, peer: &Peer, end: &Endpoint<'_>) -> Tri {
        match (peer, end) {
            (Peer::Pods { .. }, Endpoint::Host(_) | Endpoint::Outside(_)) => Tri::No,
            (Peer::Pods { namespaces, pods }, Endpoint::Pod(pod)) => {
                let network =
                    if pod.host_network { self.applies_to_host_network() } else { Tri::Yes };
                let home = match namespaces {
                    Scope::Own if mutant::is(Mutant::OwnIsEverywhere) => Tri::Yes,
                    Scope::Own => (pod.namespace() == Some(namespace)).into(),
                    Scope::Matching(selector) if selector.is_everything() => Tri::Yes,
                    Scope::Matching(selector) => selector.matches(&self.namespace_labels(pod)),
                };
                if home == Tri::No {
                    home
                } else {
                    home.and(pods.matches(&pod.labels)).and(network)
                }
            }
            (Peer::Block(block), Endpoint::Outside(span)) => holds_span(block, span),
            (Peer::Block(block), Endpoint::Host(host)) => {
                self.blocks_hold_nodes().and(holds_any(block, &host.addresses))
            }
            (Peer::Block(block), Endpoint::Pod(pod)) if pod.host_network => {
                self.blocks_hold_nodes().and(holds_any(block, &pod.addresses))
            }
            (Peer::Block(block), Endpoint::Pod(pod)) => {
                let held = if pod.addresses.is_empty() {
                    self.holds_pod_network(block)
                } else {
                    holds_any(block, &pod.addresses)
                };
                self.blocks_hold_pods().and(held)
            }
        }
    }

    /// Whether a policy that is not evaluated may select the pod.
    pub(crate) fn foreign_selects(&self, policy: &Foreign, pod: &Pod) -> Tri {
        let home = policy.namespace.as_deref().is_none_or(|n| pod.namespace() == Some(n));
        Tri::from(home && (pod.host_network || !policy.nodes))
            .and(policy.selector.matches(&pod.labels))
    }

    /// Whether the subject of a cluster-wide policy holds the pod.
    pub(crate) fn admin_selects(&self, policy: &AdminPolicy, pod: &Pod) -> Tri {
        self.admin_pods(&policy.subject, pod)
    }

    fn admin_pods(&self, pods: &AdminPods, pod: &Pod) -> Tri {
        if pod.host_network {
            return Tri::No;
        }
        pods.namespaces.matches(&self.namespace_labels(pod)).and(pods.pods.matches(&pod.labels))
    }

    /// Whether one of the peers of a cluster-wide rule is the endpoint.
    pub(crate) fn admin_rule_holds(&self, rule: &AdminRule, end: &Endpoint<'_>) -> Tri {
        let Some(peers) = &rule.peers else {
            // Fails closed: an unknown peer is no one to allow, and everyone to deny.
            return (rule.action != Action::Allow).into();
        };
        peers.iter().fold(Tri::No, |any, peer| any.or(self.admin_peer_is(peer, end)))
    }

    /// Whether a peer of a cluster-wide rule is the endpoint.
    pub(crate) fn admin_peer_is(&self, peer: &AdminPeer, end: &Endpoint<'_>) -> Tri {
        const UNKNOWN: Tri = Tri::Maybe(Why::UnknownAddress);
        match (peer, end) {
            (AdminPeer::Pods(pods), Endpoint::Pod(pod)) => self.admin_pods(pods, pod),
            (AdminPeer::Pods(_), _) => Tri::No,
            (AdminPeer::Networks(networks), end) => networks
                .iter()
                .map(|net| self.network_holds(&Block::new(*net), end))
                .fold(Tri::No, Tri::or),
            (AdminPeer::Nodes(_), Endpoint::Pod(pod)) if !pod.host_network => Tri::No,
            (AdminPeer::Nodes(nodes), Endpoint::Pod(_) | Endpoint::Host(_))
                if nodes.is_everything() =>
            {
                Tri::Yes
            }
            (AdminPeer::Nodes(nodes), Endpoint::Pod(pod)) => {
                self.node_is(nodes, pod.node.as_deref(), &pod.addresses)
            }
            (AdminPeer::Nodes(nodes), Endpoint::Host(host)) => {
                self.node_is(nodes, host.node.as_deref(), &host.addresses)
            }
            (AdminPeer::Nodes(_), Endpoint::Outside(_)) if self.nodes.is_empty() => UNKNOWN,
            (AdminPeer::Nodes(nodes), Endpoint::Outside(span)) => {
                let meets = |node: &&Node| {
                    node.addresses.iter().any(|address| span.meets(&Span::from(*address)))
                };
                let found = self.nodes.values().filter(meets);
                let found = found.map(|node| nodes.matches(&node.labels)).fold(Tri::No, Tri::or);
                if found == Tri::No { found } else { UNKNOWN }
            }
            (AdminPeer::DomainNames(_), Endpoint::Pod(_)) => Tri::No,
            (AdminPeer::DomainNames(_), _) => UNKNOWN,
        }
    }

    /// Whether a node's labels satisfy a selector.
    fn node_is(&self, selector: &Selector, name: Option<&str>, addresses: &[IpAddr]) -> Tri {
        let by_name = name.and_then(|name| self.nodes.get(name));
        let has = |node: &&Node| node.addresses.iter().any(|a| addresses.contains(a));
        match by_name.or_else(|| self.nodes.values().find(has)) {
            Some(node) => selector.matches(&node.labels),
            None => Tri::Maybe(Why::UnknownLabel),
        }
    }

    /// Whether a network of a cluster-wide rule holds the endpoint: pods too, on every plugin.
    fn network_holds(&self, block: &Block, end: &Endpoint<'_>) -> Tri {
        match end {
            Endpoint::Outside(span) => holds_span(block, span),
            Endpoint::Host(host) => holds_any(block, &host.addresses),
            Endpoint::Pod(pod) if pod.host_network || !pod.addresses.is_empty() => {
                holds_any(block, &pod.addresses)
            }
            Endpoint::Pod(_) => self.holds_pod_network(block),
        }
    }

    /// Whether a block holds an address of which only the pod networks are known.
    fn holds_pod_network(&self, block: &Block) -> Tri {
        let spans = block.spans();
        let mut networks = self.network.pod_spans().peekable();
        if networks.peek().is_some()
            && self.network.pod_spans().all(|n| spans.iter().any(|s| s.covers(&n)))
        {
            Tri::Yes
        } else if networks.any(|n| block.meets(&n)) {
            Tri::Maybe(Why::UnknownAddress)
        } else {
            Tri::No
        }
    }
}

fn holds_span(block: &Block, span: &Span) -> Tri {
    let spans = block.spans();
    if spans.iter().any(|own| own.covers(span)) {
        Tri::Yes
    } else if spans.iter().any(|own| own.meets(span)) {
        Tri::Maybe(Why::UnknownAddress)
    } else {
        Tri::No
    }
}

fn holds_any(block: &Block, addresses: &[IpAddr]) -> Tri {
    if addresses.is_empty() {
        return Tri::Maybe(Why::UnknownAddress);
    }
    addresses.iter().any(|a| block.contains(*a)).into()
}

/// The ports that a rule opens on a destination. Names are those of the destination's containers;
/// outside the cluster there are none.
pub(crate) fn ports_on(ports: &RulePorts, destination: &Endpoint<'_>) -> Verdict {
    let RulePorts::Some { numbers, names } = ports else {
        let none = mutant::is(Mutant::NoPortsIsNone);
        return if none { Verdict::deny() } else { Verdict::allow() };
    };
    let open = Verdict::of(numbers.clone());
    if names.is_empty() {
        return open;
    }
    let Endpoint::Pod(pod) = destination else { return open };
    let named = names.iter().map(|(protocol, name)| match &pod.ports {
        ContainerPorts::Unknown => {
            Verdict::perhaps(PortSet::of(*protocol, PortRange::ALL), Why::UnknownLabel)
        }
        ContainerPorts::Known(declared) => Verdict::of(
            declared
                .iter()
                .filter(|p| p.protocol == *protocol || mutant::is(Mutant::NameAnyProtocol))
                .filter(|p| p.name == *name)
                .map(|p| PortSet::of(*protocol, PortRange::one(p.port)))
                .fold(PortSet::none(), |all, one| all.union(&one)),
        ),
    });
    named.fold(open, |all, one| all.or(&one))
}
