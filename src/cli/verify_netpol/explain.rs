//! `verify-netpol explain`: one flow, and why.

use super::flow_args::not_there;
use super::input::InputArgs;
use super::service::{Asked, asked, parse};
use crate::cli::{Exit, Outcome};
use crate::ui::{Failure, Ui, netpol as netpol_ui};
use netpol::endpoint::{ContainerPort, ContainerPorts};
use netpol::pick::Pick;
use netpol::service::PortName;
use netpol::{Endpoint, Input, Protocol};

/// Tell whether one connection is allowed, by which policy and rule, and what would open it
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Who connects: NAMESPACE/POD, NAMESPACE/KIND/NAME, or an address; namespace and kind may be left
    /// out where only one has the name
    source: String,
    /// To whom, written alike; or a Service as svc/NAME or NAMESPACE/svc/NAME. A port may stand behind it,
    /// as web:80
    destination: String,
    /// Port of the destination's pod, or of the Service, as 80, http, or 53/udp
    port: Option<String>,
    #[command(flatten)]
    input: InputArgs,
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Table,
    /// The answer with every policy and rule.
    Json,
}

pub(crate) fn run(args: &ExplainArgs, ui: &Ui) -> Outcome {
    let (input, _) = args.input.read(ui)?;
    let source = endpoint(&input, &args.source)?;
    let (name, port) = with_port(&args.destination, args.port.as_deref())?;
    if let Some(asked) = asked(&input, name, port, args.input.default_namespace())? {
        let Asked { service, port, protocol } = &asked;
        let found = input.explain_service(&source, service, port, *protocol);
        match args.output {
            Format::Table => {
                ui.data(&netpol_ui::service_explanation(&args.source, &found, ui.stdout_style()))?;
            }
            Format::Json => ui.json(&serde_json::json!(found))?,
        }
        return Ok(Exit::Done);
    }
    let destination = endpoint(&input, name)?;
    let Some(port) = port else {
        return Err(Failure::new(Exit::Usage, "which port of the destination?"));
    };
    let (number, protocol) = port_of(&destination, port)?;
    let found = input.cluster.explain(&source, &destination, protocol, number);
    match args.output {
        Format::Table => {
            let flow = format!("{} → {name} {protocol} {number}", args.source);
            ui.data(&netpol_ui::explanation(&flow, &found, ui.stdout_style()))?;
        }
        Format::Json => ui.json(&serde_json::json!(found))?,
    }
    Ok(Exit::Done)
}

/// The destination and its port, which may stand behind it or beside it.
fn with_port<'a>(
    destination: &'a str,
    beside: Option<&'a str>,
) -> Result<(&'a str, Option<&'a str>), Failure> {
    let (name, behind) = match destination.rsplit_once(':') {
        // An address of IPv6 has colons of its own, unless it stands in brackets.
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
        _ => (destination, None),
    };
    if behind.is_some() && beside.is_some() {
        return Err(Failure::new(Exit::Usage, format!("{destination} has a port already"))
            .fix("name one of the two"));
    }
    Ok((name, behind.or(beside)))
}

/// The number of a port, which of a pod may be written by its name.
fn port_of(destination: &Endpoint<'_>, text: &str) -> Result<(u16, Protocol), Failure> {
    let (name, protocol) = match parse(text) {
        Some((PortName::Number(number), protocol)) => {
            return Ok((number, protocol.unwrap_or(Protocol::Tcp)));
        }
        Some((PortName::Name(name), protocol)) => (name, protocol),
        None => {
            let headline = format!("{text} is not a port such as 80, http, or 53/udp");
            return Err(Failure::new(Exit::Usage, headline));
        }
    };
    let ports = match destination {
        Endpoint::Pod(pod) => match &pod.ports {
            ContainerPorts::Known(ports) => ports.as_slice(),
            ContainerPorts::Unknown => &[],
        },
        _ => &[],
    };
    let is =
        |port: &&ContainerPort| port.name == name && protocol.is_none_or(|p| p == port.protocol);
    let found: Vec<_> = ports.iter().filter(is).map(|port| (port.port, port.protocol)).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let failure =
                Failure::new(Exit::Usage, format!("the destination has no port named {name}"));
            let named: Vec<&str> =
                ports.iter().map(|p| p.name.as_str()).filter(|name| !name.is_empty()).collect();
            Err(match named.as_slice() {
                [] => failure.fix("write its number:  80, or 53/udp"),
                named => failure.fix(format!("it has {}", named.join(", "))),
            })
        }
        several => {
            let failure = Failure::new(Exit::Usage, format!("{name} stands for several ports"));
            Err(several.iter().fold(failure, |failure, (number, protocol)| {
                failure.fix(format!("{number}/{}", protocol.name().to_ascii_lowercase()))
            }))
        }
    }
}

/// One party; of a workload any of its pods.
fn endpoint<'a>(input: &'a Input, name: &str) -> Result<Endpoint<'a>, Failure> {
    let several = || {
        Failure::new(Exit::Usage, format!("{name} is more than one party"))
            .fix(format!("list its flows:  verify-netpol connections --from {name}"))
    };
    let members = match input.pick(name).map_err(|error| not_there(&error))? {
        Pick::Members(members) => members,
        Pick::Addresses(span, _) if span.first() == span.last() => {
            return Ok(Endpoint::Outside(span));
        }
        Pick::Addresses(..) => return Err(several()),
        // A workload may be called like a namespace, and is asked about rather than all of that.
        Pick::Namespace(_) => input.pick_members(name).map_err(|error| {
            if error.several.is_empty() { several() } else { not_there(&error) }
        })?,
    };
    Ok(Endpoint::Pod(&input.members[members[0]].pod))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_port_stands_behind_a_name_or_beside_it() {
        for (destination, name, port) in [
            ("a/web:80", "a/web", Some("80")),
            ("svc/web:http", "svc/web", Some("http")),
            ("[fd00::1]:80", "[fd00::1]", Some("80")),
            ("[fd00::1]", "[fd00::1]", None),
            ("fd00::1", "fd00::1", None),
            ("192.0.2.1:443", "192.0.2.1", Some("443")),
        ] {
            assert_eq!(with_port(destination, None).unwrap(), (name, port), "{destination}");
        }
        assert_eq!(with_port("fd00::1", Some("80")).unwrap(), ("fd00::1", Some("80")));
        assert!(with_port("web:80", Some("80")).is_err());
    }
}
