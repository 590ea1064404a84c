//! One flow as people ask about it: of a workload whose pods differ, an answer for each kind of pod.

use serde::Serialize;

use super::address::Span;
use super::endpoint::{Endpoint, Host};
use super::engine::Connections;
use super::explain::{Answer, Explanation};
use super::input::Input;
use super::pick::Pick;
use super::ports::Protocol;

/// One end of a flow that is asked about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FlowEnd {
    /// Members of the input, by number; never empty.
    Members(Vec<usize>),
    /// A node, by one of its addresses.
    Host(Host),
    /// An address that may be a node's, or that of a pod which is not in the input.
    Unlisted(Span),
    /// An address outside of the cluster.
    Outside(Span),
}

/// The answer for every pair of pods.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowExplanation {
    /// What holds of all.
    pub answer: Overall,
    /// Each answer by itself: what is denied first, then what is not decidable.
    pub kinds: Vec<KindExplanation>,
}

/// Pairs of pods that have one answer, for the same reasons.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KindExplanation {
    /// One of the sources: a pod's or workload's id, a node, or an address.
    pub source: String,
    /// One of its destinations.
    pub destination: String,
    /// How many pairs of ends of the input there are.
    pub pairs: usize,
    /// The answer.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// What holds of several answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Overall {
    /// All are allowed.
    Allowed,
    /// All are denied.
    Denied,
    /// Some are allowed, the others denied.
    Mixed,
    /// Not decidable.
    Uncertain,
}

impl Overall {
    /// Of no answer at all nothing is known.
    pub fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        let one = |answer| match answer {
            Answer::Allowed => Self::Allowed,
            Answer::Denied => Self::Denied,
            Answer::Uncertain => Self::Uncertain,
        };
        let both = |a, b| match (a, b) {
            (Self::Uncertain, _) | (_, Self::Uncertain) => Self::Uncertain,
            (a, b) if a == b => a,
            _ => Self::Mixed,
        };
        answers.into_iter().map(one).reduce(both).unwrap_or(Self::Uncertain)
    }
}

/// Ends that no policy tells apart.
pub(crate) struct Kind<'a> {
    pub(crate) name: String,
    pub(crate) endpoint: Endpoint<'a>,
    /// As numbers in the input; none of what is no pod.
    members: Vec<usize>,
}

impl Input {
    /// The end that a name means; `None` where it means more than one party.
    #[must_use]
    pub fn flow_end(&self, pick: Pick) -> Option<FlowEnd> {
        match pick {
            Pick::Members(members) => Some(FlowEnd::Members(members)),
            Pick::Addresses(span, pods) if span.first() == span.last() => {
                Some(self.address(span, &pods))
            }
            Pick::Addresses(..) | Pick::Namespace(_) => None,
        }
    }

    /// What one address is. Pods that share it are on their node's network.
    fn address(&self, span: Span, pods: &[usize]) -> FlowEnd {
        let mut host = Host { node: None, addresses: vec![span.first()] };
        host.node = self.cluster.node_of(&Endpoint::Host(&host)).map(str::to_owned);
        if host.node.is_none()
            && let Some(pod) = pods.first()
        {
            host.node.clone_from(&self.members[*pod].pod.node);
        } else if host.node.is_none() {
            return match self.cluster.may_have(&span) {
                true => FlowEnd::Unlisted(span),
                false => FlowEnd::Outside(span),
            };
        }
        FlowEnd::Host(host)
    }

    /// The kinds of pods that an end is.
    pub(crate) fn kinds<'a>(&'a self, end: &'a FlowEnd) -> Vec<Kind<'a>> {
        let one = |name: String, endpoint| vec![Kind { name, endpoint, members: Vec::new() }];
        let members = match end {
            FlowEnd::Members(members) => members,
            FlowEnd::Host(host) => {
                let address = || host.addresses.first().map(ToString::to_string);
                let name = host.node.as_ref().map(|node| format!("node {node}")).or_else(address);
                return one(name.unwrap_or_default(), Endpoint::Host(host));
            }
            FlowEnd::Unlisted(span) => {
                return one(span.first().to_string(), Endpoint::Unlisted(*span));
            }
            FlowEnd::Outside(span) => {
                return one(span.first().to_string(), Endpoint::Outside(*span));
            }
        };
        let classes = match members.as_slice() {
            [_] => Vec::new(),
            _ => Connections::new(self, true).groups(),
        };
        let mut kinds: Vec<Kind<'_>> = Vec::new();
        for &member in members {
            let alike = |kind: &&mut Kind<'_>| classes[kind.members[0]] == classes[member];
            match kinds.iter_mut().find(alike) {
                Some(kind) => kind.members.push(member),
                None => kinds.push(Kind {
                    name: self.members[member].id(),
                    endpoint: Endpoint::Pod(&self.members[member].pod),
                    members: vec![member],
                }),
            }
        }
        kinds
    }

    /// Explains a connection, for each kind of pods at its ends.
    #[must_use]
    pub fn explain(
        &self,
        source: &FlowEnd,
        destination: &FlowEnd,
        protocol: Protocol,
        port: u16,
    ) -> FlowExplanation {
        let mut kinds: Vec<KindExplanation> = Vec::new();
        let explain =
            |a: &Endpoint<'_>, b: &Endpoint<'_>| self.cluster.explain(a, b, protocol, port);
        // A pod with itself is an answer only where it is the only pod that is asked about.
        let alone = matches!(source, FlowEnd::Members(members) if members.len() == 1);
        let itself = alone && source == destination;
        for from in self.kinds(source) {
            for to in self.kinds(destination) {
                let Some((found, pairs)) = self.pairs((&from, &to), itself, explain) else {
                    continue;
                };
                match kinds.iter_mut().find(|known| known.explanation == found) {
                    Some(known) => known.pairs += pairs,
                    None => kinds.push(KindExplanation {
                        source: from.name.clone(),
                        destination: to.name,
                        pairs,
                        explanation: found,
                    }),
                }
            }
        }
        kinds.sort_by_key(|kind| match kind.explanation.answer {
            Answer::Denied => 0,
            Answer::Uncertain => 1,
            Answer::Allowed => 2,
        });
        FlowExplanation {
            answer: Overall::of(kinds.iter().map(|kind| kind.explanation.answer)),
            kinds,
        }
    }

    /// The answer for any two different ends of two kinds, and how many such pairs there are; `None`:
    /// none.
    fn pairs(
        &self,
        (from, to): (&Kind<'_>, &Kind<'_>),
        itself: bool,
        explain: impl Fn(&Endpoint<'_>, &Endpoint<'_>) -> Explanation,
    ) -> Option<(Explanation, usize)> {
        let (a, b) = (&from.members, &to.members);
        let count = a.len().max(1) * b.len().max(1);
        let (Some(first), false) = (a.first(), b.is_empty()) else {
            return Some((explain(&from.endpoint, &to.endpoint), count));
        };
        let pod = |member: &usize| Endpoint::Pod(&self.members[*member].pod);
        let mut pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
        if let Some((source, destination)) = pairs.find(|(a, b)| a != b) {
            let same = a.iter().filter(|member| b.contains(member)).count();
            return Some((explain(&pod(source), &pod(destination)), count - same));
        }
        if self.members[*first].may_be_several() {
            let other = self.members[*first].pod.another();
            return Some((explain(&from.endpoint, &Endpoint::Pod(&other)), 1));
        }
        itself.then(|| (explain(&from.endpoint, &to.endpoint), 1))
    }
}
