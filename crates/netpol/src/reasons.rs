//! Which policies and rules decide, for every two ends at once.
//!
//! What is told of one side of a pair depends on the policies that select the pod, on which of their
//! rules hold the peer, and on what port names mean on the destination: equal ones are told once.

use std::collections::{BTreeMap, HashMap};

use serde::{Serialize, Serializer};

use super::address::{Family, Span, merged};
use super::admin::Action;
use super::cluster::{Cluster, Foreign};
use super::endpoint::{ContainerPorts, Endpoint, Pod};
use super::engine::{Connections, Ports};
use super::evaluate::{RuleId, Stack};
use super::policy::{Direction, RulePorts};
use super::ports::{PortRange, PortSet, Protocol};
use super::verdict::{Tri, Verdict, Why};

/// What one side of a pair says, and why.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// Which side.
    pub direction: Direction,
    /// The policies that select the pod in this direction, in the order in which they are asked.
    /// None: it is not isolated.
    pub policies: Vec<Deciding>,
    /// Whether no policy is asked: the source is the node of the destination.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub always: bool,
    /// Policies that may select the pod and are not evaluated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_evaluated: Vec<String>,
    /// What this side lets pass.
    #[serde(flatten)]
    pub passes: Passes,
}

impl Reason {
    /// Nothing isolates this side.
    pub(crate) fn open(direction: Direction) -> Self {
        let passes = Passes { allowed: PortSet::all(), uncertain: Vec::new() };
        let (policies, not_evaluated) = (Vec::new(), Vec::new());
        Self { direction, policies, always: false, not_evaluated, passes }
    }

    /// No policy is asked.
    pub(crate) fn always(direction: Direction) -> Self {
        Self { always: true, ..Self::open(direction) }
    }

    /// The policies that select a pod, with the rules that match. `opens` says on which ports a rule
    /// does.
    pub(crate) fn told(
        cluster: &Cluster,
        direction: Direction,
        (pod, stack): (&Pod, &Stack),
        opens: impl Fn(RuleId) -> Verdict,
        passes: Passes,
    ) -> Self {
        let matching = |rules: &mut dyn Iterator<Item = (RuleId, Action)>| {
            let one = |(number, (id, action))| {
                let on = opens(id);
                (!on.is_deny()).then(|| Matching {
                    rule: format!("{direction}[{number}]"),
                    action,
                    on: Matches { ports: on.allowed().clone(), uncertain: perhaps(&on) },
                })
            };
            rules.enumerate().filter_map(one).collect()
        };
        let admin = |&(policy, selected): &(usize, Tri)| {
            let read = &cluster.admin[policy];
            let rules = read.rules(direction).iter().enumerate();
            Deciding {
                policy: format!("{} {}", read.kind, read.name),
                certain: selected.certainly(),
                rules: matching(
                    &mut rules.map(|(rule, r)| (RuleId::Admin { policy, rule }, r.action)),
                ),
            }
        };
        let network = |&(policy, selected): &(usize, Tri)| {
            let read = &cluster.policies[policy];
            let rules = 0..read.rules(direction).map_or(0, <[_]>::len);
            Deciding {
                policy: format!("NetworkPolicy {}", read.id()),
                certain: selected.and(stack.applies).certainly(),
                rules: matching(
                    &mut rules.map(|rule| (RuleId::Network { policy, rule }, Action::Allow)),
                ),
            }
        };
        let applying = stack.network.iter().filter(|_| stack.applies.possibly());
        let before = stack.admin.iter().flatten().map(admin);
        let after = stack.baseline.iter().flatten().map(admin);
        let policies = before.chain(applying.map(network)).chain(after).collect();
        let may = |foreign: &&Foreign| cluster.foreign_selects(foreign, pod).possibly();
        let foreign = cluster.foreign.iter().filter(may);
        let not_evaluated = foreign.map(|f| f.object.clone()).collect();
        Self { direction, policies, always: false, not_evaluated, passes }
    }

    /// The same of one port: its answer, and the rules that match there.
    pub(crate) fn at(mut self, protocol: Protocol, port: u16) -> Self {
        let one = PortSet::of(protocol, PortRange::one(port));
        let cut = |ports: &mut PortSet, uncertain: &mut Vec<Perhaps>| {
            *ports = ports.intersection(&one);
            uncertain.iter_mut().for_each(|p| p.ports = p.ports.intersection(&one));
            uncertain.retain(|p| !p.ports.is_empty());
            !ports.is_empty() || !uncertain.is_empty()
        };
        for policy in &mut self.policies {
            policy.rules.retain_mut(|rule| cut(&mut rule.on.ports, &mut rule.on.uncertain));
        }
        cut(&mut self.passes.allowed, &mut self.passes.uncertain);
        self
    }
}

/// Ports that pass for certain, and perhaps.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Passes {
    /// For certain.
    #[serde(serialize_with = "ports")]
    pub allowed: PortSet,
    /// Perhaps, with the reason of the doubt; no port twice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uncertain: Vec<Perhaps>,
}

/// Ports about which there is a doubt.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Perhaps {
    /// Which doubt.
    pub why: Why,
    /// Which ports.
    #[serde(serialize_with = "ports")]
    pub ports: PortSet,
}

/// A policy that selects the pod.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Deciding {
    /// `NetworkPolicy a/b`, `AdminNetworkPolicy c`.
    pub policy: String,
    /// Whether it certainly selects the pod.
    pub certain: bool,
    /// Its rules that hold the peer.
    pub rules: Vec<Matching>,
}

/// A rule that holds the peer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Matching {
    /// `ingress[0]`.
    pub rule: String,
    /// What it does.
    pub action: Action,
    /// On which ports.
    #[serde(flatten)]
    pub on: Matches,
}

/// Ports on which a rule matches for certain, and perhaps.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Matches {
    /// For certain.
    #[serde(serialize_with = "ports")]
    pub ports: PortSet,
    /// Perhaps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uncertain: Vec<Perhaps>,
}

/// As `{"TCP": [[80, 80]]}`.
fn ports<S: Serializer>(ports: &PortSet, serializer: S) -> Result<S::Ok, S::Error> {
    ports.iter().collect::<BTreeMap<_, _>>().serialize(serializer)
}

impl From<&Verdict> for Passes {
    fn from(verdict: &Verdict) -> Self {
        Self { allowed: verdict.allowed().clone(), uncertain: perhaps(verdict) }
    }
}

/// What passes between two ends, and what does not.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PairAnswer {
    /// What passes.
    #[serde(flatten)]
    pub passes: Passes,
    /// What does not.
    #[serde(serialize_with = "ports")]
    pub denied: PortSet,
}

impl Passes {
    /// The same from the rows of a connection.
    #[must_use]
    pub fn of(rows: &[Ports]) -> Self {
        let mut passes = Self::default();
        for row in rows {
            let Some(why) = row.why else {
                passes.allowed = passes.allowed.union(&row.set());
                continue;
            };
            match passes.uncertain.iter_mut().find(|p| p.why == why) {
                Some(own) => own.ports = own.ports.union(&row.set()),
                None => passes.uncertain.push(Perhaps { why, ports: row.set() }),
            }
        }
        passes.uncertain.sort_by_key(|p| p.why);
        passes
    }

    /// The answer for one port.
    pub(crate) fn tri(&self, protocol: Protocol, port: u16) -> Tri {
        if self.allowed.contains(protocol, port) {
            return Tri::Yes;
        }
        let doubt = self.uncertain.iter().find(|p| p.ports.contains(protocol, port));
        doubt.map_or(Tri::No, |p| Tri::Maybe(p.why))
    }

    /// The answer for the ports that are asked for.
    #[must_use]
    pub fn answer(&self, asked: &PortSet) -> PairAnswer {
        let cut = |p: &Perhaps| Perhaps { why: p.why, ports: p.ports.intersection(asked) };
        let uncertain = self.uncertain.iter().map(cut).filter(|p| !p.ports.is_empty()).collect();
        let possible = self.uncertain.iter().fold(self.allowed.clone(), |a, p| a.union(&p.ports));
        let allowed = self.allowed.intersection(asked);
        PairAnswer { passes: Self { allowed, uncertain }, denied: asked.difference(&possible) }
    }
}

fn perhaps(verdict: &Verdict) -> Vec<Perhaps> {
    verdict.uncertain().into_iter().map(|(why, ports)| Perhaps { why, ports }).collect()
}

/// Tells the reasons of pairs of classes; equal ones have one number.
pub struct Reasons {
    stacks: [Vec<Stack>; 2],
    /// For each direction and class of pods the number of its stack among the distinct ones.
    stack_ids: [Vec<u32>; 2],
    /// For each class what its container ports are called, as a number; empty where no rule asks.
    names: Vec<u32>,
    known: HashMap<Box<[u32]>, usize>,
    told: Vec<Reason>,
    key: Vec<u32>,
}

impl Reasons {
    /// Nothing is told yet.
    #[must_use]
    pub fn new(connections: &Connections<'_>) -> Self {
        let stacks = Direction::ALL.map(|d| connections.stacks(d));
        let stack_ids = [0, 1].map(|d| {
            let mut ids: HashMap<&Stack, u32> = HashMap::new();
            let number = |stack| {
                let next = ids.len() as u32;
                *ids.entry(stack).or_insert(next)
            };
            stacks[d].iter().map(number).collect()
        });
        let mut ids: HashMap<String, u32> = HashMap::new();
        let mut number = |class| {
            let key = match connections.sample(class) {
                Endpoint::Pod(pod) => match &pod.ports {
                    ContainerPorts::Known(ports) => {
                        let named: Vec<_> = ports.iter().filter(|p| !p.name.is_empty()).collect();
                        format!("{named:?}")
                    }
                    ContainerPorts::Unknown => "?".to_owned(),
                },
                _ => String::new(),
            };
            let next = ids.len() as u32;
            *ids.entry(key).or_insert(next)
        };
        let names = if uses_names(&connections.input().cluster) {
            (0..connections.classes()).map(&mut number).collect()
        } else {
            Vec::new()
        };
        Self { stacks, stack_ids, names, known: HashMap::new(), told: Vec::new(), key: Vec::new() }
    }

    /// The number of the reason of one side: of the pod's own class with another class of pods or
    /// addresses.
    pub fn of(
        &mut self,
        connections: &Connections<'_>,
        direction: Direction,
        own: usize,
        other: usize,
    ) -> usize {
        let destination = match direction {
            Direction::Ingress => own,
            Direction::Egress => other,
        };
        let cluster = &connections.input().cluster;
        let stack = &self.stacks[direction as usize][own];
        let (source, _) = direction.from_to(own, other);
        let always = connections.is_node_of(source, destination).certainly();
        self.key.clear();
        self.key.push(direction as u32);
        self.key.push(u32::from(always));
        self.key.push(self.stack_ids[direction as usize][own]);
        self.key.push(self.names.get(destination).copied().unwrap_or_default());
        self.key.push(connections.side_number(direction, own, other).map_or(0, |n| n + 1));
        for id in rules(cluster, direction, stack) {
            self.key.push(code(connections.rule_holds(direction, id, other)));
        }
        if let Some(known) = self.known.get(self.key.as_slice()) {
            return *known;
        }
        let told = if always {
            Reason::always(direction)
        } else {
            reason(connections, direction, stack, own, other)
        };
        self.told.push(told);
        self.known.insert(self.key.as_slice().into(), self.told.len() - 1);
        self.told.len() - 1
    }

    /// The reasons of a pod's class with addresses: those of one reason and family together.
    pub fn by_address(
        &mut self,
        connections: &Connections<'_>,
        direction: Direction,
        own: usize,
        addresses: &[(usize, Vec<Span>)],
    ) -> Vec<(usize, Vec<Span>)> {
        let mut found: BTreeMap<(usize, Family), Vec<Span>> = BTreeMap::new();
        for (class, spans) in addresses {
            let reason = self.of(connections, direction, own, *class);
            for span in spans {
                found.entry((reason, span.family())).or_default().push(*span);
            }
        }
        let mut rows: Vec<_> =
            found.into_iter().map(|((reason, _), spans)| (reason, merged(spans))).collect();
        rows.sort_by(|a, b| a.1.cmp(&b.1));
        rows
    }

    /// The reason of that number.
    #[must_use]
    pub fn get(&self, number: usize) -> &Reason {
        &self.told[number]
    }

    /// All that were told, by number.
    #[must_use]
    pub fn all(&self) -> &[Reason] {
        &self.told
    }
}

const fn code(holds: Tri) -> u32 {
    match holds {
        Tri::No => 0,
        Tri::Yes => 1,
        Tri::Maybe(why) => 2 + why as u32,
    }
}

fn uses_names(cluster: &Cluster) -> bool {
    let named =
        |ports: &RulePorts| matches!(ports, RulePorts::Some { names, .. } if !names.is_empty());
    let network = cluster.policies.iter().flat_map(|policy| {
        Direction::ALL.into_iter().filter_map(|d| policy.rules(d)).flatten().map(|r| &r.ports)
    });
    let admin = cluster.admin.iter().flat_map(|p| p.ingress.iter().chain(&p.egress));
    network.chain(admin.map(|r| &r.ports)).any(named)
}

/// Every rule of the policies that select a pod, in the order in which they are asked.
fn rules(cluster: &Cluster, direction: Direction, stack: &Stack) -> impl Iterator<Item = RuleId> {
    let admin = move |tier: &'_ [Vec<(usize, Tri)>]| {
        let policies: Vec<usize> = tier.iter().flatten().map(|(policy, _)| *policy).collect();
        policies.into_iter().flat_map(move |policy| {
            let rules = cluster.admin[policy].rules(direction).len();
            (0..rules).map(move |rule| RuleId::Admin { policy, rule })
        })
    };
    let network = stack.network.iter().flat_map(move |(policy, _)| {
        let policy = *policy;
        let rules = cluster.policies[policy].rules(direction).map_or(0, <[_]>::len);
        (0..rules).map(move |rule| RuleId::Network { policy, rule })
    });
    admin(&stack.admin).chain(network).chain(admin(&stack.baseline))
}

fn reason(
    connections: &Connections<'_>,
    direction: Direction,
    stack: &Stack,
    own: usize,
    other: usize,
) -> Reason {
    let cluster = &connections.input().cluster;
    let Endpoint::Pod(pod) = connections.sample(own) else { return Reason::open(direction) };
    let (_, destination) = direction.from_to(own, other);
    let destination = connections.sample(destination);
    let opens = |id| {
        let holds = connections.rule_holds(direction, id, other);
        cluster.rule_passes(direction, id, holds, &destination)
    };
    let passes = connections.side(direction, own, other).map(Passes::from).unwrap_or_default();
    Reason::told(cluster, direction, (pod, stack), opens, passes)
}
