//! Policies to sets of classes.

use std::collections::{HashMap, HashSet};

use super::bits::{Bits, TriBits};
use super::classes::Partition;
use super::universe::{Index, Universe};
use crate::admin::AdminPeer;
use crate::cluster::Cluster;
use crate::endpoint::{ContainerPorts, Endpoint, Pod};
use crate::evaluate::RuleId;
use crate::labels::Selector;
use crate::policy::{Direction, Peer, RulePorts, Scope};
use crate::ports::Protocol;

/// What a rule matches: the number of its peers' set, or everyone.
pub(super) type Peers = Option<u32>;

/// Policies, with everyone in classes.
pub(super) struct Compiled {
    /// Members of each class, as numbers of the universe. Pods and addresses are never together.
    pub(super) classes: Vec<Vec<u32>>,
    /// Distinct sets of peers, over classes.
    pub(super) peers: Vec<TriBits>,
    /// For each NetworkPolicy, who is selected.
    pub(super) selected: Vec<TriBits>,
    /// For each cluster-wide policy, who is selected.
    pub(super) admin_selected: Vec<TriBits>,
    /// For each rule, its peers, by direction.
    pub(super) rules: [Rules; 2],
}

/// The peers of the rules of one direction, by policy and rule.
pub(super) struct Rules {
    network: Vec<Vec<Peers>>,
    admin: Vec<Vec<Peers>>,
}

impl Rules {
    /// The peers of a rule that there is.
    pub(super) fn peers(&self, id: RuleId) -> Peers {
        match id {
            RuleId::Network { policy, rule } => self.network[policy][rule],
            RuleId::Admin { policy, rule } => self.admin[policy][rule],
        }
    }
}

/// Peers as they are written; rules that write the same share a set.
#[derive(Eq, Hash, PartialEq)]
enum Written<'a> {
    Network(Where<'a>, &'a [Peer]),
    Admin(Direction, &'a [AdminPeer]),
}

/// What decides besides the words of a peer: the namespace, of a peer of the policy's own, and the
/// direction, of a block.
type Where<'a> = (Option<&'a str>, Option<Direction>);

struct Compiler<'u> {
    universe: &'u Universe<'u>,
    index: Index<'u>,
    /// Over the universe, not yet over classes.
    peers: Vec<TriBits>,
    written: HashMap<Written<'u>, u32>,
    one: HashMap<(Where<'u>, &'u Peer), TriBits>,
}

pub(super) fn compile(universe: &Universe<'_>) -> Compiled {
    let cluster = universe.cluster;
    let mut compiler = Compiler {
        universe,
        index: Index::new(universe, pod_selectors(cluster)),
        peers: Vec::new(),
        written: HashMap::new(),
        one: HashMap::new(),
    };
    let selected = compiler.selected();
    let admin_selected: Vec<TriBits> = cluster
        .admin
        .iter()
        .map(|p| compiler.index.admin_pods(&p.subject.namespaces, &p.subject.pods))
        .collect();
    let rules = Direction::ALL.map(|d| compiler.rules(d));
    let partition = partition(universe, &compiler.peers, &selected, &admin_selected);
    let classes = partition.classes();
    let firsts: Vec<u32> = classes.iter().map(|members| members[0]).collect();
    let pack = |sets: Vec<TriBits>| sets.iter().map(|s| s.of_classes(&firsts)).collect::<Vec<_>>();
    Compiled {
        peers: pack(compiler.peers),
        selected: pack(selected),
        admin_selected: pack(admin_selected),
        rules,
        classes,
    }
}

fn pod_selectors(cluster: &Cluster) -> impl Iterator<Item = &Selector> {
    let network = cluster.policies.iter().flat_map(|policy| {
        let rules = Direction::ALL.into_iter().filter_map(|d| policy.rules(d)).flatten();
        let peers = rules.flat_map(|r| &r.peers).filter_map(|p| match p {
            Peer::Pods { pods, .. } => Some(pods),
            Peer::Block(_) => None,
        });
        [&policy.selector].into_iter().chain(peers)
    });
    let admin = cluster.admin.iter().flat_map(|policy| {
        let rules = policy.ingress.iter().chain(&policy.egress);
        let peers = rules.flat_map(|r| &r.peers).filter_map(|p| match p {
            AdminPeer::Pods(pods) => Some(&pods.pods),
            _ => None,
        });
        [&policy.subject.pods].into_iter().chain(peers)
    });
    network.chain(admin)
}

impl<'u> Compiler<'u> {
    fn selected(&mut self) -> Vec<TriBits> {
        let mut known: HashMap<(&str, &Selector), TriBits> = HashMap::new();
        let cluster = self.universe.cluster;
        cluster
            .policies
            .iter()
            .map(|policy| {
                known
                    .entry((&policy.namespace, &policy.selector))
                    .or_insert_with(|| {
                        let home = self.index.namespace(&policy.namespace);
                        home.and(&self.index.pods(&policy.selector))
                    })
                    .clone()
            })
            .collect()
    }

    fn rules(&mut self, direction: Direction) -> Rules {
        let cluster = self.universe.cluster;
        let network = cluster.policies.iter().map(|policy| {
            let rules = policy.rules(direction).into_iter().flatten();
            let peers = |peers: &'u Vec<Peer>| {
                (!peers.is_empty()).then(|| self.network(direction, &policy.namespace, peers))
            };
            rules.map(|rule| &rule.peers).map(peers).collect()
        });
        let network = network.collect();
        let admin = cluster.admin.iter().map(|policy| {
            let rules = policy.rules(direction).iter();
            rules.map(|rule| Some(self.admin(direction, &rule.peers))).collect()
        });
        Rules { network, admin: admin.collect() }
    }

    fn network(&mut self, direction: Direction, namespace: &'u str, peers: &'u [Peer]) -> u32 {
        let own = |p: &Peer| matches!(p, Peer::Pods { namespaces: Scope::Own, .. });
        let block = |p: &Peer| matches!(p, Peer::Block(_));
        let here = |peers: &[Peer]| {
            let namespace = peers.iter().any(own).then_some(namespace);
            (namespace, peers.iter().any(block).then_some(direction))
        };
        let written = Written::Network(here(peers), peers);
        if let Some(known) = self.written.get(&written) {
            return *known;
        }
        let mut all = TriBits::none(self.universe.len());
        for peer in peers {
            let key = (here(std::slice::from_ref(peer)), peer);
            if !self.one.contains_key(&key) {
                let found = self.index.peer(direction, namespace, peer);
                self.one.insert(key, found);
            }
            all = all.or(&self.one[&key]);
        }
        self.intern(written, all)
    }

    fn admin(&mut self, direction: Direction, peers: &'u [AdminPeer]) -> u32 {
        let written = Written::Admin(direction, peers);
        if let Some(known) = self.written.get(&written) {
            return *known;
        }
        let none = TriBits::none(self.universe.len());
        let all = peers.iter().fold(none, |all, p| all.or(&self.index.admin_peer(direction, p)));
        self.intern(written, all)
    }

    fn intern(&mut self, written: Written<'u>, set: TriBits) -> u32 {
        let id = self.peers.len() as u32;
        self.peers.push(set);
        self.written.insert(written, id);
        id
    }
}

/// Tells apart whoever a policy can tell apart, and pods of different namespaces.
fn partition(
    universe: &Universe<'_>,
    peers: &[TriBits],
    selected: &[TriBits],
    admin_selected: &[TriBits],
) -> Partition {
    let mut partition = Partition::new(universe.len());
    let (cluster, pods) = (universe.cluster, universe.pods());
    let mut hosts = Bits::none(universe.len());
    universe.hosts().for_each(|i| hosts.set(i));
    partition.split_bits(&hosts);
    partition.split_by(|i| {
        let pod = pods.contains(&i).then(|| universe.pod(i));
        (pod.is_some(), pod.and_then(|p| p.namespace()), pod.is_some_and(|p| p.host_network))
    });
    peers.iter().chain(selected).chain(admin_selected).for_each(|set| partition.split(set));
    if universe.has_choices() {
        partition.split_by(|i| universe.choice(i));
    }
    let mut isolated = Bits::none(universe.len());
    selected.iter().chain(admin_selected).for_each(|set| isolated.or(&set.possible()));
    let names = names(cluster);
    if !names.is_empty() {
        partition.split_by(|i| match universe.endpoint(i) {
            Endpoint::Pod(Pod { ports: ContainerPorts::Unknown, .. }) => None,
            Endpoint::Pod(Pod { ports: ContainerPorts::Known(ports), .. }) => {
                let named = ports.iter().filter(|p| names.contains(&(p.protocol, p.name.as_str())));
                Some(named.map(|p| (p.protocol, p.name.as_str(), p.port)).collect())
            }
            Endpoint::Host(_) | Endpoint::Unlisted(_) | Endpoint::Outside(_) => Some(Vec::new()),
        });
    }
    for foreign in &universe.cluster.foreign {
        let mut selected = Bits::none(universe.len());
        let may = |i: &usize| cluster.foreign_selects(foreign, universe.pod(*i)).possibly();
        universe.pods().filter(may).for_each(|i| selected.set(i));
        partition.split_bits(&selected);
        isolated.or(&selected);
    }
    if let Some(places) = universe.places(&isolated) {
        partition.split_by(|i| places.get(i).copied().flatten());
    }
    partition
}

/// Every port name that a rule uses.
fn names(cluster: &Cluster) -> HashSet<(Protocol, &str)> {
    let network = cluster.policies.iter().flat_map(|p| {
        Direction::ALL.into_iter().filter_map(|d| p.rules(d)).flatten().map(|r| &r.ports)
    });
    let admin =
        cluster.admin.iter().flat_map(|p| p.ingress.iter().chain(&p.egress).map(|r| &r.ports));
    network
        .chain(admin)
        .filter_map(|ports| match ports {
            RulePorts::Some { names, .. } => Some(names),
            RulePorts::Every => None,
        })
        .flatten()
        .map(|(protocol, name)| (*protocol, name.as_str()))
        .collect()
}
