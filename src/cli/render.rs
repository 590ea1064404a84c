//! `render`: the manifests that an installation would apply.

mod folder;

use std::path::PathBuf;

use super::values_args::ValuesArgs;
use super::{Exit, Outcome};
use crate::render::{ClusterFacts, Format, Profile, RenderOptions, Rendered, render};
use crate::ui::{Failure, Ui};
use folder::Folder;
use manifest::Kind;
use manifest::yaml::YamlError;

#[derive(Debug, clap::Args)]
pub struct RenderArgs {
    #[command(flatten)]
    values: ValuesArgs,
    /// How much of the platform
    #[arg(long, value_enum, default_value_t, value_name = "PROFILE")]
    profile: Profile,
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
    /// Write one file an object and a kustomization.yaml into this folder, instead of printing
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// Include the Secrets, which are left out otherwise
    #[arg(long)]
    show_secrets: bool,
    /// Show secrets also where no person is at the terminal
    #[arg(short, long)]
    yes: bool,
}

pub(crate) fn run(args: &RenderArgs, ui: &Ui) -> Outcome {
    if args.show_secrets && !args.yes && !ui.interactive() {
        return Err(Failure::new(Exit::Usage, "--show-secrets needs --yes here")
            .cause("the output would hold every secret in clear, and nobody is at a terminal")
            .fix("leave --show-secrets out: install takes the secrets from the values file")
            .fix("or add --yes"));
    }
    let values = args.values.load(ui, args.profile)?.values;
    let facts = ClusterFacts::resolve(&values, None);
    let rendered = render(&values, &facts, args.profile, &RenderOptions::default())
        .map_err(|error| Failure::new(Exit::Values, error.to_string()).fix(error.hint()))?;
    for warning in &rendered.warnings {
        ui.warn(&warning.to_string());
    }
    no_secret_outside(ui, &rendered)?;
    match &args.output_dir {
        Some(path) => write(args, &rendered, &Folder::open(path)?, ui)?,
        None => print(args, &rendered, ui)?,
    }
    Ok(Exit::Done)
}

fn print(args: &RenderArgs, rendered: &Rendered, ui: &Ui) -> Result<(), Failure> {
    let text = rendered.to_text(args.output, args.show_secrets).map_err(unwritable)?;
    // Whatever is shown passed `no_secret_outside`; redacting it again could only break it.
    ui.data_with_secrets(&text)?;
    if args.output == Format::Json {
        for note in rendered.notes(args.show_secrets) {
            ui.notice(&note);
        }
    }
    Ok(())
}

fn write(args: &RenderArgs, rendered: &Rendered, folder: &Folder, ui: &Ui) -> Result<(), Failure> {
    let files = rendered.to_files(args.output, args.show_secrets).map_err(unwritable)?;
    folder.write(&files)?;
    ui.notice(&format!("{} files written", files.len()));
    if !args.show_secrets {
        let all = rendered.to_files(args.output, true).map_err(unwritable)?;
        for file in all.iter().filter(|f| f.secret && folder.has(&f.path)) {
            ui.warn(&format!("{} is still there from an earlier run", file.path));
        }
    }
    Ok(())
}

/// What is not a Secret must not hold one: such an output is made to be pasted and committed.
///
/// Redacting it is no way out, since a manifest with a masked value is a wrong manifest.
fn no_secret_outside(ui: &Ui, rendered: &Rendered) -> Result<(), Failure> {
    for object in rendered.objects.iter().filter(|o| o.reference.kind != Kind::Secret) {
        let text = object.manifest.to_string();
        if ui.clean(&text) != text {
            return Err(Failure::new(Exit::Values, "a secret would be shown")
                .cause(format!(
                    "{} holds a text that is also the value of a secret key",
                    object.reference
                ))
                .fix("use another value for that key: it is a word that manifests are made of"));
        }
    }
    Ok(())
}

fn unwritable(error: YamlError) -> Failure {
    Failure::new(Exit::Error, "the manifests cannot be written as YAML").cause(error.to_string())
}
