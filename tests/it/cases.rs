//! The cases of `tests/cases/`: a folder each, with input files and a `case.txt` that says what the program must
//! answer about them. CONTRIBUTING.md describes the format.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A run that is stuck is ended after this many seconds, and then fails its case.
const STUCK: &str = "60";

/// What `case.txt` says.
#[derive(Debug)]
struct Case {
    title: String,
    steps: Vec<Step>,
}

/// One command line and what must come of it.
#[derive(Debug)]
struct Step {
    /// The arguments, as they are written.
    line: String,
    exit: i32,
    checks: Vec<Check>,
}

/// A text and where it must stand, or must not.
#[derive(Debug)]
struct Check {
    stream: Stream,
    has: bool,
    text: String,
}

#[derive(Clone, Copy, Debug)]
enum Stream {
    Out,
    Err,
}

impl Case {
    /// Reads a `case.txt`.
    ///
    /// # Errors
    /// The line that is none of the format.
    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().enumerate();
        let title = lines.next().map(|(_, line)| line.trim().to_owned()).unwrap_or_default();
        if title.is_empty() {
            return Err("line 1: the title is missing".to_owned());
        }
        let (mut steps, mut reasons): (Vec<Step>, _) = (Vec::new(), 0);
        for (number, line) in lines {
            let wrong = |what: &str| format!("line {}: {what}", number + 1);
            if let Some(command) = line.strip_prefix("$ ") {
                steps.push(Step { line: command.to_owned(), exit: -1, checks: Vec::new() });
            } else if let Some(step) = steps.last_mut() {
                match line.split_once(' ').unwrap_or((line, "")) {
                    ("", "") => {}
                    ("exit", code) => {
                        step.exit = code.parse().map_err(|_| wrong("not an exit code"))?;
                    }
                    (stream @ ("out" | "err"), rest) => {
                        let stream = if stream == "out" { Stream::Out } else { Stream::Err };
                        let (word, text) =
                            rest.split_once(' ').ok_or_else(|| wrong("the text is missing"))?;
                        let has = match word {
                            "has" => true,
                            "lacks" => false,
                            _ => return Err(wrong("expected has or lacks")),
                        };
                        step.checks.push(Check { stream, has, text: squeezed(text) });
                    }
                    _ => return Err(wrong("expected exit, out, err, or a command behind $")),
                }
            } else {
                reasons += usize::from(!line.trim().is_empty());
            }
        }
        if reasons == 0 {
            return Err("it does not say why its answers are right".to_owned());
        }
        if let Some(step) = steps.iter().find(|step| step.exit < 0) {
            return Err(format!("$ {}: the exit code is missing", step.line));
        }
        if steps.is_empty() {
            Err("it has no command".to_owned())
        } else {
            Ok(Self { title, steps })
        }
    }
}

/// Runs of blanks as one, so that no case depends on how columns are aligned.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The arguments of a command line; quotes keep blanks together.
fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(q)) if c == q => quote = None,
            (' ', None) => all.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    all.extend(word);
    all
}

/// Runs a step in a folder. What is not as it must be, like a diff; nothing where all is well.
fn failures(step: &Step, folder: &Path) -> String {
    let mut command = Command::new("timeout");
    command.args([STUCK, env!("CARGO_BIN_EXE_kubectl-openhive")]).args(words(&step.line));
    command.current_dir(folder).stdin(Stdio::null()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", folder).env("KUBECONFIG", "/does/not/exist");
    let output = command.output().unwrap();
    let [out, err] = [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).lines().map(squeezed).collect::<Vec<_>>());
    let mut diff = String::new();
    let code = output.status.code().unwrap_or(-1);
    if code != step.exit {
        let _ = write!(diff, "  - exit {}\n  + exit {code}\n", step.exit);
    }
    for Check { stream, has, text } in &step.checks {
        let (name, lines) = match stream {
            Stream::Out => ("out", &out),
            Stream::Err => ("err", &err),
        };
        match (lines.iter().find(|line| line.contains(text)), has) {
            (None, true) => _ = writeln!(diff, "  - {name}: {text}"),
            (Some(line), false) => _ = writeln!(diff, "  + {name}: {line}"),
            _ => {}
        }
    }
    if diff.is_empty() {
        return diff;
    }
    let mut text = format!("$ {}\n{diff}", step.line);
    for (name, lines) in [("out", &out), ("err", &err)] {
        for line in lines.iter().filter(|line| !line.is_empty()).take(12) {
            let _ = writeln!(text, "    {name}  {line}");
        }
    }
    text
}

/// A copy of a case's files in a folder of its own, with the values that all cases share. Links stay
/// links: some cases are about them.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&path, &to);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&path).unwrap(), &to).unwrap();
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

/// Everything that is wrong with a case.
fn run(folder: &Path) -> String {
    let case = match fs::read_to_string(folder.join("case.txt"))
        .map_err(|error| error.to_string())
        .and_then(|text| Case::parse(&text))
    {
        Ok(case) => case,
        Err(problem) => return format!("case.txt: {problem}\n"),
    };
    let scratch = tempfile::tempdir().unwrap();
    copy(folder, scratch.path());
    let values = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/values.env");
    let own = scratch.path().join("values.env");
    fs::copy(values, &own).unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o600)).unwrap();
    let failed: String = case.steps.iter().map(|step| failures(step, scratch.path())).collect();
    if failed.is_empty() { failed } else { format!("{}\n{failed}", case.title) }
}

/// The folders with a case, in the order of their names. `OPENHIVE_CASE` names a part of the paths of those that are
/// wanted.
fn cases() -> Vec<PathBuf> {
    let wanted = std::env::var("OPENHIVE_CASE").unwrap_or_default();
    let mut found = Vec::new();
    for kind in fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()) {
        found.extend(fs::read_dir(kind).unwrap().map(|entry| entry.unwrap().path()));
    }
    found.retain(|path| path.to_string_lossy().contains(&wanted));
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

#[test]
fn every_case_has_the_right_answer() {
    let cases = cases();
    assert!(!cases.is_empty(), "no case");
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(folder) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let text = run(folder);
                    if !text.is_empty() {
                        let name = folder.strip_prefix(root()).unwrap().display();
                        failed.lock().unwrap().push(format!("## {name}: {text}"));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    let count = format!("{} of {} cases fail", failed.len(), cases.len());
    assert!(failed.is_empty(), "{count}\n\n{}\n{count}", failed.join("\n"));
}

#[test]
fn a_case_that_checks_nothing_is_refused() {
    for (text, problem) in [
        ("", "line 1: the title is missing"),
        ("Title\n\nWhy.\n", "it has no command"),
        ("Title\n\n$ version\nexit 0\n", "it does not say why its answers are right"),
        ("Title\nWhy.\n$ version\n", "$ version: the exit code is missing"),
        ("Title\nWhy.\n$ version\nexit x\n", "line 4: not an exit code"),
        ("Title\nWhy.\n$ version\nexit 0\nout is x\n", "line 5: expected has or lacks"),
        ("Title\nWhy.\n$ version\nexit 0\nout has\n", "line 5: the text is missing"),
        (
            "Title\nWhy.\n$ version\nexit 0\nelse\n",
            "line 5: expected exit, out, err, or a command behind $",
        ),
    ] {
        assert_eq!(Case::parse(text).unwrap_err(), problem);
    }
}

#[test]
fn what_differs_is_told_with_what_was_printed() {
    let text = "Title\nWhy.\n$ version --client\nexit 3\nout has no such words\nout lacks Client\n";
    let case = Case::parse(text).unwrap();
    let told = failures(&case.steps[0], Path::new("/"));
    for line in [
        "$ version --client",
        "  - exit 3",
        "  + exit 0",
        "  - out: no such words",
        "  + out: Client version",
    ] {
        assert!(told.contains(line), "{line} in\n{told}");
    }
}
