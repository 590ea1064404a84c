//! Both sides of every flow together.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;

use super::bits::Bits;
use super::compile::{Compiled, compile};
use super::representative::{Asked, PodPattern, Representative};
use super::sides::{Sides, Verdicts, sides, stacks};
use super::universe::{Universe, Unlisted};
use crate::address::{Family, Span, merged};
use crate::cluster::Cluster;
use crate::endpoint::Endpoint;
use crate::evaluate::{RuleId, Stack};
use crate::input::{Input, Member};
use crate::policy::Direction;
use crate::ports::{PortRange, PortSet, Protocol};
use crate::verdict::{Tri, Verdict, Why};

/// Who reaches whom.
pub struct Connections<'a> {
    input: &'a Input,
    universe: Universe<'a>,
    compiled: Compiled,
    verdicts: Verdicts,
    ingress: Sides,
    egress: Sides,
    /// How many classes are groups. Representatives come after them.
    grouped: usize,
    /// For each class of pods, the ingress sides that let it in. As bits, since of many classes with
    /// sides of their own each may let in all others.
    served: Vec<Bits>,
    /// The classes of each ingress side, sorted.
    with_ingress: Vec<Vec<u32>>,
    /// By verdict.
    rows: Vec<Option<Rc<[Ports]>>>,
    outside: HashMap<(Direction, u32), Rc<[Outside]>>,
}

/// Ports of one protocol.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ports {
    /// Of which protocol.
    pub protocol: Protocol,
    /// Which, sorted and merged.
    pub ranges: Vec<PortRange>,
    /// Why it is not certain; `None`: allowed.
    pub why: Option<Why>,
}

impl Ports {
    /// The same as a set.
    #[must_use]
    pub fn set(&self) -> PortSet {
        let one = |range: &PortRange| PortSet::of(self.protocol, *range);
        self.ranges.iter().map(one).fold(PortSet::none(), |all, one| all.union(&one))
    }
}

/// Addresses that may exchange the same ports with a pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outside {
    /// Of one family, sorted and merged.
    pub addresses: Vec<Span>,
    /// Which ports.
    pub ports: Ports,
}

/// One end of an edge.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum End {
    /// Members that behave alike, by number.
    Group(usize),
    /// Pods that are not in the input, by number.
    Representative(usize),
}

/// What one end may send to another.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Who connects.
    pub from: End,
    /// To whom. The same group: two different members of it.
    pub to: End,
    /// On which ports.
    pub ports: Rc<[Ports]>,
}

impl<'a> Connections<'a> {
    /// Evaluates everything. With `known_only`, nobody but the members of the input and addresses.
    #[must_use]
    pub fn new(input: &'a Input, known_only: bool) -> Self {
        Self::beside(input, &input.cluster, known_only)
    }

    /// As [`Connections::new`], with pods that are not in the input for another state's policies as
    /// well: two states are compared over the same representatives.
    #[must_use]
    pub fn beside(input: &'a Input, other: &Cluster, known_only: bool) -> Self {
        let states = [&input.cluster, other];
        let unlisted = if known_only { Unlisted::None } else { Unlisted::Minimal(&states) };
        Self::of(input, Universe::new(input, unlisted))
    }

    /// As [`Connections::new`], with a representative for every combination of labels that a
    /// selector of a policy or whoever asks tells apart.
    #[must_use]
    pub fn combined(input: &'a Input, asked: &Asked) -> Self {
        Self::of(input, Universe::new(input, Unlisted::Combined(asked)))
    }

    /// Whether every pod that is not in the input behaves as one of the representatives does: false
    /// only for [`Connections::combined`], where labels have more combinations than are tried.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.universe.complete
    }

    fn of(input: &'a Input, universe: Universe<'a>) -> Self {
        let compiled = compile(&universe);
        let mut verdicts = Verdicts::default();
        let ingress = sides(&universe, &compiled, Direction::Ingress, &mut verdicts);
        let egress = sides(&universe, &compiled, Direction::Egress, &mut verdicts);
        let pods = ingress.of.len();
        let mut with_ingress = vec![Vec::new(); ingress.distinct.len()];
        for (class, side) in ingress.of.iter().enumerate() {
            with_ingress[*side as usize].push(class as u32);
        }
        let mut served = vec![Bits::none(ingress.distinct.len()); pods];
        for (side, found) in ingress.distinct.iter().enumerate() {
            for (_, bits) in &found.parts {
                let classes = bits.iter().take_while(|class| *class < pods);
                classes.for_each(|class| served[class].set(side));
            }
        }
        let members = input.members.len();
        let grouped = compiled.classes.partition_point(|class| (class[0] as usize) < members);
        Self {
            input,
            universe,
            compiled,
            verdicts,
            ingress,
            egress,
            grouped,
            served,
            with_ingress,
            rows: Vec::new(),
            outside: HashMap::new(),
        }
    }

    /// What was read.
    #[must_use]
    pub const fn input(&self) -> &'a Input {
        self.input
    }

    /// How many groups and representatives there are; they are numbered in this order.
    #[must_use]
    pub fn ends(&self) -> Range<usize> {
        0..self.ingress.of.len()
    }

    /// Whether a number is a group's.
    #[must_use]
    pub fn end(&self, class: usize) -> End {
        if class < self.grouped { End::Group(class) } else { End::Representative(class) }
    }

    /// The members of a group, as numbers in the input.
    pub fn members(&self, group: usize) -> impl Iterator<Item = usize> {
        let members = self.input.members.len();
        self.compiled.classes[group].iter().map(|m| *m as usize).take_while(move |m| *m < members)
    }

    /// A member of the input.
    #[must_use]
    pub fn member(&self, member: usize) -> &'a Member {
        &self.input.members[member]
    }

    /// For each member of the input, its group.
    #[must_use]
    pub fn groups(&self) -> Vec<usize> {
        let mut groups = vec![0; self.input.members.len()];
        for class in self.ends() {
            self.members(class).for_each(|m| groups[m] = class);
        }
        groups
    }

    /// Somebody of a class, whose connections are those of all in it.
    #[must_use]
    pub fn sample(&self, class: usize) -> Endpoint<'_> {
        self.universe.endpoint(self.compiled.classes[class][0] as usize)
    }

    /// How many classes there are: groups, representatives, and then addresses that behave alike.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.compiled.classes.len()
    }

    /// Every address that no policy tells apart from the others in the class.
    #[must_use]
    pub fn addresses(&self, class: usize) -> Vec<Span> {
        let first = self.universe.outside().start;
        let pieces = self.compiled.classes[class].iter().filter_map(|p| {
            (*p as usize).checked_sub(first).map(|piece| self.universe.pieces[piece])
        });
        pieces.collect()
    }

    /// For each class of pods the policies that decide about it.
    pub(crate) fn stacks(&self, direction: Direction) -> Vec<Stack> {
        stacks(&self.universe, &self.compiled, direction)
    }

    /// Whether the peers of a rule hold a class.
    pub(crate) fn rule_holds(&self, direction: Direction, rule: RuleId, class: usize) -> Tri {
        let peers = self.compiled.rules[direction as usize].peers(rule);
        peers.map_or(Tri::Yes, |peers| self.compiled.peers[peers as usize].at(class))
    }

    /// Every pod that is not in the input, with its class, which may be a group's.
    pub fn representatives(&self) -> impl Iterator<Item = (&PodPattern, usize)> {
        let members = self.input.members.len();
        let range = members..members + self.universe.representatives.len();
        let numbered = self.compiled.classes.iter().enumerate();
        numbered.flat_map(move |(class, all)| {
            let own = all.iter().map(|m| *m as usize).filter({
                let range = range.clone();
                move |m| range.contains(m)
            });
            own.map(move |m| (&self.universe.representatives[m - members].stands_for, class))
        })
    }

    /// What one class of pods may send to another; `None`: nothing. Of a class to itself: to
    /// another pod of it.
    pub fn between(&mut self, from: usize, to: usize) -> Option<&Verdict> {
        let both = self.both(from, to)?;
        Some(self.verdicts.get(both))
    }

    fn both(&mut self, from: usize, to: usize) -> Option<u32> {
        let outward = self.side_number(Direction::Egress, from, to);
        let inward = self.side_number(Direction::Ingress, to, from);
        let both = outward.zip(inward).and_then(|(a, b)| self.verdicts.and(a, b));
        match self.is_node_of(from, to) {
            Tri::No => both,
            Tri::Yes => Some(self.verdicts.id(Verdict::allow())),
            Tri::Maybe(why) => {
                let policies = both.map_or_else(Verdict::deny, |id| self.verdicts.get(id).clone());
                Some(self.verdicts.id(policies.either(&Verdict::allow(), why)))
            }
        }
    }

    /// Whether the pods of a class are, on its network, the node of the pods of another class: then
    /// they reach them whatever policies say.
    pub fn is_node_of(&self, from: usize, to: usize) -> Tri {
        if !self.is_host(from) {
            return Tri::No;
        }
        self.universe.cluster.is_node_of(&self.sample(from), &self.sample(to))
    }

    fn is_host(&self, class: usize) -> bool {
        matches!(self.sample(class), Endpoint::Pod(pod) if pod.host_network)
    }

    /// What the policies of a class of pods let pass from or to another class; `None`: nothing.
    #[must_use]
    pub fn side(&self, direction: Direction, own: usize, other: usize) -> Option<&Verdict> {
        self.side_number(direction, own, other).map(|verdict| self.verdicts.get(verdict))
    }

    /// As [`Connections::side`], as a number: equal verdicts have the same.
    pub(crate) fn side_number(
        &self,
        direction: Direction,
        own: usize,
        other: usize,
    ) -> Option<u32> {
        let sides = match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        };
        sides.distinct[sides.of[own] as usize].with(other)
    }

    /// The pods of a class that are not in the input; also those that behave as members do.
    pub fn representatives_of(&self, class: usize) -> impl Iterator<Item = &Representative> {
        let members = self.input.members.len();
        let numbers = self.compiled.classes[class].iter().map(|m| *m as usize);
        let pods = self.universe.pods().end;
        numbers
            .filter(move |m| (members..pods).contains(m))
            .map(move |m| &self.universe.representatives[m - members])
    }

    /// What a representative stands for.
    #[must_use]
    pub fn representative(&self, class: usize) -> &PodPattern {
        let first = self.compiled.classes[class][0] as usize;
        &self.universe.representatives[first - self.input.members.len()].stands_for
    }

    /// Everything that an end may send to groups and representatives, in their order. Between two
    /// representatives nothing is listed.
    pub fn from(&mut self, source: usize) -> Vec<Edge> {
        let from = self.end(source);
        let pairs = self.pairs(source);
        let edge = |(to, verdict): (u32, u32)| {
            let to = self.end(to as usize);
            Edge { from, to, ports: self.rows(verdict) }
        };
        pairs.into_iter().map(edge).collect()
    }

    /// Destinations that the egress of `source` and their own ingress let it reach, sorted, with
    /// verdicts. Starts from whichever side allows less.
    fn pairs(&mut self, source: usize) -> Vec<(u32, u32)> {
        let mut members = self.members(source);
        let several = members.next().is_some_and(|m| self.member(m).may_be_several());
        let alone = !several && members.next().is_none();
        drop(members);
        let listed = if source < self.grouped { self.ends().end } else { self.grouped };
        if self.is_host(source) {
            let others = (0..listed).filter(|to| *to != source || !alone);
            return others.filter_map(|to| Some((to as u32, self.both(source, to)?))).collect();
        }
        let Self { verdicts, ingress, egress, served, with_ingress, .. } = self;
        let egress = &egress.distinct[egress.of[source] as usize];
        let mut pairs = Vec::new();
        let mut add = |to: usize, outward: u32, inward: u32| {
            if let Some(verdict) = verdicts.and(outward, inward)
                && (to != source || !alone)
            {
                pairs.push((to as u32, verdict));
            }
        };
        let served = &served[source];
        let by_ingress: usize = served.iter().map(|side| with_ingress[side].len()).sum();
        if by_ingress <= egress.width() {
            for side in served.iter() {
                let Some(inward) = ingress.distinct[side].with(source) else { continue };
                for to in with_ingress[side].iter().map(|to| *to as usize) {
                    if to >= listed {
                        break;
                    }
                    if let Some(outward) = egress.with(to) {
                        add(to, outward, inward);
                    }
                }
            }
        } else {
            for (outward, bits) in &egress.parts {
                for to in bits.iter().take_while(|to| *to < listed) {
                    if let Some(inward) = ingress.distinct[ingress.of[to] as usize].with(source) {
                        add(to, *outward, inward);
                    }
                }
            }
        }
        pairs.sort_unstable();
        pairs
    }

    fn rows(&mut self, verdict: u32) -> Rc<[Ports]> {
        let at = verdict as usize;
        if self.rows.len() <= at {
            self.rows.resize(at + 1, None);
        }
        let verdict = self.verdicts.get(verdict);
        Rc::clone(self.rows[at].get_or_insert_with(|| rows(verdict)))
    }

    /// What a group may exchange with addresses: one row for each protocol, set of ports and
    /// family, with all addresses. Those of nodes are asked about as nodes on which no pod of the group
    /// runs: a pod's own node always reaches it. Representatives and addresses: nothing is listed.
    pub fn outside(&mut self, group: usize, direction: Direction) -> Rc<[Outside]> {
        let sides = match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        };
        let side = sides.of[group];
        if let Some(known) = self.outside.get(&(direction, side)) {
            return Rc::clone(known);
        }
        let first = self.universe.outside().start;
        let mut by_ports: BTreeMap<(Ports, Family), Vec<Span>> = BTreeMap::new();
        let parts: Vec<(u32, Vec<Span>)> = sides.distinct[side as usize]
            .parts
            .iter()
            .map(|(verdict, bits)| {
                let classes = bits.iter().filter(|class| *class >= self.ingress.of.len());
                let pieces = classes.flat_map(|class| &self.compiled.classes[class]);
                (*verdict, pieces.map(|p| self.universe.pieces[*p as usize - first]).collect())
            })
            .collect();
        for (verdict, spans) in parts {
            for ports in self.rows(verdict).iter() {
                for span in &spans {
                    by_ports.entry((ports.clone(), span.family())).or_default().push(*span);
                }
            }
        }
        let mut rows: Vec<Outside> = by_ports
            .into_iter()
            .map(|((ports, _), spans)| Outside { addresses: merged(spans), ports })
            .collect();
        rows.sort_by(|a, b| (&a.addresses, &a.ports).cmp(&(&b.addresses, &b.ports)));
        let rows: Rc<[Outside]> = rows.into();
        self.outside.insert((direction, side), Rc::clone(&rows));
        rows
    }
}

/// One row for each protocol and reason.
fn rows(verdict: &Verdict) -> Rc<[Ports]> {
    let doubts = verdict.uncertain().into_iter().map(|(why, ports)| (Some(why), ports));
    let mut rows: Vec<Ports> = [(None, verdict.allowed().clone())]
        .into_iter()
        .chain(doubts)
        .flat_map(|(why, set)| {
            let row = |(protocol, ranges): (Protocol, &[PortRange])| Ports {
                protocol,
                ranges: ranges.to_vec(),
                why,
            };
            set.iter().map(row).collect::<Vec<_>>()
        })
        .collect();
    rows.sort();
    rows.into()
}
