//! Who is there, and what is open between them, as sets of ports.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use super::Party;
use crate::address::{Family, Span, merged, pieces};
use crate::endpoint::{Endpoint, Host, Pod};
use crate::engine::{Asked, Connections, End, Origin, PodPattern, Ports};
use crate::input::Input;
use crate::policy::Direction;
use crate::ports::PortSet;
use crate::verdict::{Verdict, Why};

/// No node's name: it is not a DNS name.
const ELSEWHERE: &str = "*";

/// Names that are written out; more are counted.
const NAMED: usize = 3;

/// Ports that are open, and those of which it cannot be told.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct Open {
    pub(super) certain: PortSet,
    pub(super) doubtful: Vec<(Why, PortSet)>,
}

impl Open {
    fn add(&mut self, row: &Ports) {
        let ports = row.set();
        match row.why {
            None => self.certain = self.certain.union(&ports),
            Some(why) => match self.doubtful.iter_mut().find(|(w, _)| *w == why) {
                Some((_, all)) => *all = all.union(&ports),
                None => self.doubtful.push((why, ports)),
            },
        }
    }

    pub(super) fn possible(&self) -> PortSet {
        self.doubtful.iter().fold(self.certain.clone(), |all, (_, ports)| all.union(ports))
    }
}

impl From<&Verdict> for Open {
    fn from(verdict: &Verdict) -> Self {
        Self { certain: verdict.allowed().clone(), doubtful: verdict.uncertain() }
    }
}

/// A pod of the input, or one that is not in it, with the class that it behaves as.
#[derive(Clone, Debug)]
pub struct Participant {
    pub(super) class: usize,
    /// Which it is.
    pub who: Who,
    /// How it is evaluated.
    pub pod: Pod,
    /// Whether there may be several that are the same in every respect.
    pub(super) several: bool,
}

/// Which pod a [`Participant`] is.
#[derive(Clone, Debug)]
pub enum Who {
    /// A member of the input, by number.
    Member(usize),
    /// One that is not in the input.
    Representative(PodPattern, Origin),
}

/// Endpoints that nothing tells apart.
#[derive(Clone, Debug)]
pub enum EndpointSet {
    /// Pods.
    Pods(Vec<Participant>),
    /// Addresses outside of the cluster, of one family.
    Addresses(Vec<Span>),
    /// A node, or something on it.
    Host(Host),
    /// An address outside of the cluster of which nothing is known.
    Somewhere,
}

impl EndpointSet {
    /// One of them.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint<'_> {
        match self {
            Self::Pods(pods) => Endpoint::Pod(&pods[0].pod),
            Self::Addresses(spans) => Endpoint::Outside(spans[0]),
            Self::Host(host) => Endpoint::Host(host),
            Self::Somewhere => Endpoint::Outside(Span::all(Family::V4)),
        }
    }

    /// Whether one of them is in the input.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        matches!(self, Self::Pods(pods) if matches!(pods[0].who, Who::Member(_)))
    }

    /// Workloads and pods by their names, of many the first few.
    #[must_use]
    pub fn name(&self, input: &Input) -> String {
        self.named(|pod| pod.name(input))
    }

    /// As [`Self::name`], and each pod of a workload by its own name.
    #[must_use]
    pub fn members(&self, input: &Input) -> String {
        self.named(|pod| match &pod.who {
            Who::Member(member) => input.members[*member].id(),
            Who::Representative(..) => pod.name(input),
        })
    }

    fn named(&self, pod: impl Fn(&Participant) -> String) -> String {
        let mut names: Vec<String> = match self {
            Self::Pods(pods) => pods.iter().map(pod).collect(),
            Self::Addresses(spans) => spans.iter().map(ToString::to_string).collect(),
            Self::Host(host) => vec![match &host.node {
                Some(node) => format!("node {node}"),
                None => Party::Host(host.addresses.clone()).to_string(),
            }],
            Self::Somewhere => vec![Party::Somewhere.to_string()],
        };
        names.dedup();
        shortened(&names)
    }
}

impl Participant {
    fn name(&self, input: &Input) -> String {
        match &self.who {
            Who::Member(member) => {
                let member = &input.members[*member];
                let workload = member.workload.as_ref();
                workload.map_or_else(|| member.id(), |w| format!("{}/{w}", member.namespace))
            }
            Who::Representative(pattern, _) => Party::Unknown(pattern.clone()).to_string(),
        }
    }
}

pub(super) fn shortened(names: &[impl fmt::Display + AsRef<str>]) -> String {
    let listed: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(NAMED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}

/// Everyone, and what they may exchange.
pub struct Survey<'a> {
    pub(super) input: &'a Input,
    pub(super) participants: Vec<Participant>,
    connections: Connections<'a>,
}

impl<'a> Survey<'a> {
    /// The pods of the input, and a representative for each peer selector.
    #[must_use]
    pub fn new(input: &'a Input) -> Self {
        Self::of(Connections::new(input, false))
    }

    /// As [`Survey::new`], with a representative for every combination of labels.
    pub(super) fn combined(input: &'a Input, asked: &Asked) -> Self {
        Self::of(Connections::combined(input, asked))
    }

    fn of(connections: Connections<'a>) -> Self {
        let input = connections.input();
        let mut participants = Vec::new();
        for class in connections.ends() {
            if let End::Group(group) = connections.end(class) {
                participants.extend(connections.members(group).map(|m| Participant {
                    class,
                    who: Who::Member(m),
                    pod: connections.member(m).pod.clone(),
                    several: connections.member(m).may_be_several(),
                }));
            }
            participants.extend(connections.representatives_of(class).map(|one| Participant {
                class,
                who: Who::Representative(one.stands_for.clone(), one.origin),
                pod: one.pod.clone(),
                several: true,
            }));
        }
        Self { input, participants, connections }
    }

    /// Whether every pod that is not in the input behaves as one of the representatives does.
    pub(super) const fn is_complete(&self) -> bool {
        self.connections.is_complete()
    }

    /// What a pod may send to another one.
    pub(super) fn between(&mut self, from: &Participant, to: &Participant) -> Open {
        self.connections.between(from.class, to.class).map(Open::from).unwrap_or_default()
    }

    /// What a pod may exchange with addresses, cut where something tells them apart: all that `key`
    /// does not tell apart either, together.
    pub(super) fn outside<K: Eq + Hash + Ord + Clone>(
        &mut self,
        own: &Participant,
        direction: Direction,
        cuts: &[Span],
        key: impl Fn(&Span) -> K,
    ) -> Vec<(Vec<Span>, Open, K)> {
        let rows = self.connections.outside(own.class, direction);
        let edges: Vec<Span> =
            rows.iter().flat_map(|r| &r.addresses).chain(cuts).copied().collect();
        let mut found: HashMap<(Open, K, Family), Vec<Span>> = HashMap::new();
        for piece in pieces(&edges) {
            let mut open = Open::default();
            for row in rows.iter().filter(|r| r.addresses.iter().any(|a| a.covers(&piece))) {
                open.add(&row.ports);
            }
            found.entry((open, key(&piece), piece.family())).or_default().push(piece);
        }
        let mut all: Vec<_> =
            found.into_iter().map(|((open, key, _), spans)| (merged(spans), open, key)).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// What a pod may exchange with a node, or with an address of which nothing is known.
    pub(super) fn beyond(
        &self,
        own: &Participant,
        direction: Direction,
        other: &EndpointSet,
    ) -> Open {
        let mut pod = own.pod.clone();
        if matches!(other, EndpointSet::Host(_)) && !pod.host_network {
            // A node reaches the pods on it, which no policy is about: the question is what it may send
            // to pods of other nodes.
            pod.node = Some(ELSEWHERE.to_owned());
        }
        let pod = Endpoint::Pod(&pod);
        let verdict = |other: Endpoint<'_>| {
            let (source, destination) = direction.from_to(pod, other);
            self.input.cluster.verdict(&source, &destination)
        };
        match other {
            EndpointSet::Somewhere => {
                let [four, six] = Family::ALL.map(|f| verdict(Endpoint::Outside(Span::all(f))));
                Open::from(&four.either(&six, Why::UnknownAddress))
            }
            known => Open::from(&verdict(known.endpoint())),
        }
    }
}
