//! `verify-netpol explain`: one flow, and why.

use super::flow_args::{not_there, port};
use super::input::InputArgs;
use crate::cli::{Exit, Outcome};
use crate::netpol::pick::Pick;
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

/// One party; of a workload any of its pods.
fn endpoint<'a>(input: &'a Input, name: &str) -> Result<Endpoint<'a>, Failure> {
    match input.pick(name).map_err(|error| not_there(&error))? {
        Pick::Members(members) => Ok(Endpoint::Pod(&input.members[members[0]].pod)),
        Pick::Addresses(span, _) if span.first() == span.last() => Ok(Endpoint::Outside(span)),
        Pick::Addresses(..) | Pick::Namespace(_) => {
            Err(Failure::new(Exit::Usage, format!("{name} is more than one party"))
                .fix(format!("list its flows:  verify-netpol connections --from {name}")))
        }
    }
}
