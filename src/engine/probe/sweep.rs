//! What an earlier run left that was killed.
//!
//! A run that is alive writes its sign of life every few seconds. One whose sign did not change for
//! several of them, by our own clock, is dead; so is one that has none while others of its objects
//! are there for as long.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::camp::{BEAT, HOME, remove};
use crate::cluster::{Cluster, Raw, Retry};
use netpol::observe::pod::RUN;

/// Signs that a dead run has missed.
const MISSED: u32 = 5;

/// Runs that were there when this one began.
pub(super) struct Others {
    since: Instant,
    signs: BTreeMap<String, Option<String>>,
}

/// The objects of other runs: the paths by run, and each run's sign of life.
struct Found {
    paths: BTreeMap<String, BTreeSet<String>>,
    signs: BTreeMap<String, Option<String>>,
}

impl Others {
    /// Looks who is there.
    pub(super) async fn look(cluster: &Cluster, namespaces: &[&str], own: &str) -> Self {
        let found = find(cluster, namespaces, own).await;
        Self { since: Instant::now(), signs: found.signs }
    }

    /// Takes away what the dead among them left. Returns how many there were.
    pub(super) async fn bury(self, cluster: &Cluster, namespaces: &[&str], own: &str) -> usize {
        if self.signs.is_empty() {
            return 0;
        }
        sleep_until(self.since + BEAT * MISSED + Duration::from_secs(1)).await;
        let found = find(cluster, namespaces, own).await;
        let dead = self.signs.iter().filter(|(run, sign)| found.signs.get(*run) == Some(*sign));
        let mut buried = 0;
        for (run, _) in dead {
            let paths: Vec<String> = found.paths.get(run).into_iter().flatten().cloned().collect();
            for path in remove(cluster, &paths).await {
                tracing::info!(path, "left by an earlier run");
            }
            buried += 1;
        }
        buried
    }
}

/// Lists everything that carries the label of a run: of all namespaces, else of these.
async fn find(cluster: &Cluster, namespaces: &[&str], own: &str) -> Found {
    let mut found = Found { paths: BTreeMap::new(), signs: BTreeMap::new() };
    let mut kinds = vec!["/api/v1/namespaces".to_owned()];
    for resource in ["pods", "configmaps"] {
        let everywhere = format!("/api/v1/{resource}");
        if list(cluster, &everywhere).await.is_some() {
            kinds.push(everywhere);
        } else {
            kinds.extend(namespaces.iter().map(|n| format!("/api/v1/namespaces/{n}/{resource}")));
        }
    }
    for collection in &kinds {
        let items = list(cluster, collection).await.unwrap_or_default();
        for item in items {
            let text = |key: &str| item["metadata"][key].as_str().unwrap_or_default().to_owned();
            let (namespace, name) = (text("namespace"), text("name"));
            let run = item["metadata"]["labels"][RUN].as_str().unwrap_or_default().to_owned();
            if run == own {
                continue;
            }
            let resource = collection.rsplit('/').next().unwrap_or_default();
            let path = if namespace.is_empty() {
                format!("/api/v1/{resource}/{name}")
            } else {
                format!("/api/v1/namespaces/{namespace}/{resource}/{name}")
            };
            found.paths.entry(run.clone()).or_default().insert(path);
            let sign = found.signs.entry(run).or_default();
            if resource == "configmaps" && namespace == HOME {
                *sign = item["metadata"]["resourceVersion"].as_str().map(str::to_owned);
            }
        }
    }
    found
}

async fn list(cluster: &Cluster, collection: &str) -> Option<Vec<Value>> {
    let path = format!("{collection}?labelSelector=openhive.io%2Fprobe-run");
    let answer = cluster.rest.raw(&path, Raw::Metadata, Retry::while_busy()).await.ok()?;
    Some(answer["items"].as_array().cloned().unwrap_or_default())
}
