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

/// The Service that a destination is: `svc/NAME[:PORT]`, `NAMESPACE/svc/NAME[:PORT]`, also with the
/// word `service`. `None`: it is none.
///
/// # Errors
/// The Service is not in the input, or has no such port; no port is named, or two are.
pub(super) fn asked<'a>(
    input: &'a Input,
    destination: &str,
    port: Option<&str>,
    default_namespace: &str,
) -> Result<Option<Asked<'a>>, Failure> {
    let (path, inside) = match destination.split_once(':') {
        Some((path, port)) => (path, Some(port)),
        None => (destination, None),
    };
    let Some((namespace, name)) = service_name(path) else { return Ok(None) };
    let namespace = namespace.unwrap_or(default_namespace);
    let Some(service) = input.service(namespace, name) else {
        // A workload of a kind of that name, or a pod of a namespace of that name.
        if inside.is_none() && input.members.iter().any(|m| m.id() == path) {
            return Ok(None);
        }
        return Err(unknown(input, namespace, name));
    };
    let text = match (inside, port) {
        (Some(port), None) | (None, Some(port)) => port,
        (Some(_), Some(_)) => {
            return Err(Failure::new(Exit::Usage, format!("{destination} has a port already"))
                .fix("name one of the two"));
        }
        (None, None) => {
            return Err(with_ports(
                Failure::new(Exit::Usage, format!("which port of service {}?", service.id())),
                service,
            ));
        }
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

fn parse(text: &str) -> Option<(PortName, Option<Protocol>)> {
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

fn unknown(input: &Input, namespace: &str, name: &str) -> Failure {
    let id = format!("{namespace}/{name}");
    let failure = Failure::new(Exit::Usage, format!("service {id} is not in the input"));
    let near = input.services.iter().map(Service::id).min_by_key(|s| strsim::osa_distance(s, &id));
    match near.as_deref().and_then(|s| s.split_once('/')) {
        Some((namespace, name)) => failure.fix(format!("did you mean {namespace}/svc/{name}?")),
        None => failure.cause("there is no Service in it"),
    }
}
