//! `cargo xtask test`: every check, and the tests of all three tiers with a count for each.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::requirements::{self, Use};
use crate::run::{cargo, root, succeed};

#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// Only this tier: 1 pure, 2 API server, 3 node; repeat for several
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    tier: Vec<u8>,
    /// Leave formatting, lints and docs out
    #[arg(long)]
    no_lint: bool,
}

/// What a tier needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tier {
    Pure,
    ApiServer,
    Node,
}

impl Tier {
    const ALL: [Self; 3] = [Self::Pure, Self::ApiServer, Self::Node];

    const fn number(self) -> u8 {
        self as u8 + 1
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::ApiServer => "API server",
            Self::Node => "node",
        }
    }

    /// What is needed for these tiers.
    fn uses(args: &TestArgs) -> Vec<Use> {
        let all = [Use::Tier1, Use::Tier2, Use::Tier3];
        let wanted = |tier: &Self| args.tier.is_empty() || args.tier.contains(&tier.number());
        Self::ALL.into_iter().filter(wanted).map(|tier| all[tier as usize]).collect()
    }

    /// A test file tells by its name what it needs.
    fn of(file: &str) -> Self {
        // The images run as processes of their own, against a real PostgreSQL.
        if file.starts_with("node") || file == "images" {
            Self::Node
        } else if file.starts_with("apiserver") || file.starts_with("control_plane") {
            Self::ApiServer
        } else {
            Self::Pure
        }
    }
}

const PYYAML: &str = "6.0.3";

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

pub fn run(args: &TestArgs) -> Result<()> {
    let started = Instant::now();
    requirements::check(&Tier::uses(args))?;
    let python = python()?;
    let mut failures = Vec::new();
    if !args.no_lint {
        failures.extend(lint()?);
    }
    let mut report = Vec::new();
    let mut total = Counts::default();
    for tier in Tier::ALL {
        if !args.tier.is_empty() && !args.tier.contains(&tier.number()) {
            continue;
        }
        let started = Instant::now();
        let (counts, ok) = tests(tier, &python)?;
        if !ok {
            failures.push(format!("tier {} ({})", tier.number(), tier.name()));
        }
        report.push(format!(
            "tier {} ({}): {} passed, {} failed, {} not run, {:.0}s",
            tier.number(),
            tier.name(),
            counts.passed,
            counts.failed,
            counts.ignored,
            started.elapsed().as_secs_f64()
        ));
        total.passed += counts.passed;
        total.failed += counts.failed;
    }
    println!();
    report.iter().for_each(|line| println!("{line}"));
    println!("{} passed, {} failed", total.passed, total.failed);
    println!("in {:.0}s", started.elapsed().as_secs_f64());
    if !failures.is_empty() {
        bail!("failed: {}", failures.join(", "));
    }
    if total.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

/// A Python that has PyYAML, the reader of YAML 1.1 that rendered text is held against: in a virtual environment below
/// `target`, so that it is the same on every machine.
fn python() -> Result<PathBuf> {
    let environment = root().join("target/python");
    let python = environment.join("bin/python3");
    let has = |python: &Path| {
        let version = format!("import yaml; assert yaml.__version__ == '{PYYAML}'");
        let mut ask = Command::new(python);
        let status = ask.args(["-I", "-c", &version]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    fs::create_dir_all(root().join("target"))?;
    let _lock = testbed::lock(&root().join("target/python.lock"), "gets PyYAML")?;
    if !has(&python) {
        println!("--- PyYAML into target/python");
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        let package = format!("pyyaml=={PYYAML}");
        succeed(Command::new(&python).args(["-m", "pip", "install", "--quiet", &package]))?;
    }
    Ok(python)
}

/// The checks that are no tests; the names of those that failed.
fn lint() -> Result<Vec<String>> {
    let mut failures = Vec::new();
    let mut check = |name: &str, command: &mut Command| {
        println!("--- {name}");
        if succeed(command).is_err() {
            failures.push(name.to_owned());
        }
    };
    check("fmt", &mut cargo(&["fmt", "--all", "--check"]));
    let clippy = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    check("clippy", &mut cargo(&clippy));
    let mut doc =
        cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"]);
    check("doc", doc.env("RUSTDOCFLAGS", "-D warnings"));
    match deny()? {
        Some(mut command) => check("deny", &mut command),
        None => {
            println!("--- deny: cargo-deny is not installed; licences and bans were not checked")
        }
    }
    Ok(failures)
}

/// `cargo deny`, where it is installed. Advisories need a database from the network.
fn deny() -> Result<Option<Command>> {
    let installed = cargo(&["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot start cargo")?;
    let arguments = ["deny", "--offline", "check", "bans", "licenses", "sources"];
    Ok(installed.success().then(|| cargo(&arguments)))
}

/// Runs a tier; its counts, and whether all of it went well.
fn tests(tier: Tier, python: &Path) -> Result<(Counts, bool)> {
    println!("--- tier {}: {}", tier.number(), tier.name());
    let mut counts = Counts::default();
    let mut ok = true;
    if tier == Tier::Pure {
        ok &= count(
            &["test", "--workspace", "--lib", "--bins", "--no-fail-fast"],
            &[],
            &mut counts,
            python,
        )?;
        ok &= count(&["test", "--workspace", "--doc", "--no-fail-fast"], &[], &mut counts, python)?;
    }
    // What shares a node runs one after the other; API servers are one for each test.
    let threads: &[&str] = match tier {
        Tier::Pure => &[],
        Tier::ApiServer => &["--test-threads=2"],
        Tier::Node => &["--test-threads=1"],
    };
    for (package, folder) in
        [("kubectl-openhive", "tests"), ("testbed", "testbed/tests"), ("xtask", "xtask/tests")]
    {
        let names = test_files(&root().join(folder), tier)?;
        if names.is_empty() {
            continue;
        }
        let mut arguments = vec!["test", "--no-fail-fast", "--package", package];
        names.iter().for_each(|name| arguments.extend(["--test", name]));
        ok &= count(&arguments, threads, &mut counts, python)?;
    }
    Ok((counts, ok))
}

fn test_files(folder: &Path, tier: Tier) -> Result<Vec<String>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let target = path.extension().is_some_and(|extension| extension == "rs")
            || path.join("main.rs").is_file();
        if target
            && let Some(name) = name
            && Tier::of(&name) == tier
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Runs `cargo test` and adds up its result lines.
fn count(arguments: &[&str], threads: &[&str], counts: &mut Counts, python: &Path) -> Result<bool> {
    let mut command = cargo(arguments);
    command.env("PYTHON", python);
    if !threads.is_empty() {
        command.arg("--").args(threads);
    }
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        if let Some(result) = line.strip_prefix("test result: ") {
            let number = |word: &str| {
                let (before, _) = result.split_once(word)?;
                before.trim().rsplit(' ').next()?.parse::<u64>().ok()
            };
            counts.passed += number(" passed").unwrap_or_default();
            counts.failed += number(" failed").unwrap_or_default();
            counts.ignored += number(" ignored").unwrap_or_default();
        }
    }
    Ok(child.wait()?.success())
}
