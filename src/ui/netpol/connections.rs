//! `connections` for people.

use std::fmt::{self, Write};
use std::rc::Rc;

use crate::netpol::Direction;
use crate::netpol::address::Span;
use crate::netpol::engine::Ports;
use crate::netpol::listing::{By, Listing, Name, Rows};
use crate::netpol::report::label;

/// Groups with their members, then one line for each connection.
///
/// # Errors
/// Those of the writer.
pub fn connections_table(listing: &mut Listing<'_, '_>, out: &mut dyn Write) -> fmt::Result {
    legend(listing, out)?;
    let ends = (0..listing.nodes().len()).map(|i| label::of(listing, i)).collect();
    listing.each(&mut Lines { out, ends })
}

/// Who the groups are, where they are several.
pub(super) fn legend(listing: &Listing<'_, '_>, out: &mut dyn Write) -> fmt::Result {
    if listing.by() != By::Group {
        return Ok(());
    }
    for (i, node) in listing.nodes().iter().enumerate() {
        if node.members.len() > 1
            && let Name::Group(group) = node.name
        {
            let members: Vec<String> = listing.members(i).map(crate::netpol::Member::id).collect();
            writeln!(out, "g{group} = {}", members.join(", "))?;
        }
    }
    Ok(())
}

struct Lines<'o> {
    out: &'o mut dyn Write,
    ends: Vec<String>,
}

impl Rows for Lines<'_> {
    fn pair(&mut self, from: usize, to: usize, ports: &Rc<[Ports]>) -> fmt::Result {
        ports.iter().try_for_each(|row| line(self.out, &self.ends[from], &self.ends[to], row))
    }

    fn addresses(
        &mut self,
        node: usize,
        direction: Direction,
        spans: &[Span],
        ports: &Ports,
    ) -> fmt::Result {
        let (own, other) = (&self.ends[node], &label::addresses(spans));
        match direction {
            Direction::Ingress => line(self.out, other, own, ports),
            Direction::Egress => line(self.out, own, other, ports),
        }
    }
}

fn line(out: &mut dyn Write, from: &str, to: &str, row: &Ports) -> fmt::Result {
    let why = row.why.map(|why| format!("  ? {why}")).unwrap_or_default();
    writeln!(out, "{from} → {to}  {} {}{why}", row.protocol, label::ranges(&row.ranges, ","))
}
