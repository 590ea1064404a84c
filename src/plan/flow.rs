//! The flows between parties that have names, and how two states of the policies differ in them.

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use netpol::address::{Span, in_words};
use netpol::diff::{Change, DiffEnd, DiffOptions, diff_inputs};
use netpol::endpoint::{ContainerPort, ContainerPorts};
use netpol::labels::Labels;
use netpol::listing::By;
use netpol::{Cluster, Input, Member, Pod, PortSet, Protocol, Why};

/// A party whose flows are compared.
#[derive(Clone, Debug)]
pub(super) enum Actor {
    /// A pod.
    Pod(Pod),
    /// Addresses outside the cluster, with their name.
    Address(String, Span),
}

impl Actor {
    /// A pod with these labels.
    pub(super) fn pod<K: Into<String>, V: Into<String>>(
        name: &str,
        namespace: &str,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::Pod(Pod::new(namespace, name, Labels::new(labels)))
    }

    /// A pod on its node's network.
    pub(super) fn on_node(name: &str, namespace: &str) -> Self {
        let pod = Pod::new(namespace, name, Labels::default());
        Self::Pod(Pod { host_network: true, ..pod })
    }

    /// An address or a block outside the cluster.
    pub(super) fn address(name: &str, net: IpNet) -> Self {
        Self::Address(name.to_owned(), net.into())
    }

    /// Declares a container port, for rules that name it. No effect on an actor that is no pod.
    #[must_use]
    pub(super) fn with_port(mut self, name: &str, protocol: Protocol, port: u16) -> Self {
        if let Self::Pod(Pod { ports: ContainerPorts::Known(ports), .. }) = &mut self {
            ports.push(ContainerPort { name: name.to_owned(), protocol, port });
        }
        self
    }
}

/// One end of a changed flow.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Party {
    /// An actor, by its name.
    Actor(String),
    /// Addresses that no actor has, as sorted intervals.
    Addresses(Vec<Span>),
}

/// The actor's name; `any address`, `any IPv4 address`, or the blocks.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Actor(name) => f.write_str(name),
            Self::Addresses(spans) => f.write_str(&in_words(spans)),
        }
    }
}

/// A flow that is possible on one side of the comparison only. Ordered by `from`, then `to`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FlowChange {
    /// Who connects.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// On which ports.
    pub ports: PortSet,
    /// Set where one of the sides is not certain of it.
    pub why: Option<Why>,
}

/// `gateway → database TCP 5432`, with the reason of a doubt in parentheses.
impl fmt::Display for FlowChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {} {}", self.from, self.to, self.ports)?;
        self.why.map_or(Ok(()), |why| write!(f, " (perhaps: {why})"))
    }
}

/// `{"from", "to", "ports": {"TCP": [[5432, 5432]]}}`, and `"why"` where there is a doubt.
impl Serialize for FlowChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ports: BTreeMap<_, _> = self.ports.iter().collect();
        let fields = 3 + usize::from(self.why.is_some());
        let mut out = serializer.serialize_struct("FlowChange", fields)?;
        out.serialize_field("from", &self.from)?;
        out.serialize_field("to", &self.to)?;
        out.serialize_field("ports", &ports)?;
        if let Some(why) = self.why {
            out.serialize_field("why", &why)?;
        }
        out.end()
    }
}

/// What a change of policies does to flows.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct FlowDiff {
    /// Impossible before, possible after.
    pub opened: Vec<FlowChange>,
    /// Possible before, impossible after.
    pub closed: Vec<FlowChange>,
}

impl FlowDiff {
    /// Whether no flow changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.opened.is_empty() && self.closed.is_empty()
    }
}

/// Compares what two states of the policies let pass between every two actors, and between every pod
/// among them and every address. A flow counts as possible where it is allowed or not decidable
/// ([`diff_inputs`]).
pub(super) fn compare(before: Cluster, after: Cluster, actors: &[Actor]) -> FlowDiff {
    let members: Vec<Member> = actors.iter().filter_map(member).collect();
    let [before, after] = [before, after].map(|cluster| Input {
        cluster,
        members: members.clone(),
        ..Input::default()
    });
    let options = DiffOptions { by: By::Pod, known_only: true, ..DiffOptions::default() };
    // No name is asked for.
    let Ok(diff) = diff_inputs(&before, &after, &options) else { return FlowDiff::default() };
    let named: Vec<(&str, Span)> = actors
        .iter()
        .filter_map(|actor| match actor {
            Actor::Address(name, span) => Some((name.as_str(), *span)),
            Actor::Pod(_) => None,
        })
        .collect();
    let name = |party: usize| {
        let id = diff.parties[party].members.first().map(String::as_str).unwrap_or_default();
        Party::Actor(id.split_once('/').map_or(id, |(_, name)| name).to_owned())
    };
    let list = |changes: &[Change]| {
        let mut flows: Vec<FlowChange> = Vec::new();
        for change in changes {
            let ends = |end: &DiffEnd| match end {
                DiffEnd::Party(party) => vec![name(*party)],
                DiffEnd::Addresses(spans) => parties(spans, &named),
            };
            for from in ends(&change.from) {
                for to in ends(&change.to) {
                    let (ports, why) = (change.ports.clone(), change.why);
                    flows.push(FlowChange { from: from.clone(), to, ports, why });
                }
            }
        }
        flows.sort();
        flows
    };
    FlowDiff { opened: list(&diff.opened), closed: list(&diff.closed) }
}

/// The actors whose addresses are among these, and the addresses, if any of them is nobody's.
fn parties(spans: &[Span], named: &[(&str, Span)]) -> Vec<Party> {
    let among = |own: &Span| spans.iter().any(|span| span.covers(own));
    let actors = named.iter().filter(|(_, own)| among(own));
    let mut found: Vec<Party> = actors.map(|(name, _)| Party::Actor((*name).to_owned())).collect();
    if !spans.iter().all(|span| named.iter().any(|(_, own)| own.covers(span))) {
        found.push(Party::Addresses(spans.to_vec()));
    }
    found
}

fn member(actor: &Actor) -> Option<Member> {
    let Actor::Pod(pod) = actor else { return None };
    Some(Member {
        pod: pod.clone(),
        namespace: pod.namespace().unwrap_or_default().to_owned(),
        is_pod: true,
        owner: None,
        workload: None,
        replicas: 1,
        varies: false,
        container: None,
        place: None,
    })
}
