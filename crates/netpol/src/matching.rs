//! Whether a policy selects a pod, and whether a peer of a rule is an endpoint.

use std::net::IpAddr;

use super::address::{Block, Span};
use super::admin::{AdminPeer, AdminPods, AdminPolicy, AdminRule};
use super::cluster::{Cluster, Cni, Foreign, Node};
use super::endpoint::{ContainerPorts, Endpoint, Pod};
use super::policy::{Direction, Peer, Policy, Rule, RulePorts, Scope};
use super::ports::{PortRange, PortSet};
use super::verdict::{Tri, Verdict, Why};

const CNI: Tri = Tri::Maybe(Why::CniDependent);
const ADDRESS: Tri = Tri::Maybe(Why::UnknownAddress);

/// The other end of a connection, as rules of one direction see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remote<'a> {
    end: Endpoint<'a>,
    direction: Direction,
    /// The one address that it has in this connection; `None`: any of its own.
    address: Option<IpAddr>,
}

impl<'a> Remote<'a> {
    pub(crate) const fn new(direction: Direction, end: Endpoint<'a>) -> Self {
        Self { end, direction, address: None }
    }

    pub(crate) const fn direction(&self) -> Direction {
        self.direction
    }
}

/// By which addresses the other end of a connection may be seen.
#[derive(Default)]
struct Seen {
    known: Vec<IpAddr>,
    /// Whether one more is possible, of which only the pod networks are known.
    hidden: bool,
}

impl Cluster {
    /// Whether policies and selectors apply to a pod that uses its node's network. The API leaves
    /// it open; no known plugin does.
    pub(crate) fn applies_to_host_network(&self) -> Tri {
        match self.network.cni {
            None => CNI,
            Some(Cni::Cilium | Cni::Calico | Cni::None) => Tri::No,
        }
    }

    /// Whether a block holds pods that have an address in it.
    fn blocks_hold_pods(&self) -> Tri {
        match self.network.cni {
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
        if pod.namespace() == Some(&policy.namespace) {
            policy.selector.matches(&pod.labels)
        } else {
            Tri::No
        }
    }

    /// Whether one of the rule's peers is the endpoint.
    pub(crate) fn rule_holds(&self, policy: &Policy, rule: &Rule, peer: &Remote<'_>) -> Tri {
        if rule.peers.is_empty() {
            return Tri::Yes;
        }
        rule.peers.iter().fold(Tri::No, |any, p| {
            if any.certainly() { any } else { any.or(self.peer_is(&policy.namespace, p, peer)) }
        })
    }

    /// Whether a peer, written in a policy of `namespace`, is the endpoint.
    pub(crate) fn peer_is(&self, namespace: &str, peer: &Peer, remote: &Remote<'_>) -> Tri {
        match (peer, &remote.end) {
            (
                Peer::Pods { .. },
                Endpoint::Host(_) | Endpoint::Unlisted(_) | Endpoint::Outside(_),
            ) => Tri::No,
            (Peer::Pods { namespaces, pods }, Endpoint::Pod(pod)) => {
                let network =
                    if pod.host_network { self.applies_to_host_network() } else { Tri::Yes };
                let home = match namespaces {
                    Scope::Own => (pod.namespace() == Some(namespace)).into(),
                    Scope::Matching(selector) if selector.is_everything() => Tri::Yes,
                    Scope::Matching(selector) => selector.matches(&self.namespace_labels(pod)),
                };
                if !home.possibly() {
                    home
                } else {
                    home.and(pods.matches(&pod.labels)).and(network)
                }
            }
            (Peer::Block(block), Endpoint::Outside(span)) => holds_span(block, span),
            (Peer::Block(block), Endpoint::Unlisted(span)) => {
                let inside = agreed(self.blocks_hold_pods(), self.blocks_hold_nodes());
                let held = self.network.cni.map_or(CNI, |_| agreed(inside, Tri::Yes));
                held.and(holds_span(block, span))
            }
            (Peer::Block(block), Endpoint::Pod(pod)) if !pod.host_network => {
                self.blocks_hold_pods().and(self.block_holds(block, remote))
            }
            (Peer::Block(block), Endpoint::Host(_) | Endpoint::Pod(_)) => {
                match (self.blocks_hold_nodes(), self.block_holds(block, remote)) {
                    (doubt @ Tri::Maybe(_), held) if held.possibly() && is_addressed(remote) => {
                        doubt
                    }
                    (holds, held) => holds.and(held),
                }
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
    pub(crate) fn admin_rule_holds(&self, rule: &AdminRule, remote: &Remote<'_>) -> Tri {
        rule.peers.iter().fold(Tri::No, |any, peer| any.or(self.admin_peer_is(peer, remote)))
    }

    /// Whether a peer of a cluster-wide rule is the endpoint.
    pub(crate) fn admin_peer_is(&self, peer: &AdminPeer, remote: &Remote<'_>) -> Tri {
        match (peer, &remote.end) {
            (AdminPeer::Pods(pods), Endpoint::Pod(pod)) => self.admin_pods(pods, pod),
            (AdminPeer::Pods(_), _) => Tri::No,
            // Pods too, on every plugin.
            (AdminPeer::Networks(networks), end) => {
                let blocks = networks.iter().map(|net| Block::new(*net));
                let holds = blocks.map(|block| match end {
                    Endpoint::Unlisted(span) | Endpoint::Outside(span) => holds_span(&block, span),
                    Endpoint::Host(_) | Endpoint::Pod(_) => self.block_holds(&block, remote),
                });
                holds.fold(Tri::No, Tri::or)
            }
            (AdminPeer::Nodes(_), Endpoint::Pod(pod)) if !pod.host_network => Tri::No,
            (AdminPeer::Nodes(nodes), Endpoint::Pod(_) | Endpoint::Host(_))
                if nodes.is_everything() =>
            {
                Tri::Yes
            }
            (AdminPeer::Nodes(nodes), end @ (Endpoint::Pod(_) | Endpoint::Host(_))) => {
                match self.node_of(end).and_then(|name| self.nodes.get(name)) {
                    Some(node) => nodes.matches(&node.labels),
                    None => Tri::Maybe(Why::UnknownLabel),
                }
            }
            (AdminPeer::Nodes(_), Endpoint::Unlisted(_) | Endpoint::Outside(_))
                if self.nodes.is_empty() =>
            {
                ADDRESS
            }
            (AdminPeer::Nodes(nodes), Endpoint::Unlisted(span) | Endpoint::Outside(span)) => {
                let meets = |node: &&Node| {
                    node.addresses.iter().any(|address| span.meets(&Span::from(*address)))
                };
                let found = self.nodes.values().filter(meets);
                let found = found.map(|node| nodes.matches(&node.labels)).fold(Tri::No, Tri::or);
                if !found.possibly() { found } else { ADDRESS }
            }
            (AdminPeer::DomainNames(_), Endpoint::Pod(pod)) if !pod.host_network => Tri::No,
            (AdminPeer::DomainNames(_), _) => ADDRESS,
        }
    }

    /// The name of the node that an end is, or runs on, where known.
    pub(crate) fn node_of<'e>(&'e self, end: &Endpoint<'e>) -> Option<&'e str> {
        let (name, addresses) = match end {
            Endpoint::Pod(pod) if !pod.host_network => return pod.node.as_deref(),
            Endpoint::Pod(pod) => (&pod.node, &pod.addresses),
            Endpoint::Host(host) => (&host.node, &host.addresses),
            Endpoint::Unlisted(_) | Endpoint::Outside(_) => return None,
        };
        let has = |node: &Node| node.addresses.iter().any(|a| addresses.contains(a));
        let found = || self.nodes.iter().find(|(_, node)| has(node)).map(|(name, _)| name.as_str());
        name.as_deref().or_else(found)
    }

    /// Whether a block holds a pod or node: by each address that the connection may have.
    fn block_holds(&self, block: &Block, remote: &Remote<'_>) -> Tri {
        let Seen { known, hidden } = match remote.address {
            Some(address) => Seen { known: vec![address], hidden: false },
            None => self.seen(remote.direction, &remote.end),
        };
        let known = known.iter().map(|address| block.contains(*address).into());
        let hidden = hidden.then(|| self.holds_pod_network(block));
        known.chain(hidden).reduce(agreed).unwrap_or(ADDRESS)
    }

    /// By which addresses a pod or node may be seen. Addresses outside of the cluster are none.
    fn seen(&self, direction: Direction, end: &Endpoint<'_>) -> Seen {
        let own = match end {
            Endpoint::Unlisted(_) | Endpoint::Outside(_) => return Seen::default(),
            Endpoint::Pod(pod) if !pod.host_network => {
                let known = pod.addresses.clone();
                return Seen { hidden: known.is_empty(), known };
            }
            Endpoint::Pod(pod) => &pod.addresses,
            Endpoint::Host(host) => &host.addresses,
        };
        let mut seen = Seen { known: own.clone(), hidden: false };
        // Through a tunnel of Calico's a node is seen by its tunnel's address, which is one of the
        // pod networks. Any plugin that is not known may be Calico.
        let tunnels = matches!(self.network.cni, None | Some(Cni::Calico));
        if direction == Direction::Ingress && tunnels && !own.is_empty() {
            let node = self.node_of(end).and_then(|name| self.nodes.get(name));
            match node.and_then(|node| node.tunnel_addresses.as_ref()) {
                Some(addresses) => seen.known.extend(addresses),
                None => seen.hidden = true,
            }
        }
        seen
    }

    /// The addresses of which any may be the one that counts; none where there is no choice, or not
    /// all of them are known.
    pub(crate) fn choices(&self, direction: Direction, end: &Endpoint<'_>) -> Vec<IpAddr> {
        let Seen { known, hidden } = self.seen(direction, end);
        if hidden || known.len() < 2 { Vec::new() } else { known }
    }

    /// What is known whichever of its addresses the other end has: a block may hold one of a pod's
    /// two addresses, and another block the other.
    pub(crate) fn by_address(
        &self,
        remote: Remote<'_>,
        ask: impl Fn(&Remote<'_>) -> Verdict,
    ) -> Verdict {
        let choices = self.choices(remote.direction, &remote.end);
        let each = choices.into_iter().map(|a| ask(&Remote { address: Some(a), ..remote }));
        each.reduce(|all, one| all.either(&one, Why::UnknownAddress))
            .unwrap_or_else(|| ask(&remote))
    }

    /// Whether a block holds an address of which only the pod networks are known.
    fn holds_pod_network(&self, block: &Block) -> Tri {
        let mut spans = block.spans();
        let outside: Vec<Span> =
            self.network.declared_outside.iter().copied().map(Span::from).collect();
        // Where the networks of pods are known, a block that meets them may hold pods all the same.
        if self.network.assumes_pod_cidrs() {
            spans.retain(|span| !outside.iter().any(|declared| declared.covers(span)));
        }
        let mut networks = self.network.pod_spans().peekable();
        if networks.peek().is_some()
            && self.network.pod_spans().all(|n| spans.iter().any(|s| s.covers(&n)))
        {
            Tri::Yes
        } else if networks.any(|n| spans.iter().any(|s| s.meets(&n))) {
            ADDRESS
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
        ADDRESS
    } else {
        Tri::No
    }
}

fn is_addressed(remote: &Remote<'_>) -> bool {
    match remote.end {
        Endpoint::Pod(pod) => !pod.addresses.is_empty(),
        Endpoint::Host(host) => !host.addresses.is_empty(),
        Endpoint::Unlisted(_) | Endpoint::Outside(_) => true,
    }
}

/// What is known where either counts: by one address or by another.
const fn agreed(a: Tri, b: Tri) -> Tri {
    match (a, b) {
        (Tri::Yes, Tri::Yes) => Tri::Yes,
        (Tri::No, Tri::No) => Tri::No,
        _ => ADDRESS,
    }
}

/// The ports that a rule opens on a destination. Names are those of the destination's containers;
/// outside the cluster there are none.
pub(crate) fn ports_on(ports: &RulePorts, destination: &Endpoint<'_>) -> Verdict {
    let RulePorts::Some { numbers, names } = ports else {
        return Verdict::allow();
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
                .filter(|p| p.protocol == *protocol && p.name == *name)
                .map(|p| PortSet::of(*protocol, PortRange::one(p.port)))
                .fold(PortSet::none(), |all, one| all.union(&one)),
        ),
    });
    named.fold(open, |all, one| all.or(&one))
}
