//! Everyone who may be at an end of a flow, numbered.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::ops::Range;

use super::bits::{Bits, TriBits};
use super::representative::{Asked, Representative, Selectors};
use crate::address::{Block, Span, pieces};
use crate::admin::AdminPeer;
use crate::cluster::Cluster;
use crate::endpoint::{Endpoint, Home, Host, Pod};
use crate::input::Input;
use crate::labels::{Label, Labels, Requirement, Selector};
use crate::matching::Remote;
use crate::policy::{Direction, Peer, Scope};
use crate::verdict::Tri;

/// Members of the input, then representatives of pods that are not in it, then pieces of the address
/// space.
pub(crate) struct Universe<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) representatives: Vec<Representative>,
    pub(super) pieces: Vec<Span>,
    /// The nodes that pieces are the addresses of, by piece.
    hosts: BTreeMap<usize, Host>,
    /// Whether every pod that is not in the input behaves as one of the representatives does.
    pub(super) complete: bool,
    members: &'a [crate::input::Member],
    /// For each pod and node in which pieces its addresses are, as a number; 0 where there is no choice
    /// between several.
    choices: Vec<u32>,
}

/// Which pods that are not in the input are asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unlisted<'a> {
    /// None.
    None,
    /// One for each distinct peer selector of these states.
    Minimal(&'a [&'a Cluster]),
    /// One for every combination of labels that selectors and whoever asks tell apart.
    Combined(&'a Asked),
}

impl<'a> Universe<'a> {
    pub(crate) fn new(input: &'a Input, unlisted: Unlisted<'_>) -> Self {
        let cluster = &input.cluster;
        let (representatives, complete) = match unlisted {
            Unlisted::None => (Vec::new(), true),
            Unlisted::Minimal(states) => {
                (Selectors::new(states, &Asked::default()).minimal(cluster), true)
            }
            Unlisted::Combined(asked) => {
                let selectors = Selectors::new(&[cluster], asked);
                let mut all = selectors.minimal(cluster);
                let (combined, complete) = selectors.combined(cluster, asked);
                all.extend(combined);
                (all, complete)
            }
        };
        let hosts = hosts(input);
        let addresses = hosts.keys().copied().map(Span::from);
        let pieces = pieces(&edges(cluster).into_iter().chain(addresses).collect::<Vec<_>>());
        let mut universe = Self {
            cluster,
            representatives,
            pieces,
            hosts: BTreeMap::new(),
            complete,
            members: &input.members,
            choices: Vec::new(),
        };
        universe.hosts =
            hosts.into_iter().map(|(address, host)| (universe.piece(address), host)).collect();
        universe.choices = universe.number_choices();
        universe
    }

    fn number_choices(&self) -> Vec<u32> {
        let mut known = HashMap::new();
        let mut number = |i: usize| {
            let places = Direction::ALL.map(|direction| {
                let addresses = self.cluster.choices(direction, &self.endpoint(i));
                addresses.into_iter().map(|a| self.piece(a)).collect::<Vec<_>>()
            });
            if places.iter().all(Vec::is_empty) {
                return 0;
            }
            let next = known.len() as u32 + 1;
            *known.entry(places).or_insert(next)
        };
        (0..self.len()).map(&mut number).collect()
    }

    /// The piece that an address is in.
    fn piece(&self, address: IpAddr) -> usize {
        let span = Span::from(address);
        self.pieces.partition_point(|p| (p.family(), p.first()) <= (span.family(), span.first()))
            - 1
    }

    /// What tells pods apart by their nodes: a pod on its node's network always reaches those of the
    /// same node. `isolated`: whom policies select.
    pub(super) fn places(&self, isolated: &Bits) -> Option<Vec<Option<Option<&str>>>> {
        let is_host = |i: &usize| self.pod(*i).host_network;
        let hosts: Vec<usize> = self.pods().filter(is_host).collect();
        if hosts.is_empty() {
            return None;
        }
        let node = |i: usize| self.cluster.node_of(&self.endpoint(i));
        let nodes: HashSet<Option<&str>> = hosts.iter().map(|i| node(*i)).collect();
        // Where nothing keeps a host from a pod, it does not matter whether it is that pod's node.
        let all = hosts.iter().any(|i| isolated.has(*i));
        let place = |i: usize| {
            let matters = self.pod(i).host_network || all || isolated.has(i);
            let node = node(i);
            (matters && (node.is_none() || nodes.contains(&node))).then_some(node)
        };
        Some(self.pods().map(place).collect())
    }

    /// Whether some pod has several addresses.
    pub(super) fn has_choices(&self) -> bool {
        self.choices.iter().any(|choice| *choice > 0)
    }

    /// What blocks can tell apart of several addresses of a pod or node, as a number; 0: nothing.
    pub(super) fn choice(&self, i: usize) -> u32 {
        self.choices[i]
    }

    /// The pieces that are addresses of nodes.
    pub(super) fn hosts(&self) -> impl Iterator<Item = usize> {
        self.hosts.keys().map(|piece| self.pods().end + piece)
    }

    pub(super) fn len(&self) -> usize {
        self.pods().len() + self.pieces.len()
    }

    pub(super) fn pods(&self) -> Range<usize> {
        0..self.members.len() + self.representatives.len()
    }

    pub(super) fn outside(&self) -> Range<usize> {
        self.pods().end..self.len()
    }

    pub(super) fn pod(&self, i: usize) -> &Pod {
        match self.members.get(i) {
            Some(member) => &member.pod,
            None => &self.representatives[i - self.members.len()].pod,
        }
    }

    pub(super) fn endpoint(&self, i: usize) -> Endpoint<'_> {
        if i < self.pods().end {
            Endpoint::Pod(self.pod(i))
        } else {
            let piece = i - self.pods().end;
            self.hosts.get(&piece).map_or(Endpoint::Outside(self.pieces[piece]), Endpoint::Host)
        }
    }
}

/// The nodes by their addresses, as far as these are in the input: those of pods on a node's network
/// are the node's.
fn hosts(input: &Input) -> BTreeMap<IpAddr, Host> {
    let pods = input.members.iter().map(|m| &m.pod).filter(|pod| pod.host_network);
    let pods = pods.flat_map(|pod| pod.addresses.iter().map(|a| (&pod.node, *a)));
    let pods = pods.map(|(node, address)| (node.clone(), address));
    let nodes = input.cluster.nodes.iter();
    let nodes = nodes.flat_map(|(name, n)| n.addresses.iter().map(|a| (Some(name.clone()), *a)));
    let host = |(node, address)| (address, Host { node, addresses: vec![address] });
    pods.chain(nodes).map(host).collect()
}

/// Every interval that some block tells apart from the rest.
pub fn edges(cluster: &Cluster) -> Vec<Span> {
    let mut spans = Vec::new();
    for policy in &cluster.policies {
        let rules = Direction::ALL.into_iter().filter_map(|d| policy.rules(d)).flatten();
        for peer in rules.flat_map(|r| &r.peers) {
            if let Peer::Block(block) = peer {
                spans.extend(block.spans());
            }
        }
    }
    for policy in &cluster.admin {
        let rules = policy.ingress.iter().chain(&policy.egress);
        for peer in rules.flat_map(|r| &r.peers) {
            if let AdminPeer::Networks(networks) = peer {
                spans.extend(networks.iter().copied().map(Span::from));
            }
        }
    }
    spans
}

/// Finds pods by label and by address without asking each of them.
pub(crate) struct Index<'a> {
    universe: &'a Universe<'a>,
    keys: HashMap<&'a str, Key<'a>>,
    homes: Vec<(Labels, Bits)>,
    by_namespace: HashMap<&'a str, Bits>,
    requirements: HashMap<&'a Requirement, TriBits>,
    namespaces: HashMap<&'a Selector, TriBits>,
    /// Pods of the pod network by address, sorted.
    addresses: Vec<(IpAddr, usize)>,
    /// Pods that only a question to each of them can tell about: on their node's network.
    host: Bits,
    /// Pods of the pod network without an address.
    unaddressed: Bits,
    /// Pods that may have labels which are not known.
    open: Bits,
}

fn in_order(found: &TriBits) -> Vec<(u32, Tri)> {
    let mut all: Vec<_> = found.iter().map(|(i, held)| (i as u32, held)).collect();
    all.sort_unstable_by_key(|(i, _)| *i);
    all
}

/// The pods that have a label.
struct Key<'a> {
    values: HashMap<&'a str, Vec<u32>>,
    known: Bits,
    unknown: Bits,
}

impl<'a> Index<'a> {
    /// Reads the labels that a selector among these asks for.
    pub(crate) fn new(
        universe: &'a Universe<'a>,
        selectors: impl Iterator<Item = &'a Selector>,
    ) -> Self {
        let len = universe.len();
        let mut keys: HashMap<&str, Key<'_>> = HashMap::new();
        for requirement in selectors.flat_map(Selector::requirements) {
            keys.entry(requirement.key()).or_insert_with(|| Key {
                values: HashMap::new(),
                known: Bits::none(len),
                unknown: Bits::none(len),
            });
        }
        let mut index = Self {
            universe,
            keys,
            homes: Vec::new(),
            by_namespace: HashMap::new(),
            requirements: HashMap::new(),
            namespaces: HashMap::new(),
            addresses: Vec::new(),
            host: Bits::none(len),
            unaddressed: Bits::none(len),
            open: Bits::none(len),
        };
        universe.pods().for_each(|i| index.add(i, universe.pod(i)));
        for (name, bits) in &index.by_namespace {
            let home = Pod::new(name, "", Labels::default());
            index.homes.push((universe.cluster.namespace_labels(&home).into_owned(), bits.clone()));
        }
        index.addresses.sort_unstable();
        index
    }

    fn add(&mut self, i: usize, pod: &'a Pod) {
        for (name, value) in pod.labels.iter() {
            let Some(key) = self.keys.get_mut(name) else { continue };
            match value {
                Some(value) => {
                    key.known.set(i);
                    key.values.entry(value).or_default().push(i as u32);
                }
                None => key.unknown.set(i),
            }
        }
        if pod.labels.is_open() {
            self.open.set(i);
        }
        let len = self.universe.len();
        match &pod.home {
            Home::Namespace(name) => {
                self.by_namespace.entry(name).or_insert_with(|| Bits::none(len)).set(i);
            }
            Home::Elsewhere(labels) => {
                self.homes.push((labels.clone(), Bits::range(len, i..i + 1)));
            }
        }
        if pod.host_network {
            self.host.set(i);
        } else if pod.addresses.is_empty() {
            self.unaddressed.set(i);
        } else {
            self.addresses.extend(pod.addresses.iter().map(|a| (*a, i)));
        }
    }

    fn none(&self) -> TriBits {
        TriBits::none(self.universe.len())
    }

    /// The pods whose labels satisfy a selector.
    pub(super) fn pods(&mut self, selector: &'a Selector) -> TriBits {
        let len = self.universe.len();
        let mut all = self.none();
        all.yes = Bits::range(len, self.universe.pods());
        for requirement in selector.requirements() {
            if !self.requirements.contains_key(requirement) {
                let found = self.requirement(requirement);
                self.requirements.insert(requirement, found);
            }
            all = all.and(&self.requirements[requirement]);
        }
        all
    }

    /// What [`Requirement::matches`] says of each pod, asked once for each state of the label.
    fn requirement(&self, requirement: &Requirement) -> TriBits {
        let key = &self.keys[requirement.key()];
        let mut found = self.none();
        let mut absent = Bits::range(self.universe.len(), self.universe.pods());
        absent.minus(&key.known);
        absent.minus(&key.unknown);
        let mut open = absent.clone();
        absent.minus(&self.open);
        open.minus(&absent);
        // No label has this value: it stands for all that the requirement does not name.
        found.put(&key.known, requirement.matches(Label::Is("\0")));
        found.put(&key.unknown, requirement.matches(Label::Some));
        found.put(&absent, requirement.matches(Label::Absent));
        found.put(&open, requirement.matches(Label::Unknown));
        if let Requirement::In(_, values) | Requirement::NotIn(_, values) = requirement {
            for value in values {
                let held = requirement.matches(Label::Is(value));
                for i in key.values.get(value.as_str()).into_iter().flatten() {
                    found.set(*i as usize, held);
                }
            }
        }
        found
    }

    /// The pods of the namespaces whose labels satisfy a selector.
    fn homes(&mut self, selector: &'a Selector) -> TriBits {
        if let Some(found) = self.namespaces.get(selector) {
            return found.clone();
        }
        let mut found = self.none();
        for (labels, bits) in &self.homes {
            found.put(bits, selector.matches(labels));
        }
        self.namespaces.insert(selector, found.clone());
        found
    }

    /// The pods of a namespace.
    pub(super) fn namespace(&self, name: &str) -> TriBits {
        let mut found = self.none();
        if let Some(bits) = self.by_namespace.get(name) {
            found.yes = bits.clone();
        }
        found
    }

    /// The pods of a namespace whose labels satisfy a selector, by number.
    pub(crate) fn in_namespace(&mut self, name: &str, pods: &'a Selector) -> Vec<(u32, Tri)> {
        in_order(&self.namespace(name).and(&self.pods(pods)))
    }

    /// The same of the namespaces whose labels satisfy a selector.
    pub(crate) fn in_namespaces(
        &mut self,
        namespaces: &'a Selector,
        pods: &'a Selector,
    ) -> Vec<(u32, Tri)> {
        in_order(&self.homes(namespaces).and(&self.pods(pods)))
    }

    /// The pods that a pair of selectors of a cluster-wide policy holds.
    pub(super) fn admin_pods(&mut self, namespaces: &'a Selector, pods: &'a Selector) -> TriBits {
        let mut found = self.homes(namespaces).and(&self.pods(pods));
        found.yes.minus(&self.host);
        found.maybe.iter_mut().for_each(|(_, bits)| bits.minus(&self.host));
        found.maybe.retain(|(_, bits)| !bits.is_empty());
        found
    }

    /// Everyone that a peer of a policy in `namespace` holds.
    pub(super) fn peer(
        &mut self,
        direction: Direction,
        namespace: &str,
        peer: &'a Peer,
    ) -> TriBits {
        let cluster = self.universe.cluster;
        let ask = |end| cluster.peer_is(namespace, peer, &Remote::new(direction, end));
        match peer {
            Peer::Pods { namespaces, pods } => {
                let home = match namespaces {
                    Scope::Own => self.namespace(namespace),
                    Scope::Matching(selector) => self.homes(selector),
                };
                let mut found = home.and(&self.pods(pods));
                self.ask_each(&mut found, &self.host, ask);
                found
            }
            Peer::Block(block) => self.block(std::slice::from_ref(block), ask),
        }
    }

    /// Everyone that a peer of a cluster-wide policy holds.
    pub(super) fn admin_peer(&mut self, direction: Direction, peer: &'a AdminPeer) -> TriBits {
        let cluster = self.universe.cluster;
        let ask = |end| cluster.admin_peer_is(peer, &Remote::new(direction, end));
        match peer {
            AdminPeer::Pods(pods) => self.admin_pods(&pods.namespaces, &pods.pods),
            AdminPeer::Networks(networks) => {
                let blocks: Vec<Block> = networks.iter().map(|n| Block::new(*n)).collect();
                self.block(&blocks, ask)
            }
            AdminPeer::Nodes(_) | AdminPeer::DomainNames(_) => {
                let mut found = self.none();
                let mut all = Bits::range(self.universe.len(), self.universe.outside());
                all.or(&self.host);
                self.ask_each(&mut found, &all, ask);
                found
            }
        }
    }

    fn ask_each(&self, found: &mut TriBits, who: &Bits, ask: impl Fn(Endpoint<'a>) -> Tri) {
        who.iter().for_each(|i| found.set(i, ask(self.universe.endpoint(i))));
    }

    /// Everyone that blocks hold. Only those with an address in them, a sample of those without,
    /// and those on a node's network are asked.
    fn block(&self, blocks: &[Block], ask: impl Fn(Endpoint<'a>) -> Tri) -> TriBits {
        let mut found = self.none();
        let outside = self.universe.outside();
        for span in blocks.iter().flat_map(Block::spans) {
            let pieces = &self.universe.pieces;
            let first =
                pieces.partition_point(|p| (p.family(), p.first()) < (span.family(), span.first()));
            let end =
                pieces.partition_point(|p| (p.family(), p.first()) <= (span.family(), span.last()));
            found.yes.set_range(outside.start + first..outside.start + end);
            let first = self.addresses.partition_point(|(a, _)| *a < span.first());
            let held = self.addresses[first..].iter().take_while(|(a, _)| *a <= span.last());
            for (_, i) in held {
                found.set(*i, ask(self.universe.endpoint(*i)));
            }
        }
        if let Some(sample) = self.unaddressed.iter().next() {
            found.put(&self.unaddressed, ask(self.universe.endpoint(sample)));
        }
        self.ask_each(&mut found, &self.host, &ask);
        self.universe.hosts().for_each(|i| found.set(i, ask(self.universe.endpoint(i))));
        found
    }
}
