//! NetworkPolicies out of untyped objects: defaults and validation of `networking.k8s.io/v1`.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::cursor::{Cursor, Sink};
use super::selector::{is_subdomain, selector};
use crate::address::Block;
use crate::invalid::{Invalid, Place, Problem};
use crate::labels::Selector;
use crate::policy::{Direction, NoteKind, Peer, Policy, Rule, RulePorts, Scope};
use crate::ports::{PortRange, PortSet, Protocol};

/// Reads one NetworkPolicy. `default_namespace` is for an object that names none.
///
/// # Errors
/// Everything in it that the API server would refuse.
pub fn network_policy(
    manifest: &Value,
    default_namespace: &str,
    place: Option<&Place>,
) -> Result<Policy, Vec<Invalid>> {
    let sink = Sink::default();
    let root = Cursor::root(manifest, &sink);
    let (namespace, name) = identity(&root, default_namespace);
    let object = format!("NetworkPolicy {namespace}/{name}");
    let policy = spec(&root).map(|(selector, ingress, egress, idle)| Policy {
        namespace,
        name,
        selector,
        ingress,
        egress,
        idle,
        notes: Vec::new(),
        place: place.cloned(),
    });
    let (mut policy, notes) = sink.finish(policy, &object, place)?;
    policy.notes = notes;
    Ok(policy)
}

/// Namespace and name of an object. Where the API server makes up the name, its beginning stands for
/// it.
pub(crate) fn identity(root: &Cursor<'_>, default_namespace: &str) -> (String, String) {
    let metadata = root.require("metadata");
    let text = |key: &str, is_valid: fn(&str) -> bool| {
        let at = metadata.as_ref()?.get(key)?;
        let text = at.string()?;
        if !is_valid(text) {
            at.report(Problem::Name(text.to_owned()));
        }
        Some(text.to_owned())
    };
    let namespace = text("namespace", is_subdomain).unwrap_or_else(|| default_namespace.to_owned());
    let name = text("name", is_subdomain).or_else(|| text("generateName", is_beginning));
    if let (None, Some(metadata)) = (&name, &metadata) {
        metadata.require("name");
    }
    (namespace, name.unwrap_or_default())
}

/// Whether something can follow it so that it is a name (`NameIsDNSSubdomain` with `prefix`).
fn is_beginning(text: &str) -> bool {
    is_subdomain(text) || text.strip_suffix('-').is_some_and(is_subdomain)
}

type Spec = (Selector, Option<Vec<Rule>>, Option<Vec<Rule>>, Vec<Direction>);

fn spec(root: &Cursor<'_>) -> Option<Spec> {
    let at = root.require("spec")?;
    at.only(&["podSelector", "policyTypes", "ingress", "egress"]);
    let pods = at.get("podSelector").map(|s| selector(&s)).unwrap_or_default();
    let ingress = rules(&at, Direction::Ingress);
    let egress = rules(&at, Direction::Egress);
    let types = policy_types(&at);
    // Without policyTypes: always Ingress, and Egress only where there is an egress rule
    // (`SetDefaults_NetworkPolicy`).
    let isolates = |direction| match &types {
        Some(types) => types.contains(&direction),
        None => direction == Direction::Ingress || egress.as_ref().is_some_and(|e| !e.is_empty()),
    };
    let mut idle = Vec::new();
    let mut keep = |direction, rules: Option<Vec<Rule>>| {
        let rules = rules.unwrap_or_default();
        if isolates(direction) {
            return Some(rules);
        }
        if !rules.is_empty() {
            idle.push(direction);
        }
        None
    };
    let ingress = keep(Direction::Ingress, ingress);
    let egress = keep(Direction::Egress, egress.clone());
    Some((pods, ingress, egress, idle))
}

fn policy_types(spec: &Cursor<'_>) -> Option<Vec<Direction>> {
    let at = spec.get("policyTypes")?;
    let one = |t: Cursor<'_>| match t.string()? {
        "Ingress" => Some(Direction::Ingress),
        "Egress" => Some(Direction::Egress),
        other => {
            let allowed = "Ingress, Egress";
            t.report(Problem::NotOneOf { found: other.to_owned(), allowed });
            None
        }
    };
    let types: Vec<Direction> = at.items().filter_map(one).collect();
    if at.value().as_array().is_some_and(|list| list.len() > 2) {
        at.report(Problem::TooMany(2));
    }
    (!types.is_empty()).then_some(types)
}

fn rules(spec: &Cursor<'_>, direction: Direction) -> Option<Vec<Rule>> {
    let list = spec.get(direction.field())?;
    Some(list.items().map(|r| rule(&r, direction)).collect())
}

fn rule(at: &Cursor<'_>, direction: Direction) -> Rule {
    // A null entry is an empty rule: everything.
    if at.value().is_null() {
        return Rule::default();
    }
    at.only(&[direction.preposition(), "ports"]);
    let peers = at
        .get(direction.preposition())
        .map(|list| list.items().filter_map(|p| peer(&p)).collect())
        .unwrap_or_default();
    Rule { peers, ports: rule_ports(at) }
}

fn peer(at: &Cursor<'_>) -> Option<Peer> {
    if at.value().is_null() {
        at.report(Problem::EmptyPeer);
        return None;
    }
    at.only(&["podSelector", "namespaceSelector", "ipBlock"]);
    at.object()?;
    let pods = at.get("podSelector").map(|s| selector(&s));
    let namespaces = at.get("namespaceSelector").map(|s| selector(&s));
    if let Some(ip_block) = at.get("ipBlock") {
        for (key, there) in
            [("podSelector", pods.is_some()), ("namespaceSelector", namespaces.is_some())]
        {
            if there {
                at.report_at(key, Problem::Beside("ipBlock"));
            }
        }
        return block(&ip_block).map(Peer::Block);
    }
    if pods.is_none() && namespaces.is_none() {
        at.report(Problem::EmptyPeer);
        return None;
    }
    let namespaces = namespaces.map_or(Scope::Own, Scope::Matching);
    Some(Peer::Pods { namespaces, pods: pods.unwrap_or_default() })
}

fn block(at: &Cursor<'_>) -> Option<Block> {
    at.only(&["cidr", "except"]);
    block_of(at)
}

/// The block of `cidr` and `except`, whatever else stands beside them.
pub(crate) fn block_of(at: &Cursor<'_>) -> Option<Block> {
    let outer = at.require("cidr").and_then(|c| cidr(&c));
    let mut inner = Vec::new();
    if let Some(list) = at.get("except") {
        for entry in list.items() {
            let Some(except) = cidr(&entry) else { continue };
            let Some(outer) = outer else { continue };
            if outer.contains(&except) && outer != except {
                inner.push(except);
            } else {
                let (except, cidr) = (except.to_string(), outer.to_string());
                entry.report(Problem::ExceptOutside { except, cidr });
            }
        }
    }
    inner.sort_unstable();
    inner.dedup();
    Some(Block { cidr: outer?, except: inner })
}

/// A CIDR, masked. Leading zeros are read as decimal, as the API server does for stored objects.
pub(crate) fn cidr(at: &Cursor<'_>) -> Option<IpNet> {
    let text = at.string()?;
    let bad = || at.report(Problem::Cidr(text.to_owned()));
    let Some((address, prefix)) = text.split_once('/') else {
        bad();
        return None;
    };
    let plain = without_leading_zeros(address);
    let parsed = plain.parse::<IpAddr>().ok();
    let prefix = Some(prefix)
        .filter(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|p| p.parse::<u8>().ok());
    let Some(net) = parsed.zip(prefix).and_then(|(a, p)| IpNet::new(a, p).ok()) else {
        bad();
        return None;
    };
    if matches!(net.addr(), IpAddr::V6(a) if a.to_ipv4_mapped().is_some()) {
        at.report(Problem::MappedCidr(text.to_owned()));
        return None;
    }
    if plain != address {
        at.note(NoteKind::LeadingZeros);
    }
    if net.addr() != net.network() {
        at.note(NoteKind::HostBits);
    }
    Some(net.trunc())
}

fn without_leading_zeros(address: &str) -> String {
    if address.contains(':') {
        return address.to_owned();
    }
    let strip = |part: &str| match part.trim_start_matches('0') {
        "" if !part.is_empty() => "0".to_owned(),
        rest => rest.to_owned(),
    };
    address.split('.').map(strip).collect::<Vec<_>>().join(".")
}

fn rule_ports(rule: &Cursor<'_>) -> RulePorts {
    let Some(list) = rule.get("ports") else { return RulePorts::Every };
    let (mut numbers, mut names, mut any) = (PortSet::none(), Vec::new(), false);
    for entry in list.items() {
        any = true;
        match port_entry(&entry) {
            Some(Entry::Numbers(protocol, range)) => {
                numbers = numbers.union(&PortSet::of(protocol, range));
            }
            Some(Entry::Name(protocol, name)) => names.push((protocol, name)),
            None => {}
        }
    }
    names.sort_unstable();
    names.dedup();
    if any { RulePorts::Some { numbers, names } } else { RulePorts::Every }
}

enum Entry {
    Numbers(Protocol, PortRange),
    Name(Protocol, String),
}

fn port_entry(at: &Cursor<'_>) -> Option<Entry> {
    if at.value().is_null() {
        return Some(Entry::Numbers(Protocol::Tcp, PortRange::ALL));
    }
    at.only(&["protocol", "port", "endPort"]);
    at.object()?;
    let protocol = at.get("protocol").map_or(Some(Protocol::Tcp), |p| protocol(&p));
    let end = at.get("endPort").map(|e| port_number(&e));
    let Some(port) = at.get("port") else {
        if end.is_some() {
            at.report_at("endPort", Problem::EndPortAlone);
        }
        return Some(Entry::Numbers(protocol?, PortRange::ALL));
    };
    if let Some(name) = port.value().as_str() {
        check_port_name(&port, name);
        if end.is_some() {
            at.report_at("endPort", Problem::EndPortWithName);
        }
        return Some(Entry::Name(protocol?, name.to_owned()));
    }
    let first = port_number(&port)?;
    let last = end.map_or(Some(first), |e| e)?;
    if last < first {
        at.report_at("endPort", Problem::EndPortBelow { port: first, end: last });
        return None;
    }
    Some(Entry::Numbers(protocol?, PortRange { first, last }))
}

pub(crate) fn protocol(at: &Cursor<'_>) -> Option<Protocol> {
    let text = at.string()?;
    let found = Protocol::of(text);
    if found.is_none() {
        let allowed = "TCP, UDP, SCTP";
        at.report(Problem::NotOneOf { found: text.to_owned(), allowed });
    }
    found
}

pub(crate) fn port_number(at: &Cursor<'_>) -> Option<u16> {
    if !at.value().is_i64() && !at.value().is_u64() {
        // Where a name may stand, strings are taken for names before.
        at.wrong_type(if at.value().is_string() { NUMBER } else { "a port number or name" });
        return None;
    }
    let number = at.integer()?;
    let port = u16::try_from(number).ok().filter(|p| *p > 0);
    if port.is_none() {
        at.report(Problem::PortNumber(number));
    }
    port
}

/// What a port is that has no name.
pub(crate) const NUMBER: &str = "a port number";

/// Reports what is no name of a port.
pub(crate) fn check_port_name(at: &Cursor<'_>, name: &str) {
    if name.parse::<u16>().is_ok() {
        at.report(Problem::QuotedPort(name.to_owned()));
    } else if !is_port_name(name) {
        at.report(Problem::PortName(name.to_owned()));
    }
}

/// `IsValidPortName` of `apimachinery/pkg/util/validation`.
pub(crate) fn is_port_name(name: &str) -> bool {
    (1..=15).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && name.bytes().any(|b| b.is_ascii_lowercase())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}
