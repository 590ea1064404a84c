//! The two ends of a flow.

use std::net::IpAddr;

use super::address::Span;
use super::labels::Labels;
use super::ports::Protocol;

/// A pod, or the pod that a workload's template would make.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pod {
    /// Where it is.
    pub home: Home,
    /// `metadata.name`, or the workload's as `kind/name`.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// What its containers declare.
    pub ports: ContainerPorts,
    /// Whether it uses its node's network.
    pub host_network: bool,
    /// Its addresses; empty where not known.
    pub addresses: Vec<IpAddr>,
    /// The node that it runs on, where known.
    pub node: Option<String>,
}

impl Pod {
    /// A pod of the pod network with these labels, of which nothing else is known.
    #[must_use]
    pub fn new(namespace: &str, name: &str, labels: Labels) -> Self {
        Self {
            home: Home::Namespace(namespace.to_owned()),
            name: name.to_owned(),
            labels,
            ports: ContainerPorts::Known(Vec::new()),
            host_network: false,
            addresses: Vec::new(),
            node: None,
        }
    }

    /// The namespace's name; `None` for a pod of some namespace that has only labels.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        match &self.home {
            Home::Namespace(name) => Some(name),
            Home::Elsewhere(_) => None,
        }
    }

    /// Another pod of the same template.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { name: format!("{} (another)", self.name), ..self.clone() }
    }

    /// Whether both are one pod. Of pods that are not in the input nothing says so.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.home == other.home && self.name == other.name && self.namespace().is_some()
    }
}

/// The namespace of a pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Home {
    /// By name; its labels are looked up.
    Namespace(String),
    /// Some namespace with these labels that no policy of the input is in.
    Elsewhere(Labels),
}

/// The ports that the containers of a pod declare.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ContainerPorts {
    /// All of them, in the order of the containers.
    Known(Vec<ContainerPort>),
    /// A pod of which only labels are known: a name may stand for any port.
    Unknown,
}

/// A `containerPort`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ContainerPort {
    /// Empty where it has none.
    pub name: String,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number.
    pub port: u16,
}

/// A node, or something on a node that is no pod, such as an API server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Host {
    /// The node's name; `None` where it is not known, and none of those that pods are on.
    pub node: Option<String>,
    /// Its addresses; empty where not known.
    pub addresses: Vec<IpAddr>,
}

/// One end of a flow.
#[derive(Clone, Copy, Debug)]
pub enum Endpoint<'a> {
    /// A pod.
    Pod(&'a Pod),
    /// A node.
    Host(&'a Host),
    /// Addresses that may be those of nodes, or of pods that are not in the input; every block must hold
    /// all of them or none.
    Unlisted(Span),
    /// Addresses that are neither; every block must hold all of them or none.
    Outside(Span),
}
