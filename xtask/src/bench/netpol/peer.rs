//! NP-Guard's netpol-analyzer on the same inputs.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::case::{FEW, SINGLE};
use super::connections;
use crate::bench::measure::{Ends, Sample, run, wall};
use crate::bench::report::{FIGURES, Limit, Report, Table, figures};

/// Measures both. The peer's long runs are done once.
pub fn beside(
    ours: &Path,
    peer: &Path,
    folder: &Path,
    runs: usize,
    report: &mut Report,
) -> Result<()> {
    let (single, few) = (folder.join("single"), folder.join("few"));
    SINGLE.write(&single)?;
    FEW.write(&few)?;
    let mut rows = Vec::new();

    let list = repeated(runs, || connections(ours, &single))?;
    let theirs = run(
        Command::new(peer).args(["list", "--quiet", "--output", "json", "--dirpath"]).arg(&single),
        DONE,
    )?;
    rows.push(figures("`connections -o json`, 600 pods, 600 policies", &list));
    rows.push(figures("`netpol-analyzer list -o json`", &[theirs]));
    limit(report, "`connections` of 600 pods and 600 policies", &list, &[theirs], 200.0);

    let every = || {
        let mut command = Command::new(ours);
        command.args(["verify-netpol", "connections", "--quiet", "--explain", "--manifests"]);
        command.arg(&few);
        command
    };
    let explained = repeated(runs, every)?;
    let theirs = run(
        Command::new(peer).args(["list", "--quiet", "--explain", "--dirpath"]).arg(&few),
        DONE,
    )?;
    rows.push(figures("`connections --explain`, 100 pods, 50 policies", &explained));
    rows.push(figures("`netpol-analyzer list --explain`", &[theirs]));
    limit(report, "`connections --explain` of every pair", &explained, &[theirs], 200.0);

    report.tables.push(Table {
        title: "Beside netpol-analyzer v1.4.4".to_owned(),
        columns: &FIGURES,
        rows,
        note: format!(
            "{runs} runs each, of its `list` one. It puts the pods of one owner together; here each \
             pod has an owner of its own. Our answers also hold who is outside the input. Both \
             explanations tell of every pair, allowed and denied, as text."
        ),
    });
    Ok(())
}

/// The ways that a run may end.
const DONE: Ends<'_> = Ends::With(&[0]);

fn repeated(runs: usize, command: impl Fn() -> Command) -> Result<Vec<Sample>> {
    let once = || run(&mut command(), DONE);
    once()?;
    (0..runs).map(|_| once()).collect()
}

/// Holds our time to a part of theirs.
fn limit(report: &mut Report, what: &str, ours: &[Sample], theirs: &[Sample], times: f64) {
    report.limits.push(Limit {
        what: format!("{what}, of the wall time of netpol-analyzer ({times}× as fast)"),
        measured: wall(ours).median / wall(theirs).median,
        limit: 1.0 / times,
        floor: 0.0,
        unit: "×",
    });
}
