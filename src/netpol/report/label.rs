//! Ends and ports in words, for people.

use crate::netpol::address::Span;
use crate::netpol::listing::{Listing, Name};
use crate::netpol::ports::PortRange;

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
        Name::Unknown(pattern) => {
            let json = |selector| serde_json::to_string(selector).unwrap_or_default();
            format!(
                "unknown pod {} in namespace {}",
                json(&pattern.pod_selector),
                json(&pattern.namespace_selector)
            )
        }
    }
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
