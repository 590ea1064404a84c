//! `version`: of the client, and of the cluster where one is configured.

use serde::Serialize;

use super::connection::PlatformConnectionArgs;
use super::prepare::open;
use super::{Exit, Outcome};
use crate::cluster::{Raw, Retry};
use crate::render::template_digest;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub struct VersionArgs {
    /// Of the client only; reads no kubeconfig
    #[arg(long)]
    client: bool,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
    #[command(flatten)]
    connection: PlatformConnectionArgs,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Json,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    client_version: String,
    /// Of the embedded templates.
    template_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_version: Option<String>,
}

pub(crate) async fn run(args: &VersionArgs, ui: &Ui) -> Outcome {
    let server_version = if args.client { None } else { server(args, ui).await };
    let versions = Versions {
        client_version: format!("v{}", env!("CARGO_PKG_VERSION")),
        template_digest: template_digest(),
        server_version,
    };
    if args.output.is_some() {
        ui.json(&serde_json::json!(versions))?;
        return Ok(Exit::Done);
    }
    let mut text = format!(
        "Client version: {}\nTemplates: {}\n",
        versions.client_version,
        &versions.template_digest[..12]
    );
    if let Some(server) = versions.server_version {
        text.push_str(&format!("Server version: {server}\n"));
    }
    ui.data(&text)?;
    Ok(Exit::Done)
}

/// The server's version. The client's is worth printing also where no cluster answers.
async fn server(args: &VersionArgs, ui: &Ui) -> Option<String> {
    let answer = async {
        let cluster = open(ui, args.connection.checked()?).await?;
        let version = cluster.rest.raw("/version", Raw::Get, Retry::Never).await;
        version.map_err(|error| super::failure::cluster_failure(&error))
    };
    match answer.await {
        Ok(version) => version["gitVersion"].as_str().map(str::to_owned),
        Err(failure) => {
            let cause = failure.cause.unwrap_or_default();
            ui.notice(&format!("Server version: unknown: {}: {cause}", failure.headline));
            None
        }
    }
}
