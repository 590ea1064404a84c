//! `connections --against`: what opens and closes between two inputs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};

use super::cluster::{find, found};
use super::flow_args::{a_service, not_there};
use super::input::{InputArgs, Source};
use crate::cli::failure::cluster_failure;
use crate::cli::{Exit, Outcome, block_on};
use crate::cluster::discover;
use crate::cluster::netpol::Gap;
use crate::render::ClusterFacts;
use crate::ui::{Failure, Ui, netpol as netpol_ui};
use crate::values::Checked;
use netpol::Input;
use netpol::diff::{DiffOptions, complete, diff_inputs};
use netpol::report::{diff_json, diff_markdown};

/// The word for the cluster.
const CLUSTER: &str = "cluster";

/// What the input is compared with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Against {
    /// The cluster of the connection flags.
    Cluster,
    /// A file, a folder, or standard input.
    Files(PathBuf),
}

/// `cluster` is the cluster; a file or folder of that name is `./cluster`.
pub(super) fn against() -> impl TypedValueParser<Value = Against> {
    OsStringValueParser::new().map(|text| {
        if text == OsStr::new(CLUSTER) { Against::Cluster } else { Against::Files(text.into()) }
    })
}

/// How the difference is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Format {
    Table,
    Json,
    Markdown,
}

/// Two inputs, the older one first.
struct Two {
    before: Input,
    after: Input,
    /// What could not be read of the cluster that is one of them.
    gaps: Vec<Gap>,
}

/// Tells what opens and closes from the other input to the one that is checked.
pub(super) fn run(
    input: &InputArgs,
    against: &Against,
    options: &DiffOptions,
    format: Format,
    exit_code: bool,
    ui: &Ui,
) -> Outcome {
    let Two { before, after, gaps } = match against {
        Against::Cluster => files_beside_cluster(input, ui)?,
        Against::Files(path) => beside_files(input, path, ui)?,
    };
    let diff = diff_inputs(&before, &after, options).map_err(|error| {
        a_service(&[&after, &before], &error).unwrap_or_else(|| not_there(&error))
    })?;
    match format {
        Format::Table => {
            ui.data(&netpol_ui::diff_table(&diff, !gaps.is_empty(), ui.stdout_style()))?
        }
        Format::Json => {
            let gaps: Vec<_> = gaps.iter().map(|gap| serde_json::json!(gap)).collect();
            ui.json(&diff_json(&diff, options.by, &gaps))?;
        }
        Format::Markdown => {
            let gaps: Vec<String> = gaps.iter().map(ToString::to_string).collect();
            ui.data(&diff_markdown(&diff, &gaps))?;
        }
    }
    Ok(match (exit_code, diff.is_empty()) {
        (true, false) => Exit::Differences,
        // That nothing differs is not known.
        (true, true) if !gaps.is_empty() => Exit::Incomplete,
        _ => Exit::Done,
    })
}

/// The files that are named, against the cluster.
fn files_beside_cluster(input: &InputArgs, ui: &Ui) -> Result<Two, Failure> {
    if input.files().is_none() {
        return Err(Failure::new(Exit::Usage, "the cluster cannot be compared with itself")
            .cause("without --manifests and -f it is the cluster that is checked")
            .fix("name what to compare with it:  --manifests DIR, or -f values.env")
            .fix("or compare it with files:  --against DIR"));
    }
    if Path::new(CLUSTER).exists() {
        ui.notice("--against cluster is the cluster; what is called so here is ./cluster");
    }
    // What is wrong with files or values is told before a cluster is asked.
    let values = match input.files() {
        Some(Source::Rendered) => input.checked(ui)?,
        _ => None,
    };
    let read = if values.is_none() { Some(input.read_files(ui)?) } else { None };
    let database = values.as_ref().map(|checked| &checked.values.database);
    let (found, facts) = block_on(async {
        let (found, cluster) = find(ui, input.connection(), &input.settings()).await?;
        let Some(database) = database else { return Ok((found, None)) };
        let facts = discover(&cluster.rest, database).await;
        Ok((found, Some(facts.map_err(|error| cluster_failure(&error))?.0)))
    })?;
    found.tell(ui);
    let (before, gaps) = found.compared()?;
    let (name, mut after) = match (read, values) {
        (Some(read), _) => read,
        (None, Some(Checked { values, .. })) => {
            input.read_told(ui, Some((&values, &ClusterFacts::resolve(&values, facts))))?
        }
        (None, None) => input.read_files(ui)?,
    };
    stand_for(&name, &mut after, &before, ui);
    Ok(Two { before, after, gaps })
}

/// What is checked, against other files.
fn beside_files(input: &InputArgs, path: &Path, ui: &Ui) -> Result<Two, Failure> {
    let source = input.source()?;
    // A file that is not there is told before a cluster is asked.
    let mut before = input.read_against(ui, path)?;
    let Source::Cluster(connection) = source else {
        let (_, after) = input.read_files(ui)?;
        return Ok(Two { before, after, gaps: Vec::new() });
    };
    let found = found(ui, connection, &input.settings())?;
    found.tell(ui);
    let (after, gaps) = found.compared()?;
    stand_for(&path.display().to_string(), &mut before, &after, ui);
    Ok(Two { before, after, gaps })
}

fn stand_for(name: &str, files: &mut Input, cluster: &Input, ui: &Ui) {
    let own = complete(files, cluster);
    let own: Vec<String> = own.into_iter().collect();
    ui.notice(&format!("{name} stands for {}; all else is as in the cluster", own.join(", ")));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_the_bare_word_is_the_cluster() {
        let parse = |text: &str| {
            let command = clap::Command::new("x");
            against().parse_ref(&command, None, OsStr::new(text)).unwrap()
        };
        assert_eq!(parse("cluster"), Against::Cluster);
        for path in ["./cluster", "cluster/", "Cluster", "new"] {
            assert_eq!(parse(path), Against::Files(path.into()));
        }
    }
}
