//! `verify-netpol explain`: one flow, and why.

use super::flow_args::{not_there, port as parse};
use super::input::InputArgs;
use super::service::{Asked, asked};
use crate::cli::{Exit, Outcome};
use crate::ui::{Failure, Ui, netpol as netpol_ui};
use netpol::Input;
use netpol::flow_end::FlowEnd;

/// Tell whether one connection is allowed, by which policy and rule, and what would open it
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Who connects: NAMESPACE/POD, NAMESPACE/KIND/NAME, or an address
    source: String,
    /// To whom, written alike; or a Service as svc/NAME:PORT or NAMESPACE/svc/NAME
    destination: String,
    /// Port of the destination's pod, or of the Service, as 80 or 53/udp
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
    let port = args.port.as_deref();
    if let Some(asked) = asked(&input, &args.destination, port, args.input.default_namespace())? {
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
    let destination = flow_end(&input, &args.destination)?;
    let (number, protocol) = match port.map(parse) {
        Some(Ok(port)) => port,
        Some(Err(problem)) => return Err(Failure::new(Exit::Usage, problem)),
        None => return Err(Failure::new(Exit::Usage, "which port of the destination?")),
    };
    let found = input.explain(&source, &destination, protocol, number);
    match args.output {
        Format::Table => {
            let (parties, port) = ([&args.source, &args.destination], (protocol, number));
            let parties = parties.map(String::as_str);
            ui.data(&netpol_ui::flow_explanation(parties, port, &found, ui.stdout_style()))?;
        }
        Format::Json => ui.json(&serde_json::json!(found))?,
    }
    Ok(Exit::Done)
}

fn flow_end(input: &Input, name: &str) -> Result<FlowEnd, Failure> {
    let pick = input.pick(name).map_err(|error| not_there(&error))?;
    input.flow_end(pick).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("{name} is more than one party"))
            .fix(format!("list its flows:  verify-netpol connections --from {name}"))
    })
}
