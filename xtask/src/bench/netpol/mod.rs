//! `verify-netpol` beside the least that any such program has to do, which is reading the input, and
//! beside netpol-analyzer.

mod case;
mod peer;
mod world;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::measure::{Ends, Sample, Subject, alternate, cpu, peak, run, wall};
use super::report::{Limit, Report, Table, figure, spread};
use super::step;
use crate::dist;
use crate::run::{root, shown};
use case::{CASES, Case, GROWING};

/// Runs everything. `peer` is netpol-analyzer.
pub fn measure(ours: &Path, peer: &Path, runs: usize, report: &mut Report) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let yardstick = yardstick(ours)?;
    let bench = Bench { ours, yardstick: &yardstick, folder: folder.path(), runs };
    step("connections, beside reading the same bytes");
    let mut rows = Vec::new();
    for case in &CASES {
        rows.push(bench.case(case, report)?);
    }
    report.tables.push(Table {
        title: "Connections of a whole cluster".to_owned(),
        columns: &["", "read, MB", "written, MB", "the yardstick, CPU ms", "`connections -o json`, CPU ms", "wall, ms", "peak memory, MB"],
        rows,
        note: format!(
            "{runs} runs each. The yardstick reads the same files into generic values with the same \
             library, built in the same way, and does nothing else, on one thread; ours reads on \
             all cores. *Dumped* pods are as the API server gives them back, the others as a \
             person writes them."
        ),
    });
    step("connections of growing clusters");
    bench.slope(report)?;
    step("netpol-analyzer");
    peer::beside(ours, peer, folder.path(), runs, report)
}

/// What every row needs.
struct Bench<'a> {
    ours: &'a Path,
    yardstick: &'a Path,
    folder: &'a Path,
    runs: usize,
}

/// What a case cost.
struct Measured {
    read: f64,
    written: f64,
    ours: Vec<Sample>,
    yardstick: Vec<Sample>,
}

impl Bench<'_> {
    fn measured(&self, case: &Case) -> Result<Measured> {
        let folder = self.folder.join(case.name.replace([' ', ','], "-"));
        if !folder.exists() {
            case.world.write(&folder)?;
        }
        let files = ["namespaces.yaml", "pods.yaml", "policies.yaml"].map(|name| folder.join(name));
        let read: u64 = files.iter().map(|f| f.metadata().map_or(0, |m| m.len())).sum();
        let written = written(&mut connections(self.ours, &folder))?;
        let mut subjects: Vec<Subject<'_, Sample>> = vec![
            Box::new(|| run(&mut connections(self.ours, &folder), Ends::With(&[0]))),
            Box::new(|| run(Command::new(self.yardstick).args(&files), Ends::With(&[0]))),
        ];
        let mut samples = alternate(self.runs, &mut subjects)?.into_iter();
        let mut next = || samples.next().context("two subjects");
        #[allow(clippy::cast_precision_loss)] // far below 2^52 bytes
        Ok(Measured {
            read: read as f64 / 1e6,
            written: written as f64 / 1e6,
            ours: next()?,
            yardstick: next()?,
        })
    }

    fn case(&self, case: &Case, report: &mut Report) -> Result<Vec<String>> {
        let Measured { read, written, ours, yardstick } = self.measured(case)?;
        report.limits.push(Limit {
            what: format!("`connections` of {}: CPU time, of reading the same bytes", case.name),
            measured: cpu(&ours).median / cpu(&yardstick).median,
            limit: case.limit,
            floor: 0.0,
            unit: "×",
        });
        if let Some(memory) = case.memory {
            report.limits.push(Limit {
                what: format!("peak memory of `connections` of {}", case.name),
                measured: peak(&ours).max,
                limit: memory,
                floor: 0.0,
                unit: " MB",
            });
        }
        Ok(vec![
            case.name.to_owned(),
            figure(read),
            figure(written),
            spread(cpu(&yardstick)),
            spread(cpu(&ours)),
            spread(wall(&ours)),
            spread(peak(&ours)),
        ])
    }

    /// How the time grows with what is read and written: the exponent of a power law, by least
    /// squares over logarithms.
    fn slope(&self, report: &mut Report) -> Result<()> {
        let (mut rows, mut points) = (Vec::new(), Vec::new());
        for case in &GROWING {
            let Measured { read, written, ours, yardstick } = self.measured(case)?;
            let size = read + written;
            points.push((size.ln(), cpu(&ours).median.ln()));
            rows.push(vec![
                case.name.to_owned(),
                figure(read),
                figure(written),
                spread(cpu(&ours)),
                figure(cpu(&ours).median / size),
                figure(cpu(&ours).median / cpu(&yardstick).median),
                spread(peak(&ours)),
            ]);
        }
        report.limits.push(Limit {
            what: "`connections`: CPU time grows with the bytes read and written to the power of"
                .to_owned(),
            measured: fitted(&points),
            limit: 1.1,
            floor: 0.0,
            unit: "",
        });
        report.tables.push(Table {
            title: "Connections of growing clusters".to_owned(),
            columns: &[
                "",
                "read, MB",
                "written, MB",
                "CPU, ms",
                "CPU ms a MB",
                "of the yardstick",
                "peak memory, MB",
            ],
            rows,
            note: format!("{} runs each. Namespaces and policies grow with the pods.", self.runs),
        });
        Ok(())
    }
}

/// The slope of the line through points that is nearest to them.
fn fitted(points: &[(f64, f64)]) -> f64 {
    #[allow(clippy::cast_precision_loss)] // a handful
    let count = points.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / count;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let both: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    both / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

fn connections(ours: &Path, folder: &Path) -> Command {
    let mut command = Command::new(ours);
    command.args(["verify-netpol", "connections", "--quiet", "--allow-empty", "-o", "json"]);
    command.arg("--manifests").arg(folder);
    command
}

/// How many bytes a command writes.
fn written(command: &mut Command) -> Result<u64> {
    let file = tempfile::tempfile()?;
    let status = command.stdout(file.try_clone()?).stderr(Stdio::inherit()).status()?;
    ensure!(status.success(), "{} ended with {status}", shown(command));
    Ok(file.metadata()?.len())
}

/// The program that only reads: beside ours, else built as ours is.
fn yardstick(ours: &Path) -> Result<PathBuf> {
    const NAME: &str = "examples/read_yaml";
    let beside = ours.with_file_name(NAME);
    if beside.exists() {
        return Ok(beside);
    }
    dist::build(&root(), &["--package", "manifest", "--example", "read_yaml"])?;
    Ok(root().join("target").join(dist::target()).join("release").join(NAME))
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn the_slope_is_the_exponent() {
        let points =
            |power: f64| [1.0f64, 2.0, 4.0, 8.0].map(|x| (x.ln(), (3.0 * x.powf(power)).ln()));
        for power in [0.9, 1.0, 2.0] {
            assert!((fitted(&points(power)) - power).abs() < 1e-9);
        }
    }
}
