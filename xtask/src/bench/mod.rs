//! `cargo xtask bench`: how fast, how small, and beside whom.
//!
//! One run measures ours and the others, alternated, and holds the figures to the project's
//! limits. `docs/benchmarks.md` tells how to read them.

mod audit;
mod inputs;
mod live;
mod measure;
mod netpol;
mod offline;
mod packets;
mod proxy;
mod report;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};
use clap::ValueEnum;
use testbed::{Cache, tools};

use crate::dist;
use crate::requirements::{self, Use};
use inputs::{Inputs, output};
use offline::Peers;
use report::Report;

#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// What to measure; everything without it
    #[arg(value_name = "NAME")]
    names: Vec<Name>,
    /// How often each is measured; `help` twenty times as often
    #[arg(long, value_name = "N", default_value_t = 11, value_parser = clap::value_parser!(u16).range(1..=1000))]
    runs: u16,
    /// Put the figures into this page as well
    #[arg(long, value_name = "PAGE")]
    write: Option<PathBuf>,
    /// Measure this binary instead of building the one that is shipped
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Name {
    /// The size of the binary
    Size,
    /// `--help` beside an empty program
    Help,
    /// `render` beside kustomize, helm and kubectl
    Render,
    /// `plan` of an installed platform over links of 0, 50 and 150 ms, beside kubectl and helm;
    /// with the memory of the installation
    Plan,
    /// `verify-netpol` of clusters of many sizes, beside reading the same bytes and beside
    /// netpol-analyzer, which takes minutes
    Netpol,
    /// `verify-netpol --live` of the platform on a real node: its parts. Needs what a node needs
    Packets,
}

/// Measures and prints; fails where a limit is not kept.
pub fn run(args: &BenchArgs) -> Result<()> {
    requirements::check(&[Use::Bench])?;
    let wanted = |name| args.names.is_empty() || args.names.contains(&name);
    let runs = usize::from(args.runs);
    let ours = match &args.binary {
        Some(path) => std::path::absolute(path)?,
        None => dist::run()?,
    };
    let cache = Cache::open()?;
    let mut report = Report::default();
    let mut head = head(&ours)?;
    if wanted(Name::Size) {
        offline::size(&ours, &mut report)?;
    }
    if wanted(Name::Help) {
        step("help");
        offline::help(&ours, runs * 20, &mut report)?;
    }
    if wanted(Name::Render) || wanted(Name::Plan) {
        step("the programs to compare with");
        let peers = Peers {
            kustomize: tools::kustomize(&cache)?,
            kubectl: tools::kubectl(&cache)?,
            helm: tools::helm(&cache)?,
        };
        head.push_str(&format!("; {}", versions(&peers)?));
        let folder = tempfile::tempdir()?;
        let inputs = Inputs::write(&ours, folder.path())?;
        if wanted(Name::Render) {
            step("render");
            offline::rendering(&ours, &peers, &inputs, runs, &mut report)?;
        }
        if wanted(Name::Plan) {
            live::measure(&ours, &peers, &inputs, runs, &mut report)?;
        }
    }
    if wanted(Name::Netpol) {
        step("netpol-analyzer");
        let peer = tools::netpol_analyzer(&cache)?;
        netpol::measure(&ours, &peer, runs, &mut report)?;
    }
    if wanted(Name::Packets) {
        packets::measure(&ours, runs, &mut report)?;
    }
    let text = report.markdown(&format!("{head}."));
    println!("{text}");
    if let Some(page) = &args.write {
        report::write(page, &text)?;
    }
    let missed: Vec<_> = report.missed().map(|limit| limit.what.as_str()).collect();
    if !missed.is_empty() {
        bail!("limits missed: {}", missed.join("; "));
    }
    Ok(())
}

fn step(name: &str) {
    eprintln!("--- {name}");
}

/// The machine and the commit.
fn head(ours: &std::path::Path) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpu = cpu.map_or("unknown processor", |(_, name)| name.trim());
    let commit = output(Command::new("git").args(["describe", "--always", "--dirty"]))?;
    let version = output(Command::new(ours).arg("--version"))?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    Ok(format!(
        "{} at {}, on {cores} cores of {cpu}, load {load} at the start",
        version.trim(),
        commit.trim()
    ))
}

fn versions(peers: &Peers) -> Result<String> {
    let helm = output(Command::new(&peers.helm).args(["version", "--template={{.Version}}"]))?;
    let kustomize = output(Command::new(&peers.kustomize).arg("version"))?;
    let kubectl =
        output(Command::new(&peers.kubectl).args(["version", "--client", "--output=json"]))?;
    let kubectl: serde_json::Value = serde_json::from_str(&kubectl)?;
    let kubectl = kubectl["clientVersion"]["gitVersion"].as_str().unwrap_or("unknown");
    Ok(format!("helm {}, kustomize {}, kubectl {kubectl}", helm.trim(), kustomize.trim()))
}
