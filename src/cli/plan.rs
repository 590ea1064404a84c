//! `plan`: what an installation would change, and why.

use std::path::PathBuf;

use super::connection::PlatformConnectionArgs;
use super::offline::offline;
use super::prepare::{Choices, prepare};
use super::values_args::ValuesArgs;
use super::{Exit, Outcome};
use crate::render::Profile;
use crate::ui::plan::{self, PlanView};
use crate::ui::{Failure, Style, Ui};

#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    #[command(flatten)]
    values: ValuesArgs,
    /// How much of the platform
    #[arg(long, value_enum, default_value_t = InstallProfile::Platform, value_name = "PROFILE")]
    profile: InstallProfile,
    /// End with exit code 2 where there are differences
    #[arg(long)]
    exit_code: bool,
    /// Show every changed object line by line
    #[arg(long)]
    diff: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
    /// Take fields over that other managers own
    #[arg(long)]
    force_conflicts: bool,
    /// Delete and create workloads whose selector has to change
    #[arg(long)]
    recreate: bool,
    /// Compare with nothing; reads no kubeconfig
    #[arg(long)]
    offline: bool,
    /// Compare with manifests in a file, a folder, or standard input (-); implies --offline
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
    #[command(flatten)]
    connection: PlatformConnectionArgs,
}

/// How the plan is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Table,
    /// The whole plan, with a schema version.
    Json,
    /// For a comment on a pull request.
    Markdown,
}

/// The profiles that can be installed; a baseline's sandbox never becomes ready.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum InstallProfile {
    /// Everything, with Dashboard and Ingress.
    #[default]
    Platform,
    /// Without Dashboard and Ingress.
    Gateway,
}

impl From<InstallProfile> for Profile {
    fn from(profile: InstallProfile) -> Self {
        match profile {
            InstallProfile::Platform => Self::Platform,
            InstallProfile::Gateway => Self::Gateway,
        }
    }
}

pub(crate) async fn run(args: &PlanArgs, ui: &Ui) -> Outcome {
    let choices = Choices {
        profile: args.profile.into(),
        force_conflicts: args.force_conflicts,
        recreate: args.recreate,
    };
    let plan = &if args.offline || args.against.is_some() {
        let stdin = args.against.as_ref().is_some_and(|path| path.as_os_str() == "-");
        if stdin && args.values.reads_stdin() {
            return Err(Failure::new(Exit::Usage, "standard input cannot be two things")
                .cause("both the values and the manifests are to be read from it")
                .fix("give one of the two as a file"));
        }
        offline(ui, &args.values, choices, args.against.as_deref())?
    } else {
        prepare(ui, &args.values, args.connection.checked()?, choices).await?.plan
    };
    let mut next = super::install::command(&args.values, args.profile, args.connection.checked()?);
    for (given, flag) in
        [(args.force_conflicts, " --force-conflicts"), (args.recreate, " --recreate")]
    {
        next.push_str(if given { flag } else { "" });
    }
    let style = if args.output == Format::Table { ui.stdout_style() } else { Style::PLAIN };
    let view = PlanView { style, diff: args.diff, next: Some(&next) };
    match args.output {
        Format::Table => ui.data(&plan::table(plan, &view))?,
        Format::Json => ui.json(&serde_json::json!(plan))?,
        Format::Markdown => ui.data(&plan::markdown(plan, &view))?,
    }
    let differs = args.exit_code && plan.has_differences();
    Ok(if differs { Exit::Differences } else { Exit::Done })
}
