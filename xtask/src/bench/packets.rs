//! `verify-netpol --live` of the platform on a real node, as it should be: how long each part takes.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use testbed::node::{API_NAME, INGRESS_CONTROLLER};
use testbed::{Node, NodeOptions};

use super::measure::Spread;
use super::report::{Limit, Report, Table, spread};
use super::step;
use crate::demo::new_values;
use crate::run::{output, succeed};

/// Each takes half a minute, and differs little from the others.
const MOST: usize = 5;

/// What the JSON report calls the parts, in their order.
const PARTS: [&str; 4] = ["podStart", "proof", "matrix", "cleanUp"];

/// A flow that must be closed is tried so often, and waited for so long (`docs/live.md`).
const TRIES: f64 = 3.0;
const TIME_OUT: f64 = 2.0;

/// Installs the platform and verifies it again and again.
pub fn measure(ours: &Path, runs: usize, report: &mut Report) -> Result<()> {
    step("a real node with the platform");
    let node = Node::start(&NodeOptions::default())?;
    let folder = tempfile::tempdir()?;
    let values = folder.path().join("values.env");
    new_values(&node, &values)?;
    let command = |arguments: &[&str]| {
        let mut command = node.command(ours);
        command.args(arguments).arg("-f").arg(&values);
        command
    };
    succeed(&mut command(&["install", "--yes"]))?;
    node.apply(&output(node.command(ours).args(["verify-netpol", "--print-rbac", "probing"]))?)?;
    node.apply(INGRESS_CONTROLLER)?;
    let ready = ["wait", "--for=condition=Ready", "--timeout=60s", "pod/controller"];
    node.kubectl(&[&ready[..], &["-n", "ingress-nginx"]].concat())?;
    let runs = runs.min(MOST);
    let external = format!("{API_NAME}:443");
    let mut seconds: Vec<[f64; PARTS.len()]> = Vec::new();
    let mut flows = 0;
    // The first one warms caches, and counts as well: nobody verifies twice.
    for run in 0..runs {
        step(&format!("verify-netpol --live, {} of {runs}", run + 1));
        let line = ["verify-netpol", "--live", "--external", &external, "-o", "json"];
        let said: Value = serde_json::from_str(&output(&mut command(&line))?)?;
        let part = |name: &str| {
            said["cluster"]["live"]["seconds"][name].as_f64().context("no figure in the report")
        };
        let parts: Vec<f64> = PARTS.into_iter().map(part).collect::<Result<_>>()?;
        seconds.push(parts.try_into().ok().context("one figure for each part")?);
        let cells = said["cells"].as_array().context("no cells")?;
        flows = cells.iter().filter_map(|cell| cell["flows"].as_array()).map(Vec::len).sum();
        let wrong = |cell: &&Value| cell["verdict"] != "match" && cell["verdict"] != "wide";
        ensure!(!cells.iter().any(|cell| wrong(&cell)), "not as intended, so asked again: {said}");
        ensure!(flows > 0, "no packets were sent");
    }
    let of = |parts: &[usize]| {
        Spread::of(seconds.iter().map(|run| parts.iter().map(|part| run[*part]).sum::<f64>()))
    };
    report.limits.push(Limit {
        what: "`verify-netpol --live`: the matrix, once every probe pod runs".to_owned(),
        measured: of(&[2]).max,
        limit: 1.2 * TRIES * TIME_OUT + 5.0,
        // What is closed has to be waited for.
        floor: TRIES * TIME_OUT,
        unit: " s",
    });
    report.limits.push(Limit {
        what: "`verify-netpol --live`: start of the probe pods and proof of enforcement".to_owned(),
        measured: of(&[0, 1]).max,
        limit: 20.0,
        floor: 0.0,
        unit: " s",
    });
    let names = [
        "start of the probe pods",
        "proof of enforcement",
        "the matrix",
        "deleting what was created",
    ];
    let rows =
        names.iter().enumerate().map(|(part, name)| vec![(*name).to_owned(), spread(of(&[part]))]);
    report.tables.push(Table {
        title: format!("Verifying the platform with packets ({flows} flows)"),
        columns: &["", "s"],
        rows: rows.collect(),
        note: format!(
            "{runs} runs on a node of the testbed with Cilium, the platform as it should be, so \
             that nothing is asked twice but what has to be closed. Limits are held by the slowest."
        ),
    });
    Ok(())
}
