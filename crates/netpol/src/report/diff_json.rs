//! `connections --against -o json`, schema `openhive.io/connections-diff/v1`
//! (`docs/connections-json.md`).

use serde_json::{Map, Value, json};

use crate::diff::{Change, DiffEnd, DiffParty, InputDiff, Presence};
use crate::listing::By;

/// The name and version of the format.
pub const DIFF_SCHEMA: &str = "openhive.io/connections-diff/v1";

/// What opens and closes, as a document; `gaps`: what could not be read of a cluster.
#[must_use]
pub fn diff_json(diff: &InputDiff, by: By, gaps: &[Value]) -> Value {
    let only = |presence: Presence| {
        let parties = diff.parties.iter().filter(|p| p.presence == presence);
        parties.flat_map(|p| &p.members).collect::<Vec<_>>()
    };
    let rows = |changes: &[Change]| {
        changes.iter().flat_map(|change| row(diff, by, change)).collect::<Vec<_>>()
    };
    let mut document = json!({
        "schema": DIFF_SCHEMA,
        "added": only(Presence::Added),
        "removed": only(Presence::Removed),
        "opened": rows(&diff.opened),
        "closed": rows(&diff.closed),
        "gaps": gaps,
    });
    if by == By::Group {
        let known = diff.parties.iter().enumerate().filter(|(_, p)| p.unknown.is_none());
        let groups: Map<String, Value> =
            known.map(|(i, party)| (format!("g{}", i + 1), group(party))).collect();
        document["groups"] = groups.into();
    }
    document
}

/// `namespace/kind/name`; else it is a pod's `namespace/name`.
fn is_workload(id: &str) -> bool {
    id.matches('/').count() == 2
}

fn group(party: &DiffParty) -> Value {
    let (workloads, pods): (Vec<&String>, Vec<&String>) =
        party.members.iter().partition(|id| is_workload(id));
    json!({"namespace": party.namespace, "workloads": workloads, "pods": pods})
}

/// One row for each protocol.
fn row(diff: &InputDiff, by: By, change: &Change) -> Vec<Value> {
    let [src, dst] = [&change.from, &change.to].map(|e| end(diff, by, e));
    let one = |(protocol, ranges)| {
        let mut row = json!({"src": src, "dst": dst, "protocol": protocol, "ports": ranges});
        if let Some(why) = change.why {
            row["why"] = json!(why);
        }
        row
    };
    change.ports.iter().map(one).collect()
}

fn end(diff: &InputDiff, by: By, end: &DiffEnd) -> Value {
    let number = match end {
        DiffEnd::Addresses(spans) => return json!({"ips": spans}),
        DiffEnd::Party(number) => *number,
    };
    let party = &diff.parties[number];
    match (&party.unknown, by, party.members.first()) {
        (Some(pattern), ..) => json!({"unknown": pattern}),
        (None, By::Group, _) | (None, _, None) => json!({"group": format!("g{}", number + 1)}),
        (None, By::Owner, Some(id)) if is_workload(id) => json!({"owner": id}),
        (None, _, Some(id)) if is_workload(id) => json!({"workload": id}),
        (None, _, Some(id)) => json!({"pod": id}),
    }
}
