//! Pods that are not in the input, one for each selector that would let one in.
//!
//! `from: [{namespaceSelector: {}}]` opens to namespaces that nobody listed; an analysis of the
//! listed pods alone would not show it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::admin::{AdminPeer, AdminPods};
use crate::cluster::Cluster;
use crate::endpoint::{ContainerPorts, Home, Pod};
use crate::labels::{Labels, NAMESPACE_NAME, Requirement, Selector};
use crate::policy::{Direction, Peer, Scope};

/// A pod that a peer selector would match.
#[derive(Clone, Debug)]
pub struct Stranger {
    /// How it is evaluated.
    pub pod: Pod,
    /// What it stands for.
    pub stands_for: PodPattern,
}

/// Namespaces and pods by their labels.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodPattern {
    /// In which namespaces.
    pub namespace_selector: Selector,
    /// Which pods there.
    pub pod_selector: Selector,
}

impl PodPattern {
    /// The namespaces that it names; none where it speaks of any namespace with some labels.
    #[must_use]
    pub fn namespaces(&self) -> Vec<&str> {
        let named = self.namespace_selector.requirements().iter().find_map(|r| match r {
            Requirement::In(key, values) if key == NAMESPACE_NAME => Some(values),
            _ => None,
        });
        named.into_iter().flatten().map(String::as_str).collect()
    }
}

/// A value that no selector can name: it is no valid label value.
const OTHER: &str = "*";

/// One pod for each distinct peer selector of any policy of the states, and one of a namespace and
/// with labels that nobody speaks of.
pub(super) fn strangers(cluster: &Cluster, states: &[&Cluster]) -> Vec<Stranger> {
    let mut patterns = BTreeSet::from([PodPattern::default()]);
    for policy in states.iter().flat_map(|state| &state.policies) {
        let rules = Direction::ALL.into_iter().filter_map(|d| policy.rules(d)).flatten();
        for peer in rules.flat_map(|r| &r.peers) {
            if let Peer::Pods { namespaces, pods } = peer {
                let namespace_selector = match namespaces {
                    Scope::Own => named(&policy.namespace),
                    Scope::Matching(selector) => selector.clone(),
                };
                patterns.insert(PodPattern { namespace_selector, pod_selector: pods.clone() });
            }
        }
    }
    for policy in states.iter().flat_map(|state| &state.admin) {
        let rules = policy.ingress.iter().chain(&policy.egress);
        for peer in rules.flat_map(|r| &r.peers) {
            if let AdminPeer::Pods(AdminPods { namespaces, pods }) = peer {
                let (namespace_selector, pod_selector) = (namespaces.clone(), pods.clone());
                patterns.insert(PodPattern { namespace_selector, pod_selector });
            }
        }
    }
    patterns.into_iter().filter_map(|p| stranger(cluster, p)).collect()
}

fn named(namespace: &str) -> Selector {
    let values = BTreeSet::from([namespace.to_owned()]);
    Selector::new([Requirement::In(NAMESPACE_NAME.to_owned(), values)])
}

fn stranger(cluster: &Cluster, stands_for: PodPattern) -> Option<Stranger> {
    let namespace = satisfy(&stands_for.namespace_selector)?;
    let labels = satisfy(&stands_for.pod_selector)?;
    let mut home_labels = Labels::new(namespace);
    let home = match home_labels.get(NAMESPACE_NAME) {
        crate::labels::Label::Is(name) if cluster.knows_namespace(name) => {
            Home::Namespace(name.to_owned())
        }
        crate::labels::Label::Is(_) => Home::Elsewhere(home_labels),
        _ => {
            home_labels.insert(NAMESPACE_NAME, OTHER);
            Home::Elsewhere(home_labels)
        }
    };
    let pod = Pod {
        home,
        name: String::new(),
        labels: Labels::new(labels),
        ports: ContainerPorts::Unknown,
        host_network: false,
        addresses: Vec::new(),
        node: None,
    };
    let matches = stands_for.namespace_selector.matches(&cluster.namespace_labels(&pod));
    (matches != crate::verdict::Tri::No).then_some(Stranger { pod, stands_for })
}

/// The fewest labels that satisfy a selector; `None` if it contradicts itself.
fn satisfy(selector: &Selector) -> Option<Vec<(String, String)>> {
    let mut labels: Vec<(String, String)> = Vec::new();
    // Sorted: `In` comes first, so that `Exists` finds its key there already.
    for requirement in selector.requirements() {
        let key = requirement.key();
        let there = labels.iter().any(|(k, _)| k == key);
        match requirement {
            Requirement::In(_, values) if !there => {
                let fits = |value: &&String| {
                    let label = crate::labels::Label::Is(value);
                    selector
                        .requirements()
                        .iter()
                        .filter(|r| r.key() == key)
                        .all(|r| r.matches(label) == crate::verdict::Tri::Yes)
                };
                labels.push((key.to_owned(), values.iter().find(fits)?.clone()));
            }
            Requirement::Exists(_) if !there => labels.push((key.to_owned(), OTHER.to_owned())),
            Requirement::DoesNotExist(_) if there => return None,
            _ => {}
        }
    }
    Some(labels)
}
