//! The binary that is shipped, and what goes with it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

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
    build(&root(), &["--bin", "kubectl-openhive"])?;
    Ok(root().join("target").join(target).join("release/kubectl-openhive"))
}

/// Builds a package as the shipped binary is built; what it makes lies in
/// `target/TARGET/release` of the package's folder.
pub fn build(package: &Path, arguments: &[&str]) -> Result<()> {
    let mut build = cargo(&["build", "--release", "--target", target()]);
    build.current_dir(package).args(arguments);
    // Where the caller looks for it, whatever the environment says.
    build.env("CARGO_TARGET_DIR", package.join("target"));
    build.env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-feature=+crt-static");
    succeed(&mut build)
}

/// The target that the binary is built for.
pub fn target() -> &'static str {
    if has_target(MUSL) { MUSL } else { GNU }
}

fn has_target(target: &str) -> bool {
    let sysroot = std::process::Command::new("rustc").args(["--print", "sysroot"]).output();
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
