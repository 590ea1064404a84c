//! `verify-netpol explain`: one flow, and why.

use std::collections::BTreeSet;

use super::flow_args::not_there;
use super::input::InputArgs;
use super::service::{Asked, asked, parse};
use crate::cli::{Exit, Outcome};
use crate::ui::{Failure, Ui, netpol as netpol_ui};
use netpol::endpoint::{ContainerPort, ContainerPorts};
use netpol::flow_end::FlowEnd;
use netpol::pick::Pick;
use netpol::service::PortName;
use netpol::{Input, Protocol};

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
    let source = flow_end(&input, &args.source)?;
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
    let destination = flow_end(&input, name)?;
    let Some(port) = port else {
        return Err(Failure::new(Exit::Usage, "which port of the destination?"));
    };
    let (number, protocol) = port_of(&input, &destination, port)?;
    let found = input.explain(&source, &destination, protocol, number);
    match args.output {
        Format::Table => {
            let (parties, port) = ([args.source.as_str(), name], (protocol, number));
            ui.data(&netpol_ui::flow_explanation(parties, port, &found, ui.stdout_style()))?;
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

/// The number of a port, which of pods may be written by its name.
fn port_of(input: &Input, destination: &FlowEnd, text: &str) -> Result<(u16, Protocol), Failure> {
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
    let members = match destination {
        FlowEnd::Members(members) => members.as_slice(),
        FlowEnd::Host(_) | FlowEnd::Unlisted(_) | FlowEnd::Outside(_) => &[],
    };
    let ports: Vec<&ContainerPort> = members
        .iter()
        .filter_map(|member| match &input.members[*member].pod.ports {
            ContainerPorts::Known(ports) => Some(ports),
            ContainerPorts::Unknown => None,
        })
        .flatten()
        .collect();
    let is =
        |port: &&&ContainerPort| port.name == name && protocol.is_none_or(|p| p == port.protocol);
    let found: BTreeSet<_> = ports.iter().filter(is).map(|p| (p.port, p.protocol)).collect();
    let found: Vec<_> = found.into_iter().collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let failure =
                Failure::new(Exit::Usage, format!("the destination has no port named {name}"));
            let named: BTreeSet<&str> =
                ports.iter().map(|p| p.name.as_str()).filter(|name| !name.is_empty()).collect();
            Err(if named.is_empty() {
                failure.fix("write its number:  80, or 53/udp")
            } else {
                let named: Vec<&str> = named.into_iter().collect();
                failure.fix(format!("it has {}", named.join(", ")))
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

fn flow_end(input: &Input, name: &str) -> Result<FlowEnd, Failure> {
    let several = |found: &str| {
        Failure::new(Exit::Usage, format!("{name} is {found}"))
            .fix(format!("list its flows:  verify-netpol connections --from {name}"))
    };
    let pick = match input.pick(name).map_err(|error| not_there(&error))? {
        // A workload may be called like a namespace, and is asked about rather than all of that.
        Pick::Namespace(_) => {
            let found = input.pick_members(name).map_err(|error| {
                if error.several.is_empty() { several("a namespace") } else { not_there(&error) }
            });
            Pick::Members(found?)
        }
        pick => pick,
    };
    input.flow_end(pick).ok_or_else(|| several("more than one address"))
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
