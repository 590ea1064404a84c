//! `connections --explain` for people.

use std::fmt::{self, Write};
use std::rc::Rc;

use super::connections::legend;
use crate::ui::Style;
use netpol::Direction;
use netpol::address::Span;
use netpol::engine::{Connections, Ports};
use netpol::listing::{Listing, Pairs};
use netpol::ports::PortSet;
use netpol::reasons::{PairAnswer, Passes, Perhaps, Reason, Reasons};
use netpol::report::label;

/// Every pair with its answer, and what both sides say.
///
/// # Errors
/// Those of the writer.
pub fn explained_table(
    listing: &mut Listing<'_, '_>,
    style: Style,
    out: &mut dyn Write,
) -> fmt::Result {
    legend(listing, out)?;
    let nodes = 0..listing.nodes().len();
    let mut blocks = Blocks {
        out,
        style,
        reasons: Reasons::new(listing.connections()),
        told: Vec::new(),
        ends: nodes.clone().map(|i| label::of(listing, i)).collect(),
        classes: nodes.map(|i| listing.nodes()[i].class).collect(),
        asked: listing.asked_ports(),
    };
    listing.each_pair(&mut blocks)
}

struct Blocks<'o> {
    out: &'o mut dyn Write,
    style: Style,
    reasons: Reasons,
    /// The lines of each reason.
    told: Vec<Rc<str>>,
    ends: Vec<String>,
    classes: Vec<usize>,
    asked: PortSet,
}

impl Blocks<'_> {
    fn head(&mut self, from: &str, to: &str, passes: &Passes) -> fmt::Result {
        writeln!(self.out, "{from} → {to}")?;
        let PairAnswer { passes, denied } = passes.answer(&self.asked);
        if !passes.allowed.is_empty() {
            let all = denied.is_empty() && passes.uncertain.is_empty();
            writeln!(
                self.out,
                "  {}",
                self.style.good(&format!("✓ allowed  {}", ports(&passes.allowed, all)))
            )?;
        }
        for Perhaps { why, ports } in &passes.uncertain {
            writeln!(self.out, "  {}", self.style.warn(&format!("? uncertain  {ports} ({why})")))?;
        }
        if !denied.is_empty() {
            let rest = passes.allowed.is_empty() && passes.uncertain.is_empty();
            let words = if rest { ports(&denied, true) } else { "everything else".to_owned() };
            writeln!(self.out, "  {}", self.style.bad(&format!("✗ denied  {words}")))?;
        }
        Ok(())
    }

    fn reason(&mut self, number: usize) -> fmt::Result {
        for number in self.told.len()..=number {
            self.told.push(lines(self.reasons.get(number)).into());
        }
        self.out.write_str(&self.told[number])
    }
}

/// The ports; `all` of those that were asked for need no list.
fn ports(ports: &PortSet, all: bool) -> String {
    if all && ports.is_all() { "everything".to_owned() } else { ports.to_string() }
}

impl Pairs for Blocks<'_> {
    fn pair(
        &mut self,
        connections: &Connections<'_>,
        from: usize,
        to: usize,
        ports: Option<&Rc<[Ports]>>,
    ) -> fmt::Result {
        let passes = ports.map_or_else(Passes::default, |ports| Passes::of(ports));
        let (source, destination) = (self.classes[from], self.classes[to]);
        let [a, b] = [from, to].map(|end| self.ends[end].clone());
        self.head(&a, &b, &passes)?;
        let egress = self.reasons.of(connections, Direction::Egress, source, destination);
        self.reason(egress)?;
        let ingress = self.reasons.of(connections, Direction::Ingress, destination, source);
        self.reason(ingress)
    }

    fn outside(
        &mut self,
        connections: &Connections<'_>,
        node: usize,
        direction: Direction,
        addresses: &[(usize, Vec<Span>)],
    ) -> fmt::Result {
        let own = self.ends[node].clone();
        let class = self.classes[node];
        for (reason, spans) in self.reasons.by_address(connections, direction, class, addresses) {
            let passes = self.reasons.get(reason).passes.clone();
            let other = label::addresses(&spans);
            let (from, to) = direction.from_to(&own, &other);
            self.head(from, to, &passes)?;
            self.reason(reason)?;
        }
        Ok(())
    }
}

fn lines(reason: &Reason) -> String {
    let mut text = String::new();
    let direction = reason.direction;
    let mut push = |line: String| text.push_str(&format!("  {direction}: {line}\n"));
    if reason.always {
        push("no policy is asked: the source is the pod's node".to_owned());
    } else if reason.policies.is_empty() && reason.not_evaluated.is_empty() {
        push("not isolated".to_owned());
    }
    for policy in &reason.policies {
        let perhaps = if policy.certain { "" } else { ", perhaps" };
        if policy.rules.is_empty() {
            push(format!("{}{perhaps}: no rule matches", policy.policy));
        }
        for rule in &policy.rules {
            let action = rule.action.name();
            let name = format!("{}, rule {}{perhaps}: {action}", policy.policy, rule.rule);
            if !rule.on.ports.is_empty() {
                push(format!("{name} {}", rule.on.ports));
            }
            for Perhaps { why, ports } in &rule.on.uncertain {
                push(format!("{name} {ports}, perhaps ({why})"));
            }
        }
    }
    for policy in &reason.not_evaluated {
        push(format!("{policy} may select it and is not evaluated"));
    }
    text
}
