//! `verify-netpol` without a question: does the platform's matrix hold, and only that?

use super::input::{InputArgs, Source};
use super::live::{self, LiveArgs};
use crate::cli::{Exit, Outcome, block_on};
use crate::netpol::matrix::{Matrix, Totals};
use crate::ui::{Failure, Ui, netpol};

/// How the matrix is shown and judged.
#[derive(Debug, clap::Args)]
pub(super) struct MatrixArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) live: LiveArgs,
    /// Fail where something is not decidable [default: in CI, or where stdout is no terminal]
    #[arg(long)]
    strict: bool,
    /// Do not
    #[arg(long, conflicts_with = "strict")]
    no_strict: bool,
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
    let values = args.input.values(ui)?;
    if args.live.live {
        let connection = args.input.cluster()?;
        return block_on(live::run(args, connection, values, ui));
    }
    let (input, incomplete) = match args.input.source()? {
        Source::Cluster(connection) => {
            let found = super::cluster::found(ui, connection, &args.input.settings())?;
            found.tell(ui);
            let incomplete = found.reading.decisive_gaps().next().is_some();
            (found.checked(args.input.allow_empty())?, incomplete)
        }
        Source::Manifests | Source::Rendered if values.is_none() => return Err(no_values()),
        Source::Manifests | Source::Rendered => (args.input.read_with(ui, values.as_ref())?, false),
    };
    let Some(values) = values else { return Err(no_values()) };
    let platform = args.input.platform(&values);
    let matrix = Matrix::new(&input, &platform);
    let strict = args.strict(ui);
    match args.output {
        Format::Table => ui.data(&netpol::matrix_table(&matrix, ui.stdout_style()))?,
        Format::Json => ui.json(&serde_json::json!({
            "schema": SCHEMA,
            "profile": platform.profile,
            "input": input.counts,
            "strict": strict,
            "totals": matrix.totals(),
            "cells": matrix.cells,
        }))?,
    }
    Ok(exit(matrix.totals(), strict, incomplete))
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
