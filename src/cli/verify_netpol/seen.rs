//! What a report says of the cluster that was read, and of what could not be.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cluster::Found;
use crate::cluster::Cluster;
use netpol::finding::Finding;
use netpol::findings;
use netpol::report::model::ClusterInfo;

/// Of files: nothing.
#[derive(Default)]
pub(super) struct Seen {
    /// Beside the flows: something may be open that was not seen, or policies are without effect.
    pub(super) beside: Vec<Finding>,
    /// The same for JSON.
    pub(super) unread: Vec<Value>,
    /// It is everything that there is.
    pub(super) whole: bool,
    pub(super) cluster: Option<ClusterInfo>,
}

impl Seen {
    pub(super) fn of(found: &Found, cluster: &Cluster, now: Timestamp) -> Self {
        let gaps = || found.reading.decisive_gaps();
        Self {
            beside: gaps().map(|gap| findings::of_gap(&gap.to_string())).collect(),
            unread: gaps().map(|gap| json!(gap)).collect(),
            whole: found.is_whole(),
            cluster: Some(ClusterInfo {
                context: cluster.context.clone(),
                server: cluster.server.clone(),
                version: found.version.clone(),
                cni: Some(found.plugin()),
                time: Some(now.to_string()),
                live: None,
            }),
        }
    }
}
