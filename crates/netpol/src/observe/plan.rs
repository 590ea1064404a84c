//! Who probes what: every flow of the matrix, to the Service's address and to the pods', and the
//! controls beside them.

use std::net::IpAddr;

use super::actor::{Absent, Actor, PORT};
use super::answer::{Address, Reason};
use super::judge::Wanted;
use super::scene::{Scene, SceneService};
use crate::endpoint::{Endpoint, Host, Pod};
use crate::input::Input;
use crate::matrix::{Expected, Matrix, Party, Platform};
use crate::ports::Protocol;
use crate::verdict::{Tri, Verdict, Why};

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
    fn endpoint(&self) -> Endpoint<'_> {
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
    /// Whether the node that it is on reaches it there.
    pub node_reaches: bool,
    /// Whether a pod without policies has to reach it: else the control is a peer that is let in.
    pub outside: bool,
}

/// From one actor to one target, by their places in [`Plan`].
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Who.
    pub source: usize,
    /// What.
    pub target: usize,
    /// What is meant; `None` for a control, which is no flow of the matrix.
    pub wanted: Option<Wanted>,
    /// What the policies say.
    pub says: Tri,
}

/// A cell of the matrix that cannot be probed.
#[derive(Clone, Debug)]
pub struct Gap {
    /// The row.
    pub from: Party,
    /// The column.
    pub to: Party,
    /// Why.
    pub reason: Reason,
}

/// Everything that is sent in one observation.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Who takes part.
    pub actors: Vec<Actor>,
    /// What is probed.
    pub targets: Vec<Target>,
    /// Who probes what.
    pub flows: Vec<Flow>,
    /// What cannot be probed.
    pub gaps: Vec<Gap>,
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

/// Plans every cell of the matrix. Connections from outside are none of a cluster's own: the
/// policies alone judge them.
#[must_use]
pub fn plan(
    matrix: &Matrix,
    input: &Input,
    scene: &Scene,
    platform: &Platform,
    outward: &Outward,
    actors: Vec<Actor>,
    absent: &[Absent],
) -> Plan {
    let mut plan = Plan { actors, ..Plan::default() };
    let mut columns: Vec<Party> = matrix.cells.iter().map(|c| c.to).collect();
    columns.sort_unstable();
    columns.dedup();
    let why = |party: Party| absent.iter().find(|a| a.party == party).map(|a| a.why.clone());
    let mut missing = Vec::new();
    for to in columns {
        let found = Find { input, scene, platform, outward, actors: &plan.actors }.targets(to);
        match found {
            Ok(targets) => plan.targets.extend(targets),
            Err(reason) => missing.push((to, why(to).map_or(reason, Reason::NoTarget))),
        }
    }
    for cell in matrix.cells.iter().filter(|c| c.from != Party::External) {
        let gap = |reason| Gap { from: cell.from, to: cell.to, reason };
        if let Some((_, reason)) = missing.iter().find(|(to, _)| *to == cell.to) {
            plan.gaps.push(gap(reason.clone()));
            continue;
        }
        let sources: Vec<usize> = (0..plan.actors.len())
            .filter(|i| plan.actors[*i].party == cell.from && plan.actors[*i].probes)
            .collect();
        if sources.is_empty() {
            let none = || "there is no pod to probe from".to_owned();
            plan.gaps.push(gap(Reason::NoSource(why(cell.from).unwrap_or_else(none))));
        }
        let expected = platform.expected(cell.from, cell.to);
        for source in sources {
            for (number, target) in plan.targets.iter().enumerate() {
                if target.to != cell.to {
                    continue;
                }
                let wanted = wanted(&expected, target);
                let says = says(input, &plan.actors[source], target);
                plan.flows.push(Flow { source, target: number, wanted: Some(wanted), says });
            }
        }
    }
    plan.add_controls();
    plan
}

impl Plan {
    /// The pod without policies tries what every other pod on its node tries.
    fn add_controls(&mut self) {
        for source in 0..self.actors.len() {
            if self.actors[source].party != Party::Elsewhere {
                continue;
            }
            for target in 0..self.targets.len() {
                if self.targets[target].outside {
                    self.flows.push(Flow { source, target, wanted: None, says: Tri::Yes });
                }
            }
        }
    }
}

fn wanted(expected: &Expected, target: &Target) -> Wanted {
    let protocol = target.probe.protocol();
    if expected.open.contains(protocol, target.seen_port) {
        Wanted::Open
    } else if expected.wide.contains(protocol, target.seen_port) {
        Wanted::Wide
    } else {
        Wanted::Closed
    }
}

/// What the policies say of a flow; of a Service whatever they say of all that is behind it.
fn says(input: &Input, source: &Actor, target: &Target) -> Tri {
    let source = Endpoint::Pod(&source.pod);
    let of = |behind: &Behind| -> Tri {
        let verdict: Verdict = input.cluster.verdict(&source, &behind.endpoint());
        verdict.at(target.probe.protocol(), target.seen_port)
    };
    let mut all = target.behind.iter().map(of);
    let Some(first) = all.next() else { return Tri::Maybe(Why::UnknownAddress) };
    if all.all(|other| other == first) { first } else { Tri::Maybe(Why::UnknownAddress) }
}

struct Find<'a> {
    input: &'a Input,
    scene: &'a Scene,
    platform: &'a Platform,
    outward: &'a Outward,
    actors: &'a [Actor],
}

impl Find<'_> {
    fn targets(&self, to: Party) -> Result<Vec<Target>, Reason> {
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
        let mut services: Vec<&SceneService> = Vec::new();
        let actors = || self.actors.iter().filter(|a| a.party == to);
        for actor in actors() {
            let Some(address) = actor.address else { continue };
            for port in &actor.listens {
                targets.push(Target {
                    to,
                    name: format!("pod {}", actor.id()),
                    address,
                    port: *port,
                    seen_port: *port,
                    probe: Probe::Tcp,
                    kind: Address::Pod,
                    behind: vec![Behind::Pod(Box::new(actor.pod.clone()))],
                    node_reaches: actor.reached_by_node.contains(port),
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
            let labels = member.pod.labels.iter();
            let labels = labels.filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned()))).collect();
            services.extend(self.scene.services_of(&member.namespace, &labels));
            for service in services {
                let pods: Vec<&Actor> = actors().collect();
                targets.extend(self.service(to, service, &member.pod, &pods));
            }
        }
        if targets.is_empty() {
            return Err(Reason::NoTarget("there is no pod of it".to_owned()));
        }
        Ok(targets)
    }

    fn service(
        &self,
        to: Party,
        service: &SceneService,
        template: &Pod,
        pods: &[&Actor],
    ) -> Vec<Target> {
        let Some(address) = service.address else { return Vec::new() };
        let tcp = service.ports.iter().filter(|p| p.protocol == "TCP");
        tcp.map(|port| {
            let seen_port = port.ready.first().map_or(port.port, |(_, port)| *port);
            let node_reaches = port.ready.iter().any(|(address, port)| {
                let of = |a: &&&Actor| a.address == Some(*address);
                pods.iter().find(of).is_some_and(|a| a.reached_by_node.contains(port))
            });
            let mut behind: Vec<Behind> =
                port.ready.iter().map(|(address, _)| self.behind(*address)).collect();
            if behind.is_empty() {
                behind.push(Behind::Pod(Box::new(template.clone())));
            }
            Target {
                to,
                name: format!("service {}/{}", service.namespace, service.name),
                address,
                port: port.port,
                seen_port,
                probe: Probe::Tcp,
                kind: if port.ready.is_empty() { Address::EmptyService } else { Address::Service },
                behind,
                node_reaches,
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
            node_reaches: false,
            outside: true,
        };
        let service = self.scene.service_at(address);
        let of_port = service.and_then(|s| s.ports.iter().find(|p| p.port == port));
        if let Some(found) = of_port {
            target.kind =
                if found.ready.is_empty() { Address::EmptyService } else { Address::Service };
            target.seen_port = found.ready.first().map_or(port, |(_, port)| *port);
            target.behind = found.ready.iter().map(|(address, _)| self.behind(*address)).collect();
        } else if matches!(target.behind.first(), Some(Behind::Pod(_))) {
            target.kind = Address::Pod;
        }
        target
    }

    fn api_server(&self) -> Result<Vec<Target>, Reason> {
        let find = |s: &&SceneService| s.namespace == "default" && s.name == "kubernetes";
        let Some(service) = self.scene.services.iter().find(find) else {
            return Err(Reason::NoTarget("service default/kubernetes cannot be read".to_owned()));
        };
        let mut targets = Vec::new();
        for port in &service.ports {
            let host =
                |address: IpAddr| Behind::Host(Host { node: None, addresses: vec![address] });
            for (address, number) in &port.ready {
                let mut target =
                    self.at(Party::ApiServer, *address, *number, format!("endpoint {address}"));
                target.behind = vec![host(*address)];
                targets.push(target);
            }
            if let Some(address) = service.address {
                let name = "service default/kubernetes".to_owned();
                let mut target = self.at(Party::ApiServer, address, port.port, name);
                target.behind = port.ready.iter().map(|(address, _)| host(*address)).collect();
                targets.push(target);
            }
        }
        Ok(targets)
    }

    fn dns(&self) -> Result<Vec<Target>, Reason> {
        let selector = self.platform.dns_labels.iter().cloned().collect();
        let find = |s: &&SceneService| {
            s.namespace == self.platform.dns_namespace
                && s.selector == selector
                && s.ports.iter().any(|p| p.port == 53)
        };
        let Some(service) = self.scene.services.iter().find(find) else {
            return Err(Reason::NoTarget("the cluster's DNS Service was not found".to_owned()));
        };
        let mut targets = Vec::new();
        for port in service.ports.iter().filter(|p| p.port == 53) {
            let probe = if port.protocol == "UDP" { Probe::DnsUdp } else { Probe::DnsTcp };
            if let Some(address) = service.address {
                let name = format!("service {}/{}", service.namespace, service.name);
                targets.push(Target { probe, ..self.at(Party::Dns, address, 53, name) });
                if let Some(target) = targets.last_mut() {
                    // Of the two protocols each has its own ports behind the Service.
                    target.seen_port = port.ready.first().map_or(53, |(_, port)| *port);
                    if port.ready.is_empty() {
                        target.kind = Address::EmptyService;
                    }
                }
            }
            for (address, number) in &port.ready {
                let pod = self.scene.pods.iter().find(|p| p.address == Some(*address));
                let name = pod.map_or_else(
                    || address.to_string(),
                    |p| format!("pod {}/{}", p.namespace, p.name),
                );
                targets.push(Target { probe, ..self.at(Party::Dns, *address, *number, name) });
            }
        }
        Ok(targets)
    }

    fn behind(&self, address: IpAddr) -> Behind {
        let made = self.actors.iter().find(|a| a.address == Some(address)).map(|a| &a.pod);
        let known = || {
            let has = |m: &&crate::Member| m.pod.addresses.contains(&address);
            self.input.members.iter().find(has).map(|m| &m.pod)
        };
        made.or_else(known)
            .map_or(Behind::Outside(address), |pod| Behind::Pod(Box::new(pod.clone())))
    }
}

/// The port on which a pod of the proof listens.
pub const PROOF_PORT: u16 = PORT;
