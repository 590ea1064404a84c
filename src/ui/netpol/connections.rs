//! `connections` for people.

use std::fmt::{self, Write};

use netpol::listing::{By, Listing, Name};
use netpol::report::label;

/// Groups with their members, then one line for each connection.
///
/// # Errors
/// Those of the writer.
pub fn connections_table(listing: &mut Listing<'_, '_>, out: &mut dyn Write) -> fmt::Result {
    legend(listing, out)?;
    let ends = label::all(listing);
    listing.each_row(|row| {
        let [from, to] = [row.from, row.to].map(|end| label::row_end(&ends, end, str::to_owned));
        let ports = row.ports;
        let why = ports.why.map(|why| format!("  ? {why}")).unwrap_or_default();
        let ranges = label::ranges(&ports.ranges, ",");
        writeln!(out, "{from} → {to}  {} {ranges}{why}", ports.protocol)
    })
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
            let members: Vec<String> = listing.members(i).map(netpol::Member::id).collect();
            writeln!(out, "g{group} = {}", members.join(", "))?;
        }
    }
    Ok(())
}
