//! Deletes what a run created in one namespace.

use std::time::Duration;

use futures::future::try_join_all;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::run_objects::{Version, patient};
use crate::cluster::{Cluster, ClusterError, Raw};
use netpol::observe::run_object::{PROBE_NAMESPACE, RUN, is_owned};

/// How long the end of what was deleted is awaited.
const WITHIN: Duration = Duration::from_secs(60);

/// An object of a run, or one that carries its label.
struct Listed {
    resource: &'static str,
    object: Value,
    at: Version,
}

/// Deletes the ConfigMap of a run, if `may_be_deleted` still says so of the very version that is
/// deleted; the API server then deletes what it owns. `tell` is given the names of everything that
/// goes, before it goes.
///
/// # Errors
/// What is left, in words.
pub(super) async fn delete(
    cluster: &Cluster,
    namespace: &str,
    run: &str,
    may_be_deleted: impl Fn(&Value) -> bool,
    tell: impl Fn(&str),
) -> Result<(), String> {
    let deadline = Instant::now() + WITHIN;
    let failed = |error: &ClusterError| format!("configmap {namespace}/{run}: {error}");
    let (mut uid, mut told) = (None::<String>, String::new());
    loop {
        let listed = list(cluster, namespace, run).await.map_err(|error| failed(&error))?;
        let owner = listed.iter().find(|entry| {
            entry.resource == "configmaps"
                && uid.as_ref().is_none_or(|uid| entry.at.uid == *uid)
                && may_be_deleted(&entry.object)
        });
        let owned_by = uid.clone().or_else(|| owner.map(|owner| owner.at.uid.clone()));
        let is_owned =
            |entry: &&Listed| owned_by.as_ref().is_some_and(|uid| is_owned(&entry.object, uid));
        let going = owner.into_iter().chain(listed.iter().filter(is_owned));
        let names = going.map(Listed::name).collect::<Vec<_>>().join(", ");
        if names.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(format!("{namespace}: {names}: still being deleted"));
        }
        if let Some(Listed { at, .. }) = owner {
            if told != names {
                tell(&names);
                told = names;
            }
            let delete = Raw::Delete { uid: &at.uid, resource_version: &at.resource_version };
            match cluster.rest.raw(&at.path, delete, patient()).await {
                Ok(_) => {}
                // It is gone, or was changed since it was listed: look again.
                Err(error) if matches!(error.code(), Some(404 | 409)) => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        uid = owned_by;
        sleep(Duration::from_millis(200)).await;
    }
}

impl Listed {
    /// `pod openhive-probe-1a2b3c4d-agent-0`.
    fn name(&self) -> String {
        let name = self.object["metadata"]["name"].as_str().unwrap_or_default();
        let kind = match self.resource {
            "configmaps" => "configmap",
            "pods" => "pod",
            _ => "networkpolicy",
        };
        format!("{kind} {name}")
    }
}

/// Everything in a namespace that carries the label of a run.
async fn list(cluster: &Cluster, namespace: &str, run: &str) -> Result<Vec<Listed>, ClusterError> {
    let mut kinds = vec![("configmaps", "/api/v1"), ("pods", "/api/v1")];
    if namespace == PROBE_NAMESPACE {
        kinds.push(("networkpolicies", "/apis/networking.k8s.io/v1"));
    }
    let lists = try_join_all(kinds.into_iter().map(async |(resource, root)| {
        let collection = format!("{root}/namespaces/{namespace}/{resource}");
        let path = format!("{collection}?labelSelector={}%3D{run}", RUN.replace('/', "%2F"));
        let mut answer = cluster.rest.raw(&path, Raw::Metadata, patient()).await?;
        let items = answer["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let listed = items.into_iter().map(move |object| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let at = Version::of(format!("{collection}/{name}"), &object);
            Listed { resource, object, at }
        });
        Ok(listed.collect::<Vec<_>>())
    }));
    Ok(lists.await?.into_iter().flatten().collect())
}
