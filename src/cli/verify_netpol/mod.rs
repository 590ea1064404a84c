//! `verify-netpol`: what NetworkPolicies allow, in files or in a cluster.

mod asked;
mod cluster;
mod compare;
mod connections;
mod expect;
mod expectations;
mod explain;
mod files;
mod flow_args;
mod input;
mod lint;
mod live;
mod load;
mod matrix;
mod output;
mod problems;
mod rbac;
mod seen;
mod service;
mod taken;

use super::Outcome;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct VerifyNetpolArgs {
    #[command(subcommand)]
    command: Option<Question>,
    #[command(flatten)]
    matrix: matrix::MatrixArgs,
}

#[derive(Debug, clap::Subcommand)]
#[allow(clippy::large_enum_variant)] // made once
enum Question {
    Connections(connections::ConnectionsArgs),
    Explain(explain::ExplainArgs),
}

pub(crate) fn run(args: &VerifyNetpolArgs, ui: &Ui) -> Outcome {
    match &args.command {
        None => matrix::run(&args.matrix, ui),
        Some(Question::Connections(args)) => connections::run(args, ui),
        Some(Question::Explain(args)) => explain::run(args, ui),
    }
}
