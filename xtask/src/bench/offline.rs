//! What needs no cluster: the binary's size, how fast it starts, how fast it renders.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::inputs::{Inputs, render};
use super::measure::{Ends, Sample, Subject, alternate, run, wall};
use super::report::{FIGURES, Limit, Report, Table, figures};
use crate::dist;
use crate::run::root;

/// Programs to compare with.
#[derive(Debug)]
pub struct Peers {
    pub kustomize: PathBuf,
    pub kubectl: PathBuf,
    pub helm: PathBuf,
}

/// The size of the binary as it is shipped.
pub fn size(ours: &Path, report: &mut Report) -> Result<()> {
    let bytes = fs::metadata(ours)?.len();
    report.limits.push(Limit {
        what: format!("size of the binary, stripped and static ({})", dist::target()),
        #[allow(clippy::cast_precision_loss)] // far below 2^52 bytes
        measured: bytes as f64 / 1e6,
        limit: 12.0,
        floor: 0.0,
        unit: " MB",
    });
    Ok(())
}

/// `--help` beside a program that does nothing.
pub fn help(ours: &Path, runs: usize, report: &mut Report) -> Result<()> {
    let empty = empty_program()?;
    let mut subjects: Vec<Subject<'_, Sample>> = vec![
        Box::new(|| run(Command::new(ours).arg("--help"), Ends::With(&[0]))),
        Box::new(|| run(&mut Command::new(&empty), Ends::With(&[0]))),
    ];
    let samples = alternate(runs, &mut subjects)?;
    report.limits.push(Limit {
        what: "`--help`".to_owned(),
        measured: wall(&samples[0]).median,
        limit: 5.0,
        floor: 0.0,
        unit: " ms",
    });
    report.tables.push(Table {
        title: "Starting".to_owned(),
        columns: &FIGURES,
        rows: vec![
            figures("`kubectl openhive --help`", &samples[0]),
            figures("an empty Rust program, built with the same profile", &samples[1]),
        ],
        note: format!("{runs} runs each."),
    });
    Ok(())
}

/// `render` beside the tools that put manifests together.
pub fn rendering(
    ours: &Path,
    peers: &Peers,
    inputs: &Inputs,
    runs: usize,
    report: &mut Report,
) -> Result<()> {
    let kustomize = || {
        let mut command = Command::new(&peers.kustomize);
        command.arg("build").arg(&inputs.kustomize);
        command
    };
    let kubectl = || {
        let mut command = Command::new(&peers.kubectl);
        command.arg("kustomize").arg(&inputs.kustomize);
        command
    };
    let helm = || {
        let mut command = Command::new(&peers.helm);
        command.args(["template", "openhive"]).arg(&inputs.chart);
        command
    };
    let mut same = [
        ("kustomize build", kustomize()),
        ("kubectl kustomize", kubectl()),
        ("helm template", helm()),
    ];
    inputs.same_objects(ours, &mut same)?;
    let mut subjects: Vec<Subject<'_, Sample>> = vec![
        Box::new(|| run(&mut render(ours, &inputs.values), Ends::With(&[0]))),
        Box::new(|| run(&mut kustomize(), Ends::With(&[0]))),
        Box::new(|| run(&mut helm(), Ends::With(&[0]))),
        Box::new(|| run(&mut kubectl(), Ends::With(&[0]))),
    ];
    let samples = alternate(runs, &mut subjects)?;
    report.limits.push(Limit {
        what: "`render`, of the time of `kustomize build`".to_owned(),
        measured: wall(&samples[0]).median / wall(&samples[1]).median,
        limit: 0.2,
        floor: 0.0,
        unit: "×",
    });
    let names = [
        "`kubectl openhive render`",
        "`kustomize build`",
        "`helm template`",
        "`kubectl kustomize`",
    ];
    report.tables.push(Table {
        title: format!("Rendering the platform ({} objects)", inputs.objects),
        columns: &FIGURES,
        rows: names.iter().zip(&samples).map(|(name, samples)| figures(name, samples)).collect(),
        note: format!(
            "{runs} runs each. All write the same objects, Secrets included: compared field by \
             field before the clock runs. We read a values file, check it and fill in templates; \
             the others are handed finished manifests."
        ),
    });
    Ok(())
}

/// Builds a program without a line of code, with the profile and the flags of ours.
fn empty_program() -> Result<PathBuf> {
    let folder = root().join("target/bench/empty");
    fs::create_dir_all(folder.join("src"))?;
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    let profile = section(&manifest, "[profile.release]").context("there is no release profile")?;
    let manifest = format!(
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n{profile}"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/main.rs"), "fn main() {}\n")?;
    dist::build(&folder, &["--quiet"])?;
    Ok(folder.join("target").join(dist::target()).join("release/empty"))
}

/// A section of a TOML file with its head.
fn section<'a>(text: &'a str, head: &str) -> Option<&'a str> {
    let rest = &text[text.find(head)?..];
    let end = rest[1..].find("\n[").map_or(rest.len(), |end| end + 2);
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::section;

    #[test]
    fn a_section_ends_where_the_next_one_begins() {
        let text = "[a]\nx = 1\n\n[b]\ny = [1]\n[c]\n";
        assert_eq!(section(text, "[b]"), Some("[b]\ny = [1]\n"));
        assert_eq!(section(text, "[c]"), Some("[c]\n"));
        assert_eq!(section(text, "[d]"), None);
    }
}
