//! Cluster-wide policies out of untyped objects: validation of `policy.networking.k8s.io`.

use serde_json::Value;

use super::cursor::{Cursor, Sink};
use super::policy::{cidr, identity, is_port_name, port_number, protocol};
use super::selector::selector;
use crate::admin::{Action, AdminKind, AdminPeer, AdminPods, AdminPolicy, AdminRule, Tier};
use crate::invalid::{Invalid, Place, Problem};
use crate::policy::{Direction, RulePorts};
use crate::ports::{PortRange, PortSet, Protocol};

/// The most rules, peers, or ports that a list may have.
const V1ALPHA1_MAX: usize = 100;
const V1ALPHA2_MAX: usize = 25;

/// Reads one cluster-wide policy; `None` where it has a peer of a kind that is not known.
///
/// A newer API may have such kinds. A plugin that knows the kind evaluates it, and one that does not
/// has to fail closed (`AdminNetworkPolicyIngressPeer`), so that no answer holds on every plugin.
///
/// # Errors
/// Everything in it that the API server would refuse.
pub fn admin_policy(
    manifest: &Value,
    kind: AdminKind,
    place: Option<&Place>,
) -> Result<Option<AdminPolicy>, Vec<Invalid>> {
    if has_unknown_peer(manifest) {
        return Ok(None);
    }
    let sink = Sink::default();
    let root = Cursor::root(manifest, &sink);
    let (_, name) = identity(&root, "");
    let object = format!("{kind} {name}");
    if kind == AdminKind::BaselineAdminNetworkPolicy && !name.is_empty() && name != "default" {
        root.report_at(
            "metadata.name",
            Problem::NotOneOf { found: name.clone(), allowed: "default" },
        );
    }
    let policy = spec(&root, kind).map(|(tier, priority, subject, ingress, egress)| AdminPolicy {
        kind,
        name,
        tier,
        priority,
        subject,
        ingress,
        egress,
        notes: Vec::new(),
        place: place.cloned(),
    });
    let (mut policy, notes) = sink.finish(policy, &object, place)?;
    policy.notes = notes;
    Ok(Some(policy))
}

type Spec = (Tier, u16, AdminPods, Vec<AdminRule>, Vec<AdminRule>);

fn spec(root: &Cursor<'_>, kind: AdminKind) -> Option<Spec> {
    let at = root.require("spec")?;
    at.only(match kind {
        AdminKind::AdminNetworkPolicy => &["priority", "subject", "ingress", "egress"],
        AdminKind::BaselineAdminNetworkPolicy => &["subject", "ingress", "egress"],
        AdminKind::ClusterNetworkPolicy => &["tier", "priority", "subject", "ingress", "egress"],
    });
    let tier = match kind {
        AdminKind::AdminNetworkPolicy => Some(Tier::Admin),
        AdminKind::BaselineAdminNetworkPolicy => Some(Tier::Baseline),
        AdminKind::ClusterNetworkPolicy => at.require("tier").and_then(|t| tier(&t)),
    };
    let priority = match kind {
        AdminKind::BaselineAdminNetworkPolicy => Some(0),
        _ => at.require("priority").and_then(|p| priority(&p)),
    };
    let subject = at.require("subject").and_then(|s| subject(&s));
    let ingress = rules(&at, kind, Direction::Ingress);
    let egress = rules(&at, kind, Direction::Egress);
    Some((tier?, priority?, subject?, ingress, egress))
}

fn tier(at: &Cursor<'_>) -> Option<Tier> {
    match at.string()? {
        "Admin" => Some(Tier::Admin),
        "Baseline" => Some(Tier::Baseline),
        other => {
            at.report(Problem::NotOneOf { found: other.to_owned(), allowed: "Admin, Baseline" });
            None
        }
    }
}

fn priority(at: &Cursor<'_>) -> Option<u16> {
    let number = at.integer()?;
    let priority = u16::try_from(number).ok().filter(|p| *p <= 1000);
    if priority.is_none() {
        at.report(Problem::Priority(number));
    }
    priority
}

/// The one member that is there, among alternatives.
fn only_one<'a>(
    at: &'a Cursor<'a>,
    alternatives: &[&'static str],
) -> Option<(&'static str, Cursor<'a>)> {
    let mut found = alternatives.iter().filter_map(|key| Some((*key, at.get(key)?)));
    let first = found.next();
    match (&first, found.next()) {
        (Some((name, _)), Some((_, second))) => second.report(Problem::Beside(name)),
        (None, _) if at.value().is_object() => {
            at.report(Problem::NoneOf(alternatives_text(alternatives)))
        }
        _ => {}
    }
    first
}

fn alternatives_text(alternatives: &[&'static str]) -> String {
    alternatives.join(", ")
}

fn subject(at: &Cursor<'_>) -> Option<AdminPods> {
    at.only(&["namespaces", "pods"]);
    let (key, value) = only_one(at, &["namespaces", "pods"])?;
    Some(if key == "pods" { pods(&value) } else { namespaces(&value) })
}

fn namespaces(at: &Cursor<'_>) -> AdminPods {
    AdminPods { namespaces: selector(at), ..AdminPods::default() }
}

fn pods(at: &Cursor<'_>) -> AdminPods {
    at.only(&["namespaceSelector", "podSelector"]);
    let part = |key| at.get(key).map(|s| selector(&s)).unwrap_or_default();
    AdminPods { namespaces: part("namespaceSelector"), pods: part("podSelector") }
}

fn rules(spec: &Cursor<'_>, kind: AdminKind, direction: Direction) -> Vec<AdminRule> {
    let Some(list) = spec.get(direction.field()) else { return Vec::new() };
    limit(&list, kind);
    list.items().filter_map(|r| rule(&r, kind, direction)).collect()
}

fn limit(list: &Cursor<'_>, kind: AdminKind) {
    let max = if kind == AdminKind::ClusterNetworkPolicy { V1ALPHA2_MAX } else { V1ALPHA1_MAX };
    if list.value().as_array().is_some_and(|l| l.len() > max) {
        list.report(Problem::TooMany(max));
    }
}

fn rule(at: &Cursor<'_>, kind: AdminKind, direction: Direction) -> Option<AdminRule> {
    let ports_field = if kind == AdminKind::ClusterNetworkPolicy { "protocols" } else { "ports" };
    match direction {
        Direction::Ingress => at.only(&["name", "action", "from", ports_field]),
        Direction::Egress => at.only(&["name", "action", "to", ports_field]),
    }
    let name = at.get("name").and_then(|n| n.string().map(str::to_owned));
    let action = at.require("action").and_then(|a| action(&a, kind));
    let peers = at.require(direction.preposition()).map(|list| {
        limit(&list, kind);
        if list.value().as_array().is_some_and(Vec::is_empty) {
            list.report(Problem::Missing);
        }
        list.items().filter_map(|p| peer(&p, direction)).collect()
    });
    let ports = at.get(ports_field).map_or(RulePorts::Every, |list| {
        limit(&list, kind);
        let read = if kind == AdminKind::ClusterNetworkPolicy { protocol_match } else { port };
        let (mut numbers, mut names) = (PortSet::none(), Vec::new());
        for entry in list.items() {
            read(&entry, &mut numbers, &mut names);
        }
        if list.value().as_array().is_some_and(Vec::is_empty) {
            return RulePorts::Every;
        }
        names.sort_unstable();
        names.dedup();
        RulePorts::Some { numbers, names }
    });
    Some(AdminRule { name, action: action?, peers: peers?, ports })
}

fn action(at: &Cursor<'_>, kind: AdminKind) -> Option<Action> {
    let (allow, allowed) = match kind {
        AdminKind::AdminNetworkPolicy => ("Allow", "Allow, Deny, Pass"),
        AdminKind::BaselineAdminNetworkPolicy => ("Allow", "Allow, Deny"),
        AdminKind::ClusterNetworkPolicy => ("Accept", "Accept, Deny, Pass"),
    };
    match at.string()? {
        text if text == allow => Some(Action::Allow),
        "Deny" => Some(Action::Deny),
        "Pass" if kind != AdminKind::BaselineAdminNetworkPolicy => Some(Action::Pass),
        other => {
            at.report(Problem::NotOneOf { found: other.to_owned(), allowed });
            None
        }
    }
}

/// The kinds of peers that a direction has.
const fn peer_kinds(direction: Direction) -> &'static [&'static str] {
    match direction {
        Direction::Ingress => &["namespaces", "pods"],
        Direction::Egress => &["namespaces", "pods", "nodes", "networks", "domainNames"],
    }
}

fn has_unknown_peer(manifest: &Value) -> bool {
    Direction::ALL.into_iter().any(|direction| {
        let known = peer_kinds(direction);
        let rules = manifest["spec"][direction.field()].as_array().into_iter().flatten();
        let peers = rules.filter_map(|rule| rule[direction.preposition()].as_array()).flatten();
        let mut fields = peers.filter_map(Value::as_object).flatten();
        fields.any(|(key, value)| !value.is_null() && !known.contains(&key.as_str()))
    })
}

fn peer(at: &Cursor<'_>, direction: Direction) -> Option<AdminPeer> {
    at.object()?;
    let (key, value) = only_one(at, peer_kinds(direction))?;
    Some(match key {
        "namespaces" => AdminPeer::Pods(namespaces(&value)),
        "pods" => AdminPeer::Pods(pods(&value)),
        "nodes" => AdminPeer::Nodes(selector(&value)),
        "networks" => AdminPeer::Networks(value.items().filter_map(|c| cidr(&c)).collect()),
        _ => AdminPeer::DomainNames(
            value.items().filter_map(|n| n.string().map(str::to_owned)).collect(),
        ),
    })
}

type Names = Vec<(Protocol, String)>;

fn named(at: &Cursor<'_>, names: &mut Names) {
    let Some(name) = at.string() else { return };
    if !is_port_name(name) {
        at.report(Problem::PortName(name.to_owned()));
    }
    names.extend(Protocol::ALL.map(|p| (p, name.to_owned())));
}

/// An entry of `ports` of `v1alpha1`.
fn port(at: &Cursor<'_>, numbers: &mut PortSet, names: &mut Names) {
    at.only(&["portNumber", "namedPort", "portRange"]);
    let Some((key, value)) = only_one(at, &["portNumber", "namedPort", "portRange"]) else {
        return;
    };
    let read = || {
        let protocol = value.get("protocol").map_or(Some(Protocol::Tcp), |p| protocol(&p))?;
        let range = if key == "portNumber" {
            value.only(&["protocol", "port"]);
            PortRange::one(port_number(&value.require("port")?)?)
        } else {
            value.only(&["protocol", "start", "end"]);
            range(&value)?
        };
        Some(PortSet::of(protocol, range))
    };
    if key == "namedPort" {
        named(&value, names);
    } else if let Some(set) = read() {
        *numbers = numbers.union(&set);
    }
}

fn range(at: &Cursor<'_>) -> Option<PortRange> {
    let first = at.require("start").and_then(|s| port_number(&s));
    let last = at.require("end").and_then(|e| port_number(&e));
    let (first, last) = (first?, last?);
    if last < first {
        at.report_at("end", Problem::EndPortBelow { port: first, end: last });
        return None;
    }
    Some(PortRange { first, last })
}

/// An entry of `protocols` of `v1alpha2`.
fn protocol_match(at: &Cursor<'_>, numbers: &mut PortSet, names: &mut Names) {
    const FIELDS: [&str; 4] = ["tcp", "udp", "sctp", "destinationNamedPort"];
    at.only(&FIELDS);
    let Some((key, value)) = only_one(at, &FIELDS) else { return };
    let protocol = match key {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "sctp" => Protocol::Sctp,
        _ => return named(&value, names),
    };
    value.only(&["destinationPort"]);
    let read = || {
        let port = value.require("destinationPort")?;
        port.only(&["number", "range"]);
        let (key, chosen) = only_one(&port, &["number", "range"])?;
        Some(if key == "number" { PortRange::one(port_number(&chosen)?) } else { range(&chosen)? })
    };
    if let Some(range) = read() {
        *numbers = numbers.union(&PortSet::of(protocol, range));
    }
}
