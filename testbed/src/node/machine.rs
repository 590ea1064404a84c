//! What a node needs of the machine beyond what every instance needs.

use std::fs;
use std::path::Path;

use crate::artefact::Cache;
use crate::error::{Error, Result};

/// Controllers that the kubelet and runc cannot do without.
const CONTROLLERS: &[&str] = &["cpu", "cpuset", "memory", "pids"];

/// Fails with what is missing, before anything is built.
pub(super) fn require(cache: &Cache) -> Result<()> {
    let missing = missing_controllers();
    if !missing.is_empty() {
        return Err(Error::Unsupported {
            missing: format!("the cgroup controllers {} are not to be had", missing.join(", ")),
            hint: "enable them at boot, or in a container mount the host's cgroups writable".into(),
        });
    }
    for hidden in ["/run", "/var/lib", "/var/log", "/var/run"] {
        if cache.root().starts_with(hidden) {
            return Err(Error::Unsupported {
                missing: format!(
                    "the cache is in {hidden}, which a node replaces by a folder of its own"
                ),
                hint: "set OPENHIVE_TESTBED_CACHE to another place".into(),
            });
        }
    }
    Ok(())
}

/// The cgroup controllers that a node needs and that cannot be used here.
#[must_use]
pub fn missing_controllers() -> Vec<&'static str> {
    let found = controllers();
    CONTROLLERS.iter().copied().filter(|name| !found.iter().any(|have| have == name)).collect()
}

/// The controllers that can be used, of cgroup v2 or of the hierarchies of v1.
fn controllers() -> Vec<String> {
    let root = Path::new("/sys/fs/cgroup");
    if let Ok(listed) = fs::read_to_string(root.join("cgroup.controllers")) {
        return listed.split_whitespace().map(str::to_owned).collect();
    }
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mounted = entries.filter(|entry| entry.path().join("cgroup.procs").exists());
    mounted
        .flat_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.split(',').map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}
