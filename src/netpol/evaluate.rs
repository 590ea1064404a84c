//! What may pass from one endpoint to another.

use super::cluster::Cluster;
use super::endpoint::{Endpoint, Pod};
use super::matching::ports_on;
use super::policy::{Direction, Policy};
use super::ports::PortSet;
use super::verdict::{Tri, Verdict, Why};

impl Cluster {
    /// What may pass from `source` to `destination`: the egress of the one and the ingress of the
    /// other, each decided by itself (`docs/network-policy.md`, rule 8).
    #[must_use]
    pub fn verdict(&self, source: &Endpoint<'_>, destination: &Endpoint<'_>) -> Verdict {
        if always_reaches(source, destination) {
            return Verdict::allow();
        }
        let egress = self.one_side(Direction::Egress, source, destination);
        if egress.is_deny() {
            return egress;
        }
        egress.and(&self.one_side(Direction::Ingress, source, destination))
    }

    /// What one side of the flow lets pass.
    #[must_use]
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
        let sides = self.selecting(direction, pod).map(|(policy, selected)| {
            (selected, self.policy_opens(direction, policy, peer, destination))
        });
        let verdict = combine(sides);
        if pod.host_network {
            unless_exempt(&verdict, self.applies_to_host_network())
        } else {
            verdict
        }
    }

    /// The policies that isolate a pod in a direction, certainly or perhaps.
    pub(crate) fn selecting<'a>(
        &'a self,
        direction: Direction,
        pod: &Pod,
    ) -> impl Iterator<Item = (&'a Policy, Tri)> {
        self.policies
            .iter()
            .filter(move |policy| policy.rules(direction).is_some())
            .map(move |policy| (policy, self.selects(policy, pod)))
            .filter(|(_, selected)| *selected != Tri::No)
    }

    /// What the rules of one policy let pass.
    fn policy_opens(
        &self,
        direction: Direction,
        policy: &Policy,
        peer: &Endpoint<'_>,
        destination: &Endpoint<'_>,
    ) -> Verdict {
        policy.rules(direction).into_iter().flatten().fold(Verdict::deny(), |open, rule| match self
            .rule_holds(policy, rule, peer)
        {
            Tri::No => open,
            holds => open.or(&ports_on(&rule.ports, destination).under(holds)),
        })
    }
}

/// A pod reaches itself, and its node reaches it, whatever the policies say (rule 15).
pub(crate) fn always_reaches(source: &Endpoint<'_>, destination: &Endpoint<'_>) -> bool {
    match (source, destination) {
        (Endpoint::Pod(a), Endpoint::Pod(b)) => {
            a.home == b.home && a.name == b.name && a.namespace().is_some()
        }
        (Endpoint::Host(host), Endpoint::Pod(pod)) => host.node.is_some() && host.node == pod.node,
        _ => false,
    }
}

/// Adds up what the policies that select a pod let pass. A pod that none selects is not isolated.
///
/// Where it is not known whether any selects it, a port is certainly open only if each of those that
/// may select it opens it: then it is open whichever do, and also if none does.
pub(crate) fn combine(policies: impl IntoIterator<Item = (Tri, Verdict)>) -> Verdict {
    let mut open = Verdict::deny();
    let mut isolated = false;
    let mut perhaps: Vec<(Why, PortSet)> = Vec::new();
    for (selected, opens) in policies {
        open = open.or(&opens.under(selected));
        match selected {
            Tri::Yes => isolated = true,
            Tri::Maybe(why) => perhaps.push((why, opens.allowed().clone())),
            Tri::No => {}
        }
    }
    if isolated {
        return open;
    }
    perhaps
        .into_iter()
        .fold(Verdict::allow(), |verdict, (why, opened)| verdict.either(&Verdict::of(opened), why))
}

/// The verdict for a pod to which policies perhaps do not apply at all.
pub(crate) fn unless_exempt(verdict: &Verdict, applies: Tri) -> Verdict {
    match applies {
        Tri::Yes => verdict.clone(),
        Tri::No => Verdict::allow(),
        Tri::Maybe(why) => verdict.either(&Verdict::allow(), why),
    }
}
