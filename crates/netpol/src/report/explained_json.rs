//! `connections --explain -o json`, schema `openhive.io/connections-explained/v1`
//! (`docs/connections-json.md`).
//!
//! Written as a stream; only the reasons, each once, wait for the end.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::rc::Rc;

use super::connections_json::{addresses, end, legend, text};
use crate::address::Span;
use crate::engine::{Connections, Ports};
use crate::listing::{Listing, Pairs};
use crate::policy::Direction;
use crate::ports::PortSet;
use crate::reasons::{Passes, Reasons};

/// The name and version of the format.
pub const EXPLAINED_SCHEMA: &str = "openhive.io/connections-explained/v1";

/// Writes every pair of the listing with the reasons of both sides.
///
/// # Errors
/// Those of the writer.
pub fn explained_json(listing: &mut Listing<'_, '_>, out: &mut dyn Write) -> fmt::Result {
    write!(out, "{{\"schema\":{}", text(EXPLAINED_SCHEMA))?;
    legend(listing, out)?;
    out.write_str(",\"pairs\":[")?;
    let reasons = Reasons::new(listing.connections());
    let nodes = listing.nodes().iter();
    let (ends, classes): (Vec<_>, _) = nodes.map(|node| (end(&node.name), node.class)).unzip();
    let mut writer = Writer {
        out,
        reasons,
        ends: ends.into(),
        classes,
        first: true,
        answers: HashMap::new(),
        asked: listing.asked_ports(),
        denied: String::new(),
    };
    writer.denied = writer.fields(&Passes::default());
    listing.each_pair(&mut writer)?;
    let Writer { reasons, .. } = writer;
    out.write_str("\n],\"reasons\":{")?;
    for (number, reason) in reasons.all().iter().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        let reason = serde_json::to_string(reason).map_err(|_| fmt::Error)?;
        write!(out, "{comma}\n\"r{}\":{reason}", number + 1)?;
    }
    out.write_str("\n}}\n")
}

struct Writer<'o> {
    out: &'o mut dyn Write,
    reasons: Reasons,
    /// For each node its text.
    ends: Rc<[String]>,
    /// For each node its class.
    classes: Vec<usize>,
    first: bool,
    /// The answers by the rows' place in memory.
    answers: HashMap<*const Ports, Rc<str>>,
    asked: PortSet,
    /// The answer where nothing passes.
    denied: String,
}

impl Writer<'_> {
    /// `,"allowed":{…},"denied":{…}`: of the ports that are asked for.
    fn fields(&self, passes: &Passes) -> String {
        let answer = serde_json::to_string(&passes.answer(&self.asked)).unwrap_or_default();
        let fields = answer.strip_prefix('{').and_then(|a| a.strip_suffix('}'));
        format!(",{}", fields.unwrap_or_default())
    }

    fn row(&mut self, from: &str, to: &str, answer: &str) -> fmt::Result {
        let comma = if std::mem::take(&mut self.first) { "\n" } else { ",\n" };
        for part in [comma, "{\"src\":", from, ",\"dst\":", to, answer] {
            self.out.write_str(part)?;
        }
        Ok(())
    }
}

impl Pairs for Writer<'_> {
    fn pair(
        &mut self,
        connections: &Connections<'_>,
        from: usize,
        to: usize,
        ports: Option<&Rc<[Ports]>>,
    ) -> fmt::Result {
        let (source, destination) = (self.classes[from], self.classes[to]);
        let egress = self.reasons.of(connections, Direction::Egress, source, destination) + 1;
        let ingress = self.reasons.of(connections, Direction::Ingress, destination, source) + 1;
        let answer = match ports {
            None => Rc::from(self.denied.as_str()),
            Some(ports) => match self.answers.get(&ports.as_ptr()) {
                Some(known) => Rc::clone(known),
                None => {
                    let made: Rc<str> = self.fields(&Passes::of(ports)).into();
                    self.answers.insert(ports.as_ptr(), Rc::clone(&made));
                    made
                }
            },
        };
        let ends = Rc::clone(&self.ends);
        self.row(&ends[from], &ends[to], &answer)?;
        write!(self.out, ",\"egress\":\"r{egress}\",\"ingress\":\"r{ingress}\"}}")
    }

    fn outside(
        &mut self,
        connections: &Connections<'_>,
        node: usize,
        direction: Direction,
        classes: &[(usize, Vec<Span>)],
    ) -> fmt::Result {
        for (reason, spans) in
            self.reasons.by_address(connections, direction, self.classes[node], classes)
        {
            let answer = self.fields(&self.reasons.get(reason).passes);
            let (ends, other) = (Rc::clone(&self.ends), addresses(&spans));
            let (from, to) = direction.from_to(&*ends[node], &*other);
            self.row(from, to, &answer)?;
            write!(self.out, ",\"{direction}\":\"r{}\"}}", reason + 1)?;
        }
        Ok(())
    }
}
