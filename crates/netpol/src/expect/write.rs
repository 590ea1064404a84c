//! A first file of expectations: what is open now.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use serde_json::{Map, Value, json};

use super::survey::{Open, Survey, Who};
use super::{API_VERSION, KIND};
use crate::address::{Family, Span};
use crate::engine::PodPattern;
use crate::input::Input;
use crate::policy::Direction;
use crate::ports::{PortRange, PortSet};

/// What stands as the reason of each entry, until somebody knows a better one.
pub const REASON: &str = "open when this file was written";

/// The same of an entry of which it cannot be told whether it is open.
pub const PERHAPS: &str = "perhaps open when this file was written";

/// Everything that is open, as a document that [`read`](super::read()) takes; what is not listed is
/// meant to be closed.
#[must_use]
pub fn write(input: &Input) -> Value {
    let mut survey = Survey::new(input);
    let names = names(&survey);
    // By name: actors of one name behave alike, or are named one by one.
    let mut firsts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, name) in names.iter().enumerate() {
        firsts.entry(name.to_string()).or_default().push(i);
    }
    let mut rows: Vec<(Value, Value, Open)> = Vec::new();
    for source in firsts.values() {
        for destination in firsts.values() {
            let (from, mut to) = (source[0], destination[0]);
            if from == to {
                let Some(other) = destination.get(1) else { continue };
                to = *other;
            }
            let representative = |i: usize| matches!(survey.actors[i].who, Who::Stranger(_));
            if representative(from) && representative(to) {
                continue;
            }
            let open = survey.between(&survey.actors[from], &survey.actors[to]);
            rows.push((names[from].clone(), names[to].clone(), open));
        }
    }
    for direction in Direction::ALL {
        for own in firsts.values() {
            let actor = survey.actors[own[0]].clone();
            if matches!(actor.who, Who::Stranger(_)) {
                continue;
            }
            for (spans, open, ()) in survey.outside(&actor, direction, &[], |_| ()) {
                for outside in blocks(&spans) {
                    let own = names[own[0]].clone();
                    let (from, to) = direction.from_to(own, outside);
                    rows.push((from, to, open.clone()));
                }
            }
        }
    }
    let flows: Vec<Value> =
        rows.iter().flat_map(|(from, to, open)| entries(from, to, open)).collect();
    json!({"apiVersion": API_VERSION, "kind": KIND, "default": "deny", "flows": flows})
}

fn entries(from: &Value, to: &Value, open: &Open) -> Vec<Value> {
    let doubtful = open.doubtful.iter().fold(PortSet::none(), |all, (_, ports)| all.union(ports));
    [(&open.certain, REASON), (&doubtful, PERHAPS)]
        .into_iter()
        .filter(|(ports, _)| !ports.is_empty())
        .map(|(set, reason)| {
            let mut entry = json!({"from": from, "to": to});
            if !set.is_all() {
                entry["ports"] = ports(set);
            }
            entry["verdict"] = json!("allow");
            entry["reason"] = json!(reason);
            entry
        })
        .collect()
}

/// What each actor is called in an entry: its workload, unless pods of that behave differently.
fn names(survey: &Survey<'_>) -> Vec<Value> {
    let workload = |i: usize| match &survey.actors[i].who {
        Who::Member(m) => {
            let member = &survey.input.members[*m];
            member.workload.as_ref().map(|w| format!("{}/{w}", member.namespace))
        }
        Who::Stranger(_) => None,
    };
    let mut classes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, actor) in survey.actors.iter().enumerate() {
        if let Some(name) = workload(i) {
            classes.entry(name).or_default().push(actor.class);
        }
    }
    classes.values_mut().for_each(|c| {
        c.sort_unstable();
        c.dedup();
    });
    let name = |i: usize| match &survey.actors[i].who {
        Who::Stranger(pattern) => json!({"unknown": selectors(pattern)}),
        Who::Member(m) => {
            let member = &survey.input.members[*m];
            let alike = workload(i).filter(|name| classes[name].len() == 1 || !member.is_pod);
            let own = || format!("{}/pod/{}", member.namespace, member.pod.name);
            json!({"workload": alike.unwrap_or_else(own)})
        }
    };
    (0..survey.actors.len()).map(name).collect()
}

fn selectors(pattern: &PodPattern) -> Value {
    json!(pattern)
}

fn ports(set: &PortSet) -> Value {
    let entry = |protocol: crate::ports::Protocol, range: &PortRange| {
        let mut entry = Map::from_iter([("protocol".to_owned(), json!(protocol))]);
        if *range != PortRange::ALL {
            entry.insert("port".to_owned(), json!(range.first));
        }
        if range.first != range.last && *range != PortRange::ALL {
            entry.insert("endPort".to_owned(), json!(range.last));
        }
        Value::Object(entry)
    };
    set.iter().flat_map(|(p, ranges)| ranges.iter().map(move |r| entry(p, r))).collect()
}

/// Addresses as blocks, or as everything but some blocks where these are fewer.
fn blocks(spans: &[Span]) -> Vec<Value> {
    let own: Vec<IpNet> = spans.iter().flat_map(nets).collect();
    let rest: Vec<IpNet> = complement(spans).iter().flat_map(nets).collect();
    let whole = match spans.first().map(Span::family) {
        Some(Family::V6) => "::/0",
        _ => "0.0.0.0/0",
    };
    match rest.len() {
        0 => vec![json!({"cidr": whole})],
        n if n + 1 < own.len() => vec![json!({"cidr": whole, "except": rest})],
        _ => own.iter().map(|net| json!({"cidr": net})).collect(),
    }
}

/// The fewest blocks.
fn nets(span: &Span) -> Vec<IpNet> {
    match (span.first(), span.last()) {
        (std::net::IpAddr::V4(a), std::net::IpAddr::V4(b)) => {
            Ipv4Subnets::new(a, b, 0).map(IpNet::V4).collect()
        }
        (std::net::IpAddr::V6(a), std::net::IpAddr::V6(b)) => {
            Ipv6Subnets::new(a, b, 0).map(IpNet::V6).collect()
        }
        _ => Vec::new(), // both ends of a span are of one family
    }
}

/// The addresses of the same family that are not among these.
fn complement(spans: &[Span]) -> Vec<Span> {
    let Some(family) = spans.first().map(Span::family) else { return Vec::new() };
    let pieces = crate::address::pieces(spans);
    let rest =
        pieces.into_iter().filter(|p| p.family() == family && !spans.iter().any(|s| s.covers(p)));
    crate::address::merged(rest.collect())
}
