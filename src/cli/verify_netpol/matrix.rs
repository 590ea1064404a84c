//! `verify-netpol` without a question: does the platform's matrix hold, and only that?

use super::input::InputArgs;
use crate::cli::{Exit, Outcome};
use crate::netpol::matrix::{Matrix, Totals};
use crate::ui::{Failure, Ui, netpol};

/// How the matrix is shown and judged.
#[derive(Debug, clap::Args)]
pub(super) struct MatrixArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Fail where something is not decidable [default: in CI, or where stdout is no terminal]
    #[arg(long)]
    strict: bool,
    /// Do not
    #[arg(long, conflicts_with = "strict")]
    no_strict: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Table,
    /// Every cell.
    Json,
}

/// Of the JSON output; a change that breaks readers raises it.
const SCHEMA: &str = "openhive.io/netpol-matrix/v1";

pub(super) fn run(args: &MatrixArgs, ui: &Ui) -> Outcome {
    let Some(values) = args.input.values(ui)? else {
        return Err(Failure::new(Exit::Usage, "no values file")
            .cause("what is meant to be open depends on it: the database's port, for one")
            .fix("name it:  -f values.env")
            .fix("or list what is open without judging it:  verify-netpol connections --manifests DIR"));
    };
    let input = args.input.read_with(ui, Some(&values))?;
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
    Ok(exit(matrix.totals(), strict))
}

impl MatrixArgs {
    /// A pipeline must not take an open question for a good answer.
    fn strict(&self, ui: &Ui) -> bool {
        let unattended = std::env::var_os("CI").is_some() || !ui.stdout_is_terminal();
        self.strict || (unattended && !self.no_strict)
    }
}

const fn exit(totals: Totals, strict: bool) -> Exit {
    if totals.bypass > 0 {
        Exit::Verification
    } else if totals.overblock > 0 {
        Exit::Overblock
    } else if strict && totals.unknown > 0 {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}
