//! What tells the parts of one workload apart.

use std::collections::BTreeSet;

use crate::admin::AdminPeer;
use crate::cluster::Cluster;
use crate::input::Member;
use crate::labels::{Label, Selector};
use crate::policy::{Direction, Peer};

/// Values of a label that are listed for one part; more of them name nothing.
const VALUES: usize = 3;

/// A name for each part, by the labels that selectors read where these tell them apart.
pub(super) fn names(cluster: &Cluster, parts: &[Vec<&Member>]) -> Vec<String> {
    let mut found = by_labels(&keys(cluster), parts);
    if !are_distinct(&found) {
        found = by_nature(parts);
    }
    if !are_distinct(&found) {
        found = parts.iter().map(|part| members(part)).collect();
    }
    found
}

fn are_distinct(names: &[String]) -> bool {
    names.iter().all(|n| !n.is_empty())
        && names.iter().collect::<BTreeSet<_>>().len() == names.len()
}

/// The fewest labels that suffice, in the notation of kubectl's selectors.
fn by_labels(keys: &BTreeSet<&str>, parts: &[Vec<&Member>]) -> Vec<String> {
    let columns: Vec<Vec<String>> =
        keys.iter().filter_map(|key| column(key, parts)).filter(|c| differs(c)).collect();
    if let Some(one) = columns.iter().find(|column| are_distinct(column)) {
        return one.clone();
    }
    let join = |columns: &[&Vec<String>]| -> Vec<String> {
        let part = |i: usize| columns.iter().map(|c| c[i].as_str()).collect::<Vec<_>>().join(",");
        (0..parts.len()).map(part).collect()
    };
    let mut used: Vec<&Vec<String>> = columns.iter().collect();
    let mut at = 0;
    while at < used.len() {
        let without: Vec<_> =
            used.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, c)| *c).collect();
        if are_distinct(&join(&without)) {
            used = without;
        } else {
            at += 1;
        }
    }
    join(&used)
}

fn differs(column: &[String]) -> bool {
    column.iter().any(|value| *value != column[0])
}

/// What each part says of a label; `None` where one says too much.
fn column(key: &str, parts: &[Vec<&Member>]) -> Option<Vec<String>> {
    let one = |part: &Vec<&Member>| {
        let labels: BTreeSet<Option<&str>> = part
            .iter()
            .map(|m| match m.pod.labels.get(key) {
                Label::Is(value) => Some(Some(value)),
                Label::Absent => Some(None),
                // A value that nobody knows yet.
                Label::Some | Label::Unknown => None,
            })
            .collect::<Option<_>>()?;
        match labels.into_iter().collect::<Option<Vec<_>>>() {
            Some(values) => match values.as_slice() {
                [value] => Some(format!("{key}={value}")),
                values if values.len() <= VALUES => {
                    Some(format!("{key} in ({})", values.join(",")))
                }
                _ => None,
            },
            None if part.iter().all(|m| m.pod.labels.get(key) == Label::Absent) => {
                Some(format!("!{key}"))
            }
            None => None,
        }
    };
    parts.iter().map(one).collect()
}

/// The network that they use, or the ports that they declare.
fn by_nature(parts: &[Vec<&Member>]) -> Vec<String> {
    let network = |part: &Vec<&Member>| {
        let host = part.iter().all(|m| m.pod.host_network);
        if host { "hostNetwork" } else { "no hostNetwork" }.to_owned()
    };
    parts.iter().map(network).collect()
}

/// The members themselves.
fn members(part: &[&Member]) -> String {
    let name = |m: &&Member| if m.is_pod { m.pod.name.clone() } else { "template".to_owned() };
    let names: Vec<String> = part.iter().map(name).collect();
    names.join(" ")
}

/// Every label key of pods that a selector reads.
fn keys(cluster: &Cluster) -> BTreeSet<&str> {
    let mut selectors: Vec<&Selector> = Vec::new();
    for policy in &cluster.policies {
        selectors.push(&policy.selector);
        let rules = Direction::ALL.into_iter().filter_map(|d| policy.rules(d)).flatten();
        for peer in rules.flat_map(|r| &r.peers) {
            if let Peer::Pods { pods, .. } = peer {
                selectors.push(pods);
            }
        }
    }
    for policy in &cluster.admin {
        selectors.push(&policy.subject.pods);
        let rules = policy.ingress.iter().chain(&policy.egress);
        for peer in rules.flat_map(|r| &r.peers) {
            if let AdminPeer::Pods(pods) = peer {
                selectors.push(&pods.pods);
            }
        }
    }
    selectors.extend(cluster.foreign.iter().map(|f| &f.selector));
    selectors
        .into_iter()
        .flat_map(Selector::requirements)
        .map(crate::labels::Requirement::key)
        .collect()
}
