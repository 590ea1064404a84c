//! `validate`: every problem of the values at once.

use serde_json::json;

use super::values_args::ValuesArgs;
use super::{Exit, Outcome};
use crate::render::Profile;
use crate::ui::{Failure, Ui, count, problem_lines};
use crate::values::{self, Checked, Problem, Report, Source};

#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    #[command(flatten)]
    values: ValuesArgs,
    /// What the values are to install
    #[arg(long, value_enum, default_value_t, value_name = "PROFILE")]
    profile: Profile,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Json,
}

/// Of the JSON output; a change that breaks readers raises it.
const SCHEMA_VERSION: u32 = 1;

pub(crate) fn run(args: &ValidateArgs, ui: &Ui) -> Outcome {
    let sources = args.values.read()?;
    let result = values::load(&sources, &args.values.set, args.profile);
    if let Ok(checked) = &result {
        ui.with_redactor(|redactor| redactor.learn_all(checked.values.credentials()));
    }
    let exit = if result.is_ok() { Exit::Done } else { Exit::Values };
    if matches!(args.output, Some(Format::Json)) {
        ui.json(&to_json(&sources, args.profile, &result))?;
        return Ok(exit);
    }
    match result {
        Ok(checked) => {
            tell_warnings(ui, &checked.warnings);
            let keys = count(checked.origin.len(), "key");
            let warnings = match checked.warnings.len() {
                0 => String::new(),
                number => format!(", {}", count(number, "warning")),
            };
            let profile = name(args.profile);
            ui.data(&format!(
                "{}: valid for profile {profile} ({keys}{warnings})\n",
                names(&sources)
            ))?;
            Ok(exit)
        }
        Err(report) => {
            tell_warnings(ui, &report.warnings);
            Err(unusable(ui, &sources, &report))
        }
    }
}

fn tell_warnings(ui: &Ui, warnings: &[Problem]) {
    for warning in warnings {
        ui.warn(&warning.to_string());
    }
}

/// The block that lists every error by file and line.
pub(crate) fn unusable(ui: &Ui, sources: &[Source], report: &Report) -> Failure {
    let problems = count(report.errors.len(), "problem");
    let mut failure = Failure::new(Exit::Values, format!("{}: {problems}", names(sources)));
    for line in problem_lines(&report.errors, ui.stderr_style()) {
        failure = failure.seen(line);
    }
    failure
}

fn names(sources: &[Source]) -> String {
    sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(" + ")
}

fn to_json(
    sources: &[Source],
    profile: Profile,
    result: &Result<Checked, Report>,
) -> serde_json::Value {
    let (errors, warnings) = match result {
        Ok(checked) => (&[][..], &checked.warnings[..]),
        Err(report) => (&report.errors[..], &report.warnings[..]),
    };
    let files: Vec<_> = sources.iter().map(|source| source.name.as_str()).collect();
    json!({
        "schemaVersion": SCHEMA_VERSION,
        "valid": result.is_ok(),
        "profile": profile,
        "files": files,
        "errors": errors.iter().map(problem).collect::<Vec<_>>(),
        "warnings": warnings.iter().map(problem).collect::<Vec<_>>(),
    })
}

/// The reason with its details, and the same in words.
fn problem(problem: &Problem) -> serde_json::Value {
    let mut document = json!(problem);
    document["message"] = problem.message().into();
    document["hint"] = problem.hint().into();
    document
}

fn name(profile: Profile) -> String {
    json!(profile).as_str().unwrap_or_default().to_owned()
}
