//! `install`: the sequence; also upgrade, resume, and repair.

use tokio::sync::mpsc;

use super::connection::{ConnectionArgs, Duration, PlatformConnectionArgs, duration};
use super::install_failure::install_failure;
use super::plan::InstallProfile;
use super::prepare::{Choices, Prepared, prepare};
use super::signals::{self, Signals};
use super::values_args::ValuesArgs;
use super::{Exit, Outcome};
use crate::cluster::ClusterError;
use crate::engine::{self, Event, Installed, Options, canceller};
use crate::plan::{Plan, quoted};
use crate::ui::plan::PlanView;
use crate::ui::progress::{ProgressMode, Reporter};
use crate::ui::{Failure, Ui};
use crate::values::Values;

#[derive(Debug, clap::Args)]
pub struct InstallArgs {
    #[command(flatten)]
    values: ValuesArgs,
    /// How much of the platform
    #[arg(long, value_enum, default_value_t = InstallProfile::Platform, value_name = "PROFILE")]
    profile: InstallProfile,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// How long the rollouts may take
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    timeout: Duration,
    /// How long the migration is waited for; it is never stopped
    #[arg(long, value_name = "DURATION", default_value = "180s", value_parser = duration)]
    migration_timeout: Duration,
    /// Take fields over that other managers own
    #[arg(long)]
    force_conflicts: bool,
    /// Delete and create workloads whose selector has to change; their pods stop meanwhile
    #[arg(long)]
    recreate: bool,
    /// How progress is shown
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    progress: ProgressMode,
    #[command(flatten)]
    connection: PlatformConnectionArgs,
}

pub(crate) async fn run(args: &InstallArgs, ui: &Ui) -> Outcome {
    let stdin = args.values.reads_stdin();
    if !args.yes && (stdin || !ui.interactive()) {
        return Err(Failure::new(Exit::Usage, "install changes a cluster and cannot ask here")
            .cause(if stdin {
                "the values come from standard input, which then cannot answer a question"
            } else {
                "this is not a terminal"
            })
            .fix("see what it would do:  kubectl openhive plan -f FILE")
            .fix("then say so beforehand:  kubectl openhive install -f FILE --yes")
            .now("nothing was changed"));
    }
    let choices = Choices {
        profile: args.profile.into(),
        force_conflicts: args.force_conflicts,
        recreate: args.recreate,
    };
    let prepared = prepare(ui, &args.values, args.connection.checked()?, choices).await?;
    executable(&prepared.plan)?;
    if !args.yes && !agreed(ui, &prepared.plan)? {
        return Err(Failure::new(Exit::Error, "not installed").now("nothing was changed"));
    }
    execute(args, ui, prepared).await
}

/// A plan with an obstacle is not begun.
fn executable(plan: &Plan) -> Result<(), Failure> {
    let obstacles: Vec<_> = plan.obstacles().collect();
    let Some((first, obstacle)) = obstacles.first() else { return Ok(()) };
    let exit = match obstacle {
        crate::plan::Obstacle::Conflict { .. } => Exit::Conflict,
        _ => Exit::Preflight,
    };
    let headline = match obstacles.len() {
        1 => format!("{} cannot be written", first.reference),
        count => format!("{count} objects cannot be written"),
    };
    let failure = Failure::new(exit, headline).fix(obstacle.hint());
    let failure = obstacles.iter().fold(failure, |failure, (change, obstacle)| {
        failure.seen(format!("{}: {obstacle}", change.reference))
    });
    Err(failure.now("nothing was changed"))
}

fn agreed(ui: &Ui, plan: &Plan) -> Result<bool, Failure> {
    let view = PlanView { style: ui.stdout_style(), ..PlanView::default() };
    ui.data(&crate::ui::plan::table(plan, &view))?;
    Ok(ui.confirm("Install?"))
}

/// What the first signal is answered with.
const STOPPING: &str = "stopping; what is in flight is finished. Once more to end at once.";

async fn execute(args: &InstallArgs, ui: &Ui, prepared: Prepared) -> Outcome {
    let Prepared { values, mut cluster, plan } = prepared;
    if args.yes {
        // Whoever was asked has seen them with the plan.
        plan.warnings.iter().for_each(|warning| ui.warn(warning));
    }
    let mut reporter = Reporter::new(ui, args.progress);
    if let Some(backup) = plan.migration.as_ref().and_then(|migration| migration.backup.as_ref()) {
        ui.notice(&format!("The migration will run. Take a backup first:\n  {backup}"));
    }
    let (events, mut received) = mpsc::unbounded_channel();
    let retries = events.clone();
    let (stop, cancel) = canceller();
    let stopping = cancel.clone();
    cluster.rest = cluster
        .rest
        .on_retry(move |error: &ClusterError, elapsed| {
            let _ = retries.send(Event::Retrying { error: error.to_string(), elapsed });
        })
        .until(move || stopping.signal().is_some());
    let options = Options {
        migration_timeout: args.migration_timeout.0,
        rollout_timeout: args.timeout.0,
        force_conflicts: args.force_conflicts,
        database: (values.database.host.clone(), values.database.port),
    };
    let work = engine::install(&cluster, &plan, &options, events, cancel);
    tokio::pin!(work);
    let mut signals = Signals::listen()?;
    let result = loop {
        tokio::select! {
            Some(event) = received.recv() => reporter.event(&event),
            result = &mut work => break result,
            signal = signals.next() => signals::end(ui, &stop, signal, STOPPING),
        }
    };
    while let Ok(event) = received.try_recv() {
        reporter.event(&event);
    }
    reporter.finish();
    match result {
        Ok(installed) => {
            finished(ui, &values, &plan, &installed);
            Ok(Exit::Done)
        }
        Err((error, left)) => {
            let again = command(&args.values, args.profile, args.connection.checked()?);
            Err(install_failure(&error, &left, &again))
        }
    }
}

/// The command that installs what these arguments describe.
pub(crate) fn command(
    values: &ValuesArgs,
    profile: InstallProfile,
    connection: &ConnectionArgs,
) -> String {
    let mut command = "kubectl openhive install".to_owned();
    for path in values.paths() {
        command.push_str(&format!(" -f {}", quoted(&path.display().to_string())));
    }
    for pair in &values.set {
        command.push_str(&format!(" --set {}", quoted(pair)));
    }
    if profile == InstallProfile::Gateway {
        command.push_str(" --profile gateway");
    }
    // Without these it would go on with another cluster, or as somebody else.
    for (flag, value) in connection.named() {
        command.push_str(&format!(" {flag} {}", quoted(&value)));
    }
    command
}

fn finished(ui: &Ui, values: &Values, plan: &Plan, installed: &Installed) {
    let style = ui.stderr_style();
    let elapsed = format!("{:.1}s", installed.elapsed.as_secs_f64());
    let place = match &values.ingress {
        Some(ingress) if plan.head.profile == crate::render::Profile::Platform => {
            format!("OpenHive is up: https://{}  ({elapsed})", ingress.host)
        }
        _ => format!("OpenHive is up  ({elapsed})"),
    };
    ui.notice(&format!("{} {}", style.good("✓"), style.bold(&place)));
    if plan.head.profile == crate::render::Profile::Platform {
        ui.notice("  without an ingress controller:  kubectl port-forward -n openhive svc/hive-dashboard 3000:3000");
    }
    ui.notice("  what runs now:                  kubectl openhive status");
}

#[cfg(test)]
mod tests {
    use super::command;
    use crate::cli::connection::{ConnectionArgs, Token};
    use crate::cli::plan::InstallProfile;
    use crate::cli::values_args::ValuesArgs;

    #[test]
    fn the_next_command_goes_to_the_same_cluster() {
        let values = ValuesArgs { files: vec!["my values.env".into()], set: Vec::new() };
        let connection = ConnectionArgs {
            context: Some("staging".into()),
            as_group: vec!["a".into(), "b".into()],
            token: Some(Token::from("canary-token")),
            ..ConnectionArgs::default()
        };
        assert_eq!(
            command(&values, InstallProfile::Platform, &connection),
            "kubectl openhive install -f 'my values.env' --context staging --as-group a --as-group b"
        );
    }
}
