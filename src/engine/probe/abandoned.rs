//! What an earlier run left that was killed.

use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::Value;
use tokio::time::sleep;

use super::deletion::delete;
use super::run_objects::{NEEDED, RunObjects};
use crate::cluster::{Cluster, Raw, Retry};
use netpol::observe::run_object::{RUN, expires, is_abandoned, run_of};

/// ConfigMaps of other runs that were there when this one began.
pub(super) struct Others {
    seen: Vec<Value>,
}

impl Others {
    /// Looks who is there.
    pub(super) async fn look(cluster: &Cluster, namespaces: &[&str]) -> Self {
        Self { seen: list(cluster, namespaces).await }
    }

    /// Deletes what none of them needs any more by the API server's clock. A run that is still at
    /// work has said meanwhile that it needs its objects for longer.
    pub(super) async fn delete(
        self,
        objects: &RunObjects<'_>,
        namespaces: &[&str],
        say: &dyn Fn(&str),
    ) {
        let Some(now) = objects.now() else { return };
        let soon = SignedDuration::try_from(NEEDED).unwrap_or_default();
        let ends = self.seen.iter().filter_map(expires).map(|expires| expires.duration_since(now));
        // A time further ahead is none that a run has written.
        let Some(wait) = ends.filter(|wait| *wait <= soon).max() else { return };
        let wait = Duration::try_from(wait).unwrap_or_default();
        if !wait.is_zero() {
            sleep(wait + Duration::from_secs(1)).await;
        }
        let may_be_deleted =
            |object: &Value| objects.now().is_some_and(|now| is_abandoned(object, now));
        let found = list(objects.cluster, namespaces).await;
        let deletions = found.iter().filter(|object| may_be_deleted(object)).filter_map(|object| {
            let (run, namespace) = (run_of(object)?, object["metadata"]["namespace"].as_str()?);
            let tell = move |what: &str| {
                say(&format!("deleting from {namespace} what an earlier run left: {what}"));
            };
            Some(delete(objects.cluster, namespace, run, may_be_deleted, tell))
        });
        for left in join_all(deletions).await.into_iter().filter_map(Result::err) {
            say(&format!("not deleted: {left}"));
        }
    }
}

/// The ConfigMaps of runs in these namespaces. What may not be listed is left alone.
async fn list(cluster: &Cluster, namespaces: &[&str]) -> Vec<Value> {
    let label = RUN.replace('/', "%2F");
    let lists = namespaces.iter().map(async |namespace| {
        let path = format!("/api/v1/namespaces/{namespace}/configmaps?labelSelector={label}");
        let answer = cluster.rest.raw(&path, Raw::Metadata, Retry::while_busy()).await;
        answer.ok().and_then(|mut a| a["items"].as_array_mut().map(std::mem::take))
    });
    let all = join_all(lists).await.into_iter().flatten().flatten();
    all.filter(|object| run_of(object).is_some()).collect()
}
