//! Who an entry is about.

use std::fmt;

use crate::address::{Block, Span};
use crate::cluster::Cluster;
use crate::endpoint::Pod;
use crate::engine::PodPattern;
use crate::input::Input;
use crate::labels::Selector;
use crate::pick::Pick;
use crate::verdict::Tri;

/// The `from` or `to` of an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Party {
    /// Everyone: pods of the input, pods that are not in it, and addresses.
    Any,
    /// The pods of a workload, as `namespace/kind/name`.
    Workload(String),
    /// Pods by labels, also pods that are not in the input.
    Pods(PodPattern),
    /// Pods that are not in the input, exactly as `connections` names them.
    Unknown(PodPattern),
    /// Addresses outside of the cluster.
    Addresses(Block),
}

/// A [`Party`], looked up in an input.
pub(super) struct Found<'p> {
    party: &'p Party,
    members: Vec<usize>,
}

impl Party {
    /// Looks the names up. A workload that is not in the input is nobody.
    pub(super) fn find(&self, input: &Input) -> Found<'_> {
        let members = match self {
            Self::Any => (0..input.members.len()).collect(),
            Self::Workload(name) => match input.pick(name) {
                Ok(Pick::Members(members)) => members,
                _ => Vec::new(),
            },
            Self::Pods(pattern) => {
                let held = |i: &usize| holds(&input.cluster, pattern, &input.members[*i].pod);
                (0..input.members.len()).filter(held).collect()
            }
            Self::Unknown(_) | Self::Addresses(_) => Vec::new(),
        };
        Found { party: self, members }
    }
}

impl Found<'_> {
    /// Whether it holds a member of the input.
    pub(super) fn member(&self, member: usize) -> bool {
        self.members.binary_search(&member).is_ok()
    }

    /// Whether it holds a pod that is not in the input.
    pub(super) fn representative(
        &self,
        cluster: &Cluster,
        pattern: &PodPattern,
        pod: &Pod,
    ) -> bool {
        match self.party {
            Party::Any => true,
            Party::Unknown(own) => own == pattern,
            Party::Pods(own) => own == pattern || holds(cluster, own, pod),
            Party::Workload(_) | Party::Addresses(_) => false,
        }
    }

    /// Whether it holds addresses that no block of an entry or policy divides.
    pub(super) fn addresses(&self, span: &Span) -> bool {
        match self.party {
            Party::Any => true,
            Party::Addresses(block) => block.spans().iter().any(|own| own.covers(span)),
            _ => false,
        }
    }

    /// The intervals at which it tells addresses apart.
    pub(super) fn edges(&self) -> Vec<Span> {
        match self.party {
            Party::Addresses(block) => block.spans(),
            _ => Vec::new(),
        }
    }
}

/// Whether the pod certainly has these labels: an entry is about nobody by chance.
fn holds(cluster: &Cluster, pattern: &PodPattern, pod: &Pod) -> bool {
    let home = pattern.namespace_selector.matches(&cluster.namespace_labels(pod));
    home.and(pattern.pod_selector.matches(&pod.labels)) == Tri::Yes
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
            Self::Addresses(block) => {
                write!(f, "{}", block.cidr)?;
                let except: Vec<String> = block.except.iter().map(ToString::to_string).collect();
                if except.is_empty() { Ok(()) } else { write!(f, " except {}", except.join(", ")) }
            }
        }
    }
}
