//! What is meant to be open, told by what is installed: where no values file says it.

use ipnet::IpNet;

use netpol::labels::{NAMESPACE_NAME, Requirement};
use netpol::matrix::Platform;
use netpol::policy::{Direction, Peer, Policy, Rule, RulePorts, Scope};
use netpol::ports::Protocol;

use super::{address_block, flows_of};
use crate::render::{ClusterFacts, Profile};

/// Where the database is, without anything that is secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DatabaseAt {
    /// A name or an address.
    pub host: String,
    /// Its port, as the URL has it.
    pub port: u16,
}

/// The policy that opens nothing but the database and DNS.
const MIGRATION: &str = "openhive-db-migrate-egress";
/// The policy whose blocks are where the sandbox may go besides.
const SANDBOX: &str = "hive-sandbox-egress";
/// What the values take for the Ingress controller's namespace where they do not name one.
const CONTROLLER: &str = "ingress-nginx";
/// Policies with a rule for the Ingress controller.
const PUBLISHED: [&str; 2] = ["hive-dashboard-ingress", "hive-gateway-ingress"];

/// As [`platform`](super::platform()), without values. Of what only the values say, and no object besides the
/// policies, the installed policies themselves are the source; the notes tell which.
#[must_use]
pub fn of_installed(
    profile: Profile,
    facts: &ClusterFacts,
    policies: &[Policy],
    database: Option<&DatabaseAt>,
) -> (Platform, Vec<String>) {
    let mut notes = Vec::new();
    let mut of_policy = |what: &str, name: &str| {
        notes
            .push(format!("{what} is only known from networkpolicy {name}, which is judged by it"));
    };
    let named = |name: &str| policies.iter().find(|p| p.namespace == "openhive" && p.name == name);
    let rule = named(MIGRATION).and_then(|p| p.rules(Direction::Egress)?.first());
    let target = facts.database_target_ports.value.clone();
    let database_ports = match (target, database) {
        (Some(ports), _) => ports,
        (None, Some(database)) => vec![database.port],
        (None, None) => {
            let ports = rule.map(ports).unwrap_or_default();
            if !ports.is_empty() {
                of_policy("the database's port", MIGRATION);
            }
            ports
        }
    };
    let literal = database.and_then(|d| address_block(&d.host));
    let database_cidr = literal.or_else(|| {
        let block = rule.and_then(block)?;
        of_policy("the database's address", MIGRATION);
        Some(block)
    });
    let ingress_namespace = PUBLISHED.iter().find_map(|name| {
        let rules = named(name)?.rules(Direction::Ingress)?;
        let namespace = rules.iter().find_map(controller)?;
        if namespace != CONTROLLER {
            of_policy("the Ingress controller's namespace", name);
        }
        Some(namespace)
    });
    let sandbox = policies.iter().find(|p| p.namespace == "hive-sandbox" && p.name == SANDBOX);
    let rules = sandbox.and_then(|p| p.rules(Direction::Egress)).unwrap_or_default();
    let mut sandbox_allow: Vec<_> = rules.iter().filter_map(allowed).collect();
    sandbox_allow.retain(|(cidr, _)| Some(*cidr) != database_cidr);
    if !sandbox_allow.is_empty() {
        of_policy("where the sandbox may go besides", SANDBOX);
    }
    let platform = Platform {
        profile: flows_of(profile),
        database_ports,
        database_service: None,
        database_cidr,
        api_server_ports: facts.api_server_ports.value.clone(),
        api_server_cidr: None,
        api_server_addresses: Vec::new(),
        dns_namespace: facts.dns_namespace.value.clone(),
        dns_labels: facts.dns_selector.value.clone(),
        dns_ports: facts.dns_ports.value.clone(),
        node_local_dns: facts.node_local_dns.value,
        ingress_namespace,
        ingress_cidrs: Vec::new(),
        cluster_cidrs: Vec::new(),
        sandbox_allow,
        relay: None,
    };
    (platform, notes)
}

fn ports(rule: &Rule) -> Vec<u16> {
    let RulePorts::Some { numbers, .. } = &rule.ports else { return Vec::new() };
    numbers.ranges(Protocol::Tcp).iter().map(|range| range.first).collect()
}

fn block(rule: &Rule) -> Option<IpNet> {
    match rule.peers.as_slice() {
        [Peer::Block(block)] => Some(block.cidr),
        _ => None,
    }
}

/// Where the installer puts what it makes.
const OURS: [&str; 3] = ["openhive", "hive-agents", "hive-sandbox"];

/// A block that the sandbox may reach besides database and providers, on one port or all.
fn allowed(rule: &Rule) -> Option<(IpNet, Option<u16>)> {
    let cidr = block(rule).filter(|cidr| cidr.prefix_len() > 0)?;
    match ports(rule).as_slice() {
        [port] => Some((cidr, Some(*port))),
        [] if matches!(rule.ports, RulePorts::Every) => Some((cidr, None)),
        _ => None,
    }
}

/// The namespace of a peer that is not one of ours.
fn controller(rule: &Rule) -> Option<String> {
    let names = rule.peers.iter().filter_map(|peer| match peer {
        Peer::Pods { namespaces: Scope::Matching(selector), .. } => {
            selector.requirements().iter().find_map(|requirement| match requirement {
                Requirement::In(key, values) if key == NAMESPACE_NAME => values.iter().next(),
                _ => None,
            })
        }
        _ => None,
    });
    names.into_iter().find(|name| !OURS.contains(&name.as_str())).cloned()
}
