//! Which connections are listed, and under which names.
//!
//! A layer over the classes of [`Connections`]: it cuts them into nodes (groups, single pods, or
//! what a controller made), keeps those that a [`Filter`] asks about, and hands out their rows.

mod difference;
mod filter;
mod rows;

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use crate::address::Span;
use crate::engine::{Connections, Edge, End, PodPattern, Ports};
use crate::input::{Member, Owner};
use crate::policy::Direction;
use crate::ports::PortSet;

pub use filter::{Asked, Filter};
pub use rows::{Pairs, Row, RowEnd, Rows};

/// What one node stands for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum By {
    /// Members that behave alike.
    #[default]
    Group,
    /// One pod, or a workload without pods.
    Pod,
    /// The pods of the top-most controller in the input.
    Workload,
    /// The pods of the direct controller.
    Owner,
}

/// Members that are listed as one: all of them behave alike.
#[derive(Clone, Debug)]
pub struct Node {
    /// Whose class in [`Connections`] it is part of.
    pub class: usize,
    /// Its members, as numbers in the input. None: a pod that is not in the input.
    pub members: Vec<usize>,
    /// What it is called.
    pub name: Name,
    is_source: bool,
    is_destination: bool,
    is_inside: bool,
}

/// The name of a node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Name {
    /// A group, by number from 1 on.
    Group(usize),
    /// A pod, as `namespace/name`.
    Pod(String),
    /// A workload, as `namespace/kind/name`, or a part of it.
    Workload(String, Option<String>),
    /// A direct controller, as `namespace/kind/name`, or a part of what it made.
    Owner(String, Option<String>),
    /// A pod that is not in the input.
    Unknown(PodPattern),
}

/// The connections that are asked for.
pub struct Listing<'c, 'a> {
    connections: &'c mut Connections<'a>,
    by: By,
    filter: Filter,
    nodes: Vec<Node>,
    /// For each class its nodes.
    of_class: Vec<Vec<usize>>,
    /// Rows of which only some ports are asked for.
    trimmed: HashMap<*const Ports, Trimmed>,
}

struct Trimmed {
    /// Kept, so that no other rows come to stand at its address.
    _of: Rc<[Ports]>,
    rows: Rc<[Ports]>,
}

impl<'c, 'a> Listing<'c, 'a> {
    /// Cuts the classes into nodes.
    #[must_use]
    pub fn new(connections: &'c mut Connections<'a>, by: By, filter: Filter) -> Self {
        let nodes = nodes(connections, by, &filter);
        let mut of_class = vec![Vec::new(); connections.ends().len()];
        for (i, node) in nodes.iter().enumerate() {
            of_class[node.class].push(i);
        }
        Self { connections, by, filter, nodes, of_class, trimmed: HashMap::new() }
    }

    /// What the nodes stand for.
    #[must_use]
    pub const fn by(&self) -> By {
        self.by
    }

    /// The nodes: those with members by their first one, then pods that are not in the input.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The members of a node.
    pub fn members(&self, node: usize) -> impl Iterator<Item = &'a Member> {
        self.nodes[node].members.iter().map(|m| self.connections.member(*m))
    }

    /// Hands out every row: by source, then destination, in the order of the nodes; addresses
    /// behind the nodes, and sources that are addresses last.
    ///
    /// # Errors
    /// Those of `rows`.
    pub fn each(&mut self, rows: &mut dyn Rows) -> fmt::Result {
        let mut edges: (usize, Vec<Edge>) = (usize::MAX, Vec::new());
        let mut found: Vec<(usize, Rc<[Ports]>)> = Vec::new();
        for from in 0..self.nodes.len() {
            let class = self.nodes[from].class;
            if self.nodes[from].is_source {
                if edges.0 != class {
                    edges = (class, self.connections.from(class));
                }
                found.clear();
                for edge in &edges.1 {
                    let (End::Group(class) | End::Representative(class)) = edge.to;
                    for i in 0..self.of_class[class].len() {
                        let to = self.of_class[class][i];
                        if self.is_listed(from, to)
                            && let Some(ports) = self.asked_of(&edge.ports)
                        {
                            found.push((to, ports));
                        }
                    }
                }
                if !found.is_sorted_by_key(|(to, _)| *to) {
                    found.sort_unstable_by_key(|(to, _)| *to);
                }
                for (to, ports) in &found {
                    rows.pair(from, *to, ports)?;
                }
                self.outside(from, Direction::Egress, rows)?;
            }
        }
        for to in 0..self.nodes.len() {
            if self.nodes[to].is_destination {
                self.outside(to, Direction::Ingress, rows)?;
            }
        }
        Ok(())
    }

    /// Hands out every pair that is asked for, in the order of [`Listing::each`]. Ports are not cut
    /// down to those that are asked for.
    ///
    /// # Errors
    /// Those of `pairs`.
    pub fn each_pair(&mut self, pairs: &mut dyn Pairs) -> fmt::Result {
        let mut edges: (usize, HashMap<usize, Rc<[Ports]>>) = (usize::MAX, HashMap::new());
        let classes = self.connections.ends().end..self.connections.classes();
        let all: Vec<(usize, Vec<Span>)> =
            classes.map(|class| (class, self.connections.addresses(class))).collect();
        let asked = |direction| -> Vec<(usize, Vec<Span>)> {
            let cut = |(class, spans): &(usize, Vec<Span>)| {
                (*class, self.filter.addresses(direction, spans))
            };
            all.iter().map(cut).filter(|(_, spans)| !spans.is_empty()).collect()
        };
        let (sources, destinations) = (asked(Direction::Ingress), asked(Direction::Egress));
        for from in 0..self.nodes.len() {
            let class = self.nodes[from].class;
            if !self.nodes[from].is_source {
                continue;
            }
            if edges.0 != class {
                let found = self.connections.from(class).into_iter().map(|edge| {
                    let (End::Group(to) | End::Representative(to)) = edge.to;
                    (to, edge.ports)
                });
                edges = (class, found.collect());
            }
            let is_known = |node: &Node| !node.members.is_empty();
            for to in 0..self.nodes.len() {
                let one_is_known = is_known(&self.nodes[from]) || is_known(&self.nodes[to]);
                if one_is_known && self.is_listed(from, to) {
                    let ports = edges.1.get(&self.nodes[to].class);
                    pairs.pair(self.connections, from, to, ports)?;
                }
            }
            self.each_outside(from, Direction::Egress, &destinations, pairs)?;
        }
        for to in 0..self.nodes.len() {
            if self.nodes[to].is_destination {
                self.each_outside(to, Direction::Ingress, &sources, pairs)?;
            }
        }
        Ok(())
    }

    fn each_outside(
        &self,
        node: usize,
        direction: Direction,
        addresses: &[(usize, Vec<Span>)],
        pairs: &mut dyn Pairs,
    ) -> fmt::Result {
        let own = &self.nodes[node];
        if own.members.is_empty() || !own.is_inside || addresses.is_empty() {
            return Ok(());
        }
        pairs.outside(self.connections, node, direction, addresses)
    }

    /// The ports that are asked for.
    #[must_use]
    pub fn asked_ports(&self) -> PortSet {
        self.filter.asked_ports()
    }

    /// What is listed.
    #[must_use]
    pub const fn connections(&self) -> &Connections<'a> {
        self.connections
    }

    fn is_listed(&self, from: usize, to: usize) -> bool {
        let (a, b) = (&self.nodes[from], &self.nodes[to]);
        let others = match a.members.as_slice() {
            [member] => self.connections.member(*member).may_be_several(),
            members => members.len() > 1,
        };
        b.is_destination && (a.is_inside || b.is_inside) && (from != to || others)
    }

    /// The ports among these that are asked for; `None`: none.
    fn asked_of(&mut self, ports: &Rc<[Ports]>) -> Option<Rc<[Ports]>> {
        if self.filter.ports.is_none() {
            return Some(Rc::clone(ports));
        }
        let filter = &self.filter;
        let trimmed = self.trimmed.entry(ports.as_ptr()).or_insert_with(|| Trimmed {
            _of: Rc::clone(ports),
            rows: ports.iter().filter_map(|row| trim(filter, row)).collect(),
        });
        (!trimmed.rows.is_empty()).then(|| Rc::clone(&trimmed.rows))
    }

    fn outside(&mut self, node: usize, direction: Direction, rows: &mut dyn Rows) -> fmt::Result {
        let Node { class, ref members, is_inside, .. } = self.nodes[node];
        if members.is_empty() || !is_inside {
            return Ok(());
        }
        for row in self.connections.outside(class, direction).iter() {
            let Some(ports) = trim(&self.filter, &row.ports) else { continue };
            let asked = self.filter.addresses(direction, &row.addresses);
            if !asked.is_empty() {
                rows.addresses(node, direction, &asked, &ports)?;
            }
        }
        Ok(())
    }
}

fn trim(filter: &Filter, row: &Ports) -> Option<Ports> {
    let ranges = filter.ports(row.protocol, &row.ranges);
    (!ranges.is_empty()).then_some(Ports { ranges, ..*row })
}

/// What members of one class must share to be one node.
#[derive(Eq, Hash, PartialEq)]
enum Key<'a> {
    Class,
    Member(usize),
    Owner(&'a Owner),
}

fn nodes(connections: &Connections<'_>, by: By, filter: &Filter) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut known = HashMap::new();
    for (member, class) in connections.groups().into_iter().enumerate() {
        let home = [connections.member(member).namespace.as_str()];
        let [is_source, is_destination] = filter.is_asked(Some(member), &home);
        if !is_source && !is_destination {
            continue;
        }
        let key = key(connections.member(member), member, by);
        let node = *known.entry((class, key, is_source, is_destination)).or_insert_with(|| {
            let is_inside = filter.is_inside(&home);
            let name = Name::Group(nodes.len() + 1);
            let members = Vec::new();
            nodes.push(Node { class, members, name, is_source, is_destination, is_inside });
            nodes.len() - 1
        });
        nodes[node].members.push(member);
    }
    name(connections, by, &mut nodes);
    for class in connections.ends() {
        let End::Representative(_) = connections.end(class) else { continue };
        let home = connections.representative(class).namespaces();
        let [is_source, is_destination] = filter.is_asked(None, &home);
        let is_inside = filter.is_inside(&home);
        let name = Name::Unknown(connections.representative(class).clone());
        if is_source || is_destination {
            let members = Vec::new();
            nodes.push(Node { class, members, name, is_source, is_destination, is_inside });
        }
    }
    nodes
}

fn key(member: &Member, number: usize, by: By) -> Key<'_> {
    match by {
        By::Group => Key::Class,
        By::Pod => Key::Member(number),
        By::Workload => member.workload.as_ref().map_or(Key::Member(number), Key::Owner),
        By::Owner => member.owner.as_ref().map_or(Key::Member(number), Key::Owner),
    }
}

/// Names the nodes. Nodes of one controller are told apart by what makes them differ.
fn name(connections: &Connections<'_>, by: By, nodes: &mut [Node]) {
    if by == By::Group {
        return;
    }
    let mut parts: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, node) in nodes.iter_mut().enumerate() {
        let member = connections.member(node.members[0]);
        let owner = match by {
            By::Workload => &member.workload,
            By::Owner => &member.owner,
            By::Group | By::Pod => &None,
        };
        let id = owner.as_ref().map(|o| format!("{}/{o}", member.namespace));
        if let Some(id) = &id {
            parts.entry(id.clone()).or_default().push(i);
        }
        node.name = match (by, id) {
            (By::Workload, Some(id)) => Name::Workload(id, None),
            (By::Owner, Some(id)) => Name::Owner(id, None),
            _ if member.is_pod => Name::Pod(member.id()),
            _ => Name::Workload(member.id(), None),
        };
    }
    for parts in parts.into_values().filter(|parts| parts.len() > 1) {
        let members = |node: &usize| {
            nodes[*node].members.iter().map(|m| connections.member(*m)).collect::<Vec<_>>()
        };
        let members: Vec<Vec<&Member>> = parts.iter().map(members).collect();
        let names = difference::names(&connections.input().cluster, &members);
        for (node, part) in parts.into_iter().zip(names) {
            if let Name::Workload(_, own) | Name::Owner(_, own) = &mut nodes[node].name {
                *own = Some(part);
            }
        }
    }
}
