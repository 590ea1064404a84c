//! What can be probed: addresses and ports of pods, Services, and outside of the cluster.

use std::net::IpAddr;

use super::answer::{Address, Reason};
use super::participant::{Participant, preferred};
use crate::endpoint::{Endpoint, Host, Pod};
use crate::input::Input;
use crate::matrix::{Party, Platform};
use crate::ports::Protocol;
use crate::service::{Service, ServicePort};
use crate::verdict::Tri;

/// What is sent.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Probe {
    /// A TCP connection.
    Tcp,
    /// A DNS query in a datagram.
    DnsUdp,
    /// A DNS query over TCP.
    DnsTcp,
}

impl Probe {
    /// The word for it on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::DnsUdp => "dns-udp",
            Self::DnsTcp => "dns-tcp",
        }
    }

    /// Its protocol.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Tcp | Self::DnsTcp => Protocol::Tcp,
            Self::DnsUdp => Protocol::Udp,
        }
    }
}

/// Something behind an address, as policies see it.
#[derive(Clone, Debug)]
pub enum Behind {
    /// A pod.
    Pod(Box<Pod>),
    /// A node.
    Host(Host),
    /// An address outside.
    Outside(IpAddr),
}

impl Behind {
    pub(super) fn endpoint(&self) -> Endpoint<'_> {
        match self {
            Self::Pod(pod) => Endpoint::Pod(pod),
            Self::Host(host) => Endpoint::Host(host),
            Self::Outside(address) => Endpoint::Outside((*address).into()),
        }
    }
}

/// An address and port to probe.
#[derive(Clone, Debug)]
pub struct Target {
    /// The column.
    pub to: Party,
    /// `service hive-agents/hive-agent`.
    pub name: String,
    /// What is dialled.
    pub address: IpAddr,
    /// What is dialled.
    pub port: u16,
    /// The port that policies see: the one behind a Service.
    pub seen_port: u16,
    /// What is sent.
    pub probe: Probe,
    /// What kind of address.
    pub kind: Address,
    /// What is behind it.
    pub behind: Vec<Behind>,
    /// Of a Service: the addresses and ports that it leads to.
    pub ready: Vec<(IpAddr, u16)>,
    /// Whether a pod without policies has to reach it: else the control is a peer that is let in.
    pub outside: bool,
}

impl Target {
    /// Whether it may be the participant itself that answers: at its own address, or as one of those
    /// behind a Service. What has its node's address may be anything else on the node.
    pub(super) fn may_be(&self, participant: &Participant) -> bool {
        let at = |own| self.address == own || self.ready.iter().any(|(ready, _)| *ready == own);
        let is_pod = |behind: &Behind| match behind {
            Behind::Pod(pod) => participant.pod.is_same(pod),
            Behind::Host(_) | Behind::Outside(_) => false,
        };
        participant.address().is_some_and(at)
            && (!participant.pod.host_network || self.behind.iter().any(is_pod))
    }
}

/// Addresses that are not in the cluster's objects.
#[derive(Clone, Debug, Default)]
pub struct Outward {
    /// Where the database is.
    pub database: Resolved,
    /// Something outside, named by the user.
    pub external: Resolved,
}

/// A host and port, and what its name resolves to in the cluster.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// The host as it is written; none was named where it is empty.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// The Services that select a pod.
pub(super) fn services_of<'a>(input: &'a Input, pod: &'a Pod) -> impl Iterator<Item = &'a Service> {
    input.services.iter().filter(|service| service.selects(pod) == Tri::Yes)
}

/// The addresses and ports behind a port of a Service that are ready.
fn ready(input: &Input, service: &Service, port: &ServicePort) -> Vec<(IpAddr, u16)> {
    let slices = input
        .slices
        .iter()
        .filter(|slice| slice.namespace == service.namespace && slice.service == service.name);
    let mut ready = Vec::new();
    for slice in slices {
        let of_port = slice.ports.iter().find(|p| p.name == port.name);
        let Some(number) = of_port.and_then(|p| p.port) else { continue };
        let addresses = slice.endpoints.iter().flat_map(|endpoint| &endpoint.addresses);
        ready.extend(addresses.map(|address| (*address, number)));
    }
    ready
}

/// What there is to probe of a party.
pub(super) struct Find<'a> {
    pub(super) input: &'a Input,
    pub(super) platform: &'a Platform,
    pub(super) outward: &'a Outward,
    pub(super) participants: &'a [Participant],
}

impl Find<'_> {
    pub(super) fn targets(&self, to: Party) -> Result<Vec<Target>, Reason> {
        match to {
            Party::Database => self.outside(to, &self.outward.database),
            Party::External if self.outward.external.host.is_empty() => {
                let what = "no address outside is named: --external HOST:PORT";
                Err(Reason::NoTarget(what.to_owned()))
            }
            Party::External => self.outside(to, &self.outward.external),
            Party::Metadata => {
                let address = IpAddr::from([169, 254, 169, 254]);
                Ok(vec![self.at(to, address, 80, address.to_string())])
            }
            Party::ApiServer => self.api_server(),
            Party::Dns => self.dns(),
            _ => self.pods(to),
        }
    }

    /// The pods of a party at their own addresses, and the Services before them.
    fn pods(&self, to: Party) -> Result<Vec<Target>, Reason> {
        let mut targets = Vec::new();
        for participant in self.participants.iter().filter(|p| p.party == to) {
            let Some(address) = participant.address() else { continue };
            for port in &participant.listens {
                targets.push(Target {
                    to,
                    name: format!("pod {}", participant.id()),
                    address,
                    port: *port,
                    seen_port: *port,
                    probe: Probe::Tcp,
                    kind: Address::Pod,
                    behind: vec![Behind::Pod(Box::new(participant.pod.clone()))],
                    ready: Vec::new(),
                    outside: false,
                });
            }
        }
        // A workload without pods still has its Service.
        let template = |m: &&crate::Member| {
            to.workload().is_some_and(|(namespace, name)| {
                m.namespace == namespace && m.workload.as_ref().is_some_and(|w| w.name == name)
            })
        };
        if let Some(member) = self.input.members.iter().find(template) {
            for service in services_of(self.input, &member.pod) {
                targets.extend(self.service(to, service, &member.pod));
            }
        }
        if targets.is_empty() {
            return Err(Reason::NoTarget("there is no pod of it".to_owned()));
        }
        Ok(targets)
    }

    fn service(&self, to: Party, service: &Service, template: &Pod) -> Vec<Target> {
        let Some(address) = preferred(&service.addresses) else { return Vec::new() };
        let tcp = service.ports.iter().filter(|p| p.protocol == Protocol::Tcp);
        tcp.map(|port| {
            let ready = ready(self.input, service, port);
            let seen_port = ready.first().map_or(port.port, |(_, port)| *port);
            let mut behind: Vec<Behind> =
                ready.iter().map(|(address, _)| self.behind(*address)).collect();
            if behind.is_empty() {
                behind.push(Behind::Pod(Box::new(template.clone())));
            }
            Target {
                to,
                name: format!("service {}", service.id()),
                address,
                port: port.port,
                seen_port,
                probe: Probe::Tcp,
                kind: if ready.is_empty() { Address::EmptyService } else { Address::Service },
                behind,
                ready,
                outside: false,
            }
        })
        .collect()
    }

    fn outside(&self, to: Party, host: &Resolved) -> Result<Vec<Target>, Reason> {
        if host.addresses.is_empty() {
            return Err(Reason::NameNotFound(host.host.clone()));
        }
        Ok(host
            .addresses
            .iter()
            .map(|address| self.at(to, *address, host.port, host.host.clone()))
            .collect())
    }

    /// An address that may be a Service's, a pod's, or nobody's in the cluster.
    fn at(&self, to: Party, address: IpAddr, port: u16, name: String) -> Target {
        let mut target = Target {
            to,
            name,
            address,
            port,
            seen_port: port,
            probe: Probe::Tcp,
            kind: Address::Outside,
            behind: vec![self.behind(address)],
            ready: Vec::new(),
            outside: true,
        };
        let service = self.input.services.iter().find(|s| s.addresses.contains(&address));
        let of_port = |s: &Service| {
            let port = s.ports.iter().find(|p| p.port == port)?;
            Some(ready(self.input, s, port))
        };
        if let Some(found) = service.and_then(of_port) {
            target.kind = if found.is_empty() { Address::EmptyService } else { Address::Service };
            target.seen_port = found.first().map_or(port, |(_, port)| *port);
            target.behind = found.iter().map(|(address, _)| self.behind(*address)).collect();
            target.ready = found;
        } else if matches!(target.behind.first(), Some(Behind::Pod(_))) {
            target.kind = Address::Pod;
        }
        target
    }

    fn api_server(&self) -> Result<Vec<Target>, Reason> {
        let find = |s: &&Service| s.namespace == "default" && s.name == "kubernetes";
        let Some(service) = self.input.services.iter().find(find) else {
            return Err(Reason::NoTarget("service default/kubernetes cannot be read".to_owned()));
        };
        let host = |address: IpAddr| Behind::Host(Host { node: None, addresses: vec![address] });
        let mut targets = Vec::new();
        for port in &service.ports {
            let ready = ready(self.input, service, port);
            for (address, number) in &ready {
                let name = format!("endpoint {address}");
                let mut target = self.at(Party::ApiServer, *address, *number, name);
                target.behind = vec![host(*address)];
                targets.push(target);
            }
            if let Some(address) = preferred(&service.addresses) {
                let name = format!("service {}", service.id());
                let mut target = self.at(Party::ApiServer, address, port.port, name);
                target.behind = ready.iter().map(|(address, _)| host(*address)).collect();
                targets.push(target);
            }
        }
        some(targets, || "service default/kubernetes has no address".to_owned())
    }

    fn dns(&self) -> Result<Vec<Target>, Reason> {
        let namespace = &self.platform.dns_namespace;
        let labels = self.platform.dns_labels.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let pod = Pod::new(namespace, "dns", crate::labels::Labels::new(labels));
        let of_dns = |port: &&ServicePort| port.port == 53;
        let service = services_of(self.input, &pod).find(|s| s.ports.iter().any(|p| of_dns(&p)));
        let Some(service) = service else {
            return Err(Reason::NoTarget(format!("no service of DNS in {namespace}")));
        };
        let mut targets = Vec::new();
        for port in service.ports.iter().filter(of_dns) {
            let probe = match port.protocol {
                Protocol::Udp => Probe::DnsUdp,
                Protocol::Tcp => Probe::DnsTcp,
                Protocol::Sctp => continue,
            };
            let ready = ready(self.input, service, port);
            if let Some(address) = preferred(&service.addresses) {
                let name = format!("service {}", service.id());
                let mut target = self.at(Party::Dns, address, 53, name);
                // Of the two protocols each has its own ports behind the Service.
                target.seen_port = ready.first().map_or(53, |(_, port)| *port);
                target.ready.clone_from(&ready);
                if ready.is_empty() {
                    target.kind = Address::EmptyService;
                }
                targets.push(Target { probe, ..target });
            }
            for (address, number) in &ready {
                let member = self.input.members.iter().find(|m| m.pod.addresses.contains(address));
                let name =
                    member.map_or_else(|| address.to_string(), |m| format!("pod {}", m.id()));
                targets.push(Target { probe, ..self.at(Party::Dns, *address, *number, name) });
            }
        }
        // A headless one without an endpoint leads nowhere.
        some(targets, || format!("service {} has neither an address nor endpoints", service.id()))
    }

    fn behind(&self, address: IpAddr) -> Behind {
        let made = self.participants.iter().find(|p| p.address() == Some(address)).map(|p| &p.pod);
        let known = || {
            let has = |m: &&crate::Member| m.pod.addresses.contains(&address);
            self.input.members.iter().find(has).map(|m| &m.pod)
        };
        made.or_else(known)
            .map_or(Behind::Outside(address), |pod| Behind::Pod(Box::new(pod.clone())))
    }
}

fn some(targets: Vec<Target>, why: impl Fn() -> String) -> Result<Vec<Target>, Reason> {
    if targets.is_empty() { Err(Reason::NoTarget(why())) } else { Ok(targets) }
}
