//! Names of parties and ports on the command line.

use crate::cli::Exit;
use crate::netpol::Input;
use crate::netpol::Protocol;
use crate::netpol::listing::{Asked, Filter};
use crate::netpol::pick::{NotThere, parse_port};
use crate::ui::Failure;

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
        Filter::new(input, &self.asked()).map_err(|error| not_there(&error))
    }
}

/// The block for a name that means nobody.
pub(super) fn not_there(error: &NotThere) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("{} is not in the input", error.name));
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
