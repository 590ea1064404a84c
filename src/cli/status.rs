//! `status`: what runs, since when, whether it is healthy, and if not why.

use jiff::Timestamp;

use super::connection::PlatformConnectionArgs;
use super::failure::cluster_failure;
use super::prepare::open;
use super::{Exit, Outcome};
use crate::cluster::snapshot::{server_time, snapshot};
use crate::diagnose::{ComponentStatus, Grace, component_status, diagnose, job_status};
use crate::ui::Ui;
use crate::ui::status::{Report, State, table};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Ends with 7 where something is not ready, and with 1 where nothing is installed."
)]
pub struct StatusArgs {
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
    #[command(flatten)]
    connection: PlatformConnectionArgs,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
}

/// Workloads without which the platform does not work; the dashboard is the profile's choice.
const REQUIRED: [&str; 3] = ["hive-gateway", "hive-agent", "hive-sandbox"];

pub(crate) async fn run(args: &StatusArgs, ui: &Ui) -> Outcome {
    let cluster = open(ui, args.connection.checked()?).await?;
    let seen = snapshot(&cluster).await.map_err(|error| cluster_failure(&error))?;
    let now = server_time(&seen, Timestamp::now());
    let findings = diagnose(&seen, &Grace::DEFAULT, now);
    let mut components: Vec<ComponentStatus> = seen
        .deployments
        .iter()
        .map(|deployment| component_status(deployment, &seen, &findings, now))
        .collect();
    components.sort_by_key(|component| place(&component.object.name));
    let missing: Vec<String> = REQUIRED
        .into_iter()
        .filter(|name| !components.iter().any(|component| component.object.name == **name))
        .map(str::to_owned)
        .collect();
    let migration = seen
        .jobs
        .iter()
        .find(|job| job.metadata.name.as_deref() == Some("openhive-db-migrate"))
        .map(|job| job_status(job, &findings));
    let healthy = missing.is_empty() && components.iter().all(|c| c.verdict.is_ready());
    let state = match (components.is_empty(), healthy) {
        (true, _) if migration.is_none() => State::Absent,
        (_, true) => State::Healthy,
        (_, false) => State::Degraded,
    };
    let report = Report {
        schema: "openhive.io/status/v1",
        state,
        context: cluster.context.clone(),
        server: cluster.server.clone(),
        components,
        missing,
        migration,
    };
    match args.output {
        Format::Table => ui.data(&table(&report, now, ui.stdout_style()))?,
        Format::Json => ui.json(&serde_json::json!(report))?,
    }
    Ok(match state {
        State::Healthy => Exit::Done,
        State::Degraded => Exit::Rollout,
        State::Absent => Exit::Error,
    })
}

/// Gateway, dashboard, agent, sandbox, then whatever else carries our label.
fn place(name: &str) -> usize {
    let order = ["hive-gateway", "hive-dashboard", "hive-agent", "hive-sandbox"];
    order.iter().position(|known| *known == name).unwrap_or(order.len())
}
