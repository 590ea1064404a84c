//! What is open between everyone, as sets of ports.

use std::collections::HashMap;

use crate::address::{Span, merged, pieces};
use crate::endpoint::{Endpoint, Pod};
use crate::engine::{Connections, End, PodPattern, Ports};
use crate::input::Input;
use crate::policy::Direction;
use crate::ports::PortSet;
use crate::verdict::{Verdict, Why};

/// Ports that are open, and those of which it cannot be told.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct Open {
    pub(super) certain: PortSet,
    pub(super) doubtful: Vec<(Why, PortSet)>,
}

impl Open {
    fn of(rows: &[Ports]) -> Self {
        let mut open = Self::default();
        rows.iter().for_each(|row| open.add(row));
        open
    }

    fn add(&mut self, row: &Ports) {
        let ports = row.set();
        match row.why {
            None => self.certain = self.certain.union(&ports),
            Some(why) => match self.doubtful.iter_mut().find(|(w, _)| *w == why) {
                Some((_, all)) => *all = all.union(&ports),
                None => self.doubtful.push((why, ports)),
            },
        }
    }

    pub(super) fn possible(&self) -> PortSet {
        self.doubtful.iter().fold(self.certain.clone(), |all, (_, ports)| all.union(ports))
    }
}

impl From<&Verdict> for Open {
    fn from(verdict: &Verdict) -> Self {
        Self { certain: verdict.allowed().clone(), doubtful: verdict.uncertain() }
    }
}

/// A pod of the input, or one that is not in it, with the class that it behaves as.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) class: usize,
    pub(super) who: Who,
    /// How it is evaluated.
    pub(super) pod: Pod,
}

/// Whom an [`Actor`] is.
#[derive(Clone, Debug)]
pub(super) enum Who {
    Member(usize),
    Stranger(PodPattern),
}

pub(super) struct Survey<'a> {
    pub(super) input: &'a Input,
    pub(super) actors: Vec<Actor>,
    connections: Connections<'a>,
    edges: HashMap<(usize, usize), Open>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(input: &'a Input) -> Self {
        let mut connections = Connections::new(input, false);
        let mut actors = Vec::new();
        let mut edges = HashMap::new();
        for class in connections.ends() {
            if let End::Group(group) = connections.end(class) {
                actors.extend(connections.members(group).map(|m| Actor {
                    class,
                    who: Who::Member(m),
                    pod: connections.member(m).pod.clone(),
                }));
            }
            actors.extend(connections.representatives_of(class).map(|representative| Actor {
                class,
                who: Who::Stranger(representative.stands_for.clone()),
                pod: representative.pod.clone(),
            }));
            for edge in connections.from(class) {
                let (End::Group(to) | End::Representative(to)) = edge.to;
                edges.insert((class, to), Open::of(&edge.ports));
            }
        }
        Self { input, actors, connections, edges }
    }

    /// What one may send to another. Two of one class may have no edge between them there.
    pub(super) fn between(&self, from: &Actor, to: &Actor) -> Open {
        match self.edges.get(&(from.class, to.class)) {
            Some(open) => open.clone(),
            None if from.class == to.class => {
                let ends = (Endpoint::Pod(&from.pod), Endpoint::Pod(&to.pod));
                Open::from(&self.input.cluster.verdict(&ends.0, &ends.1))
            }
            None => Open::default(),
        }
    }

    /// What one may exchange with addresses, cut where something tells them apart: all that `key`
    /// does not tell apart either, together.
    pub(super) fn outside<K: Eq + std::hash::Hash + Ord + Clone>(
        &mut self,
        actor: &Actor,
        direction: Direction,
        cuts: &[Span],
        key: impl Fn(&Span) -> K,
    ) -> Vec<(Vec<Span>, Open, K)> {
        let rows = self.connections.outside(actor.class, direction);
        let edges: Vec<Span> =
            rows.iter().flat_map(|r| &r.addresses).chain(cuts).copied().collect();
        let mut found: HashMap<(Open, K, crate::address::Family), Vec<Span>> = HashMap::new();
        for piece in pieces(&edges) {
            let mut open = Open::default();
            for row in rows.iter().filter(|r| r.addresses.iter().any(|a| a.covers(&piece))) {
                open.add(&row.ports);
            }
            found.entry((open, key(&piece), piece.family())).or_default().push(piece);
        }
        let mut all: Vec<_> =
            found.into_iter().map(|((open, key, _), spans)| (merged(spans), open, key)).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}
