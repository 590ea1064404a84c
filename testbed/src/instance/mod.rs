//! One running testbed: its slot, its supervisor, and the processes in it.
//!
//! A slot is a small number that decides everything that two instances must not share: the folder, the ports, the
//! cgroup. It is taken by locking `run/N.lock` in the cache. The supervisor (`supervisor.sh`) inherits the locked
//! file, so the lock tells whether an instance lives, whatever became of the process that started it: a slot whose
//! lock is free but whose folder is there was left by a kill, and the next start removes the rest of it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::artefact::Cache;
use crate::error::{Attempt as _, Error, Result};
use crate::files;

mod component;
mod machine;
mod sweep;

pub(crate) use component::Component;
pub(crate) use machine::{find_program, require_machine};
pub use sweep::sweep;

/// Slots on a machine, thus instances at once.
const SLOTS: u16 = 64;
/// The first port of slot 0: below Linux' ephemeral range (32768), so that no outgoing connection takes one.
const FIRST_PORT: u16 = 21_000;
/// Ports that a slot has to itself.
pub(crate) const PORTS: u16 = 8;

/// How long an instance may take to end. Usually it takes a second.
const END: Duration = Duration::from_secs(60);

/// One running testbed. Dropping it takes it down, unless it is detached.
#[derive(Debug)]
pub(crate) struct Instance {
    slot: u16,
    folder: PathBuf,
    init: u32,
    /// The supervisor, while it ends with this value.
    supervisor: Option<Child>,
}

/// How an instance is isolated beyond its own processes and mounts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Isolation {
    /// A network namespace of its own, and cgroups.
    pub(crate) node: bool,
}

impl Instance {
    /// Takes a free slot and starts its supervisor. Removes what killed instances left, first.
    pub(crate) fn start(cache: &Cache, isolation: Isolation) -> Result<Self> {
        sweep(cache)?;
        let run = cache.root().join("run");
        files::create_dir(&run)?;
        // Ports are the machine's, slots the cache's: two caches look in different places first, so that they seldom
        // find the same port free at the same moment.
        let first = u16::from(
            crate::artefact::Key::default().with(run.as_os_str().as_encoded_bytes()).byte(),
        ) % SLOTS;
        for slot in (first..SLOTS).chain(0..first) {
            let Some(lock) = sweep::take(&run, slot)? else { continue };
            if !(0..PORTS).all(|index| TcpListener::bind(("127.0.0.1", port(slot, index))).is_ok())
            {
                continue;
            }
            return Self::supervise(run.join(slot.to_string()), slot, lock, isolation);
        }
        Err(Error::Unsupported {
            missing: format!("all {SLOTS} slots are in use"),
            hint: "end some of the testbeds that run".into(),
        })
    }

    fn supervise(folder: PathBuf, slot: u16, lock: File, isolation: Isolation) -> Result<Self> {
        files::create_dir(&folder.join("log"))?;
        files::create_dir(&folder.join("etcd"))?;
        let failed = |cause: String| Error::Unsupported {
            missing: format!("no namespaces can be made ({})", cause.trim()),
            hint: "run it as root, with CAP_SYS_ADMIN".into(),
        };
        let mut command = Command::new("setsid");
        files::without_environment(&mut command);
        command.args(["sh", "-c", include_str!("supervisor.sh"), "supervisor"]).arg(&folder);
        command.arg(if isolation.node { cgroup_name(&folder) } else { String::new() });
        if isolation.node {
            command.arg("--net");
        }
        command.stdin(Stdio::piped()).stdout(lock).stderr(Stdio::piped()).current_dir("/");
        let mut supervisor = command.spawn().map_err(|error| failed(error.to_string()))?;
        let mut said =
            BufReader::new(supervisor.stderr.take().expect("stderr was asked for as a pipe"));
        let mut line = String::new();
        said.read_line(&mut line).attempt(|| "read the supervisor's answer".into())?;
        let init = line
            .strip_prefix("ready ")
            .and_then(|pid| pid.trim().parse().ok())
            .ok_or_else(|| failed(line))?;
        files::write_atomically(&folder.join("init"), format!("{init}"))?;
        Ok(Self { slot, folder, init, supervisor: Some(supervisor) })
    }

    /// The folder of the instance's state. Gone when the instance is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of the components' logs.
    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// A port of this instance; `index` is below [`PORTS`].
    pub(crate) fn port(&self, index: u16) -> u16 {
        port(self.slot, index)
    }

    /// A command that runs a program inside, in all of the instance's namespaces. The working directory is `/`, and
    /// of the environment there is only `PATH`.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        // A session of its own: neither a Ctrl-C nor the end of a terminal reaches what runs inside.
        let mut command = Command::new("setsid");
        command
            .args(["--wait", "nsenter"])
            .arg(format!("--target={}", self.init))
            .args(["--pid", "--mount", "--net", "--"])
            .arg(program);
        files::without_environment(&mut command);
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    /// Starts a component inside; its output goes to a log of its name.
    pub(crate) fn spawn(&self, name: &str, command: Command) -> Result<Component> {
        Component::spawn(name, command, &self.logs())
    }

    /// Lets the instance outlive this process, until [`Self::end`].
    pub(crate) fn detach(&mut self) -> Result<()> {
        let Some(mut supervisor) = self.supervisor.take() else { return Ok(()) };
        let mut input = supervisor.stdin.take().expect("stdin was asked for as a pipe");
        writeln!(input, "detach").attempt(|| "detach the testbed".into())
    }

    /// A running, detached instance.
    pub(crate) fn attach(cache: &Cache, slot: u16) -> Result<Self> {
        let run = cache.root().join("run");
        let folder = run.join(slot.to_string());
        let init = std::fs::read_to_string(folder.join("init"))
            .ok()
            .and_then(|pid| pid.trim().parse().ok());
        match init {
            Some(init) if lives(cache, slot)? => Ok(Self { slot, folder, init, supervisor: None }),
            _ => Err(Error::NotUp),
        }
    }

    /// Ends a detached instance; returns when all of it is gone.
    pub(crate) fn end(&self) -> Result<()> {
        let lock = lock_file(self.folder.parent().unwrap_or(Path::new("/")), self.slot)?;
        sweep::kill(self.init);
        // Free once the supervisor has removed everything.
        let start = Instant::now();
        while lock.try_lock().is_err() {
            if start.elapsed() > END {
                let what = format!("{} has not ended", self.folder.display());
                let last = "its supervisor still holds the lock".to_owned();
                return Err(Error::Timeout { what, seconds: END.as_secs(), last });
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        sweep::clean(&self.folder)
    }

    /// The number of the slot.
    pub(crate) fn slot(&self) -> u16 {
        self.slot
    }

    /// The PID of the first process, as this process sees it.
    pub(crate) fn init(&self) -> u32 {
        self.init
    }

    fn stop(&mut self) {
        let Some(mut supervisor) = self.supervisor.take() else { return };
        drop(supervisor.stdin.take()); // ends the inner shell, and with it everything
        let start = Instant::now();
        while matches!(supervisor.try_wait(), Ok(None)) {
            if start.elapsed() > END {
                crate::progress::say(&format!(
                    "{} does not end; the next start removes it",
                    self.folder.display()
                ));
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether a slot is in use.
pub(crate) fn lives(cache: &Cache, slot: u16) -> Result<bool> {
    let lock = lock_file(&cache.root().join("run"), slot)?;
    Ok(matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

/// The name of an instance's cgroup: two caches on one machine never share one.
pub(crate) fn cgroup_name(folder: &Path) -> String {
    let digest =
        crate::artefact::Key::default().with(folder.as_os_str().as_encoded_bytes()).short();
    format!("openhive-testbed-{digest}")
}

const fn port(slot: u16, index: u16) -> u16 {
    FIRST_PORT + slot * PORTS + index
}

/// Opens a slot's lock file. It is never removed, so that all processes lock the same file.
fn lock_file(run: &Path, slot: u16) -> Result<File> {
    let path = run.join(format!("{slot}.lock"));
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .attempt(|| format!("open {}", path.display()))
}
