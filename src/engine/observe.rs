//! From what the watches see to findings: fetches the logs that would make them clearer.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use serde::Deserialize;

use super::wait::Run;
use crate::cluster::watch::View;
use crate::cluster::{Raw, Retry, logs};
use crate::diagnose::{Endpoint, Finding, LogRequest, LogTail, Snapshot, Tracker, log_requests};

/// Diagnoses one wait over time.
pub(super) struct Observer {
    tracker: Tracker,
    since: Option<Timestamp>,
    logs: BTreeMap<LogRequest, Vec<String>>,
    /// What `alembic heads` said, where it was asked.
    heads: Vec<String>,
    nodes: Option<Vec<Arc<Node>>>,
}

impl Observer {
    /// `since` is when the objects were written, by the API server's clock.
    pub async fn new(run: &Run<'_>, since: Option<Timestamp>) -> Self {
        let mut observer = Self {
            tracker: Tracker::default(),
            since,
            logs: BTreeMap::new(),
            heads: Vec::new(),
            nodes: None,
        };
        observer.read_nodes(run).await;
        observer
    }

    /// Reads the nodes, which need no watch: a lost node counts after a minute. An account that may
    /// not read them gets fewer causes, not a failure.
    pub async fn read_nodes(&mut self, run: &Run<'_>) {
        let Ok(list) = run.cluster.rest.raw("/api/v1/nodes", Raw::Get, Retry::Never).await else {
            return;
        };
        let nodes = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let nodes = nodes.iter().filter_map(|node| Node::deserialize(node).ok()).map(Arc::new);
        self.nodes = Some(nodes.collect());
    }

    /// Adds what the image says of its own history to the migration's log.
    pub fn learn_heads(&mut self, lines: Vec<String>) {
        self.heads = lines;
    }

    /// What is wrong now, the first cause first. Empty until every list has arrived.
    pub async fn findings(&mut self, run: &Run<'_>, view: &View) -> Vec<Finding> {
        if !view.complete() {
            return Vec::new();
        }
        let now = Timestamp::now();
        let mut snapshot = self.snapshot(run, view);
        let wanted = log_requests(&snapshot);
        // A log of an earlier run must not speak for a later one.
        self.logs.retain(|request, _| wanted.contains(request));
        let missing: Vec<_> =
            wanted.into_iter().filter(|request| !self.logs.contains_key(request)).collect();
        if !missing.is_empty() {
            let fetched = missing.iter().map(async |request| {
                let LogRequest { namespace, pod, container, previous, .. } = request;
                let client = &run.cluster.client;
                let lines = logs::tail(client, namespace, pod, container, *previous).await;
                (request.clone(), lines)
            });
            self.logs.extend(futures::future::join_all(fetched).await);
            snapshot = self.snapshot(run, view);
        }
        self.tracker.observe(now, &snapshot)
    }

    fn snapshot(&self, run: &Run<'_>, view: &View) -> Snapshot {
        let (host, port) = run.options.database.clone();
        Snapshot {
            since: self.since,
            deployments: view.deployments.values().cloned().collect(),
            jobs: view.jobs.values().cloned().collect(),
            claims: view.claims.values().cloned().collect(),
            replica_sets: view.replica_sets.values().cloned().collect(),
            pods: view.pods.values().cloned().collect(),
            events: view.events.values().cloned().collect(),
            nodes: self.nodes.clone(),
            logs: self
                .logs
                .iter()
                .filter(|(_, lines)| !lines.is_empty())
                .map(|(request, lines)| LogTail {
                    pod_uid: request.pod_uid.clone(),
                    container: request.container.clone(),
                    previous: request.previous,
                    lines: lines.iter().chain(&self.heads).cloned().collect(),
                })
                .collect(),
            database: Some(Endpoint { host, port }),
        }
    }
}
