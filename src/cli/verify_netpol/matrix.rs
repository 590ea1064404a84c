//! `verify-netpol` without a question: does the platform's matrix hold, and only that?

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::asked::Asked;
use super::cluster::find;
use super::input::{InputArgs, Source};
use super::lint::LintArgs;
use super::live::LiveArgs;
use super::output::{self, Format, Parser, Target};
use super::seen::Seen;
use super::taken::Taken;
use crate::cli::{Exit, Outcome, block_on, passed};
use crate::cluster::netpol::rights::Level;
use crate::ui::{Failure, Style, Ui, netpol as netpol_ui};
use crate::values::{Checked, Key};
use netpol::Place;
use netpol::finding::{Finding, Kind, Severity};
use netpol::findings::{self, Scene};
use netpol::report::baseline::{self, Baseline};
use netpol::report::{Report, model};

/// How the matrix is shown and judged.
#[derive(Debug, clap::Args)]
pub(super) struct MatrixArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) live: LiveArgs,
    #[command(flatten)]
    lint: LintArgs,
    /// What is meant to be open and closed, instead of the platform's table
    #[arg(long, value_name = "FILE", conflicts_with_all = ["print_rbac", "live"])]
    expect: Option<PathBuf>,
    /// Fail where something is not proven [default: in CI, or where stdout is no terminal]
    #[arg(long)]
    strict: bool,
    /// Do not; wins over --strict
    #[arg(long)]
    no_strict: bool,
    /// Print the least rights that it needs as manifests, and end; reads no kubeconfig
    #[arg(long, value_enum, value_name = "LEVEL")]
    print_rbac: Option<Level>,
    /// Lint from which on the run fails
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    fail_on: FailOn,
    /// Findings that are known: only others fail; -o baseline writes a first one
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Output format, to a file or to standard output; repeat for several [default: table]
    #[arg(short, long, value_parser = Parser, value_name = "FORMAT[=FILE]")]
    pub(super) output: Vec<Target>,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum FailOn {
    #[default]
    Error,
    Warning,
    Note,
    Never,
}

impl From<FailOn> for Option<Severity> {
    fn from(from: FailOn) -> Self {
        match from {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Note => Some(Severity::Note),
            FailOn::Never => None,
        }
    }
}

pub(super) fn run(args: &MatrixArgs, ui: &Ui) -> Outcome {
    if let Some(level) = args.print_rbac {
        return super::rbac::print(level, ui);
    }
    output::check(&args.output)?;
    let checked = args.input.checked(ui)?;
    // Reports name the state of a baseline on this day; nothing else depends on the clock.
    let now = Timestamp::now();
    let today = now.to_zoned(TimeZone::UTC).date();
    let baseline = args.baseline(today)?;
    let (mut report, found) = match &args.expect {
        Some(path) => expected(args, path, ui, checked, now, today)?,
        None => intended(args, ui, checked, now)?,
    };
    report.judge(found, &baseline);
    for about in &report.stale {
        ui.warn(&format!("baseline, {about}: matches nothing, remove it"));
    }
    deliver(args, ui, report, today)
}

/// The platform's table.
fn intended(
    args: &MatrixArgs,
    ui: &Ui,
    checked: Option<Checked>,
    now: Timestamp,
) -> Result<(Report, Vec<Finding>), Failure> {
    let asked = Asked::of(args, ui, checked, now)?;
    let mut found = findings(args, &asked);
    let report = Report {
        expectations: asked.expectations,
        head: asked.head,
        profile: asked.platform.profile.to_string(),
        gaps: asked.seen.unread,
        not_ours: asked.not_ours,
        cluster: asked.seen.cluster,
        checks: model::checks(&asked.matrix),
        ..blank(args, ui, &asked.taken)
    };
    found.extend(asked.taken.passed.iter().filter_map(passed::finding));
    found.extend(asked.seen.beside);
    found.extend(args.lint.find(&asked.taken.input, asked.seen.whole));
    found.sort_by_key(|finding| finding.kind);
    Ok((report, found))
}

/// The same with somebody's own intent.
fn expected(
    args: &MatrixArgs,
    path: &Path,
    ui: &Ui,
    checked: Option<Checked>,
    now: Timestamp,
    today: Date,
) -> Result<(Report, Vec<Finding>), Failure> {
    let (taken, seen) = match args.input.source()? {
        Source::Cluster(connection) => {
            let (found, cluster) = block_on(find(ui, connection, &args.input.settings()))?;
            found.tell(ui);
            let (name, seen) = (found.name.clone(), Seen::of(&found, &cluster, now));
            (Taken::cluster(found.checked(args.input.allow_empty())?, name), seen)
        }
        _ => (args.input.take(ui, checked.as_ref().map(|c| &c.values))?, Seen::default()),
    };
    let name = path.display().to_string();
    let (checks, mut found) = super::expect::findings(path, &taken.input, today)?;
    found.extend(taken.passed.iter().filter_map(passed::finding));
    found.extend(seen.beside);
    found.extend(args.lint.find(&taken.input, seen.whole));
    found.sort_by_key(|finding| finding.kind);
    let report = Report {
        head: format!("{}: {}; expectations: {name}", taken.name, taken.input.counts),
        expectations: name,
        gaps: seen.unread,
        cluster: seen.cluster,
        checks,
        ..blank(args, ui, &taken)
    };
    Ok((report, found))
}

fn source(taken: &Taken) -> model::Source {
    model::Source {
        kind: match taken.source {
            findings::Source::Rendered => "values",
            findings::Source::Manifests => "manifests",
            findings::Source::Cluster => "cluster",
        },
        name: taken.name.clone(),
        digest: taken.digest.clone(),
    }
}

/// A report of what was read, before anything is judged.
fn blank(args: &MatrixArgs, ui: &Ui, taken: &Taken) -> Report {
    Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        source: source(taken),
        expectations: String::new(),
        head: String::new(),
        profile: String::new(),
        gaps: Vec::new(),
        not_ours: Vec::new(),
        counts: taken.input.counts,
        cluster: None,
        strict: args.strict(ui),
        fail_on: args.fail_on.into(),
        checks: Vec::new(),
        findings: Vec::new(),
        stale: Vec::new(),
    }
}

fn findings(args: &MatrixArgs, asked: &Asked) -> Vec<Finding> {
    let files = match args.input.values_names() {
        names if names.is_empty() => "values.env".to_owned(),
        names => names.replace(" + ", " -f "),
    };
    let text = |file: &str| asked.taken.text(file);
    let key = |name: &str| {
        let origin = Key::from_name(name).and_then(|key| asked.checked.as_ref()?.origin.get(&key));
        let place = origin.map(|o| Place { file: o.file.clone(), line: o.line });
        // Where a key is not set, it is missing from the file that everything else is in.
        let file = args.input.first_values_file();
        Some(place.unwrap_or(Place { file, line: None }))
    };
    findings::of_matrix(
        &asked.matrix,
        &Scene {
            input: &asked.taken.input,
            platform: &asked.platform,
            ours: Some(&asked.ours),
            source: asked.taken.source,
            values: &files,
            text: &text,
            key: &key,
        },
    )
}

fn deliver(args: &MatrixArgs, ui: &Ui, mut report: Report, today: Date) -> Outcome {
    report.clean(&|text| ui.clean(text));
    let default = [Target { format: Format::Table, file: None }];
    let targets = if args.output.is_empty() { &default[..] } else { &args.output };
    let (files, printed): (Vec<_>, Vec<_>) = targets.iter().partition(|t| t.file.is_some());
    for target in files {
        if let Some(file) = &target.file {
            output::write(file, &ui.clean(&text(&report, target.format, Style::PLAIN, ui, today)))?;
        }
    }
    match printed.first() {
        Some(target) => ui.data(&text(&report, target.format, ui.stdout_style(), ui, today))?,
        None => {
            ui.notice(&format!("{}\n{}", netpol_ui::headline(&report), netpol_ui::summary(&report)))
        }
    }
    if printed.first().is_none_or(|target| target.format != Format::Table) {
        ui.notice(&netpol_ui::strictness(&report));
    }
    Ok(exit(report.worst()))
}

fn text(report: &Report, format: Format, style: Style, ui: &Ui, today: Date) -> String {
    let json = |mut value: serde_json::Value| {
        ui.with_redactor(|redactor| redactor.clean_json(&mut value));
        format!("{value:#}\n")
    };
    match format {
        Format::Table => netpol_ui::report_table(report, style),
        Format::Json => json(report.json()),
        Format::Junit => report.junit(),
        Format::Sarif => json(report.sarif()),
        Format::Github => report.github(),
        Format::Markdown => netpol_ui::report_markdown(report),
        Format::Dot => report.picture().dot(),
        Format::Svg => report.picture().svg(),
        Format::Baseline => baseline::baseline(report, today),
    }
}

impl MatrixArgs {
    /// A pipeline must not take an open question for a good answer.
    pub(super) fn strict(&self, ui: &Ui) -> model::Strict {
        let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        let (on, why) = match () {
            () if self.no_strict => (false, "--no-strict"),
            () if self.strict => (true, "--strict"),
            () if ci => (true, "CI is set"),
            () if !ui.stdout_is_terminal() => (true, "stdout is no terminal"),
            () => (false, "stdout is a terminal"),
        };
        model::Strict { on, why }
    }

    fn baseline(&self, today: Date) -> Result<Baseline, Failure> {
        let Some(path) = &self.baseline else { return Ok(Baseline::empty(today)) };
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let failure = Failure::new(Exit::Input, format!("cannot read the baseline {name}"));
            match error.kind() {
                std::io::ErrorKind::NotFound => failure
                    .cause("there is no such file")
                    .fix(format!("write a first one:  verify-netpol … -o baseline={name}")),
                _ => failure.cause(error.to_string()),
            }
        })?;
        Baseline::read(&text, today).map_err(|problems| {
            let failure = Failure::new(Exit::Input, format!("the baseline {name} cannot be used"));
            problems
                .iter()
                .take(20)
                .fold(failure, |f, p| f.seen(format!("{name}:{}  {}", p.line, p.problem)))
                .fix("correct it, or write it anew:  -o baseline=FILE")
        })
    }
}

/// The worst kind that fails decides.
const fn exit(worst: Option<Kind>) -> Exit {
    match worst {
        None | Some(Kind::Wide) => Exit::Done,
        Some(Kind::NotEnforcing) => Exit::NotEnforcing,
        Some(Kind::Bypass) => Exit::Verification,
        Some(Kind::Overblock) => Exit::Overblock,
        Some(Kind::UnreachableBaseline | Kind::CniDependent | Kind::Unknown) => Exit::Incomplete,
        Some(Kind::Lint) => Exit::Lint,
    }
}
