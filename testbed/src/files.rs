//! Small file helpers with errors that name the path.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::error::{Attempt as _, Error, Result};

pub(crate) fn create_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).attempt(|| format!("create {}", path.display()))
}

pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, content).attempt(|| format!("write {}", path.display()))
}

/// Writes beside the path first, so that a reader sees all of it or nothing.
pub(crate) fn write_atomically(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let failed = || format!("write {}", path.display());
    let mut file = tempfile::NamedTempFile::new_in(folder).attempt(failed)?;
    file.write_all(content.as_ref()).attempt(failed)?;
    file.persist(path).map_err(|error| error.error).attempt(failed)?;
    Ok(())
}

/// Removes a folder and all in it; one that is not there is no error.
pub(crate) fn remove_dir(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).attempt(|| format!("remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The last `count` lines of a file, or of what can be read of it.
pub(crate) fn tail(path: &Path, count: usize) -> String {
    let text = fs::read(path).unwrap_or_default();
    last_lines(&String::from_utf8_lossy(&text), count)
}

pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

const CONTAINED: [&str; 7] =
    ["setpriv", "--pdeathsig=KILL", "unshare", "--fork", "--pid", "--kill-child=KILL", "--"];

/// A command all of whose processes end with this process, however that ends: a build whose owner was killed would go on
/// for minutes, beside the next one.
pub(crate) fn contained(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(CONTAINED[0]);
    command.args(&CONTAINED[1..]).arg(program);
    command
}

/// Takes the person's environment from a command but for `PATH`: proxies, and variables that change what a program does.
pub(crate) fn without_environment(command: &mut Command) {
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
}

/// Runs a program to its end and returns its standard output; an exit status other than 0 is an error that carries
/// what it wrote to standard error.
pub(crate) fn run(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output();
    finished(command, output)
}

/// As [`run`], with text on standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> Result<Vec<u8>> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.spawn().and_then(|mut child| {
        let mut pipe = child.stdin.take().expect("stdin was asked for as a pipe");
        // A program that ends early closes the pipe; its own words tell more than the write error.
        let _ = pipe.write_all(input.as_bytes());
        drop(pipe);
        child.wait_with_output()
    });
    finished(command, output)
}

fn finished(command: &Command, output: io::Result<Output>) -> Result<Vec<u8>> {
    let failed = |cause: String| Error::Command { command: shown(command), cause };
    let Output { status, stdout, stderr } = output.map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(stdout);
    }
    let said = if stderr.is_empty() { stdout } else { stderr };
    let said = last_lines(String::from_utf8_lossy(&said).trim_end(), 15);
    Err(failed(if said.is_empty() { status.to_string() } else { said }))
}

/// The command line as a person would type it, shortened, without what contains it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    let contained = words.iter().map(|word| &**word).take(CONTAINED.len()).eq(CONTAINED);
    let mut text = words[if contained { CONTAINED.len() } else { 0 }..].join(" ");
    if text.len() > 300 {
        text = format!("{} …", text.chars().take(300).collect::<String>());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contains_a_command_is_not_shown() {
        assert_eq!(shown(contained("go").arg("version")), "go version");
        assert_eq!(shown(Command::new("setpriv").arg("--help")), "setpriv --help");
    }
}
