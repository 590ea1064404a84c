//! Parties as people write them: `namespace/pod`, `namespace/kind/name`, an address or block, or a
//! namespace.

use super::address::{Span, parse_address, parse_network};
use super::input::{Input, Member, Owner};
use super::ports::{PortRange, PortSet, Protocol};

/// Whom a name means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Pick {
    /// Members of the input, by number; never empty.
    Members(Vec<usize>),
    /// Every pod of a namespace.
    Namespace(String),
    /// Addresses, and the members that have one of them.
    Addresses(Span, Vec<usize>),
}

/// A name that means nobody in the input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NotThere {
    /// What was written.
    pub name: String,
    /// The most similar name that means somebody.
    pub nearest: Option<String>,
}

/// kubectl's short names and plurals of the kinds that make pods.
const SHORT: [(&str, &str); 14] = [
    ("cj", "cronjob"),
    ("cronjobs", "cronjob"),
    ("daemonsets", "daemonset"),
    ("deploy", "deployment"),
    ("deployments", "deployment"),
    ("ds", "daemonset"),
    ("jobs", "job"),
    ("po", "pod"),
    ("pods", "pod"),
    ("replicasets", "replicaset"),
    ("rc", "replicationcontroller"),
    ("rs", "replicaset"),
    ("statefulsets", "statefulset"),
    ("sts", "statefulset"),
];

impl Input {
    /// Whom a name means. A workload means all its pods, an address of a pod that pod; one of a node
    /// is an address, which the pods on its network have too.
    ///
    /// # Errors
    /// It means nobody in the input.
    pub fn pick(&self, name: &str) -> Result<Pick, NotThere> {
        if let Some(address) = parse_address(name) {
            let own = self.numbers(|m| m.pod.addresses.contains(&address));
            let span = Span::from(address);
            let host = own.iter().any(|m| self.members[*m].pod.host_network);
            return Ok(if own.is_empty() || host {
                Pick::Addresses(span, own)
            } else {
                Pick::Members(own)
            });
        }
        if let Some(net) = parse_network(name) {
            let own = self.numbers(|m| m.pod.addresses.iter().any(|a| net.contains(a)));
            return Ok(Pick::Addresses(net.trunc().into(), own));
        }
        let parts: Vec<&str> = name.split('/').collect();
        match *parts.as_slice() {
            [namespace] if self.has_namespace(namespace) => {
                return Ok(Pick::Namespace(name.to_owned()));
            }
            [namespace, pod] => {
                let found =
                    self.numbers(|m| m.is_pod && m.namespace == namespace && m.pod.name == pod);
                if !found.is_empty() {
                    return Ok(Pick::Members(found));
                }
            }
            [namespace, kind, of] => {
                let kind = kind.to_ascii_lowercase();
                let kind = SHORT.iter().find(|(s, _)| *s == kind).map_or(kind.as_str(), |(_, k)| k);
                let found = self.numbers(|m| m.namespace == namespace && is(m, kind, of));
                if !found.is_empty() {
                    return Ok(Pick::Members(found));
                }
            }
            _ => {}
        }
        Err(NotThere { name: name.to_owned(), nearest: self.nearest(name) })
    }

    /// Whether a namespace is in the input, or an object of it.
    #[must_use]
    pub fn has_namespace(&self, name: &str) -> bool {
        self.cluster.knows_namespace(name) || self.members.iter().any(|m| m.namespace == name)
    }

    /// The namespace of that name.
    ///
    /// # Errors
    /// It is not in the input.
    pub fn pick_namespace(&self, name: &str) -> Result<String, NotThere> {
        if self.has_namespace(name) {
            return Ok(name.to_owned());
        }
        let nearest = nearest(name, self.namespaces().into_iter());
        Err(NotThere { name: name.to_owned(), nearest })
    }

    fn numbers(&self, holds: impl Fn(&Member) -> bool) -> Vec<usize> {
        (0..self.members.len()).filter(|i| holds(&self.members[*i])).collect()
    }

    fn namespaces(&self) -> Vec<String> {
        let listed = self.cluster.namespaces().map(|(name, _)| name.to_owned());
        let mut all: Vec<String> =
            listed.chain(self.members.iter().map(|m| m.namespace.clone())).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn nearest(&self, name: &str) -> Option<String> {
        let workload = |m: &Member| m.workload.as_ref().map(|w| format!("{}/{w}", m.namespace));
        let members = self.members.iter().flat_map(|m| [Some(m.id()), workload(m)]).flatten();
        nearest(name, members.chain(self.namespaces()))
    }
}

fn is(member: &Member, kind: &str, name: &str) -> bool {
    let named = |o: &Owner| o.name == name && o.kind.eq_ignore_ascii_case(kind);
    member.workload.as_ref().is_some_and(named)
        || member.owner.as_ref().is_some_and(named)
        || (member.is_pod && kind == "pod" && member.pod.name == name)
}

fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    candidates.min_by_key(|candidate| strsim::osa_distance(candidate, name))
}

/// A port as `80`, which is TCP, or `53/udp`.
#[must_use]
pub fn parse_port(text: &str) -> Option<(u16, Protocol)> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "TCP"));
    let number = number.parse::<u16>().ok().filter(|n| *n > 0)?;
    Some((number, Protocol::of(&protocol.to_ascii_uppercase())?))
}

/// The set of these ports.
#[must_use]
pub fn port_set(ports: &[(u16, Protocol)]) -> PortSet {
    ports.iter().fold(PortSet::none(), |all, (port, protocol)| {
        all.union(&PortSet::of(*protocol, PortRange::one(*port)))
    })
}
