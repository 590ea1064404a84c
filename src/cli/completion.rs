//! `completion`: scripts for shells, generated from the clap definition.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Cli, Exit, Outcome};
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionArgs {
    /// For which shell
    shell: Shell,
}

pub(crate) fn run(args: &CompletionArgs, ui: &Ui) -> Outcome {
    ui.data(&script(args.shell))?;
    Ok(Exit::Done)
}

/// The script for a shell, as it is kept in `completions/`.
#[must_use]
pub fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kubectl-openhive", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
