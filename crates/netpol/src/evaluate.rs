//! What may pass from one endpoint to another.

use super::admin::{Action, Tier};
use super::cluster::Cluster;
use super::endpoint::{Endpoint, Pod};
use super::matching::{Remote, ports_on};
use super::policy::{Direction, Rule, RulePorts};
use super::ports::PortSet;
use super::verdict::{Tri, Verdict, Why};

/// A rule of a policy in a [`Cluster`], by its place in the lists there.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RuleId {
    /// A rule of `Cluster::policies[policy]`.
    Network {
        /// Which policy.
        policy: usize,
        /// Which rule of the direction.
        rule: usize,
    },
    /// A rule of `Cluster::admin[policy]`.
    Admin {
        /// Which policy.
        policy: usize,
        /// Which rule of the direction.
        rule: usize,
    },
}

/// The policies that decide about the connections of one pod in one direction, and whether each of
/// them certainly selects it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Stack {
    /// Tier Admin by priority; policies of the same priority in one group.
    pub admin: Vec<Vec<(usize, Tri)>>,
    /// NetworkPolicies that isolate this direction.
    pub network: Vec<(usize, Tri)>,
    /// Whether NetworkPolicies apply to the pod at all.
    pub applies: Tri,
    /// Tier Baseline, as `admin`.
    pub baseline: Vec<Vec<(usize, Tri)>>,
    /// Whether a policy that is not evaluated may select the pod.
    pub foreign: bool,
}

impl Cluster {
    /// What may pass from `source` to `destination`: the egress of the one and the ingress of the
    /// other, each decided by itself (`docs/network-policy.md`, rule 8).
    pub fn verdict(&self, source: &Endpoint<'_>, destination: &Endpoint<'_>) -> Verdict {
        match self.always_reaches(source, destination) {
            Tri::Yes => Verdict::allow(),
            Tri::No => self.by_policies(source, destination),
            Tri::Maybe(why) => self.by_policies(source, destination).either(&Verdict::allow(), why),
        }
    }

    fn by_policies(&self, source: &Endpoint<'_>, destination: &Endpoint<'_>) -> Verdict {
        let egress = self.one_side(Direction::Egress, source, destination);
        if egress.is_deny() {
            return egress;
        }
        egress.and(&self.one_side(Direction::Ingress, source, destination))
    }

    /// A pod reaches itself, and its node reaches it, whatever the policies say (rule 15).
    pub(crate) fn always_reaches(&self, source: &Endpoint<'_>, destination: &Endpoint<'_>) -> Tri {
        match (source, destination) {
            (Endpoint::Pod(a), Endpoint::Pod(b)) if a.is_same(b) => Tri::Yes,
            _ => self.is_node_of(source, destination),
        }
    }

    /// Whether an end is the node of a pod: as such, or as a pod on its node's network.
    pub(crate) fn is_node_of(&self, source: &Endpoint<'_>, destination: &Endpoint<'_>) -> Tri {
        const UNKNOWN: Tri = Tri::Maybe(Why::UnknownNode);
        let Endpoint::Pod(_) = destination else { return Tri::No };
        match (source, self.node_of(source), self.node_of(destination)) {
            (Endpoint::Pod(pod), ..) if !pod.host_network => Tri::No,
            (Endpoint::Pod(_) | Endpoint::Host(_), Some(a), Some(b)) => (a == b).into(),
            (Endpoint::Pod(_), ..) | (Endpoint::Host(_), Some(_), None) => UNKNOWN,
            (Endpoint::Host(_), None, _) | (Endpoint::Unlisted(_) | Endpoint::Outside(_), ..) => {
                Tri::No
            }
        }
    }

    /// What one side of the flow lets pass.
    pub fn one_side(
        &self,
        direction: Direction,
        source: &Endpoint<'_>,
        destination: &Endpoint<'_>,
    ) -> Verdict {
        let (subject, peer) = match direction {
            Direction::Ingress => (destination, source),
            Direction::Egress => (source, destination),
        };
        let Endpoint::Pod(pod) = subject else { return Verdict::allow() };
        self.side_by(&self.stack(direction, pod), Remote::new(direction, *peer), destination)
    }

    /// What these policies of a pod let pass.
    pub(crate) fn side_by(
        &self,
        stack: &Stack,
        peer: Remote<'_>,
        destination: &Endpoint<'_>,
    ) -> Verdict {
        self.by_address(peer, |peer| {
            let opens = |id| self.rule_opens_to(id, peer, destination);
            self.decide(peer.direction(), stack, opens)
        })
    }

    /// The policies that decide about a pod's connections in a direction.
    pub(crate) fn stack(&self, direction: Direction, pod: &Pod) -> Stack {
        let network = self
            .policies
            .iter()
            .enumerate()
            .filter(|(_, policy)| policy.rules(direction).is_some())
            .map(|(i, policy)| (i, self.selects(policy, pod)))
            .filter(|(_, selected)| selected.possibly())
            .collect();
        let admin = self
            .admin
            .iter()
            .enumerate()
            .filter(|(_, policy)| !policy.rules(direction).is_empty())
            .map(|(i, policy)| (i, self.admin_selects(policy, pod)))
            .filter(|(_, selected)| selected.possibly())
            .collect::<Vec<_>>();
        self.stack_of(pod, network, &admin)
    }

    /// Puts the policies that select a pod in order.
    pub(crate) fn stack_of(
        &self,
        pod: &Pod,
        network: Vec<(usize, Tri)>,
        admin: &[(usize, Tri)],
    ) -> Stack {
        let applies = if pod.host_network { self.applies_to_host_network() } else { Tri::Yes };
        Stack {
            admin: self.groups(Tier::Admin, admin),
            network,
            applies,
            baseline: self.groups(Tier::Baseline, admin),
            foreign: self.foreign.iter().any(|f| self.foreign_selects(f, pod).possibly()),
        }
    }

    /// The policies of a tier by priority.
    fn groups(&self, tier: Tier, selected: &[(usize, Tri)]) -> Vec<Vec<(usize, Tri)>> {
        let priority = |(i, _): &(usize, Tri)| self.admin[*i].priority;
        let mut tier: Vec<_> =
            selected.iter().copied().filter(|(i, _)| self.admin[*i].tier == tier).collect();
        tier.sort_by_key(priority);
        tier.chunk_by(|a, b| priority(a) == priority(b)).map(<[_]>::to_vec).collect()
    }

    /// Runs through the tiers: cluster-wide rules in order, NetworkPolicies where one selects the
    /// pod, else the baseline, else everything is allowed (rule 20).
    ///
    /// `opens` says on which ports a rule matches the connection.
    pub(crate) fn decide(
        &self,
        direction: Direction,
        stack: &Stack,
        opens: impl Fn(RuleId) -> Verdict,
    ) -> Verdict {
        let count = |policy: usize| self.policies[policy].rules(direction).map_or(0, <[Rule]>::len);
        self.decide_by(direction, stack, |policy| 0..count(policy), opens)
    }

    /// As [`Cluster::decide`], where it is known which `rules` of a NetworkPolicy may match: of
    /// thousands, nearly all are about others.
    pub(crate) fn decide_by<R: Iterator<Item = usize>>(
        &self,
        direction: Direction,
        stack: &Stack,
        rules: impl Fn(usize) -> R,
        opens: impl Fn(RuleId) -> Verdict,
    ) -> Verdict {
        let verdict = self.tier(direction, &stack.baseline, Verdict::allow(), &opens);
        let policies = stack.network.iter().map(|&(policy, selected)| {
            let open = rules(policy)
                .map(|rule| opens(RuleId::Network { policy, rule }))
                .filter(|one| !one.is_deny())
                .fold(Verdict::deny(), |all, one| all.or(&one));
            (selected, open)
        });
        let verdict = match stack.applies {
            Tri::Yes => combine(policies, verdict),
            Tri::No => verdict,
            Tri::Maybe(why) => combine(policies, verdict.clone()).either(&verdict, why),
        };
        let verdict = self.tier(direction, &stack.admin, verdict, &opens);
        if stack.foreign {
            Verdict::perhaps(PortSet::all(), Why::PolicyKindNotEvaluated)
        } else {
            verdict
        }
    }

    /// Puts a tier of ordered rules before what the later tiers say.
    fn tier(
        &self,
        direction: Direction,
        groups: &[Vec<(usize, Tri)>],
        next: Verdict,
        opens: &impl Fn(RuleId) -> Verdict,
    ) -> Verdict {
        groups.iter().rev().fold(next.clone(), |later, group| {
            let policies = group.iter().map(|&(policy, selected)| {
                let mut matched = PortSet::none();
                let rules = self.admin[policy].rules(direction).iter().enumerate().rev();
                let verdict = rules.fold(later.clone(), |later, (rule, found)| {
                    let on = opens(RuleId::Admin { policy, rule }).under(selected);
                    matched = matched.union(&on.possible());
                    let doubts = on.uncertain();
                    match found.action {
                        Action::Allow => {
                            later.preceded_by(&Verdict::allow(), on.allowed(), &doubts)
                        }
                        Action::Deny => later.preceded_by(&Verdict::deny(), on.allowed(), &doubts),
                        Action::Pass => later.preceded_by(&next, on.allowed(), &doubts),
                    }
                });
                (matched, verdict)
            });
            Verdict::any_of(&later, policies, Why::CniDependent)
        })
    }

    /// On which ports a rule matches a connection.
    pub(crate) fn rule_opens(
        &self,
        direction: Direction,
        id: RuleId,
        peer: &Endpoint<'_>,
        destination: &Endpoint<'_>,
    ) -> Verdict {
        self.rule_opens_to(id, &Remote::new(direction, *peer), destination)
    }

    /// As [`Cluster::rule_opens`], with one address of the peer.
    pub(crate) fn rule_opens_to(
        &self,
        id: RuleId,
        peer: &Remote<'_>,
        destination: &Endpoint<'_>,
    ) -> Verdict {
        let direction = peer.direction();
        let holds = match id {
            RuleId::Network { policy, rule } => {
                let policy = &self.policies[policy];
                let rule = policy.rules(direction).and_then(|r| r.get(rule));
                rule.map_or(Tri::No, |rule| self.rule_holds(policy, rule, peer))
            }
            RuleId::Admin { policy, rule } => {
                self.admin_rule_holds(&self.admin[policy].rules(direction)[rule], peer)
            }
        };
        self.rule_passes(direction, id, holds, destination)
    }

    /// On which ports a rule matches a connection to `destination`, where `holds` says whether its
    /// peers hold the other end.
    pub(crate) fn rule_passes(
        &self,
        direction: Direction,
        id: RuleId,
        holds: Tri,
        destination: &Endpoint<'_>,
    ) -> Verdict {
        match (holds, self.rule_ports(direction, id)) {
            (Tri::No, _) | (_, None) => Verdict::deny(),
            (holds, Some(ports)) => ports_on(ports, destination).under(holds),
        }
    }

    /// The ports that a rule names.
    pub(crate) fn rule_ports(&self, direction: Direction, id: RuleId) -> Option<&RulePorts> {
        match id {
            RuleId::Network { policy, rule } => {
                self.policies[policy].rules(direction)?.get(rule).map(|r| &r.ports)
            }
            RuleId::Admin { policy, rule } => {
                self.admin[policy].rules(direction).get(rule).map(|r| &r.ports)
            }
        }
    }
}

/// Adds up what the NetworkPolicies that select a pod let pass; `next` decides where none does.
///
/// Where it is not known whether any selects it, a port is certainly open only if each of those that
/// may select it opens it, and `next` as well: then it is open whichever do.
fn combine(policies: impl IntoIterator<Item = (Tri, Verdict)>, next: Verdict) -> Verdict {
    let mut open = Verdict::deny();
    let mut isolated = false;
    let mut perhaps: Vec<(Why, Verdict)> = Vec::new();
    for (selected, opens) in policies {
        open = open.or(&opens.under(selected));
        match selected {
            Tri::Yes => isolated = true,
            Tri::Maybe(why) => perhaps.push((why, opens)),
            Tri::No => {}
        }
    }
    if isolated {
        return open;
    }
    perhaps.into_iter().fold(next, |verdict, (why, opened)| verdict.either(&opened, why))
}
