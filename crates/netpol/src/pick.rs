//! Parties as people write them: `namespace/pod`, `namespace/kind/name`, an address or block, or a
//! namespace; and a name with less around it, where only one is meant.

use std::collections::BTreeMap;

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

/// A name that does not mean one party of the input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NotThere {
    /// What was written.
    pub name: String,
    /// Everyone that it may mean, each as a name that means only them; empty: nobody.
    pub several: Vec<String>,
    /// Of a name that means nobody, the most similar one that means somebody.
    pub nearest: Option<String>,
}

/// kubectl's short names and plurals of the kinds that make pods.
const SHORT: [(&str, &str); 17] = [
    ("cj", "cronjob"),
    ("cronjobs", "cronjob"),
    ("daemonsets", "daemonset"),
    ("dc", "deploymentconfig"),
    ("deploymentconfigs", "deploymentconfig"),
    ("deploy", "deployment"),
    ("deployments", "deployment"),
    ("ds", "daemonset"),
    ("jobs", "job"),
    ("po", "pod"),
    ("pods", "pod"),
    ("replicasets", "replicaset"),
    ("rollouts", "rollout"),
    ("rc", "replicationcontroller"),
    ("rs", "replicaset"),
    ("statefulsets", "statefulset"),
    ("sts", "statefulset"),
];

/// The kind of a pod, as it is written in a name.
const POD: &str = "pod";

impl Input {
    /// Whom a name means. A workload means all its pods, an address of a pod that pod; one of a node is an
    /// address, which the pods on its network have too. The namespace and the kind may be left out of a name
    /// that only one pod or workload has.
    ///
    /// # Errors
    /// It means nobody in the input, or several.
    pub fn pick(&self, name: &str) -> Result<Pick, NotThere> {
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        if let Some(address) = parse_address(bare) {
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
        if self.has_namespace(name) {
            return Ok(Pick::Namespace(name.to_owned()));
        }
        self.pick_members(name).map(Pick::Members)
    }

    /// The pods of the one pod or workload that a name means; never of a namespace.
    ///
    /// # Errors
    /// It means nobody in the input, or several.
    pub fn pick_members(&self, name: &str) -> Result<Vec<usize>, NotThere> {
        let parts: Vec<&str> = name.split('/').collect();
        let mut found = match *parts.as_slice() {
            [of] => self.named(None, None, of),
            [one, of] => {
                // A pod is written like this; everything else only as far as nobody else is meant.
                let mut found = self.named(Some(one), Some(POD), of);
                if found.is_empty() {
                    found = self.named(Some(one), None, of);
                    found.extend(self.named(None, Some(one), of));
                }
                found
            }
            [namespace, kind, of] => self.named(Some(namespace), Some(kind), of),
            _ => BTreeMap::new(),
        };
        match found.len() {
            1 => Ok(found.pop_first().map(|(_, members)| members).unwrap_or_default()),
            several => Err(NotThere {
                name: name.to_owned(),
                several: found.into_keys().collect(),
                nearest: (several == 0).then(|| self.nearest(name)).flatten(),
            }),
        }
    }

    /// The pods and workloads of a name, by the name that only they have.
    fn named(
        &self,
        namespace: Option<&str>,
        kind: Option<&str>,
        name: &str,
    ) -> BTreeMap<String, Vec<usize>> {
        let kind = kind.map(str::to_ascii_lowercase);
        let kind = kind
            .as_deref()
            .map(|kind| SHORT.iter().find(|(s, _)| *s == kind).map_or(kind, |(_, k)| k));
        let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, member) in self.members.iter().enumerate() {
            if namespace.is_some_and(|namespace| member.namespace != namespace) {
                continue;
            }
            let is = |of: &&Owner| {
                of.name == name && kind.is_none_or(|k| of.kind.eq_ignore_ascii_case(k))
            };
            let owner = [&member.workload, &member.owner].into_iter().flatten().find(is);
            let is_pod = member.is_pod && member.pod.name == name && kind.is_none_or(|k| k == POD);
            let id = match owner {
                _ if is_pod => member.id(),
                Some(owner) => format!("{}/{owner}", member.namespace),
                None => continue,
            };
            found.entry(id).or_default().push(number);
        }
        found
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
        Err(NotThere { name: name.to_owned(), several: Vec::new(), nearest })
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
