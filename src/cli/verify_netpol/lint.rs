//! What lints need besides the input.

use ipnet::IpNet;

use super::input::network;
use netpol::Input;
use netpol::finding::Finding;
use netpol::lint::{Options, lint};

/// How policies are linted.
#[derive(Debug, clap::Args)]
pub(super) struct LintArgs {
    /// Where the addresses of Services are, for lints; repeat for several [default: told from the
    /// Services of the input]
    #[arg(long, value_parser = network, value_name = "CIDR")]
    service_cidr: Vec<IpNet>,
}

impl LintArgs {
    /// Every lint, the worst first. `whole`: the input is everything that there is.
    pub(super) fn find(&self, input: &Input, whole: bool) -> Vec<Finding> {
        lint(input, &Options { service_cidrs: self.service_cidr.clone(), whole })
    }
}
