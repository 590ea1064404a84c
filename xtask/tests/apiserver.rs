//! The keeper of `cargo xtask fresh`: what it hides, and that nothing is left however its owner ends. Needs root.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

const KEEPER: &str = include_str!("../src/fresh.sh");

/// The keeper of a folder, for whom another one is hidden, and the PID of its namespace's first process.
fn keeper(folder: &Path, hidden: &Path) -> (Child, BufReader<ChildStdout>, String) {
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER, "fresh"]).arg(folder).arg("true").arg(hidden);
    keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut keeper = keeper.spawn().unwrap();
    let mut said = BufReader::new(keeper.stdout.take().unwrap());
    let mut init = String::new();
    said.read_line(&mut init).unwrap();
    (keeper, said, init.trim().to_owned())
}

fn inside(init: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--target={init}")).args(["--pid", "--mount", "--"]);
    command
}

#[test]
fn caches_are_hidden_and_nothing_is_left_when_the_owner_is_gone() {
    let place = tempfile::tempdir().unwrap();
    let (folder, hidden) = (place.path().join("fresh"), place.path().join("cache"));
    fs::create_dir(&folder).unwrap();
    fs::create_dir(&hidden).unwrap();
    fs::write(hidden.join("left"), "by an earlier run").unwrap();
    let (mut keeper, _said, init) = keeper(&folder, &hidden);

    let listed = inside(&init).arg("ls").arg(&hidden).output().unwrap();
    assert!(listed.status.success());
    assert_eq!(String::from_utf8_lossy(&listed.stdout), "");
    fs::write(folder.join("file"), "").unwrap();
    let mut running = inside(&init);
    running.args(["sh", "-c", "echo runs; sleep infinity"]).stdout(Stdio::piped());
    let mut running = running.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "runs\n");

    // A killed owner closes the pipe as one that returns does.
    drop(keeper.stdin.take());
    assert!(keeper.wait().unwrap().success());
    assert!(!running.wait().unwrap().success());
    assert!(!folder.exists());
    assert!(!Path::new("/proc").join(&init).exists());
    assert!(hidden.join("left").exists());
    let mut said = String::new();
    keeper.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, format!("fresh: removing {}\n", folder.display()));
}

#[test]
fn a_run_that_is_done_removes_its_folder_without_a_word() {
    let place = tempfile::tempdir().unwrap();
    let (mut keeper, _said, _) = keeper(place.path(), place.path());
    fs::write(place.path().join("done"), "").unwrap();
    drop(keeper.stdin.take());
    let output = keeper.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(!place.path().exists());
}
