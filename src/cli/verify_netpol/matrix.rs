//! `verify-netpol` without a question: does the platform's matrix hold, and only that?

use super::cluster::found_with_expectations;
use super::input::{InputArgs, Source};
use super::lint::LintArgs;
use super::live::{self, LiveArgs};
use crate::cli::{Exit, Outcome, block_on};
use crate::cluster::netpol::Gap;
use crate::cluster::netpol::rights::Level;
use crate::netpol::Input;
use crate::netpol::matrix::{Matrix, Platform, Totals};
use crate::ui::{Failure, Ui, netpol};

/// How the matrix is shown and judged.
#[derive(Debug, clap::Args)]
pub(super) struct MatrixArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) live: LiveArgs,
    #[command(flatten)]
    lint: LintArgs,
    /// Fail where something is not decidable [default: in CI, or where stdout is no terminal]
    #[arg(long)]
    strict: bool,
    /// Do not
    #[arg(long, conflicts_with = "strict")]
    no_strict: bool,
    /// Print the least rights that it needs as manifests, and end; reads no kubeconfig
    #[arg(long, value_enum, value_name = "LEVEL")]
    print_rbac: Option<Level>,
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) output: Format,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Table,
    /// Every cell.
    Json,
}

/// Of the JSON output; a change that breaks readers raises it.
const SCHEMA: &str = "openhive.io/netpol-matrix/v1";

pub(super) fn run(args: &MatrixArgs, ui: &Ui) -> Outcome {
    if let Some(level) = args.print_rbac {
        return super::rbac::print(level, ui);
    }
    if args.live.live {
        let values = args.input.values(ui)?;
        let connection = args.input.cluster()?;
        return block_on(live::run(args, connection, values, ui));
    }
    let asked = args.asked(ui)?;
    let matrix = Matrix::new(&asked.input, &asked.platform);
    let strict = args.strict(ui);
    match args.output {
        Format::Table => {
            let head = asked.head.iter().map(|line| format!("{line}\n\n")).collect::<String>();
            let table = netpol::matrix_table(&matrix, ui.stdout_style());
            let gaps = asked
                .gaps
                .iter()
                .map(|gap| format!("  {}  {gap}\n", ui.stdout_style().warn("? unknown")));
            ui.data(&format!("{head}{table}{}", gaps.collect::<String>()))?;
            ui.data(&netpol::lint(&args.lint.find(&asked.input, false), ui.stdout_style()))?;
        }
        Format::Json => ui.json(&serde_json::json!({
            "schema": SCHEMA,
            "profile": asked.platform.profile,
            "head": asked.head,
            "input": asked.input.counts,
            "gaps": asked.gaps,
            "notOurs": asked.not_ours,
            "strict": strict,
            "totals": matrix.totals(),
            "cells": matrix.cells,
        }))?,
    }
    Ok(exit(matrix.totals(), strict, !asked.gaps.is_empty()))
}

/// What the matrix is about.
struct Asked {
    input: Input,
    platform: Platform,
    /// The first line of the report on a cluster.
    head: Option<String>,
    /// What could not be read: something may be open that was not seen.
    gaps: Vec<Gap>,
    not_ours: Vec<String>,
}

impl MatrixArgs {
    fn asked(&self, ui: &Ui) -> Result<Asked, Failure> {
        let values = self.input.values(ui)?;
        let Source::Cluster(connection) = self.input.source()? else {
            let Some(values) = values else { return Err(no_values()) };
            return Ok(Asked {
                input: self.input.read_with(ui, Some(&values))?,
                platform: self.input.platform(&values),
                head: None,
                gaps: Vec::new(),
                not_ours: Vec::new(),
            });
        };
        let name = self.input.values_names();
        let (found, expectations) = found_with_expectations(
            ui,
            connection,
            &self.input.settings(),
            values.as_ref().map(|values| (values, name.as_str())),
            self.input.named_profile(),
        )?;
        expectations.notes.iter().for_each(|note| ui.notice(note));
        Ok(Asked {
            head: Some(found.headline(&expectations)),
            gaps: found.reading.decisive_gaps().cloned().collect(),
            not_ours: found.reading.not_ours.clone(),
            input: found.checked(self.input.allow_empty())?,
            platform: expectations.platform,
        })
    }
}

fn no_values() -> Failure {
    Failure::new(Exit::Usage, "no values file")
        .cause("what is meant to be open depends on it: the database's port, for one")
        .fix("name it:  -f values.env")
        .fix("or list what is open without judging it:  verify-netpol connections --manifests DIR")
}

impl MatrixArgs {
    /// A pipeline must not take an open question for a good answer.
    pub(super) fn strict(&self, ui: &Ui) -> bool {
        let unattended = std::env::var_os("CI").is_some() || !ui.stdout_is_terminal();
        self.strict || (unattended && !self.no_strict)
    }
}

/// As without packets; what nobody could reach is not proven either.
pub(super) fn live_exit(matrix: &Matrix, strict: bool, incomplete: bool) -> Exit {
    match exit(matrix.totals(), strict, incomplete) {
        Exit::Done if strict && matrix.unproven() > 0 => Exit::Incomplete,
        exit => exit,
    }
}

/// `incomplete`: something could not be read, so that what was not seen may be open.
const fn exit(totals: Totals, strict: bool, incomplete: bool) -> Exit {
    if totals.bypass > 0 {
        Exit::Verification
    } else if totals.overblock > 0 {
        Exit::Overblock
    } else if strict && (incomplete || totals.unknown > 0) {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}
