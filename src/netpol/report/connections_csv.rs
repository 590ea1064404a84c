//! `connections -o csv`: RFC 4180, one row for each protocol.

use std::fmt::{self, Write};
use std::rc::Rc;

use crate::netpol::address::Span;
use crate::netpol::engine::Ports;
use crate::netpol::listing::{Listing, Rows};
use crate::netpol::policy::Direction;

use super::escape::csv as cell;
use super::label;

/// Writes every connection of the listing, with a header.
///
/// # Errors
/// Those of the writer.
pub fn connections_csv(listing: &mut Listing<'_, '_>, out: &mut dyn Write) -> fmt::Result {
    let ends = (0..listing.nodes().len()).map(|i| cell(&label::of(listing, i))).collect();
    out.write_str("source,destination,protocol,ports,uncertain\r\n")?;
    listing.each(&mut Writer { out, ends })
}

struct Writer<'o> {
    out: &'o mut dyn Write,
    ends: Vec<String>,
}

impl Writer<'_> {
    fn row(&mut self, from: &str, to: &str, ports: &Ports) -> fmt::Result {
        let why = ports.why.map_or("", crate::netpol::Why::name);
        let ranges = label::ranges(&ports.ranges, " ");
        let protocol = ports.protocol;
        for part in [from, ",", to, ",", protocol.name(), ",", &cell(&ranges), ",", why] {
            self.out.write_str(part)?;
        }
        self.out.write_str("\r\n")
    }
}

impl Rows for Writer<'_> {
    fn pair(&mut self, from: usize, to: usize, ports: &Rc<[Ports]>) -> fmt::Result {
        let ends = std::mem::take(&mut self.ends);
        let written = ports.iter().try_for_each(|row| self.row(&ends[from], &ends[to], row));
        self.ends = ends;
        written
    }

    fn addresses(
        &mut self,
        node: usize,
        direction: Direction,
        spans: &[Span],
        ports: &Ports,
    ) -> fmt::Result {
        let (own, other) = (self.ends[node].clone(), cell(&label::addresses(spans)));
        match direction {
            Direction::Ingress => self.row(&other, &own, ports),
            Direction::Egress => self.row(&own, &other, ports),
        }
    }
}
