//! Rules in words: `to any, port any`, `from app=web in namespace shop, port TCP 80`.

use crate::admin::{AdminPeer, AdminRule};
use crate::labels::{NAMESPACE_NAME, Requirement, Selector};
use crate::policy::{Direction, Peer, Rule, RulePorts, Scope};

/// Peers that are listed; more are counted.
const LISTED: usize = 3;

/// A rule of a NetworkPolicy.
pub(super) fn rule(direction: Direction, rule: &Rule) -> String {
    let peers: Vec<String> = rule.peers.iter().map(peer).collect();
    whole(direction, &peers, &rule.ports)
}

/// A rule of a cluster-wide policy.
pub(super) fn admin_rule(direction: Direction, rule: &AdminRule) -> String {
    let peers = rule.peers.iter().map(admin_peer);
    whole(direction, &peers.collect::<Vec<_>>(), &rule.ports)
}

fn whole(direction: Direction, peers: &[String], ports: &RulePorts) -> String {
    let mut listed = peers[..peers.len().min(LISTED)].join(" or ");
    match peers.len().saturating_sub(LISTED) {
        0 if listed.is_empty() => listed.push_str("any"),
        0 => {}
        more => listed.push_str(&format!(" or {more} more")),
    }
    format!("{} {listed}, port {}", direction.preposition(), port_words(ports))
}

fn port_words(ports: &RulePorts) -> String {
    match ports {
        RulePorts::Every => "any".to_owned(),
        RulePorts::Some { numbers, names } => {
            let mut parts = Vec::new();
            if !numbers.is_empty() {
                parts.push(numbers.to_string());
            }
            parts.extend(names.iter().map(|(protocol, name)| format!("{protocol} {name}")));
            parts.join(" ")
        }
    }
}

fn peer(peer: &Peer) -> String {
    match peer {
        Peer::Block(block) if block.except.is_empty() => block.cidr.to_string(),
        Peer::Block(block) => match block.except.as_slice() {
            [one] => format!("{} except {one}", block.cidr),
            several => format!("{} except {} ranges", block.cidr, several.len()),
        },
        Peer::Pods { namespaces: Scope::Own, pods } => {
            format!("{} in its namespace", pod_words(pods))
        }
        Peer::Pods { namespaces: Scope::Matching(namespaces), pods } => {
            format!("{} in {}", pod_words(pods), namespace_words(namespaces))
        }
    }
}

fn admin_peer(peer: &AdminPeer) -> String {
    match peer {
        AdminPeer::Pods(pods) => {
            format!("{} in {}", pod_words(&pods.pods), namespace_words(&pods.namespaces))
        }
        AdminPeer::Networks(networks) => {
            networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
        }
        AdminPeer::Nodes(nodes) => format!("nodes {}", selector(nodes)),
        AdminPeer::DomainNames(names) => names.join(" or "),
    }
}

fn pod_words(pods: &Selector) -> String {
    if pods.is_everything() { "any pod".to_owned() } else { selector(pods) }
}

fn namespace_words(namespaces: &Selector) -> String {
    match namespaces.requirements() {
        [] => "any namespace".to_owned(),
        [Requirement::In(key, names)] if key == NAMESPACE_NAME => {
            format!("namespace {}", names.iter().cloned().collect::<Vec<_>>().join(" or "))
        }
        _ => format!("namespaces {}", selector(namespaces)),
    }
}

/// As `kubectl get -l` has it.
fn selector(selector: &Selector) -> String {
    let list = |values: &std::collections::BTreeSet<String>| {
        values.iter().cloned().collect::<Vec<_>>().join(",")
    };
    let one = |requirement: &Requirement| match requirement {
        Requirement::In(key, values) if values.len() == 1 => format!("{key}={}", list(values)),
        Requirement::In(key, values) => format!("{key} in ({})", list(values)),
        Requirement::NotIn(key, values) => format!("{key} notin ({})", list(values)),
        Requirement::Exists(key) => key.clone(),
        Requirement::DoesNotExist(key) => format!("!{key}"),
    };
    selector.requirements().iter().map(one).collect::<Vec<_>>().join(",")
}
