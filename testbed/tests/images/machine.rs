//! Runs the images as a node would, without a container engine: layers in an overlay, a read-only root, process 1 of a
//! process namespace of its own, any user. All of it lives in private namespaces whose process 1 waits on a pipe that
//! this process holds: when the tests end, however they end, mounts, processes and network are gone.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::Value;
use testbed::images::catalogue::Role;

/// A user that no image knows.
const USER: u32 = 54321;
/// Where the private mount namespace keeps everything; on the host it stays as it was.
const WORK: &str = "/mnt";
pub const PASSWORD: &str = "canary-db-password";

pub struct Machine {
    registry: PathBuf,
    holder: u32,
    /// Process 1 of the namespaces; its standard input closes with this process.
    _alive: Child,
}

/// The one machine that all tests share.
pub fn machine() -> &'static Machine {
    // Where it cannot start, the first test says why and the others do not try again.
    static MACHINE: LazyLock<Machine> = LazyLock::new(Machine::start);
    &MACHINE
}

/// A port that nothing else in the machine listens on.
pub fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Machine {
    fn start() -> Self {
        let cache = testbed::Cache::open().unwrap();
        let registry = testbed::images::registry_storage(cache.root()).unwrap();
        let debian = testbed::tools::debian(&cache).unwrap();
        // PostgreSQL does not run as root, and another user may not be able to enter the cache.
        let script = format!(
            "umask 022 && {}/ip link set lo up && mount -t tmpfs -o mode=755 tmpfs {WORK} && \
             mkdir {WORK}/debian {WORK}/layers {WORK}/roots && mount --bind {} {WORK}/debian && echo up && read -r _",
            debian.display(),
            debian.parent().unwrap().display()
        );
        let mut child = Command::new("unshare")
            .args([
                "--net",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "sh",
                "-c",
                &script,
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(
            line, "up\n",
            "namespaces cannot be made here: the tests of the images need root"
        );
        let machine = Self { registry, holder: only_child(child.id()), _alive: child };
        machine.start_postgres();
        machine
    }

    /// PostgreSQL on the machine's loopback, with passwords.
    fn start_postgres(&self) {
        let bin = format!("{WORK}/debian/bin");
        self.sh(&format!(
            "mkdir -m 777 {WORK}/pg && cd {WORK}/pg && echo {PASSWORD} > pw && \
             as='setpriv --reuid 65534 --regid 65534 --clear-groups' && \
             $as {bin}/initdb -D {WORK}/pg/data -U hive --auth-local trust --auth-host scram-sha-256 --pwfile pw -N >/dev/null && \
             {{ $as {bin}/postgres -D {WORK}/pg/data -k {WORK}/pg -c fsync=off > log 2>&1 & }} && \
             until $as {bin}/psql -h {WORK}/pg -U hive -d postgres -c '' 2> /dev/null; do kill -0 $!; done"
        ));
    }

    /// A new, empty database, and its URL.
    pub fn database(&self) -> Database {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let name = format!("hive{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        Database {
            url: format!("postgresql+asyncpg://hive:{PASSWORD}@127.0.0.1:5432/{name}"),
            name,
        }
    }

    /// The rows that a statement gives, one a line.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let program = format!(
            "PGPASSWORD={PASSWORD} {WORK}/debian/bin/psql -h 127.0.0.1 -U hive -d {database} -qAtX -v ON_ERROR_STOP=1"
        );
        self.sh(&format!("{program} -c \"{statement}\"")).trim().to_owned()
    }

    /// Runs a script on the machine, which must succeed.
    fn sh(&self, script: &str) -> String {
        let output =
            self.enter().args(["sh", "-euc", &format!("umask 022; {script}")]).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn enter(&self) -> Command {
        let mut command = Command::new("/usr/bin/nsenter");
        command.env_clear().arg("--target").arg(self.holder.to_string()).args(["--net", "--mount", "--pid"]);
        command
    }

    fn blob(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").unwrap();
        self.registry.join("docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data")
    }

    fn json(&self, digest: &str) -> Value {
        serde_json::from_slice(&fs::read(self.blob(digest)).unwrap()).unwrap()
    }

    /// A container of `openhive-ROLE:TAG`, as a pod would have it.
    pub fn container(&self, role: Role, tag: &str) -> Container<'_> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let tags = self
            .registry
            .join("docker/registry/v2/repositories")
            .join(role.repository())
            .join("_manifests/tags");
        let manifest = self.json(&fs::read_to_string(tags.join(tag).join("current/link")).unwrap());
        let config = self.json(manifest["config"]["digest"].as_str().unwrap());
        let mut lower = Vec::new();
        for layer in manifest["layers"].as_array().unwrap() {
            lower.insert(0, self.unpack(layer["digest"].as_str().unwrap()));
        }
        let root = format!("{WORK}/roots/{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sh(&format!(
            "mkdir {root} && mount -t overlay -o ro,lowerdir={} overlay {root} && mount --rbind /dev {root}/dev",
            lower.join(":")
        ));
        let env = config["config"]["Env"].as_array().unwrap().iter().map(|pair| {
            let (name, value) = pair.as_str().unwrap().split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        });
        Container { machine: self, root, env: env.collect(), config: config["config"].clone() }
    }

    /// The folder of a layer, unpacked once; a whiteout becomes what overlayfs takes for one.
    fn unpack(&self, digest: &str) -> String {
        let folder = format!("{WORK}/layers/{}", &digest["sha256:".len()..][..16]);
        self.sh(&format!(
            "exec 9> {folder}.lock; flock 9; [ -e {folder} ] && exit; mkdir {folder}.new; cd {folder}.new; tar -xf {}; \
             find . -name '.wh.*' | while read -r mark; do rm $mark; mknod $(dirname $mark)/$(basename $mark | cut -c5-) c 0 0; done; \
             mv {folder}.new {folder}",
            self.blob(digest).display()
        ));
        folder
    }
}

pub struct Database {
    pub name: String,
    pub url: String,
}

pub struct Container<'a> {
    machine: &'a Machine,
    root: String,
    env: BTreeMap<String, String>,
    pub config: Value,
}

impl Container<'_> {
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// An empty writable volume.
    pub fn volume(self, at: &str) -> Self {
        self.machine.sh(&format!("mount -t tmpfs -o mode=1777 tmpfs {}{at}", self.root));
        self
    }

    /// Writes a file into a volume.
    pub fn write(&self, at: &str, content: &str) {
        let file = format!("{}{at}", self.root);
        self.machine
            .sh(&format!("mkdir -p $(dirname {file}); cat > {file} <<'END'\n{content}\nEND"));
    }

    /// Starts `command` as process 1 of the container.
    pub fn start(&self, command: &[&str]) -> Running {
        let mut process = self.machine.enter();
        // Never for ever: a test whose container hangs fails on the status instead.
        process.args(["/usr/bin/timeout", "--kill-after=1", "60"]);
        process.args(["/usr/bin/unshare", "--pid", "--fork", "--kill-child", "/usr/sbin/chroot"]);
        process.arg(format!("--userspec={USER}:{USER}")).arg(&self.root);
        process
            .args(["/usr/bin/env", "-C"])
            .arg(self.config["WorkingDir"].as_str().unwrap())
            .args(command);
        process.env_clear().envs(&self.env).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Running { child, stdout, log: String::new() }
    }

    /// Runs `command` to its end.
    pub fn run(&self, command: &[&str]) -> Ended {
        self.start(command).wait()
    }

    /// Asks the container's own `wget` for a URL of the machine.
    pub fn get(&self, url: &str) -> Answer {
        self.wget(&[url])
    }

    pub fn post(&self, url: &str, header: &str, body: &str) -> Answer {
        self.wget(&[&format!("--header={header}"), &format!("--post-data={body}"), url])
    }

    fn wget(&self, args: &[&str]) -> Answer {
        let options = ["wget", "-q", "-S", "-T", "5", "-t", "1", "--content-on-error", "-O", "-"];
        let ended = self.run(&[&options, args].concat());
        let head = ended.stderr.lines().map(str::trim).find(|line| line.starts_with("HTTP/"));
        let status = head.and_then(|line| line.split(' ').nth(1)?.parse().ok());
        Answer { status, head: ended.stderr, body: ended.stdout }
    }
}

pub struct Answer {
    /// None when nothing answered.
    pub status: Option<u16>,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}{}", self.head, self.body))
    }
}

pub struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    log: String,
}

impl Running {
    /// Reads the log up to the line that contains `text`.
    pub fn until(mut self, text: &str) -> Self {
        let mut line = String::new();
        while self.stdout.read_line(&mut line).unwrap() > 0 {
            self.log += &line;
            if line.contains(text) {
                return self;
            }
            line.clear();
        }
        let ended = self.wait();
        panic!(
            "ended with {} before it said {text:?}:\n{}{}",
            ended.status, ended.stdout, ended.stderr
        );
    }

    /// Sends SIGTERM to the container's process 1 and waits for it.
    pub fn terminate(self) -> Ended {
        let init = only_child(only_child(only_child(self.child.id())));
        assert!(
            Command::new("kill").args(["-TERM", &init.to_string()]).status().unwrap().success()
        );
        self.wait()
    }

    pub fn wait(mut self) -> Ended {
        let mut stderr = self.child.stderr.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        self.stdout.read_to_string(&mut self.log).unwrap();
        Ended {
            status: self.child.wait().unwrap(),
            stdout: self.log,
            stderr: reader.join().unwrap(),
        }
    }
}

pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The log's last line, which must be JSON as every line before it.
    pub fn last(&self) -> Value {
        let lines = self.stdout.lines().map(serde_json::from_str);
        let lines: Result<Vec<Value>, _> = lines.collect();
        let lines =
            lines.unwrap_or_else(|_| panic!("not all JSON: {}{}", self.stdout, self.stderr));
        lines.last().unwrap_or_else(|| panic!("no log: {}", self.stderr)).clone()
    }

    /// Checks that nothing secret was said.
    pub fn leaks_nothing(&self) {
        for text in [&self.stdout, &self.stderr] {
            assert!(!text.contains("canary"), "{text}");
            assert!(!text.contains("postgresql+asyncpg://hive"), "{text}");
        }
    }
}

/// nsenter, timeout and unshare each have one child.
fn only_child(pid: u32) -> u32 {
    let children = Path::new("/proc")
        .join(pid.to_string())
        .join("task")
        .join(pid.to_string())
        .join("children");
    fs::read_to_string(children)
        .unwrap()
        .split_whitespace()
        .next()
        .expect("a child")
        .parse()
        .unwrap()
}
