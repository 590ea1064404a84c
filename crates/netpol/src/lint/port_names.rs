//! Names of ports.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::code::Code;
use super::found::{fixed, list, member as of, policy as at, rule as rule_field, workload};
use super::port_numbers::destinations;
use super::world::World;
use super::world::rules;
use crate::endpoint::ContainerPorts;
use crate::finding::Finding;
use crate::policy::{Direction, Peer, RulePorts};
use crate::ports::Protocol;

pub(super) fn lint(world: &World<'_>, found: &mut Vec<Finding>) {
    for policy in world.policies() {
        for (direction, i, rule) in rules(policy) {
            let RulePorts::Some { names, .. } = &rule.ports else { continue };
            if names.is_empty() {
                continue;
            }
            let cause = || at(policy, format!("{}.ports", rule_field(direction, i)));
            let block = |p: &Peer| matches!(p, Peer::Block(_));
            if direction == Direction::Egress && rule.peers.iter().any(block) {
                let name = &names[0].1;
                found.push(fixed(
                    Code::PortName,
                    format!("opens port {name:?} to an ipBlock: outside of the cluster no port has a name"),
                    cause(),
                    "write the port's number".to_owned(),
                ));
                continue;
            }
            let destinations = destinations(world, policy, direction, rule);
            if destinations.is_empty() {
                continue;
            }
            for (protocol, name) in names {
                let declared: Vec<_> = destinations.iter().map(|d| world.declared(d)).collect();
                let has =
                    |p: Protocol| declared.iter().any(|d| d.names.contains(&(p, name.clone())));
                if has(*protocol) {
                    continue;
                }
                let mut pods: Vec<String> = destinations
                    .iter()
                    .flat_map(|d| d.iter())
                    .map(|(i, _)| workload(world.member(*i)))
                    .collect();
                pods.sort_unstable();
                pods.dedup();
                let other = Protocol::ALL.into_iter().find(|p| has(*p));
                let (message, fix) = match other {
                    Some(other) => (
                        format!(
                            "opens {protocol} port {name:?}, which is a {other} port of {}",
                            list(&pods)
                        ),
                        format!("write protocol: {other}"),
                    ),
                    None => (
                        format!("opens port {name:?}, which no container of {} has", list(&pods)),
                        "name a port that is declared, or write its number".to_owned(),
                    ),
                };
                found.push(fixed(Code::PortName, message, cause(), fix));
            }
        }
    }
    ambiguous(world, found);
}

fn ambiguous(world: &World<'_>, found: &mut Vec<Finding>) {
    let mut told: HashSet<String> = HashSet::new();
    for member in &world.input.members {
        let ContainerPorts::Known(ports) = &member.pod.ports else { continue };
        if ports.len() < 2 {
            continue;
        }
        let mut numbers: BTreeMap<(&str, Protocol), BTreeSet<u16>> = BTreeMap::new();
        for port in ports.iter().filter(|p| !p.name.is_empty()) {
            numbers.entry((&port.name, port.protocol)).or_default().insert(port.port);
        }
        for ((name, _), numbers) in numbers.into_iter().filter(|(_, n)| n.len() > 1) {
            if !told.insert(format!("{} {name}", workload(member))) {
                continue;
            }
            let numbers: Vec<String> = numbers.iter().map(u16::to_string).collect();
            found.push(fixed(
                Code::AmbiguousPortName,
                format!("its containers call different ports {name:?}: {}; a policy that names it opens each", list(&numbers)),
                of(member),
                "give each port a name of its own".to_owned(),
            ));
        }
    }
}
