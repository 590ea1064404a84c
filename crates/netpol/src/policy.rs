//! NetworkPolicies as they are evaluated: defaults filled in, ports as sets, blocks masked.

use std::fmt;

use serde::Serialize;

use super::address::Block;
use super::invalid::Place;
use super::labels::Selector;
use super::ports::{PortSet, Protocol};

/// Which side of a flow a rule is about, seen from the pod that the policy selects.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Connections to the pod.
    Ingress,
    /// Connections from the pod.
    Egress,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ingress, Self::Egress];

    /// Who connects and to whom, of a pod whose side this is and the other end.
    #[must_use]
    pub fn from_to<T>(self, own: T, other: T) -> (T, T) {
        match self {
            Self::Ingress => (other, own),
            Self::Egress => (own, other),
        }
    }

    /// The field of a policy that holds its rules.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }

    /// The word for a peer in sentences and the field of a rule that holds the peers.
    #[must_use]
    pub const fn preposition(self) -> &'static str {
        match self {
            Self::Ingress => "from",
            Self::Egress => "to",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field())
    }
}

/// A `networking.k8s.io/v1` NetworkPolicy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// Where it acts.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// The pods of its namespace that it is about.
    pub selector: Selector,
    /// Rules for connections to those pods; `None` where it does not isolate this direction.
    pub ingress: Option<Vec<Rule>>,
    /// Rules for connections from those pods; `None` where it does not isolate this direction.
    pub egress: Option<Vec<Rule>>,
    /// Directions that have rules but are not in `policyTypes`: those rules do nothing.
    pub idle: Vec<Direction>,
    /// Spellings that are accepted for old objects only.
    pub notes: Vec<Note>,
    /// Where it was read.
    pub place: Option<Place>,
}

impl Policy {
    /// The rules of a direction; `None` where the policy does not isolate it.
    #[must_use]
    pub fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }

    /// `namespace/name`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// Something in a policy that the API server accepts in stored objects and that deserves a remark.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// Which field, as in `spec.ingress[0].from[0].ipBlock.cidr`.
    pub field: String,
    /// What about it.
    pub kind: NoteKind,
}

/// What a [`Note`] is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoteKind {
    /// Bits behind the prefix are set; they are ignored.
    HostBits,
    /// A part of the address starts with a zero; it is read as decimal.
    LeadingZeros,
}

/// One entry of `ingress` or `egress`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rule {
    /// Any of them; none at all means everything, nodes and the outside included.
    pub peers: Vec<Peer>,
    /// On which ports of the destination.
    pub ports: RulePorts,
}

/// One entry of `from` or `to`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Peer {
    /// Pods, by labels.
    Pods {
        /// In which namespaces.
        namespaces: Scope,
        /// Which pods there.
        pods: Selector,
    },
    /// Addresses.
    Block(Block),
}

/// The namespaces of a peer.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Scope {
    /// The policy's own.
    Own,
    /// Those that a selector matches.
    Matching(Selector),
}

/// The ports of a rule.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub enum RulePorts {
    /// No `ports`: every protocol and port.
    #[default]
    Every,
    /// Any of the entries.
    Some {
        /// All entries that are numbers, ranges, or a bare protocol.
        numbers: PortSet,
        /// Entries that name a container port of the destination.
        names: Vec<(Protocol, String)>,
    },
}
