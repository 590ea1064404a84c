//! `connections -o json`, schema `openhive.io/connections/v1` (`docs/connections-json.md`).
//!
//! Written as a stream: there may be more rows than fit into memory.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::rc::Rc;

use crate::netpol::address::Span;
use crate::netpol::engine::{Connections, Edge, End, Ports};
use crate::netpol::policy::Direction;

/// The name and version of the format.
pub const SCHEMA: &str = "openhive.io/connections/v1";

/// Writes every connection, between groups of pods that behave alike, or between single pods where
/// `ungrouped`.
///
/// # Errors
/// Those of the writer.
pub fn connections_json(
    connections: &mut Connections<'_>,
    ungrouped: bool,
    out: &mut dyn Write,
) -> fmt::Result {
    write!(out, "{{\"schema\":{}", text(SCHEMA))?;
    let mut writer = Writer {
        out,
        uncertain: String::new(),
        first: true,
        ends: HashMap::new(),
        ports: HashMap::new(),
    };
    if ungrouped {
        writer.out.write_str(",\"connections\":[")?;
        writer.members(connections)?;
    } else {
        writer.groups(connections)?;
        writer.out.write_str(",\"connections\":[")?;
        writer.edges(connections)?;
    }
    let uncertain = writer.uncertain;
    write!(out, "\n],\"uncertain\":[{uncertain}\n]}}\n")
}

/// A JSON string.
fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

struct Writer<'o> {
    out: &'o mut dyn Write,
    uncertain: String,
    first: bool,
    ends: HashMap<End, Rc<str>>,
    /// Rows without their ends: whether certain, and the text, by the rows' place in memory.
    ports: HashMap<*const Ports, Rc<[(bool, String)]>>,
}

impl Writer<'_> {
    fn groups(&mut self, connections: &Connections<'_>) -> fmt::Result {
        self.out.write_str(",\"groups\":{")?;
        for class in connections.ends() {
            let End::Group(group) = connections.end(class) else { continue };
            let members: Vec<_> =
                connections.members(group).map(|m| connections.member(m)).collect();
            let list = |pods: bool| {
                let ids = members.iter().filter(|m| m.is_pod == pods).map(|m| text(&m.id()));
                ids.collect::<Vec<_>>().join(",")
            };
            let replicas: u64 = members.iter().map(|m| u64::from(m.replicas)).sum();
            write!(
                self.out,
                "{}\n{}:{{\"namespace\":{},\"workloads\":[{}],\"pods\":[{}],\"replicas\":{replicas}}}",
                if group > 0 { "," } else { "" },
                text(&name(group)),
                text(&members[0].namespace),
                list(false),
                list(true),
            )?;
        }
        self.out.write_str("\n}")
    }

    fn edges(&mut self, connections: &mut Connections<'_>) -> fmt::Result {
        for class in connections.ends() {
            for Edge { from, to, ports } in connections.from(class) {
                let (from, to) = (self.end(connections, from), self.end(connections, to));
                self.rows(&from, &to, &ports)?;
            }
            if let End::Group(_) = connections.end(class) {
                let from = self.end(connections, End::Group(class));
                self.addresses(connections, class, Direction::Egress, &from)?;
            }
        }
        for class in connections.ends() {
            if let End::Group(_) = connections.end(class) {
                let to = self.end(connections, End::Group(class));
                self.addresses(connections, class, Direction::Ingress, &to)?;
            }
        }
        Ok(())
    }

    fn members(&mut self, connections: &mut Connections<'_>) -> fmt::Result {
        let groups = connections.groups();
        let ids: Vec<Rc<str>> = (0..groups.len()).map(|m| member(connections, m)).collect();
        let mut known: HashMap<usize, Rc<[Edge]>> = HashMap::new();
        for (from, group) in groups.iter().enumerate() {
            let edges = known.entry(*group).or_insert_with(|| connections.from(*group).into());
            let edges = Rc::clone(edges);
            let mut expanded: Vec<(usize, &Edge)> = edges
                .iter()
                .filter_map(|edge| match edge.to {
                    End::Group(to) => Some(connections.members(to).map(move |m| (m, edge))),
                    End::Stranger(_) => None,
                })
                .flatten()
                .filter(|(to, _)| *to != from)
                .collect();
            expanded.sort_unstable_by_key(|(to, _)| *to);
            for (to, edge) in expanded {
                self.rows(&ids[from], &ids[to], &edge.ports)?;
            }
            for edge in edges.iter().filter(|e| matches!(e.to, End::Stranger(_))) {
                let to = self.end(connections, edge.to);
                self.rows(&ids[from], &to, &edge.ports)?;
            }
            self.addresses(connections, *group, Direction::Egress, &ids[from])?;
        }
        for class in connections
            .ends()
            .filter(|c| matches!(connections.end(*c), End::Stranger(_)))
            .collect::<Vec<_>>()
        {
            let from = self.end(connections, End::Stranger(class));
            let edges = connections.from(class);
            let mut expanded: Vec<(usize, &Edge)> = edges
                .iter()
                .filter_map(|edge| match edge.to {
                    End::Group(to) => Some(connections.members(to).map(move |m| (m, edge))),
                    End::Stranger(_) => None,
                })
                .flatten()
                .collect();
            expanded.sort_unstable_by_key(|(to, _)| *to);
            for (to, edge) in expanded {
                self.rows(&from, &ids[to], &edge.ports)?;
            }
        }
        for (to, group) in groups.iter().enumerate() {
            self.addresses(connections, *group, Direction::Ingress, &ids[to])?;
        }
        Ok(())
    }

    /// One row for each protocol.
    fn rows(&mut self, from: &str, to: &str, ports: &Rc<[Ports]>) -> fmt::Result {
        let known = self
            .ports
            .entry(ports.as_ptr())
            .or_insert_with(|| ports.iter().map(|p| (p.why.is_none(), port_fields(p))).collect());
        for (certain, fields) in Rc::clone(known).iter() {
            self.row(from, to, *certain, fields)?;
        }
        Ok(())
    }

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

    fn addresses(
        &mut self,
        connections: &mut Connections<'_>,
        group: usize,
        direction: Direction,
        own: &str,
    ) -> fmt::Result {
        for row in connections.outside(group, direction).iter() {
            let other = addresses(&row.addresses);
            let (from, to) = match direction {
                Direction::Ingress => (other.as_str(), own),
                Direction::Egress => (own, other.as_str()),
            };
            self.row(from, to, row.ports.why.is_none(), &port_fields(&row.ports))?;
        }
        Ok(())
    }

    fn end(&mut self, connections: &Connections<'_>, end: End) -> Rc<str> {
        let make = || match end {
            End::Group(group) => format!("{{\"group\":{}}}", text(&name(group))).into(),
            End::Stranger(class) => {
                let pattern =
                    serde_json::to_string(connections.stranger(class)).unwrap_or_default();
                format!("{{\"unknown\":{pattern}}}").into()
            }
        };
        Rc::clone(self.ends.entry(end).or_insert_with(make))
    }
}

fn name(group: usize) -> String {
    format!("g{}", group + 1)
}

fn member(connections: &Connections<'_>, member: usize) -> Rc<str> {
    let member = connections.member(member);
    let key = if member.is_pod { "pod" } else { "workload" };
    format!("{{\"{key}\":{}}}", text(&member.id())).into()
}

fn addresses(spans: &[Span]) -> String {
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
