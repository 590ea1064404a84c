//! `connections -o json`, schema `openhive.io/connections/v1` (`docs/connections-json.md`).
//!
//! Written as a stream: there may be more rows than fit into memory.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::rc::Rc;

use crate::netpol::address::Span;
use crate::netpol::engine::Ports;
use crate::netpol::input::Member;
use crate::netpol::listing::{By, Listing, Name, Rows};
use crate::netpol::policy::Direction;

/// The name and version of the format.
pub const SCHEMA: &str = "openhive.io/connections/v1";

/// Writes every connection of the listing.
///
/// # Errors
/// Those of the writer.
pub fn connections_json(listing: &mut Listing<'_, '_>, out: &mut dyn Write) -> fmt::Result {
    write!(out, "{{\"schema\":{}", text(SCHEMA))?;
    legend(listing, out)?;
    out.write_str(",\"connections\":[")?;
    let ends = listing.nodes().iter().map(|node| end(&node.name)).collect();
    let mut writer =
        Writer { out, uncertain: String::new(), first: true, ends, ports: HashMap::new() };
    listing.each(&mut writer)?;
    let uncertain = writer.uncertain;
    write!(out, "\n],\"uncertain\":[{uncertain}\n]}}\n")
}

/// A JSON string.
pub(super) fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// Who the ends of the rows are, where they do not say it themselves.
pub(super) fn legend(listing: &Listing<'_, '_>, out: &mut dyn Write) -> fmt::Result {
    match listing.by() {
        By::Group => groups(listing, out),
        By::Pod => Ok(()),
        By::Workload => controllers(listing, "workloads", out),
        By::Owner => controllers(listing, "owners", out),
    }
}

fn groups(listing: &Listing<'_, '_>, out: &mut dyn Write) -> fmt::Result {
    out.write_str(",\"groups\":{")?;
    for (i, node) in listing.nodes().iter().enumerate() {
        let Name::Group(group) = node.name else { continue };
        let members: Vec<&Member> = listing.members(i).collect();
        write!(
            out,
            "{}\n{}:{{\"namespace\":{},\"workloads\":{},\"pods\":{},\"replicas\":{}}}",
            if group > 1 { "," } else { "" },
            text(&group_name(group)),
            text(&members[0].namespace),
            ids(&members, false),
            ids(&members, true),
            replicas(&members),
        )?;
    }
    out.write_str("\n}")
}

fn controllers(listing: &Listing<'_, '_>, key: &str, out: &mut dyn Write) -> fmt::Result {
    write!(out, ",\"{key}\":[")?;
    let mut comma = "";
    for (i, node) in listing.nodes().iter().enumerate() {
        let (Name::Workload(..) | Name::Owner(..)) = node.name else { continue };
        let members: Vec<&Member> = listing.members(i).collect();
        let end = end(&node.name);
        write!(
            out,
            "{comma}\n{},\"pods\":{},\"template\":{},\"replicas\":{}}}",
            end.trim_end_matches('}'),
            ids(&members, true),
            members.iter().any(|m| !m.is_pod),
            replicas(&members),
        )?;
        comma = ",";
    }
    out.write_str("\n]")
}

fn ids(members: &[&Member], pods: bool) -> String {
    let ids = members.iter().filter(|m| m.is_pod == pods).map(|m| text(&m.id()));
    format!("[{}]", ids.collect::<Vec<_>>().join(","))
}

fn replicas(members: &[&Member]) -> u64 {
    members.iter().map(|m| u64::from(m.replicas)).sum()
}

struct Writer<'o> {
    out: &'o mut dyn Write,
    uncertain: String,
    first: bool,
    /// For each node its text.
    ends: Vec<String>,
    /// Rows without their ends: whether certain, and the text, by the rows' place in memory.
    ports: HashMap<*const Ports, Rc<[(bool, String)]>>,
}

impl Writer<'_> {
    fn row(&mut self, from: &str, to: &str, certain: bool, fields: &str) -> fmt::Result {
        if certain {
            let comma = if std::mem::take(&mut self.first) { "\n" } else { ",\n" };
            for part in [comma, "{\"src\":", from, ",\"dst\":", to, fields] {
                self.out.write_str(part)?;
            }
        } else {
            let comma = if self.uncertain.is_empty() { "\n" } else { ",\n" };
            for part in [comma, "{\"src\":", from, ",\"dst\":", to, fields] {
                self.uncertain.push_str(part);
            }
        }
        Ok(())
    }
}

impl Rows for Writer<'_> {
    /// One row for each protocol.
    fn pair(&mut self, from: usize, to: usize, ports: &Rc<[Ports]>) -> fmt::Result {
        let known = self
            .ports
            .entry(ports.as_ptr())
            .or_insert_with(|| ports.iter().map(|p| (p.why.is_none(), port_fields(p))).collect());
        let ends = std::mem::take(&mut self.ends);
        let known = Rc::clone(known);
        let mut rows = known.iter();
        let written = rows
            .try_for_each(|(certain, fields)| self.row(&ends[from], &ends[to], *certain, fields));
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
        let (own, other) = (self.ends[node].clone(), addresses(spans));
        let (from, to) = match direction {
            Direction::Ingress => (&other, &own),
            Direction::Egress => (&own, &other),
        };
        self.row(from, to, ports.why.is_none(), &port_fields(ports))
    }
}

/// One end of a row.
pub(super) fn end(name: &Name) -> String {
    let controller = |key: &str, id: &str, part: &Option<String>| {
        let part = part.as_ref().map(|p| format!(",\"where\":{}", text(p))).unwrap_or_default();
        format!("{{\"{key}\":{}{part}}}", text(id))
    };
    match name {
        Name::Group(group) => format!("{{\"group\":{}}}", text(&group_name(*group))),
        Name::Pod(id) => format!("{{\"pod\":{}}}", text(id)),
        Name::Workload(id, part) => controller("workload", id, part),
        Name::Owner(id, part) => controller("owner", id, part),
        Name::Unknown(pattern) => {
            let pattern = serde_json::to_string(pattern).unwrap_or_default();
            format!("{{\"unknown\":{pattern}}}")
        }
    }
}

fn group_name(group: usize) -> String {
    format!("g{group}")
}

pub(super) fn addresses(spans: &[Span]) -> String {
    let list: Vec<String> = spans.iter().map(|s| format!("\"{s}\"")).collect();
    format!("{{\"ips\":[{}]}}", list.join(","))
}

/// The rest of a row, its closing brace included.
fn port_fields(ports: &Ports) -> String {
    let ranges: Vec<String> =
        ports.ranges.iter().map(|r| format!("[{},{}]", r.first, r.last)).collect();
    let why = ports.why.map(|w| format!(",\"why\":\"{w}\"")).unwrap_or_default();
    format!(",\"protocol\":\"{}\",\"ports\":[{}]{why}}}", ports.protocol, ranges.join(","))
}
