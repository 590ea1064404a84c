//! `connections -o csv`: RFC 4180, one row for each protocol.

use std::fmt::{self, Write};

use crate::listing::Listing;

use super::escape::csv as cell;
use super::label;

/// Writes every connection of the listing, with a header.
///
/// # Errors
/// Those of the writer.
pub fn connections_csv(listing: &mut Listing<'_, '_>, out: &mut dyn Write) -> fmt::Result {
    let ends: Vec<String> = label::all(listing).iter().map(|label| cell(label)).collect();
    out.write_str("source,destination,protocol,ports,uncertain\r\n")?;
    listing.each_row(|row| {
        let [from, to] = [row.from, row.to].map(|end| label::row_end(&ends, end, cell));
        let why = row.ports.why.map_or("", crate::Why::name);
        let ranges = cell(&label::ranges(&row.ports.ranges, " "));
        let protocol = row.ports.protocol.name();
        for part in [&*from, ",", &*to, ",", protocol, ",", &ranges, ",", why, "\r\n"] {
            out.write_str(part)?;
        }
        Ok(())
    })
}
