//! Runs programs and finds the workspace.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

/// The workspace's root.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// What `cargo run` tells this program about its own package. Build scripts watch some of it (that of ring does):
/// handed on to another cargo, it makes that one build anew what is built.
const OWN_PACKAGE: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// Builds the plugin with the profile of this program, and returns the folder it is in.
pub fn build_plugin(options: &[&str]) -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let folder = own.parent().context("this program is in no folder")?.to_owned();
    let release: &[&str] = if folder.ends_with("release") { &["--release"] } else { &[] };
    let build = ["build", "--bin", "kubectl-openhive"];
    succeed(&mut cargo(&[&build, release, options].concat()))?;
    Ok(folder)
}

/// Cargo in the workspace's root, in the environment that it has when it is started by hand.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    let names = std::env::vars_os().map(|(name, _)| name);
    let own = |name: &OsString| {
        OWN_PACKAGE.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
    };
    names.filter(own).for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// Runs a program to its end.
pub fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// A command as it would be typed.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// A program's output; an error where it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let words = shown(command);
    let output = command.output().with_context(|| format!("cannot start {words}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{words} ended with {}:\n{}", output.status, errors.trim());
    String::from_utf8(output.stdout).with_context(|| format!("{words} writes no UTF-8"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn another_cargo_is_told_nothing_of_this_package() {
        let command = cargo(&["build"]);
        let removed: Vec<_> =
            command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME"] {
            assert!(removed.contains(&OsStr::new(name)), "{removed:?}");
        }
        assert!(!removed.contains(&OsStr::new("CARGO_HOME")));
    }
}
