//! `verify-netpol`: what NetworkPolicies allow, without a cluster.

mod connections;
mod explain;
mod input;

use super::Outcome;
use crate::ui::Ui;

/// Check who may talk to whom, from manifests or from a values file
#[derive(Debug, clap::Args)]
pub struct VerifyNetpolArgs {
    #[command(subcommand)]
    command: Question,
}

#[derive(Debug, clap::Subcommand)]
#[allow(clippy::large_enum_variant)] // made once
enum Question {
    Connections(connections::ConnectionsArgs),
    Explain(explain::ExplainArgs),
}

pub(crate) fn run(args: &VerifyNetpolArgs, ui: &Ui) -> Outcome {
    match &args.command {
        Question::Connections(args) => connections::run(args, ui),
        Question::Explain(args) => explain::run(args, ui),
    }
}
