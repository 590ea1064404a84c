//! Services and Ingresses that lead to pods which let nobody in.

use super::addresses::opens;
use super::code::Code;
use super::found::{cause, fixed, list, service as of_service, workload};
use super::world::World;
use crate::finding::Finding;
use crate::input::Member;
use crate::policy::{Direction, Peer, Policy, Rule, Scope};
use crate::ports::Protocol;
use crate::service::{Service, ServicePort};

/// From where somebody is meant to come.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Client {
    /// Anywhere.
    Anyone,
    /// Another namespace, or outside of the cluster: where controllers of Ingresses are.
    FromElsewhere,
    /// Outside of the cluster.
    FromOutside,
}

pub(super) fn lint(world: &World<'_>, found: &mut Vec<Finding>) {
    for service in &world.input.services {
        let client = if service.is_external() { Client::FromOutside } else { Client::Anyone };
        for (i, port) in service.ports.iter().enumerate() {
            let Some(closed) = closed(world, service, port, client) else { continue };
            let who = match client {
                Client::Anyone => "anyone",
                Client::FromElsewhere | Client::FromOutside => "an address outside of the cluster",
            };
            let pods = closed.iter().map(|m| workload(m)).collect::<Vec<_>>();
            found.push(fixed(
                Code::PublishedButClosed,
                format!("leads to {}, and no policy lets {who} reach it there", list(&dedup(pods))),
                of_service(service, Some(format!("spec.ports[{i}]"))),
                "add an ingress rule for those who are meant to come, or remove the port"
                    .to_owned(),
            ));
        }
    }
    for ingress in &world.input.ingresses {
        for backend in &ingress.backends {
            let Some(service) = world.input.service(&ingress.namespace, &backend.service) else {
                continue;
            };
            let Some(port) = service.ports.iter().find(|p| p.is(&backend.port)) else { continue };
            if service.is_external() || closed(world, service, port, Client::Anyone).is_some() {
                continue; // told of the Service
            }
            let Some(closed) = closed(world, service, port, Client::FromElsewhere) else {
                continue;
            };
            let id = format!("{}/{}", ingress.namespace, ingress.name);
            let pods = closed.iter().map(|m| workload(m)).collect::<Vec<_>>();
            found.push(fixed(
                Code::PublishedButClosed,
                format!(
                    "leads to {}, and no policy lets another namespace reach it there: where is the controller?",
                    list(&dedup(pods)),
                ),
                cause("ingress", &id, Some(backend.field.clone()), ingress.place.as_ref()),
                "add an ingress rule for the namespace of the Ingress controller".to_owned(),
            ));
        }
    }
}

fn dedup(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}

/// The pods behind a port, if all of them are closed to such clients.
fn closed<'a>(
    world: &World<'a>,
    service: &'a Service,
    port: &ServicePort,
    client: Client,
) -> Option<Vec<&'a Member>> {
    let selector = service.selector.as_ref()?;
    let pods = world.pods(&service.namespace, selector);
    if pods.is_empty() {
        return None;
    }
    let members: Vec<&Member> = pods.iter().map(|(i, _)| world.member(*i)).collect();
    let shut = |m: &&Member| {
        let target = port.target(&m.pod);
        target.is_some_and(|target| is_closed(world, m, port.protocol, target, client))
    };
    members.iter().all(shut).then_some(members)
}

fn is_closed(
    world: &World<'_>,
    member: &Member,
    protocol: Protocol,
    port: u16,
    client: Client,
) -> bool {
    let cluster = &world.input.cluster;
    // What comes before or beside NetworkPolicies may let somebody in.
    if member.pod.host_network || !cluster.admin.is_empty() || !cluster.foreign.is_empty() {
        return false;
    }
    let selects = |p: &&Policy| {
        p.namespace == member.namespace
            && p.rules(Direction::Ingress).is_some()
            && p.selector.matches(&member.pod.labels).possibly()
    };
    let mut isolated = false;
    for policy in world.policies().iter().filter(selects) {
        isolated = true;
        let lets_in = |r: &Rule| opens(&r.ports, protocol, port) && admits(r, client);
        if policy.rules(Direction::Ingress).unwrap_or_default().iter().any(lets_in) {
            return false;
        }
    }
    isolated
}

fn admits(rule: &Rule, client: Client) -> bool {
    let peer = |p: &Peer| match (p, client) {
        (_, Client::Anyone) | (Peer::Block(_), _) => true,
        (Peer::Pods { namespaces, .. }, Client::FromElsewhere) => *namespaces != Scope::Own,
        (Peer::Pods { .. }, Client::FromOutside) => false,
    };
    rule.peers.is_empty() || rule.peers.iter().any(peer)
}
