//! Removing what killed instances left.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{SLOTS, cgroup_name, lock_file};
use crate::artefact::Cache;
use crate::error::{Attempt as _, Result};
use crate::files;

/// Removes the folders and cgroups of instances that no longer live. Every start does this; so does
/// `cargo xtask cluster down`.
///
/// Their processes, mounts and network namespaces need no removing: the kernel ended them with the first process of
/// their PID namespace.
///
/// # Errors
/// When a folder cannot be removed.
pub fn sweep(cache: &Cache) -> Result<()> {
    let run = cache.root().join("run");
    if !run.is_dir() {
        return Ok(());
    }
    for slot in (0..SLOTS).filter(|slot| run.join(slot.to_string()).exists()) {
        take(&run, slot)?;
    }
    Ok(())
}

/// Locks a slot and makes it clean, or returns `None` when it is in use.
pub(super) fn take(run: &Path, slot: u16) -> Result<Option<File>> {
    let lock = lock_file(run, slot)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => {
            return Err(error).attempt(|| format!("lock slot {slot}"));
        }
    }
    clean(&run.join(slot.to_string()))?;
    Ok(Some(lock))
}

/// Removes what is left of an instance whose lock is held by the caller.
pub(super) fn clean(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    await_end(folder);
    remove_cgroups(&cgroup_name(folder));
    files::remove_dir(folder)
}

/// Waits for the first process of an instance to be gone. It lets go of the lock a moment before the kernel has killed
/// everything else in its PID namespace, but it ends after that.
fn await_end(folder: &Path) {
    let Ok(init) = fs::read_to_string(folder.join("init")) else { return };
    let status = format!("/proc/{}/status", init.trim());
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let field =
            |name| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        // The last PID is that in the innermost namespace: anything but 1 is another process under a reused number.
        if !field("NSpid:").ends_with("\t1") || field("State:").starts_with('Z') {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Kills what is in an instance's cgroups and removes them from every hierarchy.
pub(crate) fn remove_cgroups(name: &str) {
    let start = Instant::now();
    loop {
        let mut found: Vec<_> = Vec::new();
        for hierarchy in hierarchies() {
            collect(&hierarchy.join(name), &mut found);
        }
        if found.is_empty() || start.elapsed() > Duration::from_secs(5) {
            return;
        }
        for folder in &found {
            let listed = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            for pid in listed.lines() {
                let _ = pid.parse().map(kill);
            }
            let _ = fs::remove_dir(folder);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ends a process at once. One that is gone already is no error.
pub(super) fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// The roots below which an instance's cgroup can lie: one for cgroup v2, one a controller for v1.
pub(crate) fn hierarchies() -> Vec<std::path::PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let mut all = vec![root.to_owned()];
    if !root.join("cgroup.controllers").exists() {
        all.extend(fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path()));
    }
    all
}

/// All folders below and with `folder`, innermost first.
fn collect(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        collect(&entry.path(), into);
    }
    into.push(folder.to_owned());
}
