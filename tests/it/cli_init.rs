//! `init` as a person or a pipeline runs it.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use insta::assert_snapshot;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubectl-openhive");

/// Everything that cannot be guessed, without the password.
const FLAGS: [&str; 6] =
    ["--tag", "v1.4.0", "--host", "hive.acme.dev", "--database-host", "db.acme.dev"];

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pw"), "pg p@ss/w'\"$\\ürd\n").unwrap();
        Self(folder)
    }

    fn init(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.0.path()).env_clear().arg("init").args(args);
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Names of everything in it, hidden files too.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn validate(&self, name: &str) -> Assert {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.0.path()).env_clear().args(["validate", "-f", name]).assert()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn value(file: &str, key: &str) -> Option<String> {
    let line = file.lines().find_map(|line| line.strip_prefix(&format!("{key}=")))?;
    Some(line.to_owned())
}

#[test]
fn flags_and_files_are_enough_without_a_terminal() {
    let folder = Folder::new();
    let mut args = FLAGS.to_vec();
    args.extend(["--database-password-file", "pw", "--set", "OPENHIVE_DNS_PORTS=5353"]);
    let ran = folder.init(&args).assert().success();
    assert_eq!(text(&ran.get_output().stdout), "");
    assert_snapshot!(text(&ran.get_output().stderr), @r#"
    wrote values.env, which only you can read
    generated: DASHBOARD_SESSION_SECRET, HIVE_INTERNAL_SECRET, HIVE_ADMIN_PASSWORD
    next:  kubectl openhive plan -f values.env
    "#);

    let mode = fs::metadata(folder.path("values.env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let file = fs::read_to_string(folder.path("values.env")).unwrap();
    assert_eq!(
        value(&file, "DATABASE_URL").unwrap(),
        "postgresql+asyncpg://hive:pg%20p%40ss%2Fw%27%22%24%5C%C3%BCrd@db.acme.dev:5432/hive"
    );
    assert_eq!(value(&file, "OPENHIVE_DNS_PORTS").unwrap(), "5353");
    assert_eq!(
        value(&file, "OPENHIVE_AGENT_IMAGE").unwrap(),
        "ghcr.io/terrywangcode/openhive-agent:v1.4.0"
    );
    assert_eq!(value(&file, "OPENHIVE_CERT_MANAGER_CLUSTER_ISSUER"), None);
    let validated = folder.validate("values.env").success();
    assert_eq!(text(&validated.get_output().stderr), "");
}

#[test]
fn generated_secrets_are_long_and_differ() {
    let folder = Folder::new();
    let mut seen = Vec::new();
    for name in ["a.env", "b.env"] {
        let mut args = FLAGS.to_vec();
        args.extend(["--database-password-file", "pw", "-o", name]);
        let ran = folder.init(&args).assert().success();
        let file = fs::read_to_string(folder.path(name)).unwrap();
        for (key, least) in [
            ("DASHBOARD_SESSION_SECRET", 43),
            ("HIVE_INTERNAL_SECRET", 43),
            ("HIVE_ADMIN_PASSWORD", 24),
        ] {
            let secret = value(&file, key).unwrap();
            assert!(secret.len() >= least, "{key}");
            assert!(!text(&ran.get_output().stderr).contains(&secret));
            assert!(!seen.contains(&secret));
            seen.push(secret);
        }
    }
}

#[test]
fn secrets_may_come_from_standard_input() {
    let folder = Folder::new();
    let url = "postgresql+asyncpg://u:url-canary-1@db.acme.dev:6432/d?ssl=require";
    let mut args = FLAGS[..4].to_vec();
    args.extend(["--database-url-file", "-", "--admin-password-file", "pw"]);
    folder.init(&args).write_stdin(format!("{url}\r\n")).assert().success();
    let file = fs::read_to_string(folder.path("values.env")).unwrap();
    assert_eq!(value(&file, "DATABASE_URL").unwrap(), format!("'{url}'"));
    assert_eq!(value(&file, "HIVE_ADMIN_PASSWORD").unwrap(), r#""pg p@ss/w'\"\$\\ürd""#);
    folder.validate("values.env").success();

    let twice = ["-o", "x", "--database-url-file", "-", "--admin-password-file", "-"];
    let ran = folder.init(&twice).write_stdin("x").assert().code(64);
    assert!(text(&ran.get_output().stderr).contains("can be read once"));
}

#[test]
fn the_gateway_profile_asks_for_no_ingress() {
    let folder = Folder::new();
    let args = [
        "--profile",
        "gateway",
        "--tag",
        "v1",
        "--database-host",
        "db.acme.dev",
        "--database-password-file",
        "pw",
    ];
    folder.init(&args).assert().success();
    let file = fs::read_to_string(folder.path("values.env")).unwrap();
    assert_eq!(value(&file, "OPENHIVE_INGRESS_HOST"), None);
}

#[test]
fn an_existing_file_is_never_touched() {
    let folder = Folder::new();
    fs::write(folder.path("values.env"), "precious").unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path("link.env")).unwrap();
    let mut args = FLAGS.to_vec();
    args.extend(["--database-password-file", "pw"]);
    let ran = folder.init(&args).assert().code(1);
    assert_snapshot!(text(&ran.get_output().stderr), @r#"
    ✗ values.env already exists

      Cause   init never overwrites: the file may hold the only copy of its secrets
      Fix     name another file with -o, or check the one that is there:
              kubectl openhive validate -f values.env
      Now     nothing was written
    "#);
    args.extend(["-o", "link.env"]);
    folder.init(&args).assert().code(1);
    assert_eq!(fs::read_to_string(folder.path("values.env")).unwrap(), "precious");
    assert_eq!(folder.names(), ["link.env", "pw", "values.env"]);
}

#[test]
fn without_a_terminal_everything_missing_is_named_at_once() {
    let folder = Folder::new();
    let ran = folder.init(&[]).assert().code(64);
    assert_snapshot!(text(&ran.get_output().stderr), @r#"
    ✗ init needs to know more

      Cause   nothing can be asked: this is not a terminal
      Fix     give  --tag TAG  --database-host HOST  --database-password-file FILE  --host NAME
      Now     nothing was written
      exit code 64
    "#);
    assert_eq!(folder.names(), ["pw"]);
}

#[test]
fn a_bad_answer_is_told_with_its_flag_and_nothing_is_written() {
    let folder = Folder::new();
    fs::write(folder.path("short"), "canary\n").unwrap();
    fs::write(folder.path("lines"), "canary-1\ncanary-2\n").unwrap();
    for (args, words) in [
        (["--host", "https://hive.acme.dev"], "--host cannot be used"),
        (["--tag", "v 1"], "--tag cannot be used"),
        (["--database-host", "localhost"], "the host is the pod itself"),
        (["--database-port", "0"], "--database-port cannot be used"),
        (["--database-password-file", "short"], "shorter than 8 bytes"),
        (["--admin-password-file", "lines"], "a control character"),
        (["--admin-password-file", "absent"], "cannot read absent"),
        (["--set", "OPENAI_API_KEY=canary-3"], "a secret on a command line"),
        (["-o", "absent/values.env"], "there is no folder absent"),
        (["-o", "-"], "init writes to a file only"),
    ] {
        let mut all: Vec<&str> =
            FLAGS.chunks(2).filter(|pair| pair[0] != args[0]).flatten().copied().collect();
        if args[0] != "--database-password-file" {
            all.extend(["--database-password-file", "pw"]);
        }
        all.extend(args);
        let ran = folder.init(&all).assert().failure();
        let stderr = text(&ran.get_output().stderr);
        assert!(stderr.contains(words), "{args:?}: {stderr}");
        assert!(!stderr.contains("canary"), "{stderr}");
        assert_eq!(folder.names(), ["lines", "pw", "short"]);
    }
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    let folder = Folder::new();
    // No file may grow: the write fails after the file was made.
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" init \"$@\"";
    let mut command = Command::new("bash");
    command.current_dir(folder.0.path()).env_clear().args(["-c", script, PROGRAM]).args(FLAGS);
    let ran = command.args(["--database-password-file", "pw"]).assert().code(1);
    let stderr = text(&ran.get_output().stderr);
    assert!(stderr.contains("cannot write values.env"), "{stderr}");
    assert_eq!(folder.names(), ["pw"]);
}

/// The program on a terminal of its own.
struct Terminal {
    child: Child,
    output: Receiver<u8>,
    seen: String,
}

impl Terminal {
    fn start(folder: &Folder, args: &str) -> Self {
        let mut child = std::process::Command::new("script")
            .args(["--quiet", "--return", "--flush", "--command"])
            .arg(format!("{PROGRAM} init {args}"))
            .arg("/dev/null")
            .current_dir(folder.0.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TERM", "dumb")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut byte = [0];
            while matches!(stdout.read(&mut byte), Ok(1)) && sender.send(byte[0]).is_ok() {}
        });
        Self { child, output, seen: String::new() }
    }

    /// Waits for a question, then types.
    fn answer(&mut self, question: &str, typed: &str) {
        let mut bytes = Vec::new();
        while !text(&bytes).ends_with(&format!("{question}: ")) {
            let byte = self.output.recv_timeout(Duration::from_secs(20));
            bytes.push(byte.unwrap_or_else(|_| panic!("no {question:?} in {}", text(&bytes))));
        }
        self.seen.push_str(&text(&bytes));
        self.child.stdin.as_mut().unwrap().write_all(typed.as_bytes()).unwrap();
    }

    /// Exit code and everything that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        let rest: Vec<u8> = self.output.iter().collect();
        let code = self.child.wait().unwrap().code();
        (code, self.seen + &text(&rest))
    }
}

#[test]
fn on_a_terminal_it_asks_and_asks_again() {
    let folder = Folder::new();
    let mut terminal = Terminal::start(&folder, "");
    terminal.answer("Tag of the images, such as v1.4.0", "v1.4.0\n");
    terminal.answer("Host of the PostgreSQL server", "localhost\n");
    terminal.answer("Host of the PostgreSQL server", "db.acme.dev\n");
    terminal.answer("Its port [5432]", "\n");
    terminal.answer("Name of the database [hive]", "\n");
    terminal.answer("User of the database [hive]", "\n");
    terminal.answer("Password of that user", "short\n");
    terminal.answer("Password of that user", "typed-canary@1\n");
    terminal.answer("DNS name for the dashboard", "hive.acme.dev\n");
    terminal.answer("IngressClass [nginx]", "\n");
    terminal.answer("Secret with its certificate [openhive-tls]", "\n");
    terminal.answer("cert-manager ClusterIssuer that makes it, empty for none", "\n");
    terminal.answer("Name of the first administrator [admin]", "\n");
    terminal.answer("Password of the administrator, empty to generate one", "\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("the host is the pod itself"), "{shown}");
    assert!(shown.contains("shorter than 8 bytes"), "{shown}");
    assert!(!shown.contains("canary") && !shown.contains("short\r"), "{shown}");
    let file = fs::read_to_string(folder.path("values.env")).unwrap();
    assert!(value(&file, "DATABASE_URL").unwrap().contains(":typed-canary%401@"));
    folder.validate("values.env").success();
}

#[test]
fn giving_up_writes_nothing() {
    for (typed, code) in [("\u{4}", 1), ("\u{3}", 130)] {
        let folder = Folder::new();
        let mut terminal = Terminal::start(&folder, &FLAGS.join(" "));
        terminal.answer("Its port [5432]", "\n");
        terminal.answer("Name of the database [hive]", "\n");
        terminal.answer("User of the database [hive]", "\n");
        terminal.answer("Password of that user", typed);
        let (ended, shown) = terminal.end();
        assert_eq!(ended, Some(code), "{shown}");
        assert_eq!(folder.names(), ["pw"]);
    }
}
