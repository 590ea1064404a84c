//! `cargo xtask fresh`: the README's commands on a machine that has never seen the project.
//!
//! They run on a clone of what is committed, with a home folder, caches and temporary files of their own that are empty
//! at first. Of the environment they get only what a new user has; the machine's own caches are hidden from them by a
//! mount namespace, in case that something finds them without the environment. Rust and Go are the machine's.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use testbed::{Cache, span};

use crate::requirements::{self, Use};
use crate::run::{root, shown, succeed};

#[derive(Debug, clap::Args)]
pub struct FreshArgs {
    /// Keep Go's caches and the testbed's, which take nearly all of the time to fill
    #[arg(long)]
    fast: bool,
    /// Only this tier of the tests, without demo and lints; repeat for several
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    tier: Vec<u8>,
}

/// What is taken over from the environment: the terminal, and how the machine reaches the network.
const KEPT: &[&str] = &[
    "LANG",
    "TERM",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

/// Clones, runs the commands, and says what they took.
pub fn run(args: &FreshArgs) -> Result<()> {
    let home = PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?);
    let path = search_path(&home, &std::env::var_os("PATH").unwrap_or_default())?;
    requirements::check_on(&[Use::Fresh], &path)?;
    let machine = Machine::of(&home)?;
    let place = Place::make(&machine, args.fast, path)?;
    let mut steps = vec![place.step("git clone", |place| place.clone_checkout())];
    let mut step = |arguments: &[&str]| {
        let name = format!("cargo xtask {}", arguments.join(" "));
        let step = place.step(&name, |place| place.xtask(arguments));
        steps.push(step);
    };
    if args.tier.is_empty() {
        step(&["demo"]);
        step(&["test"]);
        step(&["cluster", "down"]);
    } else {
        let tiers: Vec<String> = args.tier.iter().map(|tier| format!("--tier={tier}")).collect();
        let tiers = tiers.iter().map(String::as_str);
        step(&["test", "--no-lint"].into_iter().chain(tiers).collect::<Vec<_>>());
    }
    println!("{}", place.summary(&steps));
    place.remove()?;
    let failed: Vec<_> = steps.iter().filter(|step| step.failed).map(|step| &*step.name).collect();
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// The folders of `PATH` that are not below the home folder, but for those that have cargo and go: what else is there
/// was installed for one user.
fn search_path(home: &Path, path: &OsStr) -> Result<OsString> {
    let of = |name: &str| {
        let program = requirements::find(name, path)?;
        program.parent().map(Path::to_owned)
    };
    let tools = [of("cargo"), of("go")];
    let kept =
        |folder: &PathBuf| !folder.starts_with(home) || tools.contains(&Some(folder.clone()));
    Ok(std::env::join_paths(std::env::split_paths(path).filter(kept))?)
}

/// Where this machine has what earlier runs left.
struct Machine {
    /// The toolchains of Rust; absent where they are not rustup's.
    rustup: Option<PathBuf>,
    go_modules: PathBuf,
    go_builds: PathBuf,
    testbed: Cache,
    /// Of cargo, pip, Python and apt.
    others: Vec<PathBuf>,
}

impl Machine {
    fn of(home: &Path) -> Result<Self> {
        let named = |name: &str, default: &str| {
            std::env::var_os(name).map_or_else(|| home.join(default), PathBuf::from)
        };
        let output = Command::new("go").args(["env", "GOMODCACHE", "GOCACHE"]).output();
        let output = output.context("cannot start go")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (modules, builds) = said.trim().split_once('\n').context("go names no caches")?;
        let cargo = named("CARGO_HOME", ".cargo");
        Ok(Self {
            rustup: Some(named("RUSTUP_HOME", ".rustup")).filter(|folder| folder.is_dir()),
            go_modules: modules.into(),
            go_builds: builds.into(),
            testbed: Cache::open()?,
            others: vec![
                cargo.join("registry"),
                cargo.join("git"),
                named("XDG_CACHE_HOME", ".cache").join("pip"),
                home.join(".local/lib"),
                "/var/cache/apt".into(),
                "/var/lib/apt/lists".into(),
            ],
        })
    }

    /// What the commands must not see.
    fn hidden(&self, fast: bool) -> Vec<&Path> {
        let mut folders: Vec<&Path> = self.others.iter().map(PathBuf::as_path).collect();
        if !fast {
            folders.extend([&*self.go_modules, &*self.go_builds, self.testbed.root()]);
        }
        folders.retain(|folder| folder.is_dir());
        folders
    }
}

/// One command and how it went.
struct Step {
    name: String,
    took: Duration,
    failed: bool,
}

/// The folder of everything, and the namespaces. However this process ends, `fresh.sh` removes both.
struct Place {
    folder: PathBuf,
    environment: Vec<(&'static str, OsString)>,
    keeper: Child,
    alive: ChildStdin,
    init: u32,
}

impl Place {
    fn make(machine: &Machine, fast: bool, path: OsString) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("openhive-fresh-").tempdir()?;
        let home = folder.path().join("home");
        let cache = home.join(".cache/openhive-testbed");
        fs::create_dir_all(&cache)?;
        let temporary = folder.path().join("tmp");
        fs::create_dir(&temporary)?;
        let mut environment =
            vec![("PATH", path), ("HOME", home.into()), ("TMPDIR", temporary.into())];
        environment.extend(KEPT.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
        environment.extend(machine.rustup.iter().map(|home| ("RUSTUP_HOME", home.into())));
        if fast {
            environment.push(("GOMODCACHE", machine.go_modules.clone().into()));
            environment.push(("GOCACHE", machine.go_builds.clone().into()));
            // Not the whole of it: a cluster that is up belongs to the user.
            for part in ["artefacts", "images"] {
                let kept = machine.testbed.root().join(part);
                fs::create_dir_all(&kept)?;
                std::os::unix::fs::symlink(kept, cache.join(part))?;
            }
        }
        let mut keeper = Command::new("setsid");
        keeper.args(["sh", "-c", include_str!("fresh.sh"), "fresh"]).arg(folder.path());
        keeper.arg(std::env::current_exe()?).args(machine.hidden(fast)).current_dir("/");
        let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut keeper = keeper.context("cannot start setsid")?;
        let folder = folder.keep(); // from here on the keeper's
        let alive = keeper.stdin.take().context("the keeper has no input")?;
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().context("the keeper has no output")?)
            .read_line(&mut said)?;
        let init = said.trim().parse().ok().context("no namespaces can be made")?;
        Ok(Self { folder, environment, keeper, alive, init })
    }

    fn step(&self, name: &str, work: impl FnOnce(&Self) -> Result<()>) -> Step {
        println!("=== {name}");
        let started = Instant::now();
        let result = work(self);
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
        }
        Step { name: name.to_owned(), took: started.elapsed(), failed: result.is_err() }
    }

    fn checkout(&self) -> PathBuf {
        self.folder.join("checkout")
    }

    fn clone_checkout(&self) -> Result<()> {
        let mut status = Command::new("git");
        status.args(["status", "--porcelain"]).current_dir(root());
        let changed = status.output().context("cannot start git")?;
        if !changed.stdout.is_empty() {
            eprintln!("fresh: what is not committed is left out:");
            eprint!("{}", String::from_utf8_lossy(&changed.stdout));
        }
        succeed(Command::new("git").args(["clone", "--quiet"]).arg(root()).arg(self.checkout()))
    }

    /// Runs `cargo xtask` in the clone, inside of the namespaces.
    fn xtask(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--target={}", self.init))
            .args(["--pid", "--mount", "--", "env", "-C"]);
        command.arg(self.checkout()).args(["cargo", "xtask"]).args(arguments);
        command.env_clear().envs(self.environment.iter().cloned());
        let status =
            command.status().with_context(|| format!("cannot start {}", shown(&command)))?;
        if !status.success() {
            bail!("cargo xtask {} ended with {status}", arguments.join(" "));
        }
        Ok(())
    }

    /// The times, what was downloaded and what was built.
    fn summary(&self, steps: &[Step]) -> String {
        let mut rows = Vec::new();
        for step in steps {
            let failed = if step.failed { ", failed" } else { "" };
            rows.push((step.name.clone(), format!("{}{failed}", span(step.took))));
        }
        let home = self.folder.join("home");
        let artefacts = home.join(".cache/openhive-testbed/artefacts");
        for (name, folder, ending) in [
            ("downloaded: crates", home.join(".cargo/registry/cache"), ".crate"),
            ("downloaded: Go modules", home.join("go/pkg/mod/cache/download"), ".zip"),
            ("downloaded: PyYAML", self.checkout().join("target/python"), ""),
            ("built: target", self.checkout().join("target"), ""),
            ("built: Go's cache", home.join(".cache/go-build"), ""),
            ("built: testbed", artefacts.clone(), ""),
            ("built: images", home.join(".cache/openhive-testbed/images"), ""),
        ] {
            rows.push((name.to_owned(), Size::of(&folder, ending).to_string()));
        }
        for entry in fs::read_dir(&artefacts).into_iter().flatten().flatten() {
            let took = fs::read_to_string(entry.path().join("took")).ok();
            let took = took.and_then(|text| text.trim().parse().ok());
            if let (Some(took), false) = (took, artefacts.is_symlink()) {
                let name = format!("  {}", entry.file_name().display());
                rows.push((name, span(Duration::from_secs(took))));
            }
        }
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        let line = |(name, text): &(String, String)| format!("\n{name:width$}  {text}");
        rows.iter().map(line).collect()
    }

    /// Ends everything; returns when it is gone.
    fn remove(mut self) -> Result<()> {
        fs::write(self.folder.join("done"), "")?;
        drop(self.alive);
        self.keeper.wait()?;
        ensure!(!self.folder.exists(), "{} is still there", self.folder.display());
        Ok(())
    }
}

/// How many files, and how large they are in all.
#[derive(Default)]
struct Size {
    files: u64,
    bytes: u64,
}

impl Size {
    /// Of the files below a folder whose names have this ending. Links are not followed.
    fn of(folder: &Path, ending: &str) -> Self {
        let mut size = Self::default();
        if !folder.is_symlink() {
            size.add(folder, ending);
        }
        size
    }

    fn add(&mut self, folder: &Path, ending: &str) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(about) = entry.metadata() else { continue };
            if about.is_dir() {
                self.add(&entry.path(), ending);
            } else if entry.file_name().as_encoded_bytes().ends_with(ending.as_bytes()) {
                self.files += 1;
                self.bytes += about.len();
            }
        }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} files, {} MB", self.files, self.bytes.div_ceil(1_000_000))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn of_what_a_user_installed_only_rust_and_go_are_found() {
        let place = tempfile::tempdir().unwrap();
        let folder = |name: &str| place.path().join(name);
        for (name, program) in
            [("home/.cargo/bin", "cargo"), ("home/sdk/bin", "go"), ("home/.pyenv/shims", "python3")]
        {
            fs::create_dir_all(folder(name)).unwrap();
            fs::write(folder(name).join(program), "").unwrap();
        }
        let path = ["home/.pyenv/shims", "home/.cargo/bin", "home/sdk/bin", "usr/bin"].map(folder);
        let path = std::env::join_paths(path).unwrap();
        let kept = ["home/.cargo/bin", "home/sdk/bin", "usr/bin"].map(folder);
        let kept = std::env::join_paths(kept).unwrap();
        assert_eq!(search_path(&folder("home"), &path).unwrap(), kept);
    }

    #[test]
    fn a_size_is_of_files_with_an_ending_and_follows_no_link() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("below")).unwrap();
        fs::write(place.path().join("below/a.zip"), "12").unwrap();
        fs::write(place.path().join("b.info"), "123").unwrap();
        std::os::unix::fs::symlink(place.path(), place.path().join("again.zip")).unwrap();
        let size = Size::of(&place.path().join("below"), ".zip");
        assert_eq!((size.files, size.bytes), (1, 2));
        assert_eq!(Size::of(&place.path().join("again.zip"), "").files, 0);
    }
}
