//! Who an entry is about.

use std::fmt;
use std::net::IpAddr;

use crate::address::{Block, Span};
use crate::cluster::Cluster;
use crate::endpoint::{Host, Pod};
use crate::engine::{Origin, PodPattern};
use crate::input::Input;
use crate::labels::Selector;
use crate::pick::Pick;
use crate::verdict::{Tri, Why};

use super::survey::{Participant, Who};

/// The `from` or `to` of an entry.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Party {
    /// Everyone: pods of the input, pods that are not in it, and addresses.
    Any,
    /// The pods of a workload, as `namespace/kind/name`.
    Workload(String),
    /// Pods by labels, also pods that are not in the input.
    Pods(PodPattern),
    /// Pods by labels that are not in the input.
    Unknown(PodPattern),
    /// Pods that are made later with these labels and whatever others: where one of them may be
    /// closed, what must be open is not certain.
    Later(PodPattern),
    /// Addresses outside of the cluster.
    Addresses(Block),
    /// A node, or something on a node such as an API server: its addresses, none where they are not
    /// known.
    Host(Vec<IpAddr>),
    /// One address outside of the cluster of which nothing is known, such as that of a name.
    Somewhere,
    /// The pods on the network of their node in a namespace: what runs there is the node.
    HostNetwork(String),
    /// Each of several.
    OneOf(Vec<Party>),
}

impl Party {
    /// The forms that it consists of.
    pub fn forms(&self) -> impl Iterator<Item = &Self> {
        match self {
            Self::OneOf(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        }
        .iter()
    }
}

/// A [`Party`], looked up in an input.
pub(super) struct Lookup<'p> {
    party: &'p Party,
    /// Whether it holds each member of the input.
    members: Vec<Tri>,
}

/// How an entry holds somebody.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Held {
    /// Whether it does, where that is not certain.
    pub(super) doubt: Option<Why>,
    /// Whether what must be open has to be open for this one.
    pub(super) required: Required,
}

/// Whether what must be open has to be open for somebody. Ordered: of two ends the lower counts.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Required {
    /// It need not exist: only what must be closed counts.
    No,
    /// It may exist.
    Perhaps,
    /// It does.
    Yes,
}

impl Held {
    pub(super) const CERTAIN: Self = Self { doubt: None, required: Required::Yes };

    fn new(holds: Tri, required: Required) -> Option<Self> {
        match holds {
            Tri::No => None,
            Tri::Maybe(why) => Some(Self { doubt: Some(why), required: Required::No }),
            Tri::Yes => Some(Self { doubt: None, required }),
        }
    }

    /// Of two forms of one party the one that says more.
    fn or(self, other: Self) -> Self {
        let doubt = match (self.doubt, other.doubt) {
            (Some(a), Some(b)) => Some(a.min(b)),
            _ => None,
        };
        Self { doubt, required: self.required.max(other.required) }
    }
}

impl<'p> Lookup<'p> {
    /// Looks the names up. A workload that is not in the input is nobody.
    pub(super) fn new(party: &'p Party, input: &Input) -> Self {
        let mut members = vec![Tri::No; input.members.len()];
        for form in party.forms() {
            for (i, holds) in members.iter_mut().enumerate() {
                let member = &input.members[i];
                *holds = holds.or(match form {
                    Party::Any => Tri::Yes,
                    Party::Pods(pattern) => holds_pod(&input.cluster, pattern, &member.pod),
                    Party::HostNetwork(namespace) => {
                        (member.pod.host_network && member.namespace == *namespace).into()
                    }
                    _ => Tri::No,
                });
            }
            if let Party::Workload(name) = form
                && let Ok(Pick::Members(found)) = input.pick(name)
            {
                found.into_iter().for_each(|i| members[i] = Tri::Yes);
            }
        }
        Self { party, members }
    }

    /// How it holds a pod of the input, or one that is not in it.
    pub(super) fn participant(&self, cluster: &Cluster, who: &Participant) -> Option<Held> {
        let (pattern, origin) = match &who.who {
            Who::Member(member) => return Held::new(self.members[*member], Required::Yes),
            Who::Representative(pattern, origin) => (pattern, *origin),
        };
        let of_peer = match origin {
            Origin::Peer => Required::Yes,
            Origin::Asked | Origin::Combined => Required::No,
        };
        let held = self.party.forms().filter_map(|form| match form {
            Party::Any => Held::new(Tri::Yes, of_peer),
            Party::Unknown(own) | Party::Later(own) => {
                let exactly = own == pattern && origin != Origin::Combined;
                let others = match form {
                    Party::Later(_) => Required::Perhaps,
                    _ => Required::No,
                };
                let holds = holds_pod(cluster, own, &who.pod);
                if exactly { Some(Held::CERTAIN) } else { Held::new(holds, others) }
            }
            Party::Pods(own) => Held::new(holds_pod(cluster, own, &who.pod), of_peer),
            _ => None,
        });
        held.reduce(Held::or)
    }

    /// Whether it holds addresses that no block of an entry or policy divides.
    pub(super) fn addresses(&self, span: &Span) -> Option<Held> {
        let holds = self.party.forms().any(|form| match form {
            Party::Any => true,
            Party::Addresses(block) => block.spans().iter().any(|own| own.covers(span)),
            _ => false,
        });
        holds.then_some(Held::CERTAIN)
    }

    /// How it holds a node.
    pub(super) fn host(&self, host: &Host) -> Option<Held> {
        let held = self.party.forms().filter_map(|form| match form {
            Party::Any => Some(Held::CERTAIN),
            Party::Host(own) => {
                let same = host.node.is_none() && *own == host.addresses;
                let holds = same || host.addresses.iter().any(|a| own.contains(a));
                holds.then_some(Held::CERTAIN)
            }
            Party::Addresses(block) => {
                let inside = host.addresses.iter().filter(|a| block.contains(**a)).count();
                let some = Tri::Maybe(Why::UnknownAddress);
                let all = inside > 0 && inside == host.addresses.len();
                let holds = if all {
                    Tri::Yes
                } else if inside > 0 {
                    some
                } else {
                    Tri::No
                };
                // Whether a plugin lets a wide block hold nodes is nothing that the entry is about.
                let one = block.spans().iter().any(|span| span.first() == span.last());
                Held::new(holds, if one { Required::Yes } else { Required::No })
            }
            _ => None,
        });
        held.reduce(Held::or)
    }

    /// Whether it holds the address of which nothing is known.
    pub(super) fn somewhere(&self) -> Option<Held> {
        let holds = self.party.forms().any(|form| matches!(form, Party::Any | Party::Somewhere));
        holds.then_some(Held::CERTAIN)
    }

    /// Whether it names addresses, which are there whatever the input holds.
    pub(super) fn names_addresses(&self) -> bool {
        self.party
            .forms()
            .any(|form| matches!(form, Party::Addresses(_) | Party::Host(_) | Party::Somewhere))
    }

    /// The intervals at which it tells addresses apart.
    pub(super) fn edges(&self) -> Vec<Span> {
        let spans = self.party.forms().filter_map(|form| match form {
            Party::Addresses(block) => Some(block.spans()),
            _ => None,
        });
        spans.flatten().collect()
    }
}

/// Whether the pod has these labels.
fn holds_pod(cluster: &Cluster, pattern: &PodPattern, pod: &Pod) -> Tri {
    let home = pattern.namespace_selector.matches(&cluster.namespace_labels(pod));
    home.and(pattern.pod_selector.matches(&pod.labels))
}

/// As the report names it.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pods = |f: &mut fmt::Formatter<'_>, pattern: &PodPattern| {
            let (namespaces, pods) = (&pattern.namespace_selector, &pattern.pod_selector);
            let everything = Selector::is_everything;
            match (everything(namespaces), everything(pods)) {
                (true, true) => f.write_str("pods of any namespace"),
                (true, false) => write!(f, "pods with {pods} of any namespace"),
                (false, true) => write!(f, "pods of namespaces with {namespaces}"),
                (false, false) => write!(f, "pods with {pods} of namespaces with {namespaces}"),
            }
        };
        match self {
            Self::Any => f.write_str("any"),
            Self::Workload(name) => f.write_str(name),
            Self::Pods(pattern) => pods(f, pattern),
            Self::Unknown(pattern) => {
                f.write_str("unknown ")?;
                pods(f, pattern)
            }
            Self::Later(pattern) => {
                f.write_str("later ")?;
                pods(f, pattern)
            }
            Self::Addresses(block) => {
                write!(f, "{}", block.cidr)?;
                let except: Vec<String> = block.except.iter().map(ToString::to_string).collect();
                if except.is_empty() { Ok(()) } else { write!(f, " except {}", except.join(", ")) }
            }
            Self::Host(addresses) if addresses.is_empty() => f.write_str("a node"),
            Self::Host(addresses) => {
                let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                write!(f, "the node {}", all.join(", "))
            }
            Self::Somewhere => f.write_str("an address that is not known"),
            Self::HostNetwork(namespace) => {
                write!(f, "pods of namespace {namespace} on the network of their node")
            }
            Self::OneOf(all) => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                f.write_str(&all.join(" or "))
            }
        }
    }
}
