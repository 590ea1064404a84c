//! Address blocks.

use std::net::IpAddr;

use ipnet::IpNet;

use super::code::Code;
use super::found::{fixed, list, peer as peer_field, policy as at, rule as rule_field};
use super::world::{World, rules};
use crate::address::{Block, Span};
use crate::endpoint::Endpoint;
use crate::finding::Finding;
use crate::policy::{Direction, NoteKind, Peer, Policy, Rule, RulePorts};
use crate::ports::{PortRange, PortSet, Protocol};
use crate::service::Service;

/// Where clouds hand out credentials and user data: AWS, Azure, Google and others; the same by
/// IPv6; ECS tasks; Azure's agent endpoint; Alibaba.
const METADATA: [&str; 5] =
    ["169.254.169.254", "fd00:ec2::254", "169.254.170.2", "168.63.129.16", "100.100.100.200"];

/// The port of all of them.
const METADATA_PORT: u16 = 80;

pub(super) fn lint(world: &World<'_>, found: &mut Vec<Finding>) {
    let metadata: Vec<IpAddr> = METADATA.iter().filter_map(|a| a.parse().ok()).collect();
    for policy in world.policies() {
        found.extend(policy.notes.iter().map(|note| {
            let (message, fix) = match note.kind {
                NoteKind::HostBits => (
                    "has bits behind its prefix, which are ignored",
                    "write the block's first address, or a longer prefix",
                ),
                NoteKind::LeadingZeros => (
                    "has zeros at the front of a number: read as decimal here, as octal by others",
                    "leave the zeros out",
                ),
            };
            fixed(
                Code::CidrSpelling,
                message.to_owned(),
                at(policy, note.field.clone()),
                fix.to_owned(),
            )
        }));
        for (direction, i, rule) in rules(policy) {
            for (j, peer) in rule.peers.iter().enumerate() {
                let Peer::Block(block) = peer else { continue };
                if let Some(what) = in_service_range(world, block) {
                    found.push(fixed(
                        Code::ServiceRange,
                        format!(
                            "names {what}: policies see the pods behind a Service, not its address"
                        ),
                        at(policy, format!("{}.ipBlock", peer_field(direction, i, j))),
                        "select the pods, or name the addresses behind the Service".to_owned(),
                    ));
                }
            }
            match direction {
                Direction::Egress => {
                    found.extend(reaches_metadata(world, policy, i, rule, &metadata))
                }
                Direction::Ingress => found.extend(client_lost(world, policy, i, rule)),
            }
        }
    }
}

fn in_service_range(world: &World<'_>, block: &Block) -> Option<String> {
    let cidrs = &world.options.service_cidrs;
    if !cidrs.is_empty() {
        let range = cidrs.iter().find(|range| range.contains(&block.cidr))?;
        return Some(format!("{}, a part of the Service range {range}", block.cidr));
    }
    // The range is not known: a small block that holds a Service's address, and no pod's.
    let small = match block.cidr {
        IpNet::V4(net) => net.prefix_len() >= 24,
        IpNet::V6(net) => net.prefix_len() >= 112,
    };
    if !small
        || world.input.members.iter().any(|m| m.pod.addresses.iter().any(|a| block.contains(*a)))
    {
        return None;
    }
    let held = |s: &&Service| s.addresses.iter().any(|a| block.contains(*a));
    let service = world.input.services.iter().find(held)?;
    Some(format!("{}, the address of service {}", block.cidr, service.id()))
}

fn reaches_metadata<'a>(
    world: &World<'a>,
    policy: &'a Policy,
    i: usize,
    rule: &Rule,
    metadata: &[IpAddr],
) -> Option<Finding> {
    let open = match &rule.ports {
        RulePorts::Every => true,
        RulePorts::Some { numbers, .. } => numbers.contains(Protocol::Tcp, METADATA_PORT),
    };
    let held = |a: &&IpAddr| {
        rule.peers.is_empty()
            || rule.peers.iter().any(|p| matches!(p, Peer::Block(block) if block.contains(**a)))
    };
    let mut open: Vec<&IpAddr> =
        if open { metadata.iter().filter(held).collect() } else { return None };
    // A cluster-wide policy may close it again.
    let selected = world.selected(policy);
    let cluster = &world.input.cluster;
    if let (Some((i, _)), false) = (selected.first(), cluster.admin.is_empty()) {
        let pod = &world.member(*i).pod;
        open.retain(|a| {
            let end = Endpoint::Outside(Span::from(**a));
            let verdict = cluster.verdict(&Endpoint::Pod(pod), &end);
            verdict.at(Protocol::Tcp, METADATA_PORT).certainly()
        });
    }
    let names: Vec<String> = open.iter().map(|a| a.to_string()).collect();
    (!open.is_empty()).then(|| {
        fixed(
            Code::Metadata,
            format!("lets pods reach {} on port {METADATA_PORT}, where a cloud hands out the node's credentials", names.join(", ")),
            at(policy, rule_field(Direction::Egress, i)),
            "name the destinations, or put these addresses into except".to_owned(),
        )
    })
}

/// A Service that replaces the client's address by a node's, before pods whose policy looks at it.
fn client_lost<'a>(
    world: &World<'a>,
    policy: &'a Policy,
    i: usize,
    rule: &Rule,
) -> Option<Finding> {
    let narrow = |p: &Peer| match p {
        Peer::Block(block) => block.spans().iter().all(|s| *s != Span::all(s.family())),
        Peer::Pods { .. } => false,
    };
    let j = rule.peers.iter().position(narrow)?;
    let selected = world.selected(policy);
    let hides = |s: &&Service| {
        s.is_external()
            && !s.keeps_client
            && selected.iter().any(|(i, _)| {
                let pod = &world.member(*i).pod;
                s.selects(pod).certainly()
                    && s.ports
                        .iter()
                        .any(|p| p.target(pod).is_some_and(|t| opens(&rule.ports, p.protocol, t)))
            })
    };
    let names: Vec<String> =
        world.input.services.iter().filter(hides).map(|s| format!("service {}", s.id())).collect();
    (!names.is_empty()).then(|| {
        fixed(
            Code::ClientAddressLost,
            format!("names clients by address, but {} replaces it by a node's", list(&names)),
            at(policy, format!("{}.ipBlock", peer_field(Direction::Ingress, i, j))),
            "set the Service's externalTrafficPolicy to Local".to_owned(),
        )
    })
}

/// Whether a rule's numbers open the port; a name is taken to do so.
pub(super) fn opens(ports: &RulePorts, protocol: Protocol, port: u16) -> bool {
    match ports {
        RulePorts::Every => true,
        RulePorts::Some { numbers, names } => {
            let one = PortSet::of(protocol, PortRange::one(port));
            !numbers.intersection(&one).is_empty() || names.iter().any(|(p, _)| *p == protocol)
        }
    }
}
