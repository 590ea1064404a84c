//! Why one flow is allowed or denied, and the least that would open it.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::endpoint::{Endpoint, Pod};
use super::evaluate::RuleId;
use super::labels::NAMESPACE_NAME;
use super::policy::Direction;
use super::ports::Protocol;
use super::verdict::Tri;

/// The answer for one port, with what it is based on.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether it passes.
    pub answer: Answer,
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
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// Which side.
    pub direction: Direction,
    /// What it says.
    pub answer: Answer,
    /// Why it is not certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<super::verdict::Why>,
    /// The policies that select the pod in this direction. None: it is not isolated.
    pub policies: Vec<SelectedBy>,
    /// Where it denies: the smallest rule that would open it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addition: Option<Addition>,
}

/// A policy that selects the pod.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SelectedBy {
    /// `NetworkPolicy a/b`, `AdminNetworkPolicy c`.
    pub policy: String,
    /// Whether it certainly does.
    pub certain: bool,
    /// Its rules that match the flow, as `ingress[0]`.
    pub matching: Vec<MatchingRule>,
}

/// A rule that matches a flow.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchingRule {
    /// `ingress[0]`.
    pub rule: String,
    /// What it does: `allow`, `deny`, or `pass`.
    pub action: &'static str,
    /// Whether it certainly matches.
    pub certain: bool,
}

/// A rule to append to a policy.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Addition {
    /// To which policy, as `namespace/name`.
    pub policy: String,
    /// To which of its lists.
    pub direction: Direction,
    /// The rule.
    pub rule: Value,
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
        let side = |direction| self.side(direction, source, destination, protocol, port);
        Explanation {
            answer: self.verdict(source, destination).at(protocol, port).into(),
            always: self.always_reaches(source, destination) == Tri::Yes,
            egress: side(Direction::Egress),
            ingress: side(Direction::Ingress),
        }
    }

    fn side(
        &self,
        direction: Direction,
        source: &Endpoint<'_>,
        destination: &Endpoint<'_>,
        protocol: Protocol,
        port: u16,
    ) -> Side {
        let (subject, peer) = match direction {
            Direction::Ingress => (destination, source),
            Direction::Egress => (source, destination),
        };
        let always = self.always_reaches(source, destination) == Tri::Yes;
        let verdict = if always {
            Tri::Yes
        } else {
            self.one_side(direction, source, destination).at(protocol, port)
        };
        let why = match verdict {
            Tri::Maybe(why) => Some(why),
            _ => None,
        };
        let mut side =
            Side { direction, answer: verdict.into(), why, policies: Vec::new(), addition: None };
        let Endpoint::Pod(pod) = subject else { return side };
        if always {
            return side;
        }
        let stack = self.stack(direction, pod);
        let matches = |id| self.rule_opens(direction, id, peer, destination).at(protocol, port);
        let found = |action, rule: usize, matched: Tri| {
            (matched != Tri::No).then(|| MatchingRule {
                rule: format!("{direction}[{rule}]"),
                action,
                certain: matched == Tri::Yes,
            })
        };
        let admin = |side: &mut Side, tier: &[Vec<(usize, Tri)>]| {
            for (policy, selected) in tier.iter().flatten().copied() {
                let rules = self.admin[policy].rules(direction).iter().enumerate();
                let matching = rules.filter_map(|(rule, read)| {
                    found(read.action.name(), rule, matches(RuleId::Admin { policy, rule }))
                });
                let AdminNames { kind, name } = AdminNames::of(&self.admin[policy]);
                side.policies.push(SelectedBy {
                    policy: format!("{kind} {name}"),
                    certain: selected == Tri::Yes,
                    matching: matching.collect(),
                });
            }
        };
        admin(&mut side, &stack.admin);
        let applying = stack.network.iter().filter(|_| stack.applies != Tri::No);
        for (policy, selected) in applying.copied() {
            let rules = 0..self.policies[policy].rules(direction).map_or(0, <[_]>::len);
            let matching = rules
                .filter_map(|rule| found("allow", rule, matches(RuleId::Network { policy, rule })));
            side.policies.push(SelectedBy {
                policy: format!("NetworkPolicy {}", self.policies[policy].id()),
                certain: selected.and(stack.applies) == Tri::Yes,
                matching: matching.collect(),
            });
        }
        admin(&mut side, &stack.baseline);
        if verdict == Tri::No {
            side.addition = stack
                .network
                .iter()
                .find(|(_, selected)| *selected == Tri::Yes)
                .and_then(|(policy, _)| self.addition(*policy, direction, peer, protocol, port))
                .filter(|addition| self.opens(addition, source, destination, protocol, port));
        }
        side
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
            Endpoint::Outside(span) => json!({"ipBlock": {"cidr": span.to_string()}}),
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
        verdict.at(protocol, port) == Tri::Yes
    }
}

struct AdminNames<'a> {
    kind: super::admin::AdminKind,
    name: &'a str,
}

impl<'a> AdminNames<'a> {
    fn of(policy: &'a super::admin::AdminPolicy) -> Self {
        Self { kind: policy.kind, name: &policy.name }
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
