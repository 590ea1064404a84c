//! Ports as numbers that nobody listens on.

use super::code::Code;
use super::found::{fixed, list, policy as at, rule as rule_field};
use super::world::{Declared, Found, World, rules};
use crate::finding::Finding;
use crate::policy::{Direction, Peer, Policy, Rule, RulePorts};
use crate::ports::{PortRange, PortSet, Protocol};
use crate::service::{Service, ServicePort};

pub(super) fn lint(world: &World<'_>, found: &mut Vec<Finding>) {
    for policy in world.policies() {
        for (direction, i, rule) in rules(policy) {
            let RulePorts::Some { numbers, .. } = &rule.ports else { continue };
            let destinations = destinations(world, policy, direction, rule);
            if destinations.is_empty() {
                continue;
            }
            let field = || format!("{}.ports", rule_field(direction, i));
            let mut rest = PortSet::none();
            for (protocol, range) in unserved(world, &destinations, numbers) {
                match service_port(world, &destinations, protocol, range) {
                    Some((service, port, pods)) => {
                        if numbers.intersection(&pods).is_empty() {
                            found.push(of_service(policy, field(), service, port, &pods));
                        }
                    }
                    None => rest = rest.union(&PortSet::of(protocol, range)),
                }
            }
            if !rest.is_empty() {
                found.push(not_served(world, policy, field(), &destinations, &rest));
            }
        }
    }
}

/// The pods at which the rule's ports are, if all of them are known: sets of which each is as the
/// world handed it out.
pub(super) fn destinations<'a>(
    world: &World<'a>,
    policy: &'a Policy,
    direction: Direction,
    rule: &'a Rule,
) -> Vec<Found> {
    if direction == Direction::Ingress {
        return vec![world.selected(policy)].into_iter().filter(|f| !f.is_empty()).collect();
    }
    let mut all = Vec::new();
    for peer in &rule.peers {
        let found = world.peer(policy, peer);
        if matches!(peer, Peer::Block(_)) || found.is_empty() || !world.knows_homes(peer) {
            return Vec::new(); // others may be there
        }
        all.push(found);
    }
    all
}

/// Ports and ranges that no destination declares, where each declares some.
fn unserved(
    world: &World<'_>,
    destinations: &[Found],
    numbers: &PortSet,
) -> Vec<(Protocol, PortRange)> {
    let declared: Vec<_> = destinations.iter().map(|d| world.declared(d)).collect();
    if !declared.iter().all(|d: &std::rc::Rc<Declared>| d.by_all) {
        return Vec::new();
    }
    let served = |protocol, range: PortRange| {
        let one = PortSet::of(protocol, range);
        declared.iter().any(|d| !d.ports.intersection(&one).is_empty())
    };
    numbers
        .iter()
        .flat_map(|(protocol, ranges)| ranges.iter().map(move |range| (protocol, *range)))
        .filter(|(protocol, range)| *range != PortRange::ALL && !served(*protocol, *range))
        .collect()
}

/// A Service of the destinations that has this port, and the ports of its pods.
fn service_port<'a>(
    world: &World<'a>,
    destinations: &[Found],
    protocol: Protocol,
    range: PortRange,
) -> Option<(&'a Service, &'a ServicePort, PortSet)> {
    let is = |p: &&ServicePort| p.protocol == protocol && PortRange::one(p.port) == range;
    world.input.services.iter().filter(|s| !s.headless).find_map(|service| {
        let port = service.ports.iter().find(is)?;
        let mut pods = PortSet::none();
        for (i, _) in destinations.iter().flat_map(|d| d.iter()) {
            let pod = &world.member(*i).pod;
            if service.selects(pod).certainly()
                && let Some(target) = port.target(pod)
            {
                pods = pods.union(&PortSet::of(protocol, PortRange::one(target)));
            }
        }
        (!pods.is_empty() && !pods.contains(protocol, port.port)).then_some((service, port, pods))
    })
}

fn of_service(
    policy: &Policy,
    field: String,
    service: &Service,
    port: &ServicePort,
    pods: &PortSet,
) -> Finding {
    let message = format!(
        "opens {}, the port of service {}; most plugins ask about the pods' own port, {pods}",
        port.port,
        service.id(),
    );
    fixed(Code::ServicePort, message, at(policy, field), format!("write {pods}"))
}

fn not_served(
    world: &World<'_>,
    policy: &Policy,
    field: String,
    destinations: &[Found],
    ports: &PortSet,
) -> Finding {
    let mut declared = PortSet::none();
    let mut names: Vec<String> = Vec::new();
    for set in destinations {
        declared = declared.union(&world.declared(set).ports);
        names.extend(set.iter().map(|(i, _)| super::found::workload(world.member(*i))));
    }
    names.sort_unstable();
    names.dedup();
    let message = format!(
        "opens {ports}, on which nothing listens: the ports of {} are {declared}",
        list(&names)
    );
    let fix = "correct the port, or declare it in the container's ports".to_owned();
    fixed(Code::PortNotServed, message, at(policy, field), fix)
}
