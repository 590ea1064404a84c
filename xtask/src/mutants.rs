//! `cargo xtask mutants`: which faults in the pure code no test finds.
//!
//! cargo-mutants changes one expression after the other and runs the tests of its crate. A run takes
//! hours, so that it is not part of `cargo xtask test`.

use std::process::Stdio;

use anyhow::{Result, bail};

use crate::run::{cargo, succeed};

#[derive(Debug, clap::Args)]
pub struct MutantsArgs {
    /// Passed on to cargo-mutants, such as `--file crates/netpol/src/matching.rs` or `--shard 0/8`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    rest: Vec<String>,
}

pub fn run(args: &MutantsArgs) -> Result<()> {
    let installed = cargo(&["mutants", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !installed {
        bail!("cargo-mutants is not installed; run: cargo install cargo-mutants --locked");
    }
    // Of each fault the tests of its own crate are asked. What they said is kept in `target/mutants.out`.
    let mut command = cargo(&["mutants", "--package", "netpol", "--package", "manifest"]);
    succeed(command.args(["--output", "target"]).args(&args.rest))
}
