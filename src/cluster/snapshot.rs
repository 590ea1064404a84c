//! What runs right now, read once.

use std::sync::Arc;

use futures::future::{join_all, try_join_all};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::rest::{Raw, Rest, Retry};
use super::{Cluster, ClusterError, logs};
use crate::diagnose::{LogTail, Snapshot, log_requests};

/// The namespaces of the platform.
pub const NAMESPACES: [&str; 3] = ["openhive", "hive-agents", "hive-sandbox"];

/// Reads every object that a diagnosis needs, all at once, then the logs that make it clearer.
///
/// # Errors
/// [`ClusterError`]; what may not be listed fails, but for events and nodes.
pub async fn snapshot(cluster: &Cluster) -> Result<Snapshot, ClusterError> {
    let rest = &cluster.rest;
    let (deployments, replica_sets, jobs, pods, claims, events, nodes) = futures::join!(
        list(rest, "/apis/apps/v1", "deployments", true),
        list(rest, "/apis/apps/v1", "replicasets", true),
        list(rest, "/apis/batch/v1", "jobs", true),
        list(rest, "/api/v1", "pods", false),
        list(rest, "/api/v1", "persistentvolumeclaims", true),
        list(rest, "/api/v1", "events", false),
        rest.raw("/api/v1/nodes", Raw::Get, Retry::Never),
    );
    let mut snapshot = Snapshot {
        deployments: deployments?,
        replica_sets: replica_sets?,
        jobs: jobs?,
        pods: pods?,
        claims: claims?,
        events: events.unwrap_or_default(),
        nodes: nodes.ok().map(|list| items(&list)),
        ..Snapshot::default()
    };
    let tails = log_requests(&snapshot).into_iter().map(async |request| {
        let (namespace, pod, container) = (&request.namespace, &request.pod, &request.container);
        let client = &cluster.client;
        let lines = logs::tail(client, namespace, pod, container, request.previous).await;
        LogTail {
            pod_uid: request.pod_uid,
            container: request.container,
            previous: request.previous,
            lines,
        }
    });
    snapshot.logs = join_all(tails).await;
    Ok(snapshot)
}

/// The API server's time, by the newest of what it has written: the caller's clock may be wrong.
#[must_use]
pub fn server_time(snapshot: &Snapshot, now: Timestamp) -> Timestamp {
    let newest = snapshot.events.iter().filter_map(|event| {
        let series = event.series.as_ref().and_then(|s| s.last_observed_time.as_ref()).map(|t| t.0);
        series.or(event.last_timestamp.as_ref().map(|t| t.0))
    });
    newest.fold(now, Timestamp::max)
}

async fn list<T: DeserializeOwned>(
    rest: &Rest,
    root: &str,
    resource: &str,
    ours: bool,
) -> Result<Vec<Arc<T>>, ClusterError> {
    let label = if ours { "?labelSelector=app.kubernetes.io%2Fpart-of%3Dopenhive" } else { "" };
    let lists = NAMESPACES.map(async |namespace| {
        let path = format!("{root}/namespaces/{namespace}/{resource}{label}");
        rest.raw(&path, Raw::Get, Retry::while_busy()).await
    });
    Ok(try_join_all(lists).await?.iter().flat_map(items).collect())
}

/// The items of a list. One that cannot be read is left out: it is none of ours.
fn items<T: DeserializeOwned>(list: &Value) -> Vec<Arc<T>> {
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| T::deserialize(item).ok()).map(Arc::new).collect()
}
