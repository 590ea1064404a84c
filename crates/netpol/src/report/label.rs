//! Ends and ports in words, for people.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::address::Span;
use crate::address::in_words;
use crate::diff::{DiffEnd, InputDiff, Presence};
use crate::engine::PodPattern;
use crate::listing::{Listing, Name, RowEnd};
use crate::ports::PortRange;

/// What a node is called: `shop/web-0`, `shop/deployment/web (track=canary)`, `g2`. A group with one
/// member is called by that.
#[must_use]
pub fn of(listing: &Listing<'_, '_>, node: usize) -> String {
    let part = |id: &str, part: &Option<String>| match part {
        Some(part) => format!("{id} ({part})"),
        None => id.to_owned(),
    };
    match &listing.nodes()[node].name {
        Name::Group(group) => {
            let mut members = listing.members(node);
            match (members.next(), members.next()) {
                (Some(only), None) => only.id(),
                _ => format!("g{group}"),
            }
        }
        Name::Pod(id) => id.clone(),
        Name::Workload(id, own) | Name::Owner(id, own) => part(id, own),
        Name::Unknown(pattern) => unknown(pattern),
    }
}

/// [`of`] every node.
#[must_use]
pub fn all(listing: &Listing<'_, '_>) -> Vec<String> {
    (0..listing.nodes().len()).map(|node| of(listing, node)).collect()
}

/// The end of a row, with what each node is called; addresses are `written` first.
pub fn row_end<'l>(
    nodes: &'l [String],
    end: RowEnd<'_>,
    written: impl Fn(&str) -> String,
) -> Cow<'l, str> {
    match end {
        RowEnd::Node(node) => Cow::from(&nodes[node]),
        RowEnd::Addresses(spans) => Cow::from(written(&addresses(spans))),
    }
}

fn unknown(pattern: &PodPattern) -> String {
    let json = |selector| serde_json::to_string(selector).unwrap_or_default();
    format!(
        "unknown pod {} in namespace {}",
        json(&pattern.pod_selector),
        json(&pattern.namespace_selector)
    )
}

/// The end of a change. What is in one of the inputs only is marked as `new` or `gone`.
#[must_use]
pub fn diff_end(diff: &InputDiff, end: &DiffEnd) -> String {
    let number = match end {
        DiffEnd::Addresses(spans) => return in_words(spans),
        DiffEnd::Party(number) => *number,
    };
    let party = &diff.parties[number];
    let name = match (&party.unknown, party.members.as_slice()) {
        (Some(pattern), _) => unknown(pattern),
        (None, [only]) => only.clone(),
        (None, _) => format!("g{}", number + 1),
    };
    match party.presence {
        Presence::Both => name,
        Presence::Added => format!("{name} (new)"),
        Presence::Removed => format!("{name} (gone)"),
    }
}

/// The groups with several members that a change speaks of, with their names.
pub fn groups(diff: &InputDiff) -> impl Iterator<Item = (String, &[String])> {
    let ends = diff.opened.iter().chain(&diff.closed).flat_map(|c| [&c.from, &c.to]);
    let used: BTreeSet<&DiffEnd> = ends.collect();
    let parties = diff.parties.iter().enumerate().filter(|(_, party)| party.members.len() > 1);
    parties
        .filter(move |(number, _)| used.contains(&DiffEnd::Party(*number)))
        .map(|(number, party)| (format!("g{}", number + 1), party.members.as_slice()))
}

/// `2 opened, 1 closed`; where something could not be read, also that.
#[must_use]
pub fn totals(diff: &InputDiff, has_gaps: bool) -> String {
    let found = match (diff.opened.len(), diff.closed.len()) {
        (0, 0) => "no flow opens or closes".to_owned(),
        (opened, closed) => format!("{opened} opened, {closed} closed"),
    };
    if has_gaps { format!("{found}, as far as the cluster could be read") } else { found }
}

/// `all`, or the ranges.
#[must_use]
pub fn ranges(ranges: &[PortRange], between: &str) -> String {
    if ranges == [PortRange::ALL] {
        return "all".to_owned();
    }
    ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

/// The intervals.
#[must_use]
pub fn addresses(spans: &[Span]) -> String {
    spans.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
