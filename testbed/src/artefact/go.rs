//! Programs built from pinned Go modules.
//!
//! Each folder of `testbed/go` is a Go module with nothing but its requirements (and, for Kubernetes, one `main`): the
//! versions are those of its `go.mod`, checked against its `go.sum`. Go's own module and build caches are used, so a
//! changed key costs only what it changed.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::{Cache, Key, Recipe};
use crate::error::{Attempt as _, Error, Result};
use crate::{files, progress};

/// One Go module of `testbed/go` and what is built from it.
pub(crate) struct Module {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) estimate: &'static str,
    pub(super) builds: &'static [Build],
    /// Other names of a program that acts by the name it is called with.
    pub(super) links: &'static [(&'static str, &'static str)],
    /// Folders of modules that are needed beside the programs: module, folder in it, name in the artefact.
    pub(super) folders: &'static [(&'static str, &'static str, &'static str)],
}

pub(super) struct Build {
    pub(super) packages: &'static [&'static str],
    /// The name of the program, where it is not the package's.
    pub(super) output: &'static str,
    pub(super) tags: &'static str,
    /// `-X` values of the linker.
    pub(super) values: &'static [&'static str],
}

impl Build {
    pub(super) const fn of(packages: &'static [&'static str]) -> Self {
        Self { packages, output: "", tags: "", values: &[] }
    }
}

/// The folder of a module's programs, built where the cache does not have them.
///
/// # Errors
/// When there is no Go, or the build fails.
pub(crate) fn build(cache: &Cache, module: &Module) -> Result<PathBuf> {
    let folder = home(module);
    let mut key = Key::default().with(go_version()?).with_folder(&folder)?;
    for build in module.builds {
        key = key.with(format!("{:?}", arguments(build, Path::new("."))));
    }
    for (name, of) in
        module.links.iter().copied().chain(module.folders.iter().map(|folder| (folder.1, folder.2)))
    {
        key = key.with(name).with(of);
    }
    let recipe = Recipe { name: module.name, what: module.what, estimate: module.estimate, key };
    cache.artefact(&recipe, |draft| {
        for build in module.builds {
            compile(module, build, &folder, draft)?;
        }
        for (name, target) in module.links {
            std::os::unix::fs::symlink(target, draft.join(name))
                .attempt(|| format!("link {name}"))?;
        }
        for (of, path, name) in module.folders {
            let source = module_folder(&folder, of)?.join(path);
            files::run(Command::new("cp").arg("-rT").arg(source).arg(draft.join(name)))?;
            files::run(Command::new("chmod").arg("-R").arg("u+w").arg(draft.join(name)))?;
        }
        Ok(())
    })
}

fn arguments(build: &Build, into: &Path) -> Vec<String> {
    let linker =
        build.values.iter().fold("-s -w".to_owned(), |flags, value| format!("{flags} -X {value}"));
    let mut arguments: Vec<String> =
        ["build", "-v", "-trimpath", "-ldflags"].map(str::to_owned).to_vec();
    arguments.push(linker);
    if !build.tags.is_empty() {
        arguments.extend(["-tags".to_owned(), build.tags.to_owned()]);
    }
    let output = if build.output.is_empty() { into.join("") } else { into.join(build.output) };
    arguments.extend(["-o".to_owned(), output.to_string_lossy().into_owned()]);
    arguments.extend(build.packages.iter().map(ToString::to_string));
    arguments
}

/// Compiles, saying every half minute how far it is: a cold build of Kubernetes is minutes of silence otherwise.
fn compile(module: &Module, build: &Build, folder: &Path, into: &Path) -> Result<()> {
    let failed = |cause: String| Error::Build { what: module.what.to_owned(), cause };
    let mut command = files::contained("go");
    set_up(&mut command, folder);
    command
        .args(arguments(build, into))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let output = BufReader::new(child.stderr.take().expect("stderr was asked for as a pipe"));
    let start = Instant::now();
    let (mut said, mut packages, mut last) = (start, 0_u32, Vec::new());
    for line in output.lines().map_while(Result::ok) {
        if line.starts_with("go: downloading ") || !line.contains(' ') {
            packages += u32::from(!line.contains(' '));
        } else {
            last.push(line);
        }
        if said.elapsed() > Duration::from_secs(30) {
            said = Instant::now();
            let since = progress::span(start.elapsed());
            progress::say(&format!(
                "still building {}: {packages} packages in {since}",
                module.what
            ));
        }
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    if status.success() { Ok(()) } else { Err(failed(files::last_lines(&last.join("\n"), 20))) }
}

/// A `go` command in a module's folder with the settings that all builds share: static programs, nothing written back
/// to `go.mod`.
fn go(folder: &Path) -> Command {
    let mut command = Command::new("go");
    set_up(&mut command, folder);
    command
}

fn set_up(command: &mut Command, folder: &Path) {
    command
        .current_dir(folder)
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=readonly -buildvcs=false");
    command.env("GOWORK", "off").env_remove("GOOS").env_remove("GOARCH");
}

/// The folder of a module's sources, as its requirements in `testbed/go` pin it.
///
/// # Errors
/// When there is no Go, or the module cannot be fetched.
pub(crate) fn sources(module: &Module, path: &str) -> Result<PathBuf> {
    go_version()?;
    let folder = home(module);
    files::run(go(&folder).args(["mod", "download", path]))?;
    module_folder(&folder, path)
}

fn module_folder(folder: &Path, path: &str) -> Result<PathBuf> {
    let list = files::run(go(folder).args(["list", "-m", "-f", "{{.Dir}}", path]))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&list).trim()))
}

/// Where a module of the testbed's own is.
fn home(module: &Module) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("go").join(module.name)
}

/// The version of Go, which also tells whether there is one.
fn go_version() -> Result<String> {
    static VERSION: OnceLock<Option<String>> = OnceLock::new();
    let found = VERSION.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("go/kube");
        let output = files::run(go(&folder).arg("version")).ok()?;
        Some(String::from_utf8_lossy(&output).trim().to_owned())
    });
    found.clone().ok_or_else(|| Error::Unsupported {
        missing: "there is no Go, from whose modules Kubernetes is built".into(),
        hint: "install Go 1.26 or later (https://go.dev/dl) and put `go` on PATH".into(),
    })
}
