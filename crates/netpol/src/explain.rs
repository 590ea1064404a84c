//! Why one flow is allowed or denied, and the least that would open it.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::cluster::{Cluster, Cni};
use super::endpoint::{Endpoint, Pod};
use super::labels::NAMESPACE_NAME;
use super::matching::Remote;
use super::policy::Direction;
use super::ports::Protocol;
use super::reasons::{Passes, Reason};
use super::verdict::{Tri, Why};

/// The answer for one port, with what it is based on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether it passes.
    pub answer: Answer,
    /// Why it is not certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// A pod to itself, or a node to its own pod: no policy is asked.
    pub always: bool,
    /// What the source's policies say.
    pub egress: Side,
    /// What the destination's policies say.
    pub ingress: Side,
}

/// Whether something passes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Certainly.
    Allowed,
    /// Certainly not.
    Denied,
    /// Not decidable.
    Uncertain,
}

impl From<Tri> for Answer {
    fn from(value: Tri) -> Self {
        match value {
            Tri::Yes => Self::Allowed,
            Tri::No => Self::Denied,
            Tri::Maybe(_) => Self::Uncertain,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Uncertain => "uncertain",
        })
    }
}

/// One side of a flow.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// What it says.
    pub answer: Answer,
    /// Why it is not certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// The policies that select the pod, with the rules that match the flow.
    #[serde(flatten)]
    pub reason: Reason,
    /// Where it denies: the smallest rule that would open it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addition: Option<Addition>,
}

impl Side {
    fn of(reason: Reason, protocol: Protocol, port: u16) -> (Self, Tri) {
        let reason = reason.at(protocol, port);
        let found = reason.passes.tri(protocol, port);
        (Self { answer: found.into(), why: found.why(), reason, addition: None }, found)
    }
}

/// A rule to append to a policy.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Addition {
    /// To which policy, as `namespace/name`.
    pub policy: String,
    /// To which of its lists.
    pub direction: Direction,
    /// The rule.
    pub rule: Value,
}

/// How a connection comes to its destination.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Route {
    /// Through this port of the address of a Service; `None`: directly.
    pub(crate) service_port: Option<u16>,
}

#[derive(Clone, Copy)]
struct Flow<'a> {
    source: &'a Endpoint<'a>,
    destination: &'a Endpoint<'a>,
    protocol: Protocol,
    port: u16,
}

impl Cluster {
    /// Explains one flow.
    #[must_use]
    pub fn explain(
        &self,
        source: &Endpoint<'_>,
        destination: &Endpoint<'_>,
        protocol: Protocol,
        port: u16,
    ) -> Explanation {
        self.explain_by(Route::default(), source, destination, protocol, port)
    }

    /// Explains one flow that may go through a Service.
    pub(crate) fn explain_by(
        &self,
        route: Route,
        source: &Endpoint<'_>,
        destination: &Endpoint<'_>,
        protocol: Protocol,
        port: u16,
    ) -> Explanation {
        let flow = Flow { source, destination, protocol, port };
        let itself = matches!(
            (source, destination), (Endpoint::Pod(a), Endpoint::Pod(b)) if a.is_same(b)
        );
        // Where a pod reaches itself through a Service, cluster-wide policies are asked; whether
        // NetworkPolicies are, the API leaves to the plugin.
        let hairpin = itself && route.service_port.is_some();
        let always = match hairpin {
            true => Tri::No,
            false => self.always_reaches(source, destination),
        };
        if always.certainly() {
            let side = |direction| Side::of(Reason::always(direction), protocol, port).0;
            let (egress, ingress) = (side(Direction::Egress), side(Direction::Ingress));
            return Explanation {
                answer: Answer::Allowed,
                why: None,
                always: true,
                egress,
                ingress,
            };
        }
        let (mut egress, mut outward) = self.side(Direction::Egress, flow, hairpin);
        let (ingress, inward) = self.side(Direction::Ingress, flow, hairpin);
        let rewritten = matches!(self.network.cni, Some(Cni::Cilium | Cni::Calico));
        if let Some(service) = route.service_port.filter(|p| *p != port && !rewritten) {
            let (_, other) = self.side(Direction::Egress, Flow { port: service, ..flow }, hairpin);
            if other != outward {
                outward = Tri::Maybe(Why::CniDependent);
                (egress.answer, egress.why) = (outward.into(), outward.why());
            }
        }
        let found = outward.and(inward).or(always);
        Explanation { answer: found.into(), why: found.why(), always: false, egress, ingress }
    }

    fn side(&self, direction: Direction, flow: Flow<'_>, hairpin: bool) -> (Side, Tri) {
        let Flow { source, destination, protocol, port } = flow;
        let (subject, peer) = match direction {
            Direction::Ingress => (destination, source),
            Direction::Egress => (source, destination),
        };
        let Endpoint::Pod(pod) = subject else {
            return Side::of(Reason::open(direction), protocol, port);
        };
        let mut stack = self.stack(direction, pod);
        if hairpin {
            stack.applies = stack.applies.and(Tri::Maybe(Why::CniDependent));
        }
        let verdict = self.side_by(&stack, Remote::new(direction, *peer), destination);
        let opens = |id| self.rule_opens(direction, id, peer, destination);
        let reason = Reason::told(self, direction, (pod, &stack), opens, Passes::from(&verdict));
        let (mut side, found) = Side::of(reason, protocol, port);
        if !found.possibly() {
            side.addition = stack
                .network
                .iter()
                .find(|(_, selected)| selected.certainly())
                .and_then(|(policy, _)| self.addition(*policy, direction, peer, protocol, port))
                .filter(|addition| self.opens(addition, source, destination, protocol, port));
        }
        (side, found)
    }

    /// A rule for exactly this peer and port.
    fn addition(
        &self,
        policy: usize,
        direction: Direction,
        peer: &Endpoint<'_>,
        protocol: Protocol,
        port: u16,
    ) -> Option<Addition> {
        let policy = &self.policies[policy];
        let peer = match peer {
            Endpoint::Pod(pod) => pod_peer(pod, &policy.namespace)?,
            Endpoint::Unlisted(span) | Endpoint::Outside(span) => {
                json!({"ipBlock": {"cidr": span.to_string()}})
            }
            Endpoint::Host(_) => return None,
        };
        let mut rule = json!({"ports": [{"protocol": protocol.name(), "port": port}]});
        rule[direction.preposition()] = json!([peer]);
        Some(Addition { policy: policy.id(), direction, rule })
    }

    /// Whether the side lets the flow pass once the rule is there.
    fn opens(
        &self,
        addition: &Addition,
        source: &Endpoint<'_>,
        destination: &Endpoint<'_>,
        protocol: Protocol,
        port: u16,
    ) -> bool {
        let mut after = self.clone();
        let Some(policy) = after.policies.iter_mut().find(|p| p.id() == addition.policy) else {
            return false;
        };
        let manifest = json!({
            "metadata": {"name": policy.name, "namespace": policy.namespace},
            "spec": {"policyTypes": ["Ingress", "Egress"], addition.direction.field(): [addition.rule]},
        });
        let Ok(extra) = super::read::network_policy(&manifest, "default", None) else {
            return false;
        };
        let rules = match addition.direction {
            Direction::Ingress => (&mut policy.ingress, extra.ingress),
            Direction::Egress => (&mut policy.egress, extra.egress),
        };
        rules.0.get_or_insert_default().extend(rules.1.unwrap_or_default());
        let verdict = after.one_side(addition.direction, source, destination);
        verdict.at(protocol, port).certainly()
    }
}

/// A peer for pods with these labels. Labels whose value a controller makes up are left out.
fn pod_peer(pod: &Pod, namespace: &str) -> Option<Value> {
    let labels: serde_json::Map<String, Value> = pod
        .labels
        .iter()
        .filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?))))
        .collect();
    let mut peer = json!({"podSelector": {"matchLabels": labels}});
    let home = pod.namespace()?;
    if home != namespace {
        peer["namespaceSelector"] = json!({"matchLabels": {NAMESPACE_NAME: home}});
    }
    Some(peer)
}
