//! Where a port of a Service leads to (rule 14 of `docs/network-policy.md`).
//!
//! Whether a Service's address becomes a pod's before or after policies are asked is not defined.
//! Cilium and Calico ask them about the pod at its own port. Others may ask the source's policies about
//! the Service's port: Amazon's VPC plugin documents that both ports must be the same.

use std::net::IpAddr;

use serde::Serialize;

use super::address::{Family, Span, parse_address};
use super::endpoint::{Endpoint, Pod};
use super::explain::{Explanation, Route};
use super::flow_end::{FlowEnd, Overall};
use super::input::{Input, Member};
use super::ports::Protocol;
use super::service::{
    NoBackend, PortName, Service, ServiceKind, ServicePort, SliceEndpoint, TargetPort,
};

/// Aliases that are followed from one to the next.
const ALIASES: usize = 8;

/// What a connection to a Service may end at.
#[derive(Clone, Debug)]
pub struct Backend<'a> {
    /// The pod's or workload's id, the address, or the name that the Service stands for.
    pub name: String,
    /// Who that is.
    pub end: BackendEnd<'a>,
    /// On which protocol.
    pub protocol: Protocol,
    /// On which port.
    pub port: u16,
    /// The port of the Service's own address, where a connection to that leads here.
    pub service_port: Option<u16>,
    /// Whether it is certainly behind the Service.
    pub certain: bool,
}

/// Who stands behind a Service.
#[derive(Clone, Copy, Debug)]
pub enum BackendEnd<'a> {
    /// A pod of the input, or a workload that stands for its pods.
    Pod(&'a Pod),
    /// An address of nobody in the input, or any address where only a name is known.
    Address(Span),
}

impl<'a> Backend<'a> {
    /// As one end of a flow.
    #[must_use]
    pub const fn endpoint(&self) -> Endpoint<'a> {
        match self.end {
            BackendEnd::Pod(pod) => Endpoint::Pod(pod),
            BackendEnd::Address(span) => Endpoint::Outside(span),
        }
    }
}

impl Input {
    /// A Service by its name.
    #[must_use]
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Service> {
        self.services.iter().find(|s| s.namespace == namespace && s.name == name)
    }

    /// Everyone to whom a connection to this port of the Service may lead. A protocol is needed
    /// only where two ports share a number.
    ///
    /// # Errors
    /// It leads to nobody that could be evaluated.
    pub fn backends<'a>(
        &'a self,
        service: &'a Service,
        port: &PortName,
        protocol: Option<Protocol>,
    ) -> Result<Vec<Backend<'a>>, NoBackend> {
        let mut service = service;
        for _ in 0..ALIASES {
            let ServiceKind::ExternalName(target) = &service.kind else {
                return self.direct(service, port, protocol);
            };
            let Some((namespace, name)) = in_cluster(target) else {
                return outside(service, target, port, protocol);
            };
            service = self.service(namespace, name).ok_or(NoBackend::AliasOfUnknown)?;
        }
        Err(NoBackend::AliasLoop)
    }

    fn direct<'a>(
        &'a self,
        service: &'a Service,
        port: &PortName,
        protocol: Option<Protocol>,
    ) -> Result<Vec<Backend<'a>>, NoBackend> {
        let wanted =
            |p: &&ServicePort| p.is(port) && protocol.is_none_or(|protocol| p.protocol == protocol);
        // The name of a headless Service leads to its pods: the number is theirs already.
        let own;
        let found = match (service.ports.iter().find(wanted), port) {
            (listed, PortName::Number(number)) if service.headless => {
                own = as_is(*number, protocol.or(listed.map(|p| p.protocol)));
                Some(&own)
            }
            (found, _) => found,
        };
        let found = found.ok_or(NoBackend::NoPort)?;
        if service.selector.is_none() {
            return self.by_slices(service, found);
        }
        let (mut backends, mut matched) = (Vec::new(), false);
        for member in &self.members {
            let selected = service.selects(&member.pod);
            if !selected.possibly() {
                continue;
            }
            matched = true;
            backends.extend(found.target(&member.pod).map(|port| Backend {
                name: member.id(),
                end: BackendEnd::Pod(&member.pod),
                protocol: found.protocol,
                port,
                service_port: (!service.headless).then_some(found.port),
                certain: selected.certainly(),
            }));
        }
        match (backends.is_empty(), matched) {
            (false, _) => Ok(backends),
            (true, true) => Err(NoBackend::NoTargetPort),
            (true, false) => Err(NoBackend::SelectsNothing),
        }
    }

    /// The endpoints that someone else wrote.
    fn by_slices<'a>(
        &'a self,
        service: &'a Service,
        port: &ServicePort,
    ) -> Result<Vec<Backend<'a>>, NoBackend> {
        let own =
            |namespace: &str, name: &str| namespace == service.namespace && name == service.name;
        let mut backends: Vec<Backend<'a>> = Vec::new();
        for slice in self.slices.iter().filter(|s| own(&s.namespace, &s.service)) {
            // Ports of slices and Services belong together by name. A headless Service's number
            // stands for itself.
            let is = |p: &&super::service::SlicePort| {
                p.protocol == port.protocol && (service.headless || p.name == port.name)
            };
            let Some(listed) = slice.ports.iter().find(is) else { continue };
            let number =
                if service.headless { port.port } else { listed.port.unwrap_or(port.port) };
            for endpoint in &slice.endpoints {
                for (name, end) in self.ends(&service.namespace, endpoint) {
                    let protocol = port.protocol;
                    if !backends.iter().any(|b| b.name == name && b.port == number) {
                        backends.push(Backend {
                            name,
                            end,
                            protocol,
                            port: number,
                            service_port: (!service.headless).then_some(port.port),
                            certain: true,
                        });
                    }
                }
            }
        }
        if backends.is_empty() { Err(NoBackend::NoEndpoints) } else { Ok(backends) }
    }

    fn ends<'a>(
        &'a self,
        namespace: &str,
        endpoint: &SliceEndpoint,
    ) -> Vec<(String, BackendEnd<'a>)> {
        let named = endpoint.pod.as_ref().and_then(|pod| {
            self.members.iter().find(|m| m.is_pod && m.namespace == namespace && m.pod.name == *pod)
        });
        let at = |address: &IpAddr| {
            let has = |m: &&super::input::Member| m.pod.addresses.contains(address);
            named.or_else(|| self.members.iter().find(has)).map_or_else(
                || (address.to_string(), BackendEnd::Address((*address).into())),
                |m| (m.id(), BackendEnd::Pod(&m.pod)),
            )
        };
        let mut ends: Vec<_> = endpoint.addresses.iter().map(at).collect();
        if ends.is_empty() {
            ends.extend(named.map(|m| (m.id(), BackendEnd::Pod(&m.pod))));
        }
        ends
    }
}

/// The namespace and the Service that a DNS name of the cluster is about: its own, `web.shop.svc`, or
/// that of one of its pods, `web-0.web.shop.svc`. The cluster's domain may follow.
fn in_cluster(target: &str) -> Option<(&str, &str)> {
    let labels: Vec<&str> = target.trim_end_matches('.').split('.').collect();
    match *labels.as_slice() {
        [name, namespace, "svc", ..] => Some((namespace, name)),
        [_, name, namespace, "svc", ..] => Some((namespace, name)),
        _ => None,
    }
}

/// A name outside of the cluster: any address.
fn outside<'a>(
    service: &Service,
    target: &str,
    port: &PortName,
    protocol: Option<Protocol>,
) -> Result<Vec<Backend<'a>>, NoBackend> {
    // An alias does not change the port; its `ports` are decoration, but may give a name.
    let (port, protocol) = match port {
        PortName::Number(number) => (*number, protocol.unwrap_or(Protocol::Tcp)),
        name => {
            let found = service.ports.iter().find(|p| p.is(name)).ok_or(NoBackend::NoPort)?;
            (found.port, found.protocol)
        }
    };
    let backend = |span, name| Backend {
        name,
        end: BackendEnd::Address(span),
        protocol,
        port,
        service_port: None,
        certain: true,
    };
    // What looks like an address is one to most resolvers.
    if let Some(address) = parse_address(target) {
        return Ok(vec![backend(address.into(), target.to_owned())]);
    }
    let any = |family: Family, word: &str| {
        backend(Span::all(family), format!("{} ({word})", target.trim_end_matches('.')))
    };
    Ok(vec![any(Family::V4, "any IPv4 address"), any(Family::V6, "any IPv6 address")])
}

const fn as_is(port: u16, protocol: Option<Protocol>) -> ServicePort {
    let protocol = match protocol {
        Some(protocol) => protocol,
        None => Protocol::Tcp,
    };
    ServicePort { name: String::new(), protocol, port, target: TargetPort::Number(port) }
}

/// The answer for a port of a Service: one for each backend, and one for all.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceExplanation {
    /// `namespace/name`.
    pub service: String,
    /// The port as it was asked for.
    pub port: String,
    /// What holds of all backends.
    pub answer: Overall,
    /// Why there is no backend; then the answer is `uncertain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_backend: Option<NoBackend>,
    /// Each backend by itself, for each kind of pods that the source is.
    pub backends: Vec<BackendExplanation>,
}

/// One backend of a [`ServiceExplanation`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendExplanation {
    /// One of the sources: a pod's or workload's id, a node, or an address.
    pub source: String,
    /// The pod's or workload's id, or an address.
    pub backend: String,
    /// On which protocol.
    pub protocol: Protocol,
    /// On which of its own ports.
    pub port: u16,
    /// Whether it is certainly behind the Service.
    pub certain: bool,
    /// The answer.
    #[serde(flatten)]
    pub explanation: Explanation,
}

impl Input {
    /// Explains a connection to a Service, backend by backend.
    #[must_use]
    pub fn explain_service(
        &self,
        source: &FlowEnd,
        service: &Service,
        port: &PortName,
        protocol: Option<Protocol>,
    ) -> ServiceExplanation {
        let (found, no_backend) = match self.backends(service, port, protocol) {
            Ok(found) => (found, None),
            Err(none) => (Vec::new(), Some(none)),
        };
        let mut backends = Vec::new();
        for from in self.kinds(source) {
            for backend in &found {
                let explanations = self.explain_backend(&from.endpoint, backend);
                backends.extend(explanations.into_iter().map(|explanation| BackendExplanation {
                    source: from.name.clone(),
                    backend: backend.name.clone(),
                    protocol: backend.protocol,
                    port: backend.port,
                    certain: backend.certain,
                    explanation,
                }));
            }
        }
        let answers = backends.iter().map(|b| b.explanation.answer);
        let answer = match Overall::of(answers) {
            // Which are behind it is not known.
            Overall::Mixed if backends.iter().any(|b| !b.certain) => Overall::Uncertain,
            answer => answer,
        };
        ServiceExplanation {
            service: service.id(),
            port: port.to_string(),
            answer,
            no_backend,
            backends,
        }
    }

    /// The answer for a backend. Of a workload that stands for several pods, and for the source itself,
    /// there are two: the source's way to itself, and to another of them.
    fn explain_backend(&self, source: &Endpoint<'_>, backend: &Backend<'_>) -> Vec<Explanation> {
        let explain = |end: &Endpoint<'_>| {
            let route = Route { service_port: backend.service_port };
            self.cluster.explain_by(route, source, end, backend.protocol, backend.port)
        };
        let own = explain(&backend.endpoint());
        let (Endpoint::Pod(pod), BackendEnd::Pod(other)) = (source, backend.end) else {
            return vec![own];
        };
        let member = self.members.iter().find(|m| m.pod.is_same(other));
        if !pod.is_same(other) || !member.is_some_and(Member::may_be_several) {
            return vec![own];
        }
        let mut both = vec![own];
        both.extend(Some(explain(&Endpoint::Pod(&other.another()))).filter(|e| *e != both[0]));
        both
    }
}
