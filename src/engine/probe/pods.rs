//! Makes probe pods and waits until they run.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::run_objects::{LIFETIME, RunObjects};
use crate::cluster::{ClusterError, Raw, Retry};
use netpol::observe::pod::Recipe;
use netpol::observe::run_object::RUN;

/// How long a probe pod may take until it runs.
const START: Duration = Duration::from_secs(60);
const LISTENER: &str = include_str!("scripts/listener.py");

/// A pod to make.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub namespace: String,
    pub name: String,
    pub role: String,
    pub labels: Vec<(String, String)>,
    pub node: Option<String>,
    pub listens: Vec<u16>,
}

/// A pod that runs.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub node: String,
    pub address: Option<IpAddr>,
    /// Whether its node reaches the first port that it listens on.
    pub started: bool,
}

/// What its container is made of.
#[derive(Clone, Debug)]
pub(super) struct Material {
    pub image: String,
    pub user: i64,
}

/// Makes the pods and waits for them; each by its place in `wishes`, with what keeps it.
pub(super) async fn make(
    objects: &RunObjects<'_>,
    material: &Material,
    wishes: &[Wish],
) -> Vec<Result<Running, String>> {
    let mut namespaces: Vec<&str> = wishes.iter().map(|w| w.namespace.as_str()).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    // Each once, before its pods: they name it. One that fails is told with its pods.
    join_all(namespaces.iter().map(|namespace| objects.owner(namespace))).await;
    let made = join_all(wishes.iter().map(|wish| one(objects, material, wish))).await;
    let mut results: Vec<Option<Result<Running, String>>> =
        made.into_iter().map(|made| made.err().map(Err)).collect();
    let deadline = Instant::now() + START;
    let mut last = BTreeMap::new();
    while results.iter().any(Option::is_none) && Instant::now() < deadline {
        sleep(Duration::from_millis(250)).await;
        let lists = join_all(namespaces.iter().map(|namespace| list(objects, namespace))).await;
        let pods: Vec<Value> = lists.into_iter().flatten().collect();
        for (wish, result) in wishes.iter().zip(&mut results) {
            let is = |pod: &&Value| {
                pod["metadata"]["namespace"] == *wish.namespace
                    && pod["metadata"]["name"] == *wish.name
            };
            let Some(pod) = pods.iter().find(is).filter(|_| result.is_none()) else { continue };
            match state(pod, !wish.listens.is_empty()) {
                Ok(running) => *result = Some(Ok(running)),
                Err((reason, true)) => *result = Some(Err(reason)),
                Err((reason, false)) => {
                    last.insert(wish.name.clone(), reason);
                }
            }
        }
    }
    let late = |wish: &Wish| {
        let why = last.get(&wish.name).cloned().unwrap_or_else(|| "it does not start".to_owned());
        Err(format!("probe pod {}/{}: {why}", wish.namespace, wish.name))
    };
    wishes.iter().zip(results).map(|(wish, r)| r.unwrap_or_else(|| late(wish))).collect()
}

async fn one(objects: &RunObjects<'_>, material: &Material, wish: &Wish) -> Result<(), String> {
    let refused =
        |error: &ClusterError| format!("no probe pod can be made in {}: {error}", wish.namespace);
    let uid = objects.owner(&wish.namespace).await.map_err(|error| error.to_string())?;
    let recipe = Recipe {
        run: &objects.run,
        expires: &objects.pod_expires(),
        namespace: &wish.namespace,
        name: &wish.name,
        role: &wish.role,
        labels: &wish.labels,
        owner: &uid,
        image: &material.image,
        user: material.user,
        node: wish.node.as_deref(),
        listens: &wish.listens,
        program: LISTENER,
        deadline: LIFETIME,
    };
    objects.pod(&recipe.manifest()).await.map_err(|error| refused(&error))
}

async fn list(objects: &RunObjects<'_>, namespace: &str) -> Vec<Value> {
    let path = format!(
        "/api/v1/namespaces/{namespace}/pods?labelSelector={}%3D{}",
        RUN.replace('/', "%2F"),
        objects.run
    );
    let answer = objects.cluster.rest.raw(&path, Raw::Get, Retry::while_busy()).await;
    let mut items = answer.ok().and_then(|list| list["items"].as_array().cloned());
    items.take().unwrap_or_default()
}

/// A pod that runs; else what keeps it, and whether that is final.
fn state(pod: &Value, listens: bool) -> Result<Running, (String, bool)> {
    let status = &pod["status"];
    let phase = status["phase"].as_str().unwrap_or_default();
    let container = &status["containerStatuses"][0];
    let waiting = container["state"]["waiting"]["reason"].as_str().unwrap_or_default();
    if matches!(phase, "Failed" | "Succeeded") {
        let reason = container["state"]["terminated"]["reason"].as_str();
        let reason = reason.or(status["reason"].as_str()).unwrap_or("it ended");
        return Err((reason.to_owned(), true));
    }
    if matches!(waiting, "ErrImageNeverPull" | "InvalidImageName" | "CreateContainerConfigError") {
        return Err((waiting.to_owned(), true));
    }
    let started = container["started"] == true;
    if phase != "Running" || container["state"]["running"].is_null() || (listens && !started) {
        let scheduled = status["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|c| c["type"] == "PodScheduled" && c["status"] == "False")
            .and_then(|c| c["message"].as_str());
        let reason = scheduled.unwrap_or(if waiting.is_empty() { phase } else { waiting });
        return Err((reason.to_owned(), false));
    }
    Ok(Running {
        node: pod["spec"]["nodeName"].as_str().unwrap_or_default().to_owned(),
        address: status["podIP"].as_str().and_then(|ip| ip.parse().ok()),
        started,
    })
}
