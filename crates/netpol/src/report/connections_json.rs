//! `connections -o json`, schema `openhive.io/connections/v1` (`docs/connections-json.md`).
//!
//! Written as a stream: there may be more rows than fit into memory.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::rc::Rc;

use crate::address::Span;
use crate::engine::Ports;
use crate::input::Member;
use crate::listing::{By, Listing, Name, Rows};
use crate::policy::Direction;

/// The name and version of the format.
pub const SCHEMA: &str = "openhive.io/connections/v1";

/// Writes every connection of the listing.
///
/// # Errors
/// Those of the writer.
pub fn connections_json(listing: &mut Listing<'_, '_>, out: &mut dyn Write) -> fmt::Result {
    write_all(listing, out, KEPT)
}

fn write_all(listing: &mut Listing<'_, '_>, out: &mut dyn Write, keep: usize) -> fmt::Result {
    write!(out, "{{\"schema\":{}", text(SCHEMA))?;
    legend(listing, out)?;
    out.write_str(",\"connections\":[")?;
    let mut writer = Writer::new(listing, out, keep);
    listing.each(&mut writer)?;
    writer.lists.flush(writer.out)?;
    writer.out.write_str("\n],\"uncertain\":[")?;
    match writer.lists.next() {
        Some(kept) => writer.out.write_str(kept.strip_prefix(',').unwrap_or_default())?,
        None => {
            listing.each(&mut writer)?;
            writer.lists.flush(writer.out)?;
        }
    }
    out.write_str("\n]}\n")
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

/// Text is handed on when so much of it is there.
const CHUNK: usize = 1 << 16;

/// Uncertain rows are kept while there are no more bytes of them; else they are found once more.
const KEPT: usize = 1 << 20;

/// Rows of the list that is written, and those of the one that comes after it. Each row has its comma
/// before it.
struct Lists {
    certain: bool,
    text: String,
    first: bool,
    later: Option<String>,
    keep: usize,
}

impl Lists {
    fn row(&mut self, certain: bool, parts: [&str; 3]) {
        let text = if certain == self.certain {
            &mut self.text
        } else if let Some(later) = &mut self.later {
            later
        } else {
            return;
        };
        parts.iter().for_each(|part| text.push_str(part));
        if self.later.as_ref().is_some_and(|later| later.len() > self.keep) {
            self.later = None;
        }
    }

    fn flush(&mut self, out: &mut dyn Write) -> fmt::Result {
        if self.text.is_empty() {
            return Ok(());
        }
        out.write_str(&self.text[usize::from(std::mem::take(&mut self.first))..])?;
        self.text.clear();
        Ok(())
    }

    /// Goes on to the uncertain ones: all of them, unless they were too many.
    fn next(&mut self) -> Option<String> {
        (self.certain, self.first) = (false, true);
        self.later.take()
    }
}

/// The rest of a row, its closing brace included, and whether it is certain.
type Fields = Rc<[(bool, String)]>;

struct Writer<'o> {
    out: &'o mut dyn Write,
    lists: Lists,
    /// For each node its text.
    ends: Vec<String>,
    /// A source, and how rows from it begin.
    head: (usize, String),
    /// By the rows' place in memory.
    fields: HashMap<*const Ports, Fields>,
    /// The last of them: neighbours mostly have the same.
    last: Option<(*const Ports, Fields)>,
}

impl<'o> Writer<'o> {
    fn new(listing: &Listing<'_, '_>, out: &'o mut dyn Write, keep: usize) -> Self {
        let later = Some(String::new());
        Self {
            out,
            lists: Lists { certain: true, text: String::new(), first: true, later, keep },
            ends: listing.nodes().iter().map(|node| end(&node.name)).collect(),
            head: (usize::MAX, String::new()),
            fields: HashMap::new(),
            last: None,
        }
    }

    fn fields(&mut self, ports: &Rc<[Ports]>) -> Fields {
        let place = ports.as_ptr();
        if let Some((last, fields)) = &self.last
            && *last == place
        {
            return Rc::clone(fields);
        }
        let make = || ports.iter().map(|p| (p.why.is_none(), port_fields(p))).collect();
        let fields = Rc::clone(self.fields.entry(place).or_insert_with(make));
        self.last = Some((place, Rc::clone(&fields)));
        fields
    }

    fn flush(&mut self) -> fmt::Result {
        if self.lists.text.len() < CHUNK { Ok(()) } else { self.lists.flush(self.out) }
    }
}

/// A row up to its destination.
fn head(from: &str) -> String {
    format!(",\n{{\"src\":{from},\"dst\":")
}

impl Rows for Writer<'_> {
    /// One row for each protocol.
    fn pair(&mut self, from: usize, to: usize, ports: &Rc<[Ports]>) -> fmt::Result {
        let fields = self.fields(ports);
        if self.head.0 != from {
            self.head = (from, head(&self.ends[from]));
        }
        for (certain, fields) in fields.iter() {
            self.lists.row(*certain, [&self.head.1, &self.ends[to], fields]);
        }
        self.flush()
    }

    fn addresses(
        &mut self,
        node: usize,
        direction: Direction,
        spans: &[Span],
        ports: &Ports,
    ) -> fmt::Result {
        let (own, other) = (&self.ends[node], addresses(spans));
        let (from, to) = direction.from_to(own, &other);
        self.lists.row(ports.why.is_none(), [&head(from), to, &port_fields(ports)]);
        self.flush()
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
    let mut text = String::from("{\"ips\":[");
    for (i, span) in spans.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}\"{span}\"");
    }
    text.push_str("]}");
    text
}

/// The rest of a row, its closing brace included.
fn port_fields(ports: &Ports) -> String {
    let ranges: Vec<String> =
        ports.ranges.iter().map(|r| format!("[{},{}]", r.first, r.last)).collect();
    let why = ports.why.map(|w| format!(",\"why\":\"{w}\"")).unwrap_or_default();
    format!(",\"protocol\":\"{}\",\"ports\":[{}]{why}}}", ports.protocol, ranges.join(","))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;
    use crate::engine::Connections;
    use crate::listing::Filter;
    use crate::read::Reader;

    #[test]
    fn uncertain_rows_are_the_same_whether_kept_or_found_again() {
        let mut reader = Reader::new("default");
        for app in ["a", "b"] {
            reader.add(
                &json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []},
                    "metadata": {"name": app, "labels": {"app": app}}}),
                None,
            );
        }
        reader.add(
            &json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": "p"}, "spec": {"podSelector": {"matchLabels": {"app": "a"}},
                    "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}}),
            None,
        );
        let input = reader.finish();
        let mut connections = Connections::new(&input, false);
        let mut listing = Listing::new(&mut connections, By::Pod, Filter::default());
        let mut write = |keep| {
            let mut text = String::new();
            write_all(&mut listing, &mut text, keep).unwrap();
            text
        };
        let all = write(usize::MAX);
        let value: Value = serde_json::from_str(&all).unwrap();
        let number = |key: &str| value[key].as_array().unwrap().len();
        assert!(number("connections") > 1 && number("uncertain") > 1, "{all}");
        for keep in [0, 100, 200] {
            assert_eq!(write(keep), all);
        }
    }
}
