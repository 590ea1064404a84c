//! The input with what lints look up again and again.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::Options;
use crate::endpoint::ContainerPorts;
use crate::engine::{Index, Universe};
use crate::input::{Input, Member};
use crate::labels::{NAMESPACE_NAME, Requirement, Selector};
use crate::policy::{Direction, Peer, Policy, Rule, Scope};
use crate::ports::{PortRange, PortSet, Protocol};
use crate::verdict::Tri;

/// Members that a selector matches, by number, certainly or perhaps.
pub(super) type Found = Rc<[(u32, Tri)]>;

/// The input with what lints look up again and again.
pub(super) struct World<'a> {
    pub(super) input: &'a Input,
    pub(super) options: &'a Options,
    index: RefCell<Index<'a>>,
    by_namespace: HashMap<&'a str, Vec<u32>>,
    selected: RefCell<HashMap<(&'a str, &'a Selector), Found>>,
    peers: RefCell<HashMap<&'a Peer, Found>>,
    ports: RefCell<HashMap<*const (u32, Tri), Rc<Declared>>>,
}

/// What some pods declare together.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// Whether there is a pod, and each declares a port: only then a port that is not declared is
    /// not listened on, as far as one can tell.
    pub(super) by_all: bool,
    pub(super) ports: PortSet,
    pub(super) names: HashSet<(Protocol, String)>,
}

impl<'a> World<'a> {
    /// The universe is that of the input, without pods that are not in it.
    pub(super) fn new(universe: &'a Universe<'a>, input: &'a Input, options: &'a Options) -> Self {
        let policies = &input.cluster.policies;
        let peers = policies.iter().flat_map(rules).flat_map(|(_, _, rule)| &rule.peers);
        let peers = peers.filter_map(|peer| match peer {
            Peer::Pods { pods, .. } => Some(pods),
            Peer::Block(_) => None,
        });
        let services = input.services.iter().filter_map(|s| s.selector.as_ref());
        let selectors = policies.iter().map(|p| &p.selector).chain(peers).chain(services);
        let mut by_namespace: HashMap<&str, Vec<u32>> = HashMap::new();
        for (i, member) in (0..).zip(&input.members) {
            by_namespace.entry(&member.namespace).or_default().push(i);
        }
        Self {
            input,
            options,
            index: RefCell::new(Index::new(universe, selectors)),
            by_namespace,
            selected: RefCell::default(),
            peers: RefCell::default(),
            ports: RefCell::default(),
        }
    }

    pub(super) fn member(&self, i: u32) -> &'a Member {
        &self.input.members[i as usize]
    }

    pub(super) fn policies(&self) -> &'a [Policy] {
        &self.input.cluster.policies
    }

    /// The members of a namespace.
    pub(super) fn namespace(&self, name: &str) -> &[u32] {
        self.by_namespace.get(name).map_or(&[], Vec::as_slice)
    }

    /// Namespaces that have members.
    pub(super) fn inhabited(&self) -> impl Iterator<Item = &'a str> {
        self.by_namespace.keys().copied()
    }

    /// The pods of a namespace that a selector matches.
    pub(super) fn pods(&self, namespace: &'a str, selector: &'a Selector) -> Found {
        if let Some(found) = self.selected.borrow().get(&(namespace, selector)) {
            return Rc::clone(found);
        }
        let found: Found = self.index.borrow_mut().in_namespace(namespace, selector).into();
        self.selected.borrow_mut().insert((namespace, selector), Rc::clone(&found));
        found
    }

    /// The pods that a policy selects.
    pub(super) fn selected(&self, policy: &'a Policy) -> Found {
        self.pods(&policy.namespace, &policy.selector)
    }

    /// The pods that the labels of a peer match. Blocks match none here.
    pub(super) fn peer(&self, policy: &'a Policy, peer: &'a Peer) -> Found {
        let Peer::Pods { namespaces, pods } = peer else { return Rc::new([]) };
        let Scope::Matching(selector) = namespaces else {
            return self.pods(&policy.namespace, pods);
        };
        if let Some(found) = self.peers.borrow().get(peer) {
            return Rc::clone(found);
        }
        let found: Found = self.index.borrow_mut().in_namespaces(selector, pods).into();
        self.peers.borrow_mut().insert(peer, Rc::clone(&found));
        found
    }

    /// Whether the pods that a peer speaks of are those of the input: it names its namespaces by
    /// something that ones of the input have.
    pub(super) fn knows_homes(&self, peer: &Peer) -> bool {
        let Peer::Pods { namespaces: Scope::Matching(selector), .. } = peer else { return true };
        self.options.whole
            || is_positive(selector)
                && selector.requirements().iter().all(|r| match r {
                    Requirement::In(key, names) if key == NAMESPACE_NAME => {
                        names.iter().all(|n| self.by_namespace.contains_key(n.as_str()))
                    }
                    _ => true,
                })
    }

    /// Whether a selector matches the labels of a namespace.
    pub(super) fn namespace_is(&self, name: &str, selector: &Selector) -> Tri {
        let somebody = crate::endpoint::Pod::new(name, "", Default::default());
        selector.matches(&self.input.cluster.namespace_labels(&somebody))
    }

    /// What these pods declare. `pods` must be one of the sets that the world handed out.
    pub(super) fn declared(&self, pods: &Found) -> Rc<Declared> {
        if pods.is_empty() {
            return Rc::default();
        }
        let mut known = self.ports.borrow_mut();
        Rc::clone(known.entry(pods.as_ptr()).or_insert_with(|| {
            let members = pods.iter().map(|(i, _)| self.member(*i));
            Rc::new(declared(members))
        }))
    }
}

pub(super) fn declared<'m>(members: impl Iterator<Item = &'m Member>) -> Declared {
    let mut all = Declared { by_all: true, ..Declared::default() };
    let mut seen: HashSet<(Protocol, u16)> = HashSet::new();
    let mut any = false;
    for member in members {
        any = true;
        let ContainerPorts::Known(ports) = &member.pod.ports else {
            all.by_all = false;
            continue;
        };
        all.by_all &= !ports.is_empty();
        for port in ports {
            if seen.insert((port.protocol, port.port)) {
                let one = PortSet::of(port.protocol, PortRange::one(port.port));
                all.ports = all.ports.union(&one);
            }
            if !port.name.is_empty() {
                all.names.insert((port.protocol, port.name.clone()));
            }
        }
    }
    all.by_all &= any;
    all
}

/// Every rule of a policy with its direction and place.
pub(super) fn rules(policy: &Policy) -> impl Iterator<Item = (Direction, usize, &Rule)> {
    Direction::ALL.into_iter().flat_map(|direction| {
        let rules = policy.rules(direction).unwrap_or_default();
        rules.iter().enumerate().map(move |(i, rule)| (direction, i, rule))
    })
}

/// Whether a selector asks for a label: one that only excludes is meant for pods to come as well.
pub(super) fn is_positive(selector: &Selector) -> bool {
    let asks = |r: &Requirement| matches!(r, Requirement::In(..) | Requirement::Exists(_));
    selector.requirements().iter().any(asks)
}

/// Labels that controllers put on what they make. A selector that reads one means pods that are
/// made at run time.
pub(super) fn reads_controller_labels(selector: &Selector) -> bool {
    const KEYS: [&str; 5] = [
        "batch.kubernetes.io/job-name",
        "job-name",
        "batch.kubernetes.io/controller-uid",
        "controller-uid",
        "batch.kubernetes.io/job-completion-index",
    ];
    selector.requirements().iter().any(|r| {
        matches!(r, Requirement::In(..) | Requirement::Exists(_)) && KEYS.contains(&r.key())
    })
}
