//! Names of parties and ports on the command line.

use super::service::service_name;
use crate::cli::Exit;
use crate::ui::Failure;
use netpol::listing::{Asked, Filter};
use netpol::pick::{NotThere, parse_port};
use netpol::service::Service;
use netpol::{Input, Protocol};

/// Workloads behind a Service that are named.
const BACKENDS: usize = 4;

/// Which flows are asked about.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct FlowArgs {
    /// Only from NAMESPACE/POD, NAMESPACE/KIND/NAME, an address, a CIDR, or a namespace; repeat
    /// for several
    #[arg(long, value_name = "PARTY")]
    from: Vec<String>,
    /// Only to one of these, written alike
    #[arg(long, value_name = "PARTY")]
    to: Vec<String>,
    /// Only this port of the destination's pod, as 80 or 53/udp; repeat for several
    #[arg(long, value_parser = port, value_name = "PORT")]
    port: Vec<(u16, Protocol)>,
    /// Only flows with an end in this namespace; repeat for several
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Vec<String>,
}

impl FlowArgs {
    /// The filters that are set.
    pub(super) fn named(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("--from", self.from.is_empty()),
            ("--to", self.to.is_empty()),
            ("--port", self.port.is_empty()),
            ("--namespace", self.namespace.is_empty()),
        ];
        all.into_iter().filter(|(_, is_empty)| !is_empty).map(|(flag, _)| flag)
    }

    /// The names as they are written.
    pub(super) fn asked(&self) -> Asked {
        Asked {
            from: self.from.clone(),
            to: self.to.clone(),
            ports: self.port.clone(),
            namespaces: self.namespace.clone(),
        }
    }

    /// Looks the names up.
    ///
    /// # Errors
    /// One of them means nobody in the input.
    pub(super) fn filter(&self, input: &Input) -> Result<Filter, Failure> {
        Filter::new(input, &self.asked())
            .map_err(|error| a_service(&[input], &error).unwrap_or_else(|| not_there(&error)))
    }
}

/// The block for a name that means nobody among the ends of connections, and a Service: these lead to
/// pods, and policies are about pods. `None`: it is none of these inputs.
pub(super) fn a_service(inputs: &[&Input], error: &NotThere) -> Option<Failure> {
    let name = &error.name;
    let path = name.split_once(':').map_or(name.as_str(), |(path, _)| path);
    // Without its namespace it may be in any.
    let (namespace, name) = service_name(path)?;
    let (input, service) = inputs.iter().find_map(|input| {
        let is = |s: &&Service| s.name == name && namespace.is_none_or(|n| n == s.namespace);
        input.services.iter().find(is).map(|service| (*input, service))
    })?;
    let behind = input.members.iter().filter(|m| service.selects(&m.pod).certainly());
    let mut words: Vec<String> = Vec::new();
    for member in behind {
        let id = match &member.workload {
            Some(workload) => format!("{}/{workload}", member.namespace),
            None => member.id(),
        };
        let ports = service.ports.iter().flat_map(|port| {
            let protocol = port.protocol;
            port.target(&member.pod).into_iter().map(move |number| match protocol {
                Protocol::Tcp => format!(" --port {number}"),
                other => format!(" --port {number}/{}", other.name().to_ascii_lowercase()),
            })
        });
        let line = format!("name what is behind it:  {id}{}", ports.collect::<String>());
        if !words.contains(&line) {
            words.push(line);
        }
    }
    let failure = Failure::new(Exit::Usage, format!("{} is a Service", error.name))
        .cause("connections are between pods and addresses; a Service only leads to pods");
    let failure = words.into_iter().take(BACKENDS).fold(failure, Failure::fix);
    let id = format!("{}/svc/{}", service.namespace, service.name);
    Some(failure.fix(format!("or ask about it:  verify-netpol explain SOURCE {id} PORT")))
}

/// The block for a name that does not mean one party.
pub(super) fn not_there(error: &NotThere) -> Failure {
    let name = &error.name;
    if !error.several.is_empty() {
        let failure = Failure::new(Exit::Usage, format!("{name} may mean several"));
        return error.several.iter().fold(failure, |failure, one| failure.fix(one));
    }
    let failure = Failure::new(Exit::Usage, format!("{name} is not in the input"));
    match &error.nearest {
        Some(nearest) => failure.fix(format!("did you mean {nearest}?")),
        None => failure,
    }
}

/// A port as an argument.
///
/// # Errors
/// It is not written as one.
pub(super) fn port(text: &str) -> Result<(u16, Protocol), String> {
    parse_port(text).ok_or_else(|| "not a port such as 80, 53/udp, or 9000/sctp".to_owned())
}
