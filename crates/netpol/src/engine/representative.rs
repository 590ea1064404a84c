//! Pods that are not in the input, and that some policy would let in.
//!
//! `from: [{namespaceSelector: {}}]` opens to namespaces that nobody listed; an analysis of the
//! listed pods alone would not show it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use crate::admin::{AdminPeer, AdminPods};
use crate::cluster::Cluster;
use crate::endpoint::{ContainerPorts, Home, Pod};
use crate::labels::{Label, Labels, NAMESPACE_NAME, Requirement, Selector};
use crate::policy::{Direction, Peer, Scope};
use crate::verdict::Tri;

/// A pod that stands for all pods that are not in the input and that have the same labels, as far
/// as any selector reads them.
#[derive(Clone, Debug)]
pub struct Representative {
    /// How it is evaluated.
    pub pod: Pod,
    /// What it stands for.
    pub stands_for: PodPattern,
    /// Why it is asked about.
    pub origin: Origin,
}

/// Why a [`Representative`] is asked about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Origin {
    /// It has the fewest labels that satisfy a peer of some policy.
    Peer,
    /// It has the fewest labels that satisfy a pattern of whoever asks.
    Asked,
    /// Its labels are one combination of those that selectors tell apart.
    Combined,
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

/// What whoever asks wants to know of pods that are not in the input.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// There is a representative with the fewest labels of each of these.
    pub present: Vec<PodPattern>,
    /// Representatives are also told apart by these.
    pub apart: Vec<PodPattern>,
}

/// The selectors that tell pods apart: each with the namespaces in which it does so.
pub(super) struct Selectors<'a> {
    patterns: BTreeSet<PodPattern>,
    /// Of policies, by their own namespace.
    own: BTreeMap<&'a str, Vec<&'a Selector>>,
    /// Of peers and of cluster-wide policies: pods in the namespaces that the first one matches.
    matching: Vec<(&'a Selector, &'a Selector)>,
    /// Of policies that are not evaluated and act everywhere.
    everywhere: Vec<&'a Selector>,
}

impl<'a> Selectors<'a> {
    /// Reads the policies of all states, and the patterns of whoever asks.
    pub(super) fn new(states: &[&'a Cluster], asked: &'a Asked) -> Self {
        let mut all = Self {
            patterns: BTreeSet::from([PodPattern::default()]),
            own: BTreeMap::new(),
            matching: Vec::new(),
            everywhere: Vec::new(),
        };
        for state in states {
            all.add(state);
        }
        for pattern in asked.present.iter().chain(&asked.apart) {
            all.matching.push((&pattern.namespace_selector, &pattern.pod_selector));
        }
        all
    }

    fn add(&mut self, state: &'a Cluster) {
        for policy in &state.policies {
            let own = self.own.entry(&policy.namespace).or_default();
            own.push(&policy.selector);
            let rules = Direction::ALL.into_iter().filter_map(|d| policy.rules(d)).flatten();
            for peer in rules.flat_map(|r| &r.peers) {
                let Peer::Pods { namespaces, pods } = peer else { continue };
                let namespace_selector = match namespaces {
                    Scope::Own => {
                        own.push(pods);
                        named(&policy.namespace)
                    }
                    Scope::Matching(selector) => {
                        self.matching.push((selector, pods));
                        selector.clone()
                    }
                };
                let pod_selector = pods.clone();
                self.patterns.insert(PodPattern { namespace_selector, pod_selector });
            }
        }
        for policy in &state.admin {
            self.matching.push((&policy.subject.namespaces, &policy.subject.pods));
            let rules = policy.ingress.iter().chain(&policy.egress);
            for peer in rules.flat_map(|r| &r.peers) {
                if let AdminPeer::Pods(AdminPods { namespaces, pods }) = peer {
                    self.matching.push((namespaces, pods));
                    let (namespace_selector, pod_selector) = (namespaces.clone(), pods.clone());
                    self.patterns.insert(PodPattern { namespace_selector, pod_selector });
                }
            }
        }
        for foreign in &state.foreign {
            match &foreign.namespace {
                Some(namespace) => {
                    self.own.entry(namespace).or_default().push(&foreign.selector);
                }
                None => self.everywhere.push(&foreign.selector),
            }
        }
    }

    /// One pod for each distinct peer selector of any policy, and one of a namespace and with labels
    /// that no policy reads.
    pub(super) fn minimal(&self, cluster: &Cluster) -> Vec<Representative> {
        self.patterns.iter().filter_map(|p| minimal(cluster, p.clone(), Origin::Peer)).collect()
    }

    /// Those that are asked for, and one pod for every combination of labels, of itself and of its
    /// namespace, that any selector tells apart, in addition to [`Self::minimal`]. The second value is false where there are more
    /// combinations than are tried.
    pub(super) fn combined(&self, cluster: &Cluster, asked: &Asked) -> (Vec<Representative>, bool) {
        let mut complete = true;
        let present = asked.present.iter();
        let present = present.filter_map(|p| minimal(cluster, p.clone(), Origin::Asked));
        let mut found: Vec<_> = present.collect();
        let cluster_wide = !cluster.admin.is_empty();
        for home in self.homes(cluster, &mut complete) {
            let labels = match &home {
                Home::Elsewhere(labels) => labels.clone(),
                Home::Namespace(_) => {
                    cluster.namespace_labels(&pod(home.clone(), Labels::default())).into_owned()
                }
            };
            let matches = |selector: &Selector| selector.matches(&labels).possibly();
            let own = match &home {
                Home::Namespace(name) => self.own.get(name.as_str()).map_or(&[][..], |own| own),
                Home::Elsewhere(_) => &[],
            };
            let matching = self.matching.iter().filter(|(homes, _)| matches(homes));
            let mut selectors: Vec<&Selector> =
                own.iter().copied().chain(matching.map(|(_, pods)| *pods)).collect();
            selectors.extend(&self.everywhere);
            for pod_labels in combinations(&selectors, cluster_wide, &mut complete) {
                let stands_for = PodPattern {
                    namespace_selector: exactly(&labels),
                    pod_selector: exactly(&pod_labels),
                };
                let pod = pod(home.clone(), pod_labels);
                found.push(Representative { pod, stands_for, origin: Origin::Combined });
            }
        }
        (found, complete)
    }

    /// The namespaces in which pods may differ: those that a policy is in or that a selector names,
    /// and one for every other combination of labels that selectors tell apart.
    fn homes(&self, cluster: &Cluster, complete: &mut bool) -> Vec<Home> {
        let selectors: Vec<&Selector> =
            self.matching.iter().map(|(namespaces, _)| *namespaces).collect();
        let requirements = selectors.iter().flat_map(|s| s.requirements());
        let named = requirements.filter(|r| r.key() == NAMESPACE_NAME).flat_map(|r| match r {
            Requirement::In(_, names) | Requirement::NotIn(_, names) => Some(names),
            Requirement::Exists(_) | Requirement::DoesNotExist(_) => None,
        });
        let known = named.flatten().map(String::as_str).filter(|n| cluster.knows_namespace(n));
        let names: BTreeSet<&str> = known.chain(self.own.keys().copied()).collect();
        let mut homes: Vec<Home> =
            names.iter().map(|name| Home::Namespace((*name).to_owned())).collect();
        let mut seen = HashSet::new();
        for mut labels in combinations(&selectors, !cluster.admin.is_empty(), complete) {
            match labels.get(NAMESPACE_NAME) {
                Label::Is(name) if names.contains(name) => continue,
                Label::Is(_) => {}
                // It stands for every namespace whose name no selector reads.
                _ => labels.insert(NAMESPACE_NAME, OTHER),
            }
            if seen.insert(format!("{labels:?}")) {
                homes.push(Home::Elsewhere(labels));
            }
        }
        homes
    }
}

/// How many combinations of the values of labels are tried as a whole.
const PRODUCT: usize = 2048;
/// Selectors of which any two are combined where the whole product is larger than that.
const PAIRED: usize = 64;

/// One set of labels for every combination of answers that the selectors can give.
///
/// Where the product of all values is too large, every two selectors are combined: whether rules of
/// NetworkPolicies let two pods talk depends on at most two selectors that read the labels of one of
/// them, that of the policy which selects it and that of the peer. Cluster-wide policies depend on
/// more, and more selectors than [`PAIRED`] are not tried.
fn combinations(selectors: &[&Selector], cluster_wide: bool, complete: &mut bool) -> Vec<Labels> {
    let mut distinct: Vec<&Selector> = selectors.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let values = values(&distinct);
    let size = values.values().try_fold(1usize, |all, v| all.checked_mul(v.len()));
    if size.is_some_and(|size| size <= PRODUCT) {
        return told_apart(product(&values), &distinct);
    }
    let paired = &distinct[..distinct.len().min(PAIRED)];
    *complete &= !cluster_wide && paired.len() == distinct.len();
    let mut all = vec![Labels::default()];
    for (i, first) in paired.iter().enumerate() {
        for second in &paired[i..] {
            let keys: HashSet<&str> =
                [first, second].iter().flat_map(|s| s.requirements()).map(|r| r.key()).collect();
            let own: Values<'_> = values
                .iter()
                .filter(|(k, _)| keys.contains(*k))
                .map(|(k, v)| (*k, v.clone()))
                .collect();
            let size = own.values().try_fold(1usize, |all, v| all.checked_mul(v.len()));
            if size.is_some_and(|size| size <= PRODUCT) {
                all.extend(product(&own));
            } else {
                *complete = false;
            }
        }
    }
    told_apart(all, &distinct)
}

/// For each key what a label may be: `None`: absent.
type Values<'a> = BTreeMap<&'a str, Vec<Option<&'a str>>>;

fn values<'a>(selectors: &[&'a Selector]) -> Values<'a> {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for requirement in selectors.iter().flat_map(|s| s.requirements()) {
        let own = values.entry(requirement.key()).or_default();
        if let Requirement::In(_, named) | Requirement::NotIn(_, named) = requirement {
            own.extend(named.iter().map(String::as_str));
        }
    }
    let all = |(key, named): (_, BTreeSet<_>)| {
        let named = named.into_iter().map(Some);
        (key, [None, Some(OTHER)].into_iter().chain(named).collect())
    };
    values.into_iter().map(all).collect()
}

fn product(values: &Values<'_>) -> Vec<Labels> {
    let mut all = vec![Labels::default()];
    for (key, values) in values {
        let mut next = Vec::with_capacity(all.len() * values.len());
        for labels in &all {
            for value in values {
                let mut labels: Labels = labels.clone();
                if let Some(value) = value {
                    labels.insert(*key, *value);
                }
                next.push(labels);
            }
        }
        all = next;
    }
    all
}

/// The first of all that get the same answers from the selectors.
fn told_apart(all: Vec<Labels>, selectors: &[&Selector]) -> Vec<Labels> {
    let mut seen = HashSet::new();
    let answers = |labels: &Labels| -> Vec<Tri> {
        selectors.iter().map(|selector| selector.matches(labels)).collect()
    };
    all.into_iter().filter(|labels| seen.insert(answers(labels))).collect()
}

/// A selector for the labels that are there.
fn exactly(labels: &Labels) -> Selector {
    let one = |(key, value): (&str, Option<&str>)| match value {
        Some(OTHER) if key == NAMESPACE_NAME => None,
        Some(OTHER) | None => Some(Requirement::Exists(key.to_owned())),
        Some(value) => Some(Requirement::In(key.to_owned(), BTreeSet::from([value.to_owned()]))),
    };
    Selector::new(labels.iter().filter_map(one))
}

fn named(namespace: &str) -> Selector {
    let values = BTreeSet::from([namespace.to_owned()]);
    Selector::new([Requirement::In(NAMESPACE_NAME.to_owned(), values)])
}

fn pod(home: Home, labels: Labels) -> Pod {
    Pod {
        home,
        name: String::new(),
        labels,
        ports: ContainerPorts::Unknown,
        host_network: false,
        addresses: Vec::new(),
        node: None,
    }
}

fn minimal(cluster: &Cluster, stands_for: PodPattern, origin: Origin) -> Option<Representative> {
    let namespace = satisfy(&stands_for.namespace_selector)?;
    let labels = satisfy(&stands_for.pod_selector)?;
    let mut home_labels = Labels::new(namespace);
    let home = match home_labels.get(NAMESPACE_NAME) {
        // One that is asked for by name exists, and may have labels that nobody knows.
        Label::Is(name) if origin == Origin::Asked || cluster.knows_namespace(name) => {
            Home::Namespace(name.to_owned())
        }
        Label::Is(_) => Home::Elsewhere(home_labels),
        _ => {
            home_labels.insert(NAMESPACE_NAME, OTHER);
            Home::Elsewhere(home_labels)
        }
    };
    let pod = pod(home, Labels::new(labels));
    let matches = stands_for.namespace_selector.matches(&cluster.namespace_labels(&pod));
    matches.possibly().then_some(Representative { pod, stands_for, origin })
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
                    let label = Label::Is(value);
                    selector
                        .requirements()
                        .iter()
                        .filter(|r| r.key() == key)
                        .all(|r| r.matches(label).certainly())
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
