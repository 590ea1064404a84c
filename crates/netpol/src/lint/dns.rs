//! Name resolution needs both protocols (rule 18): an answer that does not fit into a datagram is
//! asked for again by TCP.

use std::collections::BTreeSet;

use super::code::Code;
use super::found::{fixed, policy as at, rule as rule_field};
use super::world::World;
use crate::finding::Finding;
use crate::policy::{Direction, Policy, Rule, RulePorts};
use crate::ports::{PortSet, Protocol};
use crate::verdict::Tri;

/// The port of name servers (RFC 1035).
const DNS: u16 = 53;

/// A range with more ports is not about name resolution.
const WIDE: u16 = 16;

pub(super) fn lint(world: &World<'_>, found: &mut Vec<Finding>) {
    let ports = ports(world);
    for policy in world.policies() {
        let rules = policy.rules(Direction::Egress).unwrap_or_default();
        for (i, rule) in rules.iter().enumerate() {
            let RulePorts::Some { numbers, .. } = &rule.ports else { continue };
            for port in &ports {
                let (has, lacks) = match (
                    opens(numbers, *port, Protocol::Udp),
                    opens(numbers, *port, Protocol::Tcp),
                ) {
                    (true, false) => (Protocol::Udp, Protocol::Tcp),
                    (false, true) if *port == DNS => (Protocol::Tcp, Protocol::Udp),
                    _ => continue,
                };
                if beside(world, policy, rule, lacks, *port) {
                    continue;
                }
                found.push(fixed(
                    Code::DnsByOneProtocol,
                    format!(
                        "opens port {port} by {has} and not by {lacks}: name resolution needs both"
                    ),
                    at(policy, format!("{}.ports", rule_field(Direction::Egress, i))),
                    format!("add protocol: {lacks}, port: {port}"),
                ));
            }
        }
    }
}

fn opens(numbers: &PortSet, port: u16, protocol: Protocol) -> bool {
    numbers
        .ranges(protocol)
        .iter()
        .any(|r| r.first <= port && port <= r.last && r.last - r.first < WIDE)
}

/// 53, and what the pods behind a Service for it listen on.
fn ports(world: &World<'_>) -> BTreeSet<u16> {
    let mut all = BTreeSet::from([DNS]);
    for service in &world.input.services {
        for port in service.ports.iter().filter(|p| p.port == DNS && p.protocol == Protocol::Udp) {
            for member in &world.input.members {
                if service.selects(&member.pod).certainly() {
                    all.extend(port.target(&member.pod));
                }
            }
        }
    }
    all
}

/// Whether another rule for at least these pods and peers has the other protocol.
fn beside<'a>(
    world: &World<'a>,
    policy: &'a Policy,
    rule: &Rule,
    protocol: Protocol,
    port: u16,
) -> bool {
    let covers = |other: &'a Policy| {
        other.namespace == policy.namespace
            && (other.selector == policy.selector
                || other.selector.is_everything()
                || selects_all(world, policy, other))
    };
    let opens = |other: &Rule| {
        let ports = match &other.ports {
            RulePorts::Every => true,
            RulePorts::Some { numbers, .. } => numbers.contains(protocol, port),
        };
        let peers = other.peers.is_empty()
            || (!rule.peers.is_empty() && rule.peers.iter().all(|p| other.peers.contains(p)));
        ports && peers
    };
    world
        .policies()
        .iter()
        .filter(|other| covers(other))
        .any(|other| other.rules(Direction::Egress).unwrap_or_default().iter().any(opens))
}

fn selects_all<'a>(world: &World<'a>, policy: &'a Policy, other: &'a Policy) -> bool {
    let (own, wide) = (world.selected(policy), world.selected(other));
    !own.is_empty() && own.iter().all(|(i, _)| wide.contains(&(*i, Tri::Yes)))
}
