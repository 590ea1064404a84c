//! Flows that a change of policies opens and closes, between parties that the caller names.

mod inputs;
mod rest;

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::address::{Family, Span, merged, pieces};
use super::cluster::Cluster;
use super::endpoint::{ContainerPort, ContainerPorts, Endpoint, Host, Pod};
use super::labels::Labels;
use super::policy::{Direction, Peer};
use super::ports::{PortSet, Protocol};
use super::verdict::{Verdict, Why};

pub use inputs::{Change, DiffEnd, DiffOptions, DiffParty, InputDiff, Presence, diff_inputs};
pub use rest::complete;

/// A party whose flows are compared.
#[derive(Clone, Debug)]
pub struct Actor {
    name: String,
    end: End,
}

#[derive(Clone, Debug)]
enum End {
    Pod(Box<Pod>),
    Host(Host),
    Outside(Span),
}

impl Actor {
    /// A pod with these labels.
    pub fn pod<K: Into<String>, V: Into<String>>(
        name: &str,
        namespace: &str,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let pod = Pod::new(namespace, name, Labels::new(labels));
        Self { name: name.to_owned(), end: End::Pod(Box::new(pod)) }
    }

    /// Declares a container port, for rules that name it. No effect on an actor that is no pod.
    #[must_use]
    pub fn with_port(mut self, name: &str, protocol: Protocol, port: u16) -> Self {
        if let End::Pod(pod) = &mut self.end
            && let ContainerPorts::Known(ports) = &mut pod.ports
        {
            ports.push(ContainerPort { name: name.to_owned(), protocol, port });
        }
        self
    }

    /// A node, or an API server on a node.
    #[must_use]
    pub fn host(name: &str) -> Self {
        Self { name: name.to_owned(), end: End::Host(Host::default()) }
    }

    /// An address or a block outside the cluster.
    #[must_use]
    pub fn address(name: &str, net: IpNet) -> Self {
        Self { name: name.to_owned(), end: End::Outside(net.into()) }
    }

    fn endpoint(&self) -> Endpoint<'_> {
        match &self.end {
            End::Pod(pod) => Endpoint::Pod(pod),
            End::Host(host) => Endpoint::Host(host),
            End::Outside(span) => Endpoint::Outside(*span),
        }
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
        let (v4, v6) = (Span::all(Family::V4), Span::all(Family::V6));
        match self {
            Self::Actor(name) => f.write_str(name),
            Self::Addresses(spans) if *spans == [v4, v6] => f.write_str("any address"),
            Self::Addresses(spans) if *spans == [v4] => f.write_str("any IPv4 address"),
            Self::Addresses(spans) if *spans == [v6] => f.write_str("any IPv6 address"),
            Self::Addresses(spans) => {
                for (i, span) in spans.iter().enumerate() {
                    write!(f, "{}{span}", if i > 0 { ", " } else { "" })?;
                }
                Ok(())
            }
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

    fn note(
        &mut self,
        from: &Party,
        to: &Party,
        change: Gain,
        list: fn(&mut Self) -> &mut Vec<FlowChange>,
    ) {
        list(self).extend(change.into_iter().map(|(why, ports)| FlowChange {
            from: from.clone(),
            to: to.clone(),
            ports,
            why,
        }));
    }
}

/// Ports that are possible on one side only, by the doubt about them.
type Gain = Vec<(Option<Why>, PortSet)>;

/// What `more` lets pass, perhaps or for certain, and `less` certainly does not. Where policies that
/// are not known may close in `less` what `more` allows, it is a gain perhaps; where they are not known
/// on both sides, nothing is known of a change.
fn gain(less: &Verdict, more: &Verdict) -> Gain {
    const HIDDEN: Why = Why::PolicyKindNotEvaluated;
    let before = less.possible();
    let doubts = more.uncertain().into_iter().map(|(why, ports)| (why, ports.difference(&before)));
    let hidden = less.uncertain().into_iter().filter(|(why, _)| *why == HIDDEN);
    let hidden = hidden.map(|(why, ports)| (why, ports.intersection(more.allowed())));
    let certain = more.allowed().difference(&before);
    let mut gain: BTreeMap<Option<Why>, PortSet> = BTreeMap::from([(None, certain)]);
    for (why, ports) in doubts.chain(hidden) {
        let known = gain.entry(Some(why)).or_insert_with(PortSet::none);
        *known = known.union(&ports);
    }
    gain.into_iter().filter(|(_, ports)| !ports.is_empty()).collect()
}

/// Compares what two states of the policies let pass: between every two actors, and between every
/// pod among them and every address that the policies of either state tell apart.
///
/// A flow counts as possible where it is allowed or not decidable, so that nothing which may open
/// is left out; `why` tells the latter apart. What policies that are not known may close in one state,
/// and the other allows, opens or closes perhaps, also with `why`.
#[must_use]
pub fn diff_flows(before: &Cluster, after: &Cluster, actors: &[Actor]) -> FlowDiff {
    let mut diff = FlowDiff::default();
    for from in actors {
        for to in actors {
            if std::ptr::eq(from, to)
                || !matches!((&from.end, &to.end), (End::Pod(_), _) | (_, End::Pod(_)))
            {
                continue;
            }
            let (source, destination) = (from.endpoint(), to.endpoint());
            let old = before.verdict(&source, &destination);
            let new = after.verdict(&source, &destination);
            let (from, to) = (Party::Actor(from.name.clone()), Party::Actor(to.name.clone()));
            diff.note(&from, &to, gain(&old, &new), |d| &mut d.opened);
            diff.note(&from, &to, gain(&new, &old), |d| &mut d.closed);
        }
    }
    let spans = outside(before, after, actors);
    for actor in actors.iter().filter(|a| matches!(a.end, End::Pod(_))) {
        for direction in Direction::ALL {
            addresses(&mut diff, before, after, actor, direction, &spans, actors);
        }
    }
    diff.opened.sort();
    diff.closed.sort();
    diff
}

/// Intervals that no block of either state and no actor's address divides.
fn outside(before: &Cluster, after: &Cluster, actors: &[Actor]) -> Vec<Span> {
    let policies = before.policies.iter().chain(&after.policies);
    let rules =
        policies.flat_map(|p| Direction::ALL.into_iter().filter_map(|d| p.rules(d))).flatten();
    let blocks = rules.flat_map(|r| &r.peers).filter_map(|peer| match peer {
        Peer::Block(block) => Some(block.spans()),
        Peer::Pods { .. } => None,
    });
    let named = actors.iter().filter_map(|a| match a.end {
        End::Outside(span) => Some(span),
        _ => None,
    });
    let edges: Vec<Span> = blocks.flatten().chain(named).collect();
    pieces(&edges)
}

fn addresses(
    diff: &mut FlowDiff,
    before: &Cluster,
    after: &Cluster,
    actor: &Actor,
    direction: Direction,
    spans: &[Span],
    actors: &[Actor],
) {
    let pod = actor.endpoint();
    let mut changes: BTreeMap<(Gain, Gain), Vec<Span>> = BTreeMap::new();
    for span in spans {
        let outside = Endpoint::Outside(*span);
        let (source, destination) = direction.from_to(pod, outside);
        let old = before.verdict(&source, &destination);
        let new = after.verdict(&source, &destination);
        changes.entry((gain(&old, &new), gain(&new, &old))).or_default().push(*span);
    }
    for ((opened, closed), spans) in changes {
        let named = |span: &Span| {
            actors.iter().any(|a| matches!(a.end, End::Outside(own) if own.covers(span)))
        };
        if spans.iter().all(named) {
            continue;
        }
        let own = Party::Actor(actor.name.clone());
        let others = Party::Addresses(merged(spans));
        let (from, to) = direction.from_to(&own, &others);
        diff.note(from, to, opened, |d| &mut d.opened);
        diff.note(from, to, closed, |d| &mut d.closed);
    }
}
