//! Runs the program and holds what it said: by its sections, and never with a secret.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run of the program left.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; absent where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The block in which a failed run ends.
#[derive(Debug, Default)]
pub struct Block {
    /// What happened.
    pub headline: String,
    /// Why.
    pub cause: String,
    /// The evidence.
    pub seen: String,
    /// What to do.
    pub fix: String,
    /// What is left.
    pub now: String,
}

/// A run that is stuck is ended after this time, in seconds, and then fails its test.
const STUCK: &str = "400";

/// A command that ends the program should it be stuck.
pub fn bounded(program: &Path) -> [std::ffi::OsString; 4] {
    ["timeout".into(), "--kill-after=5".into(), STUCK.into(), program.into()]
}

/// Runs a command to its end. No secret may show: not in its output, and whenever it writes a line, in no
/// process's arguments.
#[track_caller]
pub fn run(command: &mut Command) -> Ran {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let mut stderr = String::new();
    for (number, line) in BufReader::new(child.stderr.take().unwrap()).lines().enumerate() {
        stderr.push_str(&line.unwrap());
        stderr.push('\n');
        // The log of every request has thousands of lines.
        if number < 200 {
            no_secret_in_arguments();
        }
    }
    let stdout = reader.join().unwrap().unwrap();
    let code = child.wait().unwrap().code();
    for text in [&stdout, &stderr] {
        super::no_canary_in("the output", text);
    }
    Ran { code, stdout, stderr }
}

impl Ran {
    /// The last block of standard error.
    #[track_caller]
    pub fn block(&self) -> Block {
        let lines: Vec<&str> = self.stderr.lines().collect();
        let start = lines.iter().rposition(|line| line.starts_with("✗ "));
        let start = start.unwrap_or_else(|| panic!("no block at the end of:\n{}", self.stderr));
        let mut block = Block { headline: lines[start][4..].to_owned(), ..Block::default() };
        let mut section = "";
        for line in &lines[start + 1..] {
            let label = line.get(2..9).unwrap_or_default().trim();
            if matches!(label, "Cause" | "Seen" | "Fix" | "Now") {
                section = label;
            }
            let text = line.get(10..).unwrap_or_default();
            let into = match section {
                "Cause" => &mut block.cause,
                "Seen" => &mut block.seen,
                "Fix" => &mut block.fix,
                "Now" => &mut block.now,
                _ => continue,
            };
            if !line.starts_with("  exit code ") {
                into.push_str(text);
                into.push('\n');
            }
        }
        block
    }

    /// Fails the test unless the run went well.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The block of a run that a signal asked to end.
    #[track_caller]
    pub fn failed_by_signal(&self, code: i32) -> Block {
        println!("{}", self.stderr);
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        self.block()
    }

    /// The block of a run that ended by itself, with this exit code and before any time-out.
    #[track_caller]
    pub fn failed(&self, code: i32) -> Block {
        println!("{}", self.stderr);
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        let block = self.block();
        let last = self.stderr.lines().next_back().unwrap_or_default();
        assert!(
            code == 1 || last == format!("  exit code {code}"),
            "the block is not last: {last:?}"
        );
        for words in ["still runs after", "not everything is ready", "timed out"] {
            assert!(!block.headline.contains(words), "a time-out: {}", block.headline);
        }
        assert!(!block.cause.is_empty() || !block.seen.is_empty(), "no cause:\n{}", self.stderr);
        block
    }
}

/// Secrets of these tests are in no process's arguments: neither the program's nor, since pods are processes of this
/// machine too, a container's.
#[track_caller]
fn no_secret_in_arguments() {
    let marker = super::secret("");
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    for process in processes {
        let Ok(arguments) = std::fs::read(process.path().join("cmdline")) else { continue };
        let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
        assert!(!arguments.contains(&marker), "a secret in arguments: {arguments}");
    }
}

/// Every file below a folder is free of secrets.
#[track_caller]
pub fn no_canary_below(folder: &Path) {
    let mut folders = BTreeSet::from([folder.to_owned()]);
    let mut files = 0;
    while let Some(folder) = folders.pop_first() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.insert(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                files += 1;
                super::no_canary_in(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
            }
        }
    }
    assert!(files > 0, "nothing in {}", folder.display());
}

/// Runs a command and sends it a signal as soon as it writes a line to standard error that holds `words`.
#[track_caller]
pub fn interrupt(command: &mut Command, words: &str, signal: &str) -> Ran {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let kill = {
        let pid = child.id().to_string();
        move |signal: &str| Command::new("kill").args([signal, &pid]).status().unwrap()
    };
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (ended, end) = std::sync::mpsc::channel::<()>();
    let guard = {
        let kill = kill.clone();
        std::thread::spawn(move || {
            let stuck = std::time::Duration::from_secs(400);
            if end.recv_timeout(stuck) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                kill("-KILL");
            }
        })
    };
    let (mut stderr, mut sent) = (String::new(), false);
    for line in lines {
        let line = line.unwrap();
        stderr.push_str(&line);
        stderr.push('\n');
        if !sent && line.contains(words) {
            sent = true;
            assert!(kill(signal).success());
        }
    }
    let code = child.wait().unwrap().code();
    drop(ended);
    guard.join().unwrap();
    assert!(sent, "no line with {words}:\n{stderr}");
    super::no_canary_in("the output", &stderr);
    Ran { code, stdout: String::new(), stderr }
}
