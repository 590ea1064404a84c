//! Services, EndpointSlices, Endpoints and Ingresses out of untyped objects.
//!
//! Only what decides where a connection leads is read; other fields are none of our business.

use std::net::IpAddr;

use serde_json::Value;

use super::cursor::{Cursor, Sink};
use super::policy::{check_port_name, identity, port_number, protocol};
use crate::address::parse_address;
use crate::invalid::{Invalid, Place};
use crate::labels::{Requirement, Selector};
use crate::ports::Protocol;
use crate::service::{
    EndpointSlice, Ingress, IngressBackend, PortName, Service, ServiceKind, ServicePort,
    SliceEndpoint, SlicePort, TargetPort,
};

/// The label by which an EndpointSlice names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Reads a `v1` Service.
pub(crate) fn service(
    manifest: &Value,
    default_namespace: &str,
    place: Option<&Place>,
) -> Result<Service, Vec<Invalid>> {
    let sink = Sink::default();
    let root = Cursor::root(manifest, &sink);
    let (namespace, name) = identity(&root, default_namespace);
    let object = format!("Service {namespace}/{name}");
    let read = root.require("spec").map(|spec| {
        let text = |key: &str| spec.get(key).and_then(|v| v.string().map(str::to_owned));
        let kind = match text("type").as_deref() {
            Some("ExternalName") => {
                let target = spec.require("externalName");
                let target = target.and_then(|v| v.string().map(str::to_owned));
                ServiceKind::ExternalName(target.unwrap_or_default())
            }
            Some("NodePort") => ServiceKind::NodePort,
            Some("LoadBalancer") => ServiceKind::LoadBalancer,
            _ => ServiceKind::ClusterIp,
        };
        let mut listed: Vec<String> = Vec::new();
        if let Some(list) = spec.get("clusterIPs") {
            listed.extend(list.items().filter_map(|v| v.string().map(str::to_owned)));
        }
        listed.extend(text("clusterIP"));
        let mut addresses: Vec<IpAddr> = listed.iter().filter_map(|a| parse_address(a)).collect();
        addresses.sort_unstable();
        addresses.dedup();
        Service {
            headless: listed.iter().any(|a| a == "None"),
            selector: match kind {
                ServiceKind::ExternalName(_) => None,
                _ => spec.get("selector").and_then(|s| labels(&s)),
            },
            ports: spec
                .get("ports")
                .map(|list| list.items().filter_map(|p| service_port(&p)).collect())
                .unwrap_or_default(),
            publishes_not_ready: spec.value().get("publishNotReadyAddresses")
                == Some(&Value::Bool(true)),
            keeps_client: text("externalTrafficPolicy").as_deref() == Some("Local"),
            kind,
            addresses,
            namespace,
            name,
            place: place.cloned(),
        }
    });
    sink.finish(read, &object, place).map(|(read, _)| read)
}

/// `spec.selector`: pairs only. An empty one is none.
fn labels(at: &Cursor<'_>) -> Option<Selector> {
    let pairs: Vec<Requirement> = at
        .members()
        .filter_map(|(key, value)| {
            Some(Requirement::In(key.to_owned(), [value.string()?.to_owned()].into()))
        })
        .collect();
    (!pairs.is_empty()).then(|| Selector::new(pairs))
}

fn service_port(at: &Cursor<'_>) -> Option<ServicePort> {
    let port = at.require("port").and_then(|p| port_number(&p))?;
    let target = at.get("targetPort").map(|target| match target.value().as_str() {
        // Also a number in quotes: `IntOrString` keeps it a string, which must hold a letter.
        Some(name) => {
            check_port_name(&target, name);
            Some(TargetPort::Name(name.to_owned()))
        }
        // 0 is what an unset field looks like in some tools.
        None if target.value() == 0 => Some(TargetPort::Number(port)),
        None => port_number(&target).map(TargetPort::Number),
    });
    Some(ServicePort {
        name: at.get("name").and_then(|n| n.string()).unwrap_or_default().to_owned(),
        protocol: at.get("protocol").map_or(Some(Protocol::Tcp), |p| protocol(&p))?,
        port,
        target: target.unwrap_or(Some(TargetPort::Number(port)))?,
    })
}

/// Reads a `discovery.k8s.io` EndpointSlice; `None` where it belongs to no Service.
pub(crate) fn endpoint_slice(
    manifest: &Value,
    default_namespace: &str,
    place: Option<&Place>,
) -> Result<Option<EndpointSlice>, Vec<Invalid>> {
    let sink = Sink::default();
    let root = Cursor::root(manifest, &sink);
    let (namespace, name) = identity(&root, default_namespace);
    let object = format!("EndpointSlice {namespace}/{name}");
    let service = root
        .get("metadata")
        .and_then(|m| Some(m.get("labels")?.get(SERVICE_NAME)?.string()?.to_owned()));
    let ports = root.get("ports").map(|p| slice_ports(&p)).unwrap_or_default();
    let endpoint = |e: Cursor<'_>| {
        let ready = e.value().pointer("/conditions/ready").and_then(Value::as_bool);
        let listed = e
            .get("addresses")
            .map(|list| list.items().filter_map(|a| parse_address(a.string()?)).collect());
        (ready != Some(false)).then(|| SliceEndpoint {
            addresses: listed.unwrap_or_default(),
            pod: pod_of(e.value()),
        })
    };
    let endpoints: Vec<SliceEndpoint> =
        root.get("endpoints").map(|l| l.items().filter_map(endpoint).collect()).unwrap_or_default();
    let read = service.map(|service| EndpointSlice { namespace, service, ports, endpoints });
    sink.finish(Some(read), &object, place).map(|(read, _)| read)
}

/// Reads a `v1` Endpoints, each subset as a slice.
pub(crate) fn endpoints(
    manifest: &Value,
    default_namespace: &str,
    place: Option<&Place>,
) -> Result<Vec<EndpointSlice>, Vec<Invalid>> {
    let sink = Sink::default();
    let root = Cursor::root(manifest, &sink);
    let (namespace, service) = identity(&root, default_namespace);
    let object = format!("Endpoints {namespace}/{service}");
    let subset = |subset: Cursor<'_>| {
        let address = |a: Cursor<'_>| {
            let address = parse_address(a.require("ip")?.string()?);
            Some(SliceEndpoint { addresses: address.into_iter().collect(), pod: pod_of(a.value()) })
        };
        EndpointSlice {
            namespace: namespace.clone(),
            service: service.clone(),
            ports: subset.get("ports").map(|p| slice_ports(&p)).unwrap_or_default(),
            endpoints: subset
                .get("addresses")
                .map(|list| list.items().filter_map(address).collect())
                .unwrap_or_default(),
        }
    };
    let read = root.get("subsets").map(|l| l.items().map(subset).collect()).unwrap_or_default();
    sink.finish(Some(read), &object, place).map(|(read, _)| read)
}

fn pod_of(endpoint: &Value) -> Option<String> {
    let target = endpoint.get("targetRef")?;
    (target.get("kind")? == "Pod").then_some(target.get("name")?.as_str()?.to_owned())
}

fn slice_ports(at: &Cursor<'_>) -> Vec<SlicePort> {
    let port = |p: Cursor<'_>| {
        Some(SlicePort {
            name: p.get("name").and_then(|n| n.string()).unwrap_or_default().to_owned(),
            protocol: p.get("protocol").map_or(Some(Protocol::Tcp), |p| protocol(&p))?,
            port: p.get("port").and_then(|p| port_number(&p)),
        })
    };
    at.items().filter_map(port).collect()
}

/// Reads a `networking.k8s.io/v1` Ingress.
pub(crate) fn ingress(
    manifest: &Value,
    default_namespace: &str,
    place: Option<&Place>,
) -> Result<Ingress, Vec<Invalid>> {
    let sink = Sink::default();
    let root = Cursor::root(manifest, &sink);
    let (namespace, name) = identity(&root, default_namespace);
    let object = format!("Ingress {namespace}/{name}");
    let mut backends = Vec::new();
    if let Some(spec) = root.get("spec") {
        backends.extend(spec.get("defaultBackend").and_then(|b| backend(&b)));
        for rule in spec.get("rules").iter().flat_map(Cursor::items) {
            let Some(http) = rule.get("http") else { continue };
            let Some(paths) = http.get("paths") else { continue };
            backends.extend(paths.items().filter_map(|p| backend(&p.get("backend")?)));
        }
    }
    let read = Ingress { namespace, name, backends, place: place.cloned() };
    sink.finish(Some(read), &object, place).map(|(read, _)| read)
}

/// A backend that is a Service; `None` for a resource of another kind.
fn backend(at: &Cursor<'_>) -> Option<IngressBackend> {
    let service = at.get("service")?;
    let port = service.get("port")?;
    let port = match (port.get("number"), port.get("name")) {
        (Some(number), _) => PortName::Number(port_number(&number)?),
        (None, Some(name)) => PortName::Name(name.string()?.to_owned()),
        (None, None) => return None,
    };
    let service = service.require("name")?.string()?.to_owned();
    Some(IngressBackend { service, port, field: at.field() })
}
