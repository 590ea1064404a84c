//! Builds that are killed, and two at once: of Kubernetes, as long as it takes Go to start compilers.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use testbed::{Cache, tools};

#[test]
#[ignore = "builds until it is killed; run by the tests below"]
fn build() {
    tools::kubectl(&Cache::open().unwrap()).unwrap();
}

/// A process that builds into this cache.
fn builder(cache: &Path) -> (Child, BufReader<ChildStderr>) {
    let mut builder = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "build::build", "--nocapture"])
        .env("OPENHIVE_TESTBED_CACHE", cache)
        .env("GOCACHE", cache)
        .env("GOTMPDIR", cache)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(builder.stderr.take().unwrap());
    (builder, said)
}

fn await_line(said: &mut BufReader<ChildStderr>, words: &str) {
    let mut lines = said.lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains(words)), "it never said {words:?}");
}

/// The processes that have this folder in their arguments: PID and command line.
fn processes_of(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let processes = entries.filter_map(|entry| {
        let arguments = fs::read(entry.path().join("cmdline")).ok()?;
        let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
        Some((entry.file_name().into_string().ok()?, arguments))
    });
    processes.filter(|(_, arguments)| arguments.contains(folder.to_str().unwrap())).collect()
}

fn kill(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}

fn await_that(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(300), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_killed_build_leaves_no_process_and_two_at_once_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (mut first, mut said) = builder(folder.path());
    await_line(&mut said, "building Kubernetes");
    await_that("no compiler runs", || {
        processes_of(folder.path()).iter().any(|(_, process)| process.contains("/compile "))
    });

    // Stopped, it does not end by itself for want of somebody to write to.
    for (pid, arguments) in processes_of(folder.path()) {
        if arguments.starts_with("go build") {
            kill("-STOP", &pid);
        }
    }
    let (mut second, mut its_words) = builder(folder.path());
    await_line(&mut its_words, "waiting for another process, which builds Kubernetes");

    first.kill().unwrap();
    first.wait().unwrap();
    // The second goes on where the first was, alone.
    await_line(&mut its_words, "building Kubernetes");
    second.kill().unwrap();
    second.wait().unwrap();
    await_that("what they started runs on", || processes_of(folder.path()).is_empty());
}
