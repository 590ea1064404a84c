//! What stands before pods: Services with their EndpointSlices, and Ingresses.
//!
//! Policies are about pods. Services add no connection of their own; they tell what an address or
//! a name leads to, and what is meant to be reached.

use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use super::endpoint::{ContainerPorts, Pod};
use super::invalid::Place;
use super::labels::Selector;
use super::ports::Protocol;
use super::verdict::Tri;

/// A Service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// How it is published.
    pub kind: ServiceKind,
    /// The pods behind it; `None` where it has no selector and its endpoints are written by
    /// someone else.
    pub selector: Option<Selector>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// `spec.clusterIPs`; empty where not known, and where it is headless.
    pub addresses: Vec<IpAddr>,
    /// Whether it has no address of its own: its name leads to the pods themselves.
    pub headless: bool,
    /// `externalTrafficPolicy: Local`: pods see the client's own address.
    pub keeps_client: bool,
    /// Whether it sends traffic to pods that are not ready as well.
    pub publishes_not_ready: bool,
    /// Where it was read.
    pub place: Option<Place>,
}

/// `spec.type`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ServiceKind {
    /// Inside the cluster.
    ClusterIp,
    /// On every node.
    NodePort,
    /// Behind a load balancer.
    LoadBalancer,
    /// An alias of a DNS name.
    ExternalName(String),
}

/// One of the ports of a Service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServicePort {
    /// Empty where it has none.
    pub name: String,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port of the Service.
    pub port: u16,
    /// The port of the pods.
    pub target: TargetPort,
}

/// `targetPort`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TargetPort {
    /// A number.
    Number(u16),
    /// The name of a container's port.
    Name(String),
}

/// How somebody names a port of a Service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PortName {
    /// By its number.
    Number(u16),
    /// By its name.
    Name(String),
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(port) => write!(f, "{port}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// `80`, `80 (http)`, `53/UDP (dns)`.
impl fmt::Display for ServicePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.port)?;
        if self.protocol != Protocol::Tcp {
            write!(f, "/{}", self.protocol)?;
        }
        if self.name.is_empty() { Ok(()) } else { write!(f, " ({})", self.name) }
    }
}

impl Service {
    /// `namespace/name`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Whether the selector holds the pod. Without a selector: no.
    pub fn selects(&self, pod: &Pod) -> Tri {
        match &self.selector {
            Some(selector) if pod.namespace() == Some(&self.namespace) => {
                selector.matches(&pod.labels)
            }
            _ => Tri::No,
        }
    }

    /// Whether clients outside of the cluster are meant to come in through it.
    #[must_use]
    pub const fn is_external(&self) -> bool {
        matches!(self.kind, ServiceKind::NodePort | ServiceKind::LoadBalancer)
    }
}

impl ServicePort {
    /// The port of a pod that it leads to: by name that of the first container which declares the name
    /// (`FindPort` of `k8s.io/kubernetes/pkg/api/v1/pod`); `None` where none does.
    #[must_use]
    pub fn target(&self, pod: &Pod) -> Option<u16> {
        match (&self.target, &pod.ports) {
            (TargetPort::Number(port), _) => Some(*port),
            (TargetPort::Name(_), ContainerPorts::Unknown) => None,
            (TargetPort::Name(name), ContainerPorts::Known(declared)) => declared
                .iter()
                .find(|p| p.name == *name && p.protocol == self.protocol)
                .map(|p| p.port),
        }
    }

    /// Whether it is called so.
    #[must_use]
    pub fn is(&self, name: &PortName) -> bool {
        match name {
            PortName::Number(port) => self.port == *port,
            PortName::Name(name) => self.name == *name,
        }
    }
}

/// An EndpointSlice, or the older Endpoints.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EndpointSlice {
    /// Its namespace.
    pub namespace: String,
    /// The Service that it belongs to.
    pub service: String,
    /// The ports of every endpoint.
    pub ports: Vec<SlicePort>,
    /// Those that are ready or of which it is not said.
    pub endpoints: Vec<SliceEndpoint>,
}

/// A port of a slice.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SlicePort {
    /// The name of the Service's port; empty where it has none.
    pub name: String,
    /// Its protocol.
    pub protocol: Protocol,
    /// `None`: every port.
    pub port: Option<u16>,
}

/// One endpoint of a slice.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SliceEndpoint {
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// The pod that it is, where `targetRef` names one.
    pub pod: Option<String>,
}

/// An Ingress.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ingress {
    /// Its namespace, also that of its backends.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// The Services that it leads to.
    pub backends: Vec<IngressBackend>,
    /// Where it was read.
    pub place: Option<Place>,
}

/// A Service behind an Ingress.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IngressBackend {
    /// Its name.
    pub service: String,
    /// Which of its ports.
    pub port: PortName,
    /// `spec.rules[0].http.paths[0].backend`.
    pub field: String,
}

/// Why a Service's port leads to nothing that could be evaluated.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoBackend {
    /// It has no such port.
    NoPort,
    /// Its selector matches no pod of the input.
    SelectsNothing,
    /// No container of its pods has a port of the `targetPort`'s name.
    NoTargetPort,
    /// It has no selector, and no EndpointSlice of it is in the input.
    NoEndpoints,
    /// Aliases that lead to each other.
    AliasLoop,
    /// An alias of a Service that is not in the input.
    AliasOfUnknown,
}

impl fmt::Display for NoBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPort => "the Service has no such port",
            Self::SelectsNothing => "the Service's selector matches no pod of the input",
            Self::NoTargetPort => "no container of its pods has a port of the targetPort's name",
            Self::NoEndpoints => {
                "the Service has no selector, and no EndpointSlice of it is in the input"
            }
            Self::AliasLoop => "the Service is an alias that leads back to itself",
            Self::AliasOfUnknown => "the Service is an alias of one that is not in the input",
        })
    }
}
