//! The command line: one file for each verb, each with its arguments and its function.
//!
//! Verbs that need a cluster and verbs that do not are different types, so that `render` or
//! `validate` can never touch a kubeconfig. `verify-netpol` does either: it goes by the source that
//! its arguments name (`verify_netpol`), and only the source `Cluster` holds connection flags.

pub mod completion;
pub mod connection;
mod exit;
mod failure;
mod init;
mod install;
mod install_failure;
mod kustomization;
mod manifests;
mod offline;
mod passed;
mod plan;
mod prepare;
mod render;
mod signals;
mod status;
mod texts;
mod validate;
pub mod values_args;
mod verify_netpol;
mod version;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use exit::Exit;

use crate::ui::{ColorChoice, Failure, OutputError, Ui};

/// Installs, plans, and verifies the OpenHive platform on Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "kubectl-openhive", version, after_help = after_help(), disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    output: OutputArgs,
    #[command(subcommand)]
    command: Command,
}

/// How to print.
#[derive(Debug, clap::Args)]
struct OutputArgs {
    /// When to colour
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    color: ColorChoice,
    /// Print data and errors only
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Log what the client does; repeat for more
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // made once
enum Command {
    #[command(flatten)]
    Local(LocalCommand),
    /// Check who may talk to whom, in manifests, in what a values file renders to, or in a cluster
    VerifyNetpol(verify_netpol::VerifyNetpolArgs),
    #[command(flatten)]
    Cluster(ClusterCommand),
}

/// Verbs that never read a kubeconfig.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // made once
enum LocalCommand {
    /// Write a values file: asks on a terminal, generates the secrets
    Init(init::InitArgs),
    /// Check a values file; every problem at once
    Validate(validate::ValidateArgs),
    /// Print the manifests that an installation would apply; reads no kubeconfig
    Render(render::RenderArgs),
    /// Print a completion script
    Completion(completion::CompletionArgs),
}

/// Verbs that talk to a cluster.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // made once
enum ClusterCommand {
    /// Show what install would change; no write reaches the cluster
    Plan(plan::PlanArgs),
    /// Install, upgrade, or repair the platform
    Install(install::InstallArgs),
    /// Show what runs, and what is wrong with it
    Status(status::StatusArgs),
    /// Print the version of the client and of the cluster
    Version(version::VersionArgs),
}

/// How a verb ends that does not fail.
pub(crate) type Outcome = Result<Exit, Failure>;

/// Runs the program.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let matches = match definition(&args).try_get_matches_from(&args) {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let ui = Ui::new(cli.output.color, cli.output.quiet);
    crate::ui::log::panics(&ui);
    crate::ui::log::init(&ui, cli.output.verbose);
    let outcome = match cli.command {
        Command::Local(command) => local(&command, &ui),
        Command::VerifyNetpol(args) => verify_netpol::run(&args, &ui),
        Command::Cluster(command) => cluster(&command, &ui),
    };
    match outcome {
        Ok(exit) => exit.into(),
        // A reader that went away has seen enough: nothing is left to say.
        Err(failure) if failure.exit == Exit::Done => Exit::Done.into(),
        Err(failure) => {
            ui.fail(&failure);
            failure.exit.into()
        }
    }
}

fn local(command: &LocalCommand, ui: &Ui) -> Outcome {
    match command {
        LocalCommand::Init(args) => init::run(args, ui),
        LocalCommand::Validate(args) => validate::run(args, ui),
        LocalCommand::Render(args) => render::run(args, ui),
        LocalCommand::Completion(args) => completion::run(args, ui),
    }
}

fn cluster(command: &ClusterCommand, ui: &Ui) -> Outcome {
    block_on(async {
        match command {
            ClusterCommand::Plan(args) => plan::run(args, ui).await,
            ClusterCommand::Install(args) => install::run(args, ui).await,
            ClusterCommand::Status(args) => status::run(args, ui).await,
            ClusterCommand::Version(args) => version::run(args, ui).await,
        }
    })
}

/// Runs what asks a cluster.
///
/// # Errors
/// Those of `work`, or the system gives no runtime.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            Failure::new(Exit::Error, "cannot start the runtime").cause(error.to_string())
        })?;
    let outcome = runtime.block_on(work);
    // A watch that still hangs must not keep the process: what had to be finished is finished.
    runtime.shutdown_background();
    outcome
}

/// The definition of the command line. Usage lines say `kubectl openhive` when kubectl started the program.
fn definition(line: &[OsString]) -> clap::Command {
    let program = line.first().map(Path::new).and_then(Path::file_stem);
    let plugin = program.is_some_and(|name| name.to_string_lossy().starts_with("kubectl-"));
    if plugin { Cli::command().bin_name("kubectl openhive") } else { Cli::command() }
}

/// Help and version go to stdout; a wrong command line is told on stderr.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}

fn after_help() -> String {
    let mut text = String::from("Exit codes:\n");
    for (exit, meaning) in Exit::TABLE {
        text.push_str(&format!("  {:>3}  {meaning}\n", exit.code()));
    }
    text
}

/// Data that could not be written fails the command, but a reader that went away does not.
impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        match error {
            OutputError::ClosedPipe => Self::new(Exit::Done, "the reader of the output went away"),
            OutputError::Io(error) => Self::new(Exit::Error, "cannot write the output")
                .cause(error.to_string())
                .fix("free some space, or write elsewhere, and run the command again"),
        }
    }
}
