//! Services as the destination of `explain`.

use crate::cli::Exit;
use crate::ui::Failure;
use netpol::service::{PortName, Service};
use netpol::{Input, Protocol};

/// A Service and its port as somebody wrote them.
pub(super) struct Asked<'a> {
    pub(super) service: &'a Service,
    pub(super) port: PortName,
    pub(super) protocol: Option<Protocol>,
}

/// The Service that a destination is: `svc/NAME`, `NAMESPACE/svc/NAME`, also with the word `service`. `None`: it is
/// none.
///
/// # Errors
/// The Service is not in the input, or has no such port; no port is named.
pub(super) fn asked<'a>(
    input: &'a Input,
    destination: &str,
    port: Option<&str>,
    default_namespace: &str,
) -> Result<Option<Asked<'a>>, Failure> {
    let Some((namespace, name)) = service_name(destination) else { return Ok(None) };
    let service = match namespace {
        Some(namespace) => input.service(namespace, name),
        None => input.service(default_namespace, name).or_else(|| only(input, name)),
    };
    let Some(service) = service else {
        // A workload of a kind of that name, or a pod of a namespace of that name.
        if input.members.iter().any(|m| m.id() == destination) {
            return Ok(None);
        }
        return Err(unknown(input, namespace, name));
    };
    let Some(text) = port else {
        return Err(with_ports(
            Failure::new(Exit::Usage, format!("which port of service {}?", service.id())),
            service,
        ));
    };
    let Some((port, protocol)) = parse(text) else {
        return Err(with_ports(
            Failure::new(Exit::Usage, format!("{text} is not a port such as 80, http, or 53/udp")),
            service,
        ));
    };
    let has = service.ports.iter().any(|p| p.is(&port) && protocol.is_none_or(|x| x == p.protocol));
    let any_number =
        service.headless || matches!(service.kind, netpol::service::ServiceKind::ExternalName(_));
    let as_is = any_number && matches!(port, PortName::Number(_));
    if !(has || as_is) {
        let headline = format!("service {} has no port {text}", service.id());
        return Err(with_ports(Failure::new(Exit::Usage, headline), service));
    }
    Ok(Some(Asked { service, port, protocol }))
}

/// The Service of that name, where no other namespace has one.
fn only<'a>(input: &'a Input, name: &str) -> Option<&'a Service> {
    let mut all = input.services.iter().filter(|service| service.name == name);
    all.next().filter(|_| all.next().is_none())
}

/// Namespace, if it is written, and name of what is written as a Service.
pub(super) fn service_name(path: &str) -> Option<(Option<&str>, &str)> {
    let (namespace, kind, name) = match *path.split('/').collect::<Vec<_>>().as_slice() {
        [kind, name] => (None, kind, name),
        [namespace, kind, name] => (Some(namespace), kind, name),
        _ => return None,
    };
    let is = matches!(kind.to_ascii_lowercase().as_str(), "svc" | "service" | "services");
    is.then_some((namespace, name))
}

/// A port by its number or name, with a protocol where one is written.
pub(super) fn parse(text: &str) -> Option<(PortName, Option<Protocol>)> {
    let (name, protocol) = match text.split_once('/') {
        Some((name, protocol)) => (name, Some(Protocol::of(&protocol.to_ascii_uppercase())?)),
        None => (text, None),
    };
    let port = match name.parse::<u16>() {
        Ok(0) => return None,
        Ok(number) => PortName::Number(number),
        Err(_) if name.bytes().any(|b| b.is_ascii_alphabetic()) => PortName::Name(name.to_owned()),
        Err(_) => return None,
    };
    Some((port, protocol))
}

fn with_ports(failure: Failure, service: &Service) -> Failure {
    let ports: Vec<String> = service.ports.iter().map(ToString::to_string).collect();
    match ports.as_slice() {
        [] => failure.cause("it lists no port"),
        ports => failure.fix(format!("it has {}", ports.join(", "))),
    }
}

fn unknown(input: &Input, namespace: Option<&str>, name: &str) -> Failure {
    let id = namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"));
    let of_name = input.services.iter().filter(|s| namespace.is_none() && s.name == name);
    let several: Vec<String> = of_name.map(|s| format!("{}/svc/{}", s.namespace, s.name)).collect();
    if !several.is_empty() {
        let failure = Failure::new(Exit::Usage, format!("service {id} may mean several"));
        return several.into_iter().fold(failure, Failure::fix);
    }
    let failure = Failure::new(Exit::Usage, format!("service {id} is not in the input"));
    let near = input.services.iter().map(Service::id).min_by_key(|s| strsim::osa_distance(s, &id));
    match near.as_deref().and_then(|s| s.split_once('/')) {
        Some((namespace, name)) => failure.fix(format!("did you mean {namespace}/svc/{name}?")),
        None => failure.cause("there is no Service in it"),
    }
}
