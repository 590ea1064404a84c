//! One side of every flow: for each class as the selected pod, what it may exchange with each class
//! of peers.

use std::collections::{HashMap, HashSet};

use super::bits::{Bits, TriBits};
use super::classes::Partition;
use super::compile::Compiled;
use super::universe::Universe;
use crate::endpoint::Endpoint;
use crate::evaluate::{RuleId, Stack};
use crate::matching::{Remote, ports_on};
use crate::policy::{Direction, RulePorts};
use crate::verdict::{Tri, Verdict};

/// Numbers verdicts, so that equal ones are compared and combined once.
#[derive(Default)]
pub(super) struct Verdicts {
    ids: HashMap<Verdict, u32>,
    all: Vec<Verdict>,
    /// Of the sides of a flow; `None`: denied.
    both: HashMap<(u32, u32), Option<u32>>,
    /// The last answer: neighbours mostly ask the same.
    last: Option<((u32, u32), Option<u32>)>,
}

impl Verdicts {
    pub(super) fn id(&mut self, verdict: Verdict) -> u32 {
        let next = self.all.len() as u32;
        *self.ids.entry(verdict).or_insert_with_key(|v| {
            self.all.push(v.clone());
            next
        })
    }

    pub(super) fn get(&self, id: u32) -> &Verdict {
        &self.all[id as usize]
    }

    /// The verdict of a flow whose sides have these; `None`: denied.
    pub(super) fn and(&mut self, a: u32, b: u32) -> Option<u32> {
        if let Some((asked, found)) = self.last
            && asked == (a, b)
        {
            return found;
        }
        let found = match self.both.get(&(a, b)) {
            Some(known) => *known,
            None => {
                let verdict = self.get(a).and(self.get(b));
                let found = (!verdict.is_deny()).then(|| self.id(verdict));
                self.both.insert((a, b), found);
                found
            }
        };
        self.last = Some(((a, b), found));
        found
    }
}

/// What pods that the same policies select may exchange, and with whom. Classes that are in no part
/// are denied.
pub(super) struct Side {
    pub(super) parts: Vec<(u32, Bits)>,
}

impl Side {
    /// The verdict about a class of peers; `None`: denied.
    pub(super) fn with(&self, class: usize) -> Option<u32> {
        self.parts.iter().find(|(_, bits)| bits.has(class)).map(|(verdict, _)| *verdict)
    }

    /// How many classes are not denied.
    pub(super) fn width(&self) -> usize {
        self.parts.iter().map(|(_, bits)| bits.count()).sum()
    }
}

/// The sides of one direction.
pub(super) struct Sides {
    pub(super) distinct: Vec<Side>,
    /// For each class of pods, which of them.
    pub(super) of: Vec<u32>,
}

pub(super) fn sides(
    universe: &Universe<'_>,
    compiled: &Compiled,
    direction: Direction,
    verdicts: &mut Verdicts,
) -> Sides {
    let stacks = stacks(universe, compiled, direction);
    let mut known: HashMap<(Stack, Option<usize>), u32> = HashMap::new();
    let mut named: HashMap<Vec<Verdict>, usize> = HashMap::new();
    let (mut distinct, mut of) = (Vec::new(), Vec::new());
    for (class, stack) in stacks.into_iter().enumerate() {
        let subject = universe.endpoint(compiled.classes[class][0] as usize);
        let side = Work { universe, compiled, direction, subject, stack: &stack };
        // Names are looked up on the destination: for ingress that is the pod itself.
        let own_names = (direction == Direction::Ingress)
            .then(|| side.named_ports())
            .filter(|names| !names.is_empty());
        let own_names = own_names.map(|names| {
            let next = named.len();
            *named.entry(names).or_insert(next)
        });
        let id = match known.get(&(stack.clone(), own_names)) {
            Some(id) => *id,
            None => {
                let id = distinct.len() as u32;
                distinct.push(side.compute(verdicts));
                known.insert((stack, own_names), id);
                id
            }
        };
        of.push(id);
    }
    Sides { distinct, of }
}

/// For each class, the policies that decide about it. Addresses have none.
pub(super) fn stacks(
    universe: &Universe<'_>,
    compiled: &Compiled,
    direction: Direction,
) -> Vec<Stack> {
    let cluster = universe.cluster;
    let mut network: Vec<Vec<(usize, Tri)>> = vec![Vec::new(); compiled.classes.len()];
    let mut admin = network.clone();
    for (i, selected) in compiled.selected.iter().enumerate() {
        if cluster.policies[i].rules(direction).is_some() {
            selected.iter().for_each(|(class, value)| network[class].push((i, value)));
        }
    }
    for (i, selected) in compiled.admin_selected.iter().enumerate() {
        if !cluster.admin[i].rules(direction).is_empty() {
            selected.iter().for_each(|(class, value)| admin[class].push((i, value)));
        }
    }
    let pods = universe.pods();
    let stack = |(class, (network, admin)): (usize, (Vec<_>, Vec<_>))| {
        let first = compiled.classes[class][0] as usize;
        pods.contains(&first).then(|| cluster.stack_of(universe.pod(first), network, &admin))
    };
    network.into_iter().zip(admin).enumerate().map_while(stack).collect()
}

/// The work for one side.
struct Work<'a> {
    universe: &'a Universe<'a>,
    compiled: &'a Compiled,
    direction: Direction,
    subject: Endpoint<'a>,
    stack: &'a Stack,
}

impl Work<'_> {
    /// The rules of the policies that select the pod.
    fn rules(&self) -> impl Iterator<Item = RuleId> {
        let cluster = self.universe.cluster;
        let network = self.stack.network.iter().flat_map(move |&(policy, _)| {
            let rules = cluster.policies[policy].rules(self.direction).map_or(0, <[_]>::len);
            (0..rules).map(move |rule| RuleId::Network { policy, rule })
        });
        let tiers = self.stack.admin.iter().chain(&self.stack.baseline).flatten();
        let admin = tiers.flat_map(move |&(policy, _)| {
            let rules = cluster.admin[policy].rules(self.direction).len();
            (0..rules).map(move |rule| RuleId::Admin { policy, rule })
        });
        network.chain(admin)
    }

    fn ports(&self, id: RuleId) -> Option<&RulePorts> {
        self.universe.cluster.rule_ports(self.direction, id)
    }

    /// What the names in the rules stand for on the pod itself.
    fn named_ports(&self) -> Vec<Verdict> {
        self.rules()
            .filter_map(|id| self.ports(id))
            .filter(|ports| matches!(ports, RulePorts::Some { names, .. } if !names.is_empty()))
            .map(|ports| ports_on(ports, &self.subject))
            .collect()
    }

    fn peers(&self, id: RuleId) -> Option<&TriBits> {
        let peers = self.compiled.rules[self.direction as usize].peers(id)?;
        self.compiled.peers.get(peers as usize)
    }

    /// For each of some classes the rules of NetworkPolicies whose peers may hold it, as policy and
    /// rule, in order.
    fn holding(&self, samples: &[usize]) -> Vec<Vec<(usize, usize)>> {
        let mut all = Bits::none(self.compiled.classes.len());
        let mut place = vec![0; self.compiled.classes.len()];
        for (at, sample) in samples.iter().enumerate() {
            all.set(*sample);
            place[*sample] = at;
        }
        let mut holding = vec![Vec::new(); samples.len()];
        for id in self.rules() {
            let RuleId::Network { policy, rule } = id else { continue };
            match self.peers(id) {
                Some(peers) => {
                    peers.among(&all).for_each(|class| holding[place[class]].push((policy, rule)));
                }
                None => holding.iter_mut().for_each(|rules| rules.push((policy, rule))),
            }
        }
        holding
    }

    /// Groups the classes that no rule tells apart, and asks once for each group.
    fn compute(&self, verdicts: &mut Verdicts) -> Side {
        let classes = &self.compiled.classes;
        let mut partition = Partition::new(classes.len());
        let mut told: HashSet<u32> = HashSet::new();
        let mut by_name = Vec::new();
        for id in self.rules() {
            let peers = self.compiled.rules[self.direction as usize].peers(id);
            if let Some(peers) = peers.filter(|p| told.insert(*p)) {
                partition.split(&self.compiled.peers[peers as usize]);
            }
            if let (Direction::Egress, Some(ports @ RulePorts::Some { names, .. })) =
                (self.direction, self.ports(id))
                && !names.is_empty()
            {
                by_name.push(ports);
            }
        }
        let end = |class: usize| self.universe.endpoint(classes[class][0] as usize);
        for ports in by_name {
            partition.split_by(|class| ports_on(ports, &end(class)));
        }
        let choice = |class: usize| self.universe.choice(classes[class][0] as usize);
        if self.universe.has_choices() {
            partition.split_by(choice);
        }
        let mut parts: HashMap<u32, Bits> = HashMap::new();
        let groups = partition.classes();
        let samples: Vec<usize> = groups.iter().map(|group| group[0] as usize).collect();
        let holding = self.holding(&samples);
        for ((group, sample), holding) in groups.iter().zip(samples).zip(&holding) {
            let peer = end(sample);
            let destination = match self.direction {
                Direction::Ingress => self.subject,
                Direction::Egress => peer,
            };
            let rules = |policy: usize| {
                let first = holding.partition_point(|(p, _)| *p < policy);
                let of_policy = move |(p, _): &&(usize, usize)| *p == policy;
                holding[first..].iter().take_while(of_policy).map(|(_, rule)| *rule)
            };
            let cluster = self.universe.cluster;
            let holds = |id| self.peers(id).map_or(Tri::Yes, |peers| peers.at(sample));
            let verdict = if choice(sample) > 0 && self.rules().any(|id| holds(id).why().is_some())
            {
                cluster.by_address(Remote::new(self.direction, peer), |remote| {
                    let opens = |id| cluster.rule_opens_to(id, remote, &destination);
                    cluster.decide(self.direction, self.stack, opens)
                })
            } else {
                cluster.decide_by(self.direction, self.stack, rules, |id| {
                    cluster.rule_passes(self.direction, id, holds(id), &destination)
                })
            };
            if verdict.is_deny() {
                continue;
            }
            let bits =
                parts.entry(verdicts.id(verdict)).or_insert_with(|| Bits::none(classes.len()));
            group.iter().for_each(|class| bits.set(*class as usize));
        }
        let mut parts: Vec<(u32, Bits)> = parts.into_iter().collect();
        parts.sort_by_key(|(verdict, _)| *verdict);
        Side { parts }
    }
}
