//! Keeping what a failed test leaves: pods, events and the log of every component.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::artefact::Cache;
use crate::error::{Attempt as _, Result};
use crate::kubectl::Kubectl;
use crate::{files, progress};

/// Folders kept before the oldest go.
const KEPT: usize = 20;

/// What is asked of the API server, and the file it goes to. No Secret is among it.
const QUESTIONS: &[(&str, &[&str])] = &[
    ("pods.txt", &["get", "pods", "-A", "-o", "wide"]),
    ("pods.yaml", &["get", "pods", "-A", "-o", "yaml"]),
    (
        "workloads.txt",
        &["get", "deployments,replicasets,jobs,services,pvc,networkpolicies", "-A", "-o", "wide"],
    ),
    ("events.txt", &["get", "events", "-A", "--sort-by=.metadata.creationTimestamp"]),
    ("nodes.txt", &["describe", "nodes"]),
];

/// A guard for a test that shares a cluster with others: dropped while its thread panics, it keeps the cluster's state.
///
/// A cluster that the test owns needs none, for it keeps its state by itself.
#[must_use]
pub struct KeepOnFailure<F: FnMut() -> Result<PathBuf>> {
    name: String,
    keep: F,
}

impl<F: FnMut() -> Result<PathBuf>> KeepOnFailure<F> {
    /// `keep` is usually `|| cluster.keep(name)`.
    pub fn new(name: &str, keep: F) -> Self {
        Self { name: name.to_owned(), keep }
    }
}

impl<F: FnMut() -> Result<PathBuf>> Drop for KeepOnFailure<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            keep_and_say(&self.name, &mut self.keep);
        }
    }
}

/// Keeps and says where, or why not: this runs while a test fails, and must not hide its message.
pub(crate) fn keep_and_say(name: &str, keep: impl FnOnce() -> Result<PathBuf>) {
    match keep() {
        Ok(folder) => progress::say(&format!("state of {name} kept in {}", folder.display())),
        Err(error) => progress::say(&format!("state of {name} not kept: {error}")),
    }
}

/// Where the states of failed tests are kept: `$OPENHIVE_TESTBED_FAILURES`, else `failures` in the cache.
pub(crate) fn home() -> Result<PathBuf> {
    match std::env::var_os("OPENHIVE_TESTBED_FAILURES") {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Ok(Cache::open()?.root().join("failures")),
    }
}

/// Writes the state to a new folder in `home`.
pub(crate) fn keep(home: &Path, name: &str, kubectl: &Kubectl, logs: &Path) -> Result<PathBuf> {
    files::create_dir(home)?;
    drop_oldest(home);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let prefix = format!("{}-{name}-", now.as_secs());
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(home);
    let folder = folder.attempt(|| format!("create a folder in {}", home.display()))?.keep();
    for (file, arguments) in QUESTIONS {
        let mut arguments = arguments.to_vec();
        arguments.push("--request-timeout=10s");
        let answer = kubectl.run(&arguments).unwrap_or_else(|error| error.to_string());
        files::write(&folder.join(file), answer)?;
    }
    copy(logs, &folder.join("log"))?;
    Ok(folder)
}

/// Copies a folder of logs; what vanishes meanwhile is left out.
fn copy(from: &Path, to: &Path) -> Result<()> {
    files::create_dir(to)?;
    for entry in fs::read_dir(from).attempt(|| format!("read {}", from.display()))?.flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            let _ = fs::copy(&path, &target);
        }
    }
    Ok(())
}

fn drop_oldest(home: &Path) {
    let entries = fs::read_dir(home).into_iter().flatten().flatten();
    let mut dated: Vec<_> = entries
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .filter(|(_, path)| path.is_dir())
        .collect();
    dated.sort();
    for (_, folder) in dated.iter().take((dated.len() + 1).saturating_sub(KEPT)) {
        let _ = files::remove_dir(folder);
    }
}
