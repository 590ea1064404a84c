//! The binary that is shipped, and what goes with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::run::{cargo, root, succeed};

/// Where a static musl binary can be built, it is; elsewhere glibc is linked statically.
const MUSL: &str = "x86_64-unknown-linux-musl";
const GNU: &str = "x86_64-unknown-linux-gnu";

/// Builds the release binary, statically linked, and returns its path.
pub fn run() -> Result<PathBuf> {
    let target = target();
    if target != MUSL {
        eprintln!("the target {MUSL} is not installed: linking glibc statically instead");
    }
    // Only when the sources are there can be seen where they are.
    succeed(&mut cargo(&["fetch"]))?;
    build(&root(), &["--bin", "kubectl-openhive"])?;
    let binary = root().join("target").join(target).join("release/kubectl-openhive");
    let content =
        std::fs::read(&binary).with_context(|| format!("cannot read {}", binary.display()))?;
    let found = named(&content, builders_folders()?.iter().map(|folder| &*folder.from));
    ensure!(found.is_empty(), "the binary names folders of this machine: {}", found.join(", "));
    Ok(binary)
}

/// Builds a package as the shipped binary is built; what it makes lies in
/// `target/TARGET/release` of the package's folder.
pub fn build(package: &Path, arguments: &[&str]) -> Result<()> {
    let mut build = cargo(&["build", "--release", "--target", target()]);
    build.current_dir(package).args(arguments);
    // Where the caller looks for it, whatever the environment says.
    build.env("CARGO_TARGET_DIR", package.join("target"));
    let mut flags = flags();
    for folder in builders_folders()? {
        flags.push(format!("--remap-path-prefix={}={}", folder.from.display(), folder.to));
    }
    build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    succeed(&mut build)
}

/// What makes the binary static and small. A panic aborts, so tables for unwinding are dead weight.
fn flags() -> Vec<String> {
    let script = root().join("xtask/no-unwind-tables.ld");
    let mut flags = [
        "-Ctarget-feature=+crt-static",
        "-Cforce-unwind-tables=no",
        // Code that can lie anywhere has ten thousand pointers to itself, and the start of every run
        // copies the pages that they are in to correct them: half of all pages that `--help` touches.
        // At a fixed place nothing is to be corrected. The price is that the program's own addresses
        // can be known beforehand, which helps who already overwrites memory; stack and heap still
        // lie anywhere, and what reads foreign bytes here is safe Rust, but for ring's arithmetic.
        "-Crelocation-model=static",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut link = |argument: &str| flags.push(format!("-Clink-arg=-Wl,{argument}"));
    link(&format!("-T,{}", script.display()));
    link("--no-eh-frame-hdr");
    // Relative relocations take a word each, or a bit.
    link("-z,pack-relative-relocs");
    if target() == GNU {
        // LLD, which rustc uses for this target, knows functions of the same code.
        link("--icf=all");
    }
    flags
}

/// A folder of the machine that builds, and what stands for it in the binary's panics.
struct Folder {
    from: PathBuf,
    to: String,
}

/// The folders of sources, the inner ones last, as rustc wants them. Cargo's own way, `trim-paths`, is not stable yet.
fn builders_folders() -> Result<Vec<Folder>> {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let cargo = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    let rustc = |arguments: &[&str]| {
        let output =
            Command::new("rustc").args(arguments).output().context("cannot start rustc")?;
        anyhow::Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?.trim());
    let version = rustc(&["--version", "--verbose"])?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    let standard = format!("/rustc/{}", commit.unwrap_or("unknown"));
    let mut folders = vec![
        Folder { from: root(), to: ".".into() },
        Folder { from: cargo.clone(), to: "cargo".into() },
        // Where the sources of the standard library are installed, rustc names these.
        Folder { from: sysroot.join("lib/rustlib/src/rust"), to: standard },
    ];
    let registries = std::fs::read_dir(cargo.join("registry/src")).into_iter().flatten().flatten();
    folders.extend(registries.map(|entry| Folder { from: entry.path(), to: String::new() }));
    Ok(folders)
}

/// Which of the folders stand in the content. One directly below `/` is not looked for: as a part of other paths it is
/// everywhere, and it tells nothing of who builds.
fn named<'a>(content: &[u8], folders: impl Iterator<Item = &'a Path>) -> Vec<String> {
    folders
        .filter(|folder| folder.components().count() > 2)
        .filter(|folder| {
            memchr::memmem::find(content, folder.as_os_str().as_encoded_bytes()).is_some()
        })
        .map(|folder| folder.display().to_string())
        .collect()
}

/// The target that the binary is built for.
pub fn target() -> &'static str {
    if has_target(MUSL) { MUSL } else { GNU }
}

fn has_target(target: &str) -> bool {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output();
    sysroot.is_ok_and(|output| {
        let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        sysroot.join("lib/rustlib").join(target).join("lib").is_dir()
    })
}

/// Writes the completion scripts.
pub fn completions() -> Result<()> {
    for (shell, file) in [
        ("bash", "kubectl-openhive.bash"),
        ("zsh", "_kubectl-openhive"),
        ("fish", "kubectl-openhive.fish"),
        ("powershell", "_kubectl-openhive.ps1"),
    ] {
        let mut command = cargo(&["run", "--quiet", "--bin", "kubectl-openhive", "--"]);
        let output = command.args(["completion", shell]).output()?;
        let path = root().join("completions").join(file);
        std::fs::write(&path, output.stdout)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_builder_are_found_in_a_binary() {
        let content = b"panicked at /home/ann/src/openhive/src/main.rs\0/rustc/59807/library/std";
        let folders = ["/home/ann/src/openhive", "/home/ann/.cargo", "/rustc"].map(Path::new);
        assert_eq!(named(content, folders.into_iter()), ["/home/ann/src/openhive"]);
    }
}
