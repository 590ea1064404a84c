//! The machine's own cluster: a node that stays up between commands, until it is taken down.
//!
//! There is at most one a cache. It is found by a marker in its instance's folder, so that a marker never outlives the
//! instance it speaks of.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::artefact::{Cache, lock};
use crate::error::{Error, Result};
use crate::files;
use crate::instance::{lives, require_machine};
use crate::node::{Node, NodeOptions};

/// What is known of the cluster that is up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Marker {
    /// Seconds since the Unix epoch at which it was up.
    pub since: u64,
    /// Its network, in words.
    pub network: String,
}

const MARKER: &str = "cluster.json";

/// What [`up`] did.
#[derive(Debug)]
pub enum Up {
    /// A cluster was started.
    Started(Node),
    /// One was there already, and is as it was.
    Already(Node),
}

/// Starts the machine's cluster and lets it outlive this process, unless it is up already.
///
/// Until this returns, the end of this process ends the cluster as well.
///
/// # Errors
/// As [`Node::start`].
pub fn up(cache: &Cache, options: &NodeOptions) -> Result<Up> {
    require_machine()?;
    files::create_dir(cache.root())?;
    let _lock = lock(&cache.root().join("cluster.lock"), "starts the cluster")?;
    match find(cache) {
        Ok((node, _)) => return Ok(Up::Already(node)),
        Err(Error::NotUp) => {}
        Err(error) => return Err(error),
    }
    let node = Node::start(options)?;
    let since =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let marker = Marker { since, network: options.cni.to_string() };
    let text = serde_json::to_string(&marker).expect("a number and a string are JSON");
    files::write_atomically(&node.folder().join(MARKER), text)?;
    let slot = node.detach()?;
    Ok(Up::Started(Node::attach(cache, slot)?))
}

/// The cluster that is up.
///
/// # Errors
/// [`Error::NotUp`] when there is none.
pub fn find(cache: &Cache) -> Result<(Node, Marker)> {
    let (slot, marker) = marked(cache)?;
    Ok((Node::attach(cache, slot)?, marker))
}

/// Ends the cluster that is up, and removes what killed testbeds left. Says whether there was one.
///
/// # Errors
/// When something of it cannot be removed.
pub fn down(cache: &Cache) -> Result<bool> {
    let ended = match find(cache) {
        Ok((node, _)) => node.end().map(|()| true)?,
        Err(Error::NotUp) => false,
        Err(error) => return Err(error),
    };
    crate::sweep(cache)?;
    Ok(ended)
}

fn marked(cache: &Cache) -> Result<(u16, Marker)> {
    let run = cache.root().join("run");
    for entry in fs::read_dir(run).into_iter().flatten().flatten() {
        let slot = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let text = fs::read(entry.path().join(MARKER)).ok();
        let marker = text.and_then(|text| serde_json::from_slice(&text).ok());
        if let (Some(slot), Some(marker)) = (slot, marker)
            && lives(cache, slot)?
        {
            return Ok((slot, marker));
        }
    }
    Err(Error::NotUp)
}

/// The logs of a node's components: name and path, in the order of names.
#[must_use]
pub fn logs(node: &Node) -> Vec<(String, PathBuf)> {
    let entries =
        fs::read_dir(node.logs()).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut logs: Vec<_> = entries
        .filter_map(|path| {
            Some((path.file_name()?.to_str()?.strip_suffix(".log")?.to_owned(), path))
        })
        .collect();
    logs.sort();
    logs
}
