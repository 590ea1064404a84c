//! `verify-netpol explain`: one flow, and why.

use std::net::IpAddr;

use super::input::InputArgs;
use crate::cli::{Exit, Outcome};
use crate::netpol::{Endpoint, Input, Protocol};
use crate::ui::{Failure, Ui, netpol};

/// Tell whether one connection is allowed, by which policy and rule, and what would open it
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Who connects: NAMESPACE/POD, NAMESPACE/KIND/NAME, or an address
    source: String,
    /// To whom, written alike
    destination: String,
    /// Port of the destination's pod, as 80 or 53/udp
    #[arg(value_parser = port)]
    port: (u16, Protocol),
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

fn port(text: &str) -> Result<(u16, Protocol), String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "TCP"));
    let number = number.parse::<u16>().ok().filter(|n| *n > 0);
    number
        .zip(Protocol::of(&protocol.to_ascii_uppercase()))
        .ok_or_else(|| "not a port such as 80, 53/udp, or 9000/sctp".to_owned())
}

pub(crate) fn run(args: &ExplainArgs, ui: &Ui) -> Outcome {
    let input = args.input.read(ui)?;
    let source = endpoint(&input, &args.source)?;
    let destination = endpoint(&input, &args.destination)?;
    let (number, protocol) = args.port;
    let found = input.cluster.explain(&source, &destination, protocol, number);
    match args.output {
        Format::Table => {
            let flow = format!("{} → {} {protocol} {number}", args.source, args.destination);
            ui.data(&netpol::explanation(&flow, &found, ui.stdout_style()))?;
        }
        Format::Json => ui.json(&serde_json::json!(found))?,
    }
    Ok(Exit::Done)
}

fn endpoint<'a>(input: &'a Input, name: &str) -> Result<Endpoint<'a>, Failure> {
    if let Ok(address) = name.parse::<IpAddr>() {
        // An address of a pod is that pod.
        let pod = input.members.iter().find(|m| m.pod.addresses.contains(&address));
        return Ok(pod.map_or(Endpoint::Outside(address.into()), |m| Endpoint::Pod(&m.pod)));
    }
    let member = input.members.iter().find(|m| m.id() == name).or_else(|| {
        // A workload whose pods are in the input: any of them.
        let workload = |m: &crate::netpol::Member| {
            let workload = m.workload.as_ref().map(|w| format!("{}/{w}", m.namespace));
            workload.as_deref() == Some(name)
        };
        input.members.iter().find(|m| workload(m))
    });
    if let Some(member) = member {
        return Ok(Endpoint::Pod(&member.pod));
    }
    let failure = Failure::new(Exit::Usage, format!("{name} is not in the input"));
    let mut near: Vec<String> = input.members.iter().map(crate::netpol::Member::id).collect();
    near.sort_by_key(|id| strsim::osa_distance(id, name));
    Err(match near.first() {
        Some(first) => failure.fix(format!("did you mean {first}?")),
        None => failure,
    })
}
