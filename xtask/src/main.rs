//! The project's own commands. The README and `.ci/run` name no others.

mod bench;
mod cluster;
mod demo;
mod dist;
mod fresh;
mod requirements;
mod run;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check formatting, lints and docs, and run the tests of all three tiers
    Test(test::TestArgs),
    /// The machine's own cluster: a real Kubernetes, up between commands
    #[command(subcommand)]
    Cluster(cluster::Action),
    /// Bring OpenHive up on a local cluster, or on your own
    Demo(demo::DemoArgs),
    /// Run demo and test as on a machine that has never seen the project
    Fresh(fresh::FreshArgs),
    /// Print the answer to one HTTP request
    #[command(hide = true)]
    Fetch {
        /// HOST:PORT/PATH
        url: String,
    },
    /// Measure ours and the others, and hold the figures to the limits
    Bench(bench::BenchArgs),
    /// Build the release binary
    Dist,
    /// Write the completion scripts in completions/ anew
    Completions,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Cluster(action) => cluster::run(action),
        Command::Demo(args) => demo::run(&args),
        Command::Fresh(args) => fresh::run(&args),
        Command::Fetch { url } => demo::fetch(&url),
        Command::Bench(args) => bench::run(&args),
        Command::Dist => dist::run().map(|binary| println!("{}", binary.display())),
        Command::Completions => dist::completions(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
