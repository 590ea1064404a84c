//! Expectations as a document, and a first file of them: what is open now.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};
use serde_json::{Map, Value, json};

use super::survey::{Open, Participant, Survey, Who};
use super::{API_VERSION, Expectation, Expectations, KIND, Party, Unlisted, Wanted};
use crate::address::{Block, Family, Span};
use crate::input::Input;
use crate::policy::Direction;
use crate::ports::{PortRange, PortSet, Protocol};

/// What stands as the reason of each entry, until somebody knows a better one.
pub const REASON: &str = "open when this file was written";

/// The same of an entry of which it cannot be told whether it is open.
pub const PERHAPS: &str = "perhaps open when this file was written";

/// Everything that is open, as a document that [`read`](super::read()) takes; what is not listed is
/// meant to be closed.
#[must_use]
pub fn write(input: &Input) -> Value {
    document(&Expectations { unlisted: Unlisted::Deny, flows: flows(input), place: None })
}

/// A document that [`read`](super::read()) takes.
#[must_use]
pub fn document(expectations: &Expectations) -> Value {
    let unlisted = match expectations.unlisted {
        Unlisted::Deny => "deny",
        Unlisted::Ignore => "ignore",
    };
    let flows: Vec<Value> = expectations.flows.iter().map(entry).collect();
    json!({"apiVersion": API_VERSION, "kind": KIND, "default": unlisted, "flows": flows})
}

fn flows(input: &Input) -> Vec<Expectation> {
    let mut survey = Survey::new(input);
    let participants = std::mem::take(&mut survey.participants);
    let names = names(input, &participants);
    // By name: participants of one name behave alike, or are named one by one.
    let mut firsts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, name) in names.iter().enumerate() {
        firsts.entry(name.to_string()).or_default().push(i);
    }
    let listed = |i: usize| matches!(participants[i].who, Who::Member(_));
    let mut flows = Vec::new();
    for source in firsts.values() {
        for destination in firsts.values() {
            let (from, mut to) = (source[0], destination[0]);
            if from == to && !participants[from].several {
                let Some(other) = destination.get(1) else { continue };
                to = *other;
            }
            if !listed(from) && !listed(to) {
                continue;
            }
            let open = survey.between(&participants[from], &participants[to]);
            flows.extend(entries(&names[from], &names[to], &open));
        }
    }
    for direction in Direction::ALL {
        for own in firsts.values().filter(|own| listed(own[0])) {
            for (spans, open, ()) in survey.outside(&participants[own[0]], direction, &[], |_| ()) {
                for outside in blocks(&spans) {
                    let outside = Party::Addresses(outside);
                    let (from, to) = direction.from_to(&names[own[0]], &outside);
                    flows.extend(entries(from, to, &open));
                }
            }
        }
    }
    flows
}

fn entries(from: &Party, to: &Party, open: &Open) -> Vec<Expectation> {
    let doubtful = open.doubtful.iter().fold(PortSet::none(), |all, (_, ports)| all.union(ports));
    [(&open.certain, REASON), (&doubtful, PERHAPS)]
        .into_iter()
        .filter(|(ports, _)| !ports.is_empty())
        .map(|(ports, reason)| Expectation {
            from: from.clone(),
            to: to.clone(),
            ports: ports.clone(),
            verdict: Wanted::Allow,
            reason: reason.to_owned(),
            expires: None,
        })
        .collect()
}

/// What each participant is called in an entry: its workload, unless pods of that behave
/// differently.
fn names(input: &Input, participants: &[Participant]) -> Vec<Party> {
    let workload = |one: &Participant| match &one.who {
        Who::Member(m) => {
            let member = &input.members[*m];
            member.workload.as_ref().map(|w| format!("{}/{w}", member.namespace))
        }
        Who::Representative(..) => None,
    };
    let mut classes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for one in participants {
        if let Some(name) = workload(one) {
            classes.entry(name).or_default().push(one.class);
        }
    }
    classes.values_mut().for_each(|c| {
        c.sort_unstable();
        c.dedup();
    });
    let name = |one: &Participant| match &one.who {
        Who::Representative(pattern, _) => Party::Unknown(pattern.clone()),
        Who::Member(m) => {
            let member = &input.members[*m];
            let alike = workload(one).filter(|name| classes[name].len() == 1 || !member.is_pod);
            let own = || format!("{}/pod/{}", member.namespace, member.pod.name);
            Party::Workload(alike.unwrap_or_else(own))
        }
    };
    participants.iter().map(name).collect()
}

fn entry(expectation: &Expectation) -> Value {
    let mut entry = json!({"from": party(&expectation.from), "to": party(&expectation.to)});
    if !expectation.ports.is_all() {
        entry["ports"] = ports(&expectation.ports);
    }
    entry["verdict"] = json!(match expectation.verdict {
        Wanted::Allow => "allow",
        Wanted::Deny => "deny",
        Wanted::Optional => "optional",
    });
    entry["reason"] = json!(expectation.reason);
    if let Some(day) = expectation.expires {
        entry["expires"] = json!(day.to_string());
    }
    entry
}

fn party(party: &Party) -> Value {
    match party {
        Party::Any => json!("any"),
        Party::Workload(name) => json!({"workload": name}),
        Party::Pods(pattern) => json!(pattern),
        Party::Unknown(pattern) => json!({"unknown": pattern}),
        Party::Later(pattern) => json!({"later": pattern}),
        Party::Addresses(Block { cidr, except }) if except.is_empty() => json!({"cidr": cidr}),
        Party::Addresses(Block { cidr, except }) => json!({"cidr": cidr, "except": except}),
        Party::Host(addresses) => json!({"host": addresses}),
        Party::Somewhere => json!("somewhere"),
        Party::HostNetwork(namespace) => json!({"hostNetwork": namespace}),
        Party::OneOf(all) => all.iter().map(self::party).collect(),
    }
}

fn ports(set: &PortSet) -> Value {
    let entry = |protocol: Protocol, range: &PortRange| {
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
fn blocks(spans: &[Span]) -> Vec<Block> {
    let own: Vec<IpNet> = spans.iter().flat_map(nets).collect();
    let rest: Vec<IpNet> = complement(spans).iter().flat_map(nets).collect();
    let whole = match spans.first().map(Span::family) {
        Some(Family::V6) => IpNet::V6(Ipv6Net::default()),
        _ => IpNet::V4(Ipv4Net::default()),
    };
    match rest.len() {
        0 => vec![Block::new(whole)],
        n if n + 1 < own.len() => vec![Block { cidr: whole, except: rest }],
        _ => own.into_iter().map(Block::new).collect(),
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
