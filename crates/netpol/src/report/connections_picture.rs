//! `connections -o dot|svg`.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::label;
use super::picture::{NodeId, Picture, Tone};
use crate::address::{Span, in_words, merged, pieces};
use crate::engine::Ports;
use crate::listing::{Listing, Name, Rows};
use crate::policy::Direction;
use crate::ports::PortSet;

/// Intervals of addresses and members of a group that a label lists; the rest is counted.
const LISTED: usize = 3;

/// The connections of the listing: one arrow for all that one end may send to another.
#[must_use]
pub fn connections_picture(listing: &mut Listing<'_, '_>, title: &str) -> Picture {
    let mut found = Found::default();
    // Collecting does not fail.
    let _ = listing.each(&mut found);
    let mut picture = Picture::new(title);
    let mut nodes: BTreeMap<End, NodeId> = BTreeMap::new();
    for arrow in found.arrows() {
        let [from, to] = [arrow.from, arrow.to].map(|end| {
            let known = nodes.get(&end).copied();
            known.unwrap_or_else(|| {
                let id = match &end {
                    End::Node(node) => draw(listing, *node, &mut picture),
                    End::Addresses(party) => picture.node(None, addresses(party)),
                };
                nodes.insert(end, id);
                id
            })
        });
        let tone = if arrow.is_certain { Tone::Plain } else { Tone::Unknown };
        picture.arrow(from, to, arrow.ports.to_string(), tone);
    }
    picture
}

#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
enum End {
    Node(usize),
    Addresses(Vec<Span>),
}

struct Arrow {
    from: End,
    to: End,
    ports: PortSet,
    is_certain: bool,
}

type AddressRow = (Vec<Span>, PortSet);

#[derive(Default)]
struct Found {
    pairs: Vec<Arrow>,
    /// For a node in one direction, certain or not.
    outside: BTreeMap<(usize, Direction, bool), Vec<AddressRow>>,
}

impl Found {
    /// Addresses of both families with the same ports become one end.
    fn arrows(self) -> Vec<Arrow> {
        let mut arrows = self.pairs;
        for ((node, direction, is_certain), rows) in self.outside {
            let mut by_ports: BTreeMap<PortSet, Vec<Span>> = BTreeMap::new();
            for piece in pieces(rows.iter().flat_map(|(spans, _)| spans)) {
                let own = rows.iter().filter(|(spans, _)| spans.iter().any(|s| s.covers(&piece)));
                let ports = own.fold(PortSet::none(), |all, (_, ports)| all.union(ports));
                if !ports.is_empty() {
                    by_ports.entry(ports).or_default().push(piece);
                }
            }
            for (ports, spans) in by_ports {
                let (own, other) = (End::Node(node), End::Addresses(merged(spans)));
                let (from, to) = direction.from_to(own, other);
                arrows.push(Arrow { from, to, ports, is_certain });
            }
        }
        arrows
    }
}

impl Rows for Found {
    fn pair(&mut self, from: usize, to: usize, ports: &Rc<[Ports]>) -> fmt::Result {
        for is_certain in [true, false] {
            let rows = ports.iter().filter(|row| row.why.is_none() == is_certain);
            let ports = rows.fold(PortSet::none(), |all, row| all.union(&row.set()));
            if !ports.is_empty() {
                let (from, to) = (End::Node(from), End::Node(to));
                self.pairs.push(Arrow { from, to, ports, is_certain });
            }
        }
        Ok(())
    }

    fn addresses(
        &mut self,
        node: usize,
        direction: Direction,
        spans: &[Span],
        ports: &Ports,
    ) -> fmt::Result {
        let rows = self.outside.entry((node, direction, ports.why.is_none())).or_default();
        rows.push((spans.to_vec(), ports.set()));
        Ok(())
    }
}

/// A node of the listing, in the box of its namespace. A group says who is in it.
fn draw(listing: &Listing<'_, '_>, node: usize, picture: &mut Picture) -> NodeId {
    let members: Vec<_> = listing.members(node).collect();
    let Some(first) = members.first() else {
        return picture.node(None, label::of(listing, node));
    };
    let namespace = first.namespace.as_str();
    let within = |name: &str| {
        let own = name.strip_prefix(namespace).and_then(|rest| rest.strip_prefix('/'));
        own.unwrap_or(name).to_owned()
    };
    let name = match listing.nodes()[node].name {
        Name::Group(_) => {
            let named: Vec<String> = members.iter().take(LISTED).map(|m| within(&m.id())).collect();
            match members.len().saturating_sub(LISTED) {
                0 => named.join(", "),
                more => format!("{} and {more} more", named.join(", ")),
            }
        }
        _ => within(&label::of(listing, node)),
    };
    picture.node(Some(namespace), name)
}

fn addresses(spans: &[Span]) -> String {
    if spans.len() > LISTED {
        return format!("{} address ranges", spans.len());
    }
    in_words(spans)
}
