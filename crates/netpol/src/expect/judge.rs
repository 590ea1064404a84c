//! Every flow of an input beside what is expected of it: the only judge of flows.
//!
//! A port of a flow is as expected only where that is certain: what may be open and must be closed,
//! or may be closed and must be open, is [`Deviation::Unknown`], whatever the doubt is about, the
//! policies or whom an entry holds.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::party::{Held, Lookup, Required};
use super::survey::{EndpointSet, Open, Participant, Survey, Who};
use super::{Expectations, Party, Unlisted, Wanted};
use crate::address::Span;
use crate::endpoint::Host;
use crate::engine::{Asked, Origin, edges};
use crate::input::Input;
use crate::policy::Direction;
use crate::ports::PortSet;
use crate::verdict::Why;

/// How ports of a flow are not what is expected.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Deviation {
    /// Open, and must be closed.
    Bypass,
    /// Closed, and must be open.
    Overblock,
    /// Not decidable.
    Unknown {
        /// Why.
        why: Why,
        /// Whether they must be open.
        wanted: bool,
    },
    /// Open or perhaps open, and need not be.
    Wide,
}

impl Deviation {
    /// Whether it is about what must be open.
    const fn is_of_open(self) -> bool {
        matches!(self, Self::Overblock | Self::Unknown { wanted: true, .. })
    }
}

/// Ports of a flow that are not what an entry expects.
#[derive(Clone, Debug)]
pub struct Found {
    /// The entry, by number; `None`: no entry lists them.
    pub entry: Option<usize>,
    /// What is wrong.
    pub deviation: Deviation,
    /// On which ports.
    pub ports: PortSet,
}

/// All flows from one set of endpoints to another, which nothing tells apart.
#[derive(Debug)]
pub struct Judged<'a> {
    /// Who connects.
    pub from: &'a EndpointSet,
    /// To whom.
    pub to: &'a EndpointSet,
    /// The entries about them, by number, in order.
    pub entries: &'a [usize],
    /// What is not as expected.
    pub found: Vec<Found>,
}

/// Whom the entries are about.
pub(super) struct Coverage {
    /// Whether an entry is about any flow between endpoints that are there.
    pub(super) used: Vec<bool>,
    /// Whether `from` and `to` of each entry hold anyone who is there.
    pub(super) ends: Vec<[bool; 2]>,
}

/// Judges every flow of the input. Returns whether every pod that is not in the input is judged:
/// false where labels have more combinations than are tried.
pub fn judge(
    input: &Input,
    expectations: &Expectations,
    visit: &mut dyn FnMut(&Judged<'_>),
) -> bool {
    let mut run = Run::new(input, expectations);
    run.all(visit);
    run.survey.is_complete()
}

/// As [`judge`], and says whom the entries are about.
pub(super) fn judge_with_coverage(
    input: &Input,
    expectations: &Expectations,
    visit: &mut dyn FnMut(&Judged<'_>),
) -> (bool, Coverage) {
    let mut run = Run::new(input, expectations);
    run.all(visit);
    (run.survey.is_complete(), run.coverage)
}

/// Entries that hold somebody, in order.
type Holds = Vec<(usize, Held)>;

/// Endpoints that behave alike and that no entry tells apart.
struct Node {
    set: EndpointSet,
    from: Holds,
    to: Holds,
    /// Whether one of them is in the input, or a policy speaks of it.
    is_there: bool,
}

struct Run<'e> {
    expectations: &'e Expectations,
    survey: Survey<'e>,
    parties: Vec<Lookup<'e>>,
    /// For each entry its `from` and `to` among the parties.
    ends: Vec<[usize; 2]>,
    coverage: Coverage,
}

impl<'e> Run<'e> {
    fn new(input: &'e Input, expectations: &'e Expectations) -> Self {
        let mut parties = Vec::new();
        let mut numbers: HashMap<&Party, usize> = HashMap::new();
        let mut asked = Asked::default();
        let mut number = |party: &'e Party| {
            *numbers.entry(party).or_insert_with(|| {
                for form in party.forms() {
                    match form {
                        Party::Pods(pattern) => asked.apart.push(pattern.clone()),
                        Party::Unknown(pattern) | Party::Later(pattern) => {
                            asked.present.push(pattern.clone());
                        }
                        _ => {}
                    }
                }
                parties.push(Lookup::new(party, input));
                parties.len() - 1
            })
        };
        let ends: Vec<[usize; 2]> =
            expectations.flows.iter().map(|e| [number(&e.from), number(&e.to)]).collect();
        let survey = Survey::combined(input, &asked);
        let coverage = Coverage {
            used: vec![false; ends.len()],
            ends: ends
                .iter()
                .map(|own| own.map(|party| parties[party].names_addresses()))
                .collect(),
        };
        Self { expectations, survey, parties, ends, coverage }
    }

    /// The entries whose `from` and `to` hold somebody of whom `held` tells for each party.
    fn holds(&mut self, is_there: bool, held: impl Fn(&Lookup<'e>) -> Option<Held>) -> [Holds; 2] {
        let by_party: Vec<Option<Held>> = self.parties.iter().map(held).collect();
        let mut all = [Vec::new(), Vec::new()];
        for (entry, ends) in self.ends.iter().enumerate() {
            for (side, party) in ends.iter().enumerate() {
                if let Some(held) = by_party[*party] {
                    all[side].push((entry, held));
                    self.coverage.ends[entry][side] |= is_there;
                }
            }
        }
        all
    }

    fn all(&mut self, visit: &mut dyn FnMut(&Judged<'_>)) {
        let pods = self.pods();
        let hosts = self.hosts();
        let somewhere = {
            let [from, to] = self.holds(true, Lookup::somewhere);
            Node { set: EndpointSet::Somewhere, from, to, is_there: true }
        };
        self.pairs(&pods, visit);
        self.addresses(&pods, visit);
        for node in &pods {
            for other in hosts.iter().chain([&somewhere]) {
                self.beyond(node, other, visit);
            }
        }
    }

    fn pods(&mut self) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut known: HashMap<(usize, bool, [Holds; 2]), usize> = HashMap::new();
        let input = self.survey.input;
        for participant in std::mem::take(&mut self.survey.participants) {
            let is_there = match &participant.who {
                Who::Member(_) => true,
                Who::Representative(_, origin) => *origin == Origin::Peer,
            };
            let listed = matches!(participant.who, Who::Member(_));
            let held =
                self.holds(is_there, |party| party.participant(&input.cluster, &participant));
            let key = (participant.class, listed, held.clone());
            let at = *known.entry(key).or_insert_with(|| {
                let [from, to] = held;
                nodes.push(Node { set: EndpointSet::Pods(Vec::new()), from, to, is_there });
                nodes.len() - 1
            });
            nodes[at].is_there |= is_there;
            if let EndpointSet::Pods(pods) = &mut nodes[at].set {
                pods.push(participant);
            }
        }
        nodes
    }

    /// Nodes of the input, one of those that no block and no entry tells apart, and what the entries
    /// themselves declare.
    fn hosts(&mut self) -> Vec<Node> {
        let input = self.survey.input;
        let declared = self.expectations.flows.iter().flat_map(|e| [&e.from, &e.to]);
        let declared = declared.flat_map(Party::forms).filter_map(|form| match form {
            Party::Host(addresses) => Some(Host { node: None, addresses: addresses.clone() }),
            _ => None,
        });
        let mut hosts: Vec<Host> = Vec::new();
        for host in declared {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        let spans = edges(&input.cluster);
        let mut seen = HashSet::new();
        for node in input.cluster.nodes.values().filter(|n| !n.addresses.is_empty()) {
            let inside = |address: &IpAddr| -> Vec<bool> {
                spans.iter().map(|s| s.covers(&Span::from(*address))).collect()
            };
            let host = Host { node: None, addresses: node.addresses.clone() };
            let held: Vec<_> = self.parties.iter().map(|party| party.host(&host)).collect();
            let blocks: Vec<_> = node.addresses.iter().map(inside).collect();
            let labels: Vec<_> = node.labels.iter().collect();
            if seen.insert((blocks, held, format!("{labels:?}"))) {
                hosts.push(host);
            }
        }
        let node = |host: Host| {
            let [from, to] = self.holds(true, |party| party.host(&host));
            Node { set: EndpointSet::Host(host), from, to, is_there: true }
        };
        hosts.into_iter().map(node).collect()
    }

    fn pairs(&mut self, nodes: &[Node], visit: &mut dyn FnMut(&Judged<'_>)) {
        for (i, source) in nodes.iter().enumerate() {
            let EndpointSet::Pods(sources) = &source.set else { continue };
            for (j, destination) in nodes.iter().enumerate() {
                let EndpointSet::Pods(destinations) = &destination.set else { continue };
                // A pod always reaches itself.
                if i == j && sources.len() == 1 && !sources[0].several {
                    continue;
                }
                let Some(entries) = self.entries(source, destination) else { continue };
                let open = self.survey.between(&sources[0], &destinations[0]);
                self.visit(&source.set, &destination.set, &entries, &open, visit);
            }
        }
    }

    fn addresses(&mut self, nodes: &[Node], visit: &mut dyn FnMut(&Judged<'_>)) {
        let cuts: Vec<Span> = self.parties.iter().flat_map(Lookup::edges).collect();
        let hosts: Vec<Span> = {
            let nodes = self.survey.input.cluster.nodes.values();
            nodes.flat_map(|n| &n.addresses).map(|address| Span::from(*address)).collect()
        };
        for node in nodes {
            let EndpointSet::Pods(own) = &node.set else { continue };
            for direction in Direction::ALL {
                let held = |span: &Span| -> Vec<bool> {
                    self.parties.iter().map(|party| party.addresses(span).is_some()).collect()
                };
                let found = self.survey.outside(&own[0], direction, &cuts, held);
                for (mut spans, open, held) in found {
                    // What is known to be a node is asked about as one.
                    spans.retain(|span| !hosts.contains(span));
                    if spans.is_empty() {
                        continue;
                    }
                    let [from, to] = self.holds_of(&held, Held::CERTAIN);
                    let other =
                        Node { set: EndpointSet::Addresses(spans), from, to, is_there: true };
                    let (source, destination) = direction.from_to(node, &other);
                    let Some(entries) = self.entries(source, destination) else { continue };
                    self.visit(&source.set, &destination.set, &entries, &open, visit);
                }
            }
        }
    }

    fn holds_of(&self, parties: &[bool], held: Held) -> [Holds; 2] {
        let side = |side: usize| {
            let entries = self.ends.iter().enumerate();
            entries.filter(|(_, ends)| parties[ends[side]]).map(|(e, _)| (e, held)).collect()
        };
        [side(0), side(1)]
    }

    fn beyond(&mut self, node: &Node, other: &Node, visit: &mut dyn FnMut(&Judged<'_>)) {
        let EndpointSet::Pods(own) = &node.set else { return };
        for direction in Direction::ALL {
            let (source, destination) = direction.from_to(node, other);
            let Some(entries) = self.entries(source, destination) else { continue };
            // An address that nobody knows is there only for the entries that declare it.
            if entries.is_empty() && matches!(other.set, EndpointSet::Somewhere) {
                continue;
            }
            let open = self.survey.beyond(&own[0], direction, &other.set);
            self.visit(&source.set, &destination.set, &entries, &open, visit);
        }
    }

    /// The entries about a flow; `None` where nobody asks about it.
    fn entries(&mut self, from: &Node, to: &Node) -> Option<Holds> {
        let mut entries = Vec::new();
        let mut others = to.to.iter().peekable();
        for (entry, held) in &from.from {
            while others.next_if(|(other, _)| other < entry).is_some() {}
            if let Some((_, other)) = others.next_if(|(other, _)| other == entry) {
                entries.push((*entry, held.and(*other)));
                self.coverage.used[*entry] |= from.is_there && to.is_there;
            }
        }
        let listed = from.set.is_listed() || to.set.is_listed();
        let asked = listed && self.expectations.unlisted == Unlisted::Deny;
        (asked || !entries.is_empty()).then_some(entries)
    }

    fn visit(
        &self,
        from: &EndpointSet,
        to: &EndpointSet,
        entries: &Holds,
        open: &Open,
        visit: &mut dyn FnMut(&Judged<'_>),
    ) {
        // Of two pods that are not in the input, only what an entry says is expected.
        let listed = from.is_listed() || to.is_listed();
        let unlisted = if listed { self.expectations.unlisted } else { Unlisted::Ignore };
        let mut found: Vec<Found> = decide(self.expectations, entries, unlisted)
            .iter()
            .flat_map(|part| part.deviations(open))
            .collect();
        // It is some address, and what must be closed is asked of every address.
        if [from, to].iter().any(|set| matches!(set, EndpointSet::Somewhere)) {
            found.retain(|one| one.deviation.is_of_open());
        }
        let entries: Vec<usize> = entries.iter().map(|(entry, _)| *entry).collect();
        visit(&Judged { from, to, entries: &entries, found });
    }
}

impl Held {
    fn and(self, other: Self) -> Self {
        let doubt = match (self.doubt, other.doubt) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { doubt, required: self.required.min(other.required) }
    }
}

/// Ports about which the same entries may decide.
#[derive(Clone, Debug)]
struct Part {
    ports: PortSet,
    /// What may be meant. Several only where it is not certain whom an entry holds.
    meant: Vec<Meant>,
    doubt: Option<Why>,
}

#[derive(Clone, Copy, Debug)]
struct Meant {
    entry: Option<usize>,
    wanted: Wanted,
    required: Required,
}

/// Lets the entries decide, each about the ports that none before it is certainly about.
fn decide(expectations: &Expectations, entries: &Holds, unlisted: Unlisted) -> Vec<Part> {
    let mut decided = Vec::new();
    let mut rest = vec![Part { ports: PortSet::all(), meant: Vec::new(), doubt: None }];
    for (entry, held) in entries {
        let expectation = &expectations.flows[*entry];
        let mut next = Vec::new();
        for part in rest {
            let own = part.ports.intersection(&expectation.ports);
            if own.is_empty() {
                next.push(part);
                continue;
            }
            let others = part.ports.difference(&expectation.ports);
            if !others.is_empty() {
                next.push(Part { ports: others, ..part.clone() });
            }
            let mut own = Part { ports: own, ..part };
            let (wanted, required) = (expectation.verdict, held.required);
            own.meant.push(Meant { entry: Some(*entry), wanted, required });
            match held.doubt {
                None => decided.push(own),
                Some(why) => {
                    own.doubt = Some(own.doubt.map_or(why, |other| other.min(why)));
                    next.push(own);
                }
            }
        }
        rest = next;
    }
    for mut part in rest {
        let wanted = match unlisted {
            Unlisted::Deny => Wanted::Deny,
            Unlisted::Ignore => Wanted::Optional,
        };
        part.meant.push(Meant { entry: None, wanted, required: Required::No });
        decided.push(part);
    }
    decided
}

impl Part {
    fn deviations(&self, open: &Open) -> Vec<Found> {
        let first = self.meant[0];
        let alike = self.meant.iter().all(|meant| meant.wanted == first.wanted);
        match self.doubt {
            Some(why) if !alike => {
                // Whichever entry counts: what is certainly right by each of them is right.
                let wrong = self.meant.iter().flat_map(|meant| self.of(*meant, open));
                let wrong = wrong.filter(|found| found.deviation != Deviation::Wide);
                let ports = wrong.fold(PortSet::none(), |all, found| all.union(&found.ports));
                let deviation = Deviation::Unknown { why, wanted: first.wanted == Wanted::Allow };
                let found = Found { entry: first.entry, deviation, ports };
                if found.ports.is_empty() { Vec::new() } else { vec![found] }
            }
            _ => self.of(first, open),
        }
    }

    /// What is wrong if exactly this is meant.
    fn of(&self, meant: Meant, open: &Open) -> Vec<Found> {
        let mut all = Vec::new();
        let mut add = |deviation, ports: PortSet| {
            let ports = ports.intersection(&self.ports);
            if !ports.is_empty() {
                all.push(Found { entry: meant.entry, deviation, ports });
            }
        };
        let unknown = |why, wanted| Deviation::Unknown { why, wanted };
        match meant.wanted {
            Wanted::Allow if meant.required == Required::No => {}
            Wanted::Allow => {
                let closed = match meant.required {
                    Required::Yes => Deviation::Overblock,
                    _ => unknown(Why::UnknownLabel, true),
                };
                add(closed, self.ports.difference(&open.possible()));
                open.doubtful.iter().for_each(|(why, on)| add(unknown(*why, true), on.clone()));
            }
            Wanted::Deny => {
                add(Deviation::Bypass, open.certain.clone());
                open.doubtful.iter().for_each(|(why, on)| add(unknown(*why, false), on.clone()));
            }
            Wanted::Optional if meant.entry.is_some() => add(Deviation::Wide, open.possible()),
            Wanted::Optional => {}
        }
        all
    }
}

/// One of several participants, for those who look at pods alone.
impl EndpointSet {
    /// The pods; none for addresses and nodes.
    #[must_use]
    pub fn pods(&self) -> &[Participant] {
        match self {
            Self::Pods(pods) => pods,
            _ => &[],
        }
    }
}
