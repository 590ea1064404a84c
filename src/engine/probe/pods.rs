//! Creates probe pods and waits until they run.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::participants::Image;
use super::run_objects::{LIFETIME, RunObjects};
use crate::cluster::{ClusterError, Raw, Retry};
use netpol::observe::pod::{ProbePodDefaults, ProbePodSpec};
use netpol::observe::run_object::RUN;

/// How long a probe pod may take until it runs.
const START: Duration = Duration::from_secs(60);
const LISTENER: &str = include_str!("scripts/listener.py");

/// A pod that runs.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub name: String,
    pub node: String,
    pub address: Option<IpAddr>,
}

/// Creates the pods and waits for them; each by its place in `specs`, with what keeps it.
/// `first` is the number of the first one: no two of a run have the same.
pub(super) async fn create(
    objects: &RunObjects<'_>,
    image: &Image,
    specs: &[ProbePodSpec],
    first: usize,
) -> Vec<Result<Running, String>> {
    let mut namespaces: Vec<&str> = specs.iter().map(|spec| spec.namespace.as_str()).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    // Each once, before its pods: they name it. One that fails is told with its pods.
    join_all(namespaces.iter().map(|namespace| objects.owner(namespace))).await;
    let named = specs.iter().enumerate().map(|(number, spec)| {
        (format!("{}-{}-{}", objects.name(), spec.role.name(), first + number), spec)
    });
    let named: Vec<(String, &ProbePodSpec)> = named.collect();
    let created = join_all(named.iter().map(|(name, spec)| one(objects, image, name, spec))).await;
    let mut results: Vec<Option<Result<Running, String>>> =
        created.into_iter().map(|created| created.err().map(Err)).collect();
    let deadline = Instant::now() + START;
    let mut last = BTreeMap::new();
    while results.iter().any(Option::is_none) && Instant::now() < deadline {
        sleep(Duration::from_millis(250)).await;
        let lists = join_all(namespaces.iter().map(|namespace| list(objects, namespace))).await;
        let pods: Vec<Value> = lists.into_iter().flatten().collect();
        for ((name, spec), result) in named.iter().zip(&mut results) {
            let is = |pod: &&Value| {
                pod["metadata"]["namespace"] == *spec.namespace && pod["metadata"]["name"] == **name
            };
            let Some(pod) = pods.iter().find(is).filter(|_| result.is_none()) else { continue };
            match state(pod, !spec.listens.is_empty()) {
                Ok(running) => *result = Some(Ok(running)),
                Err((reason, true)) => *result = Some(Err(reason)),
                Err((reason, false)) => {
                    last.insert(name.clone(), reason);
                }
            }
        }
    }
    let late = |(name, spec): &(String, &ProbePodSpec)| {
        let why = last.get(name).cloned().unwrap_or_else(|| "it does not start".to_owned());
        Err(format!("probe pod {}/{name}: {why}", spec.namespace))
    };
    named.iter().zip(results).map(|(named, r)| r.unwrap_or_else(|| late(named))).collect()
}

async fn one(
    objects: &RunObjects<'_>,
    image: &Image,
    name: &str,
    spec: &ProbePodSpec,
) -> Result<(), String> {
    let refused = |error: &ClusterError| {
        format!("no probe pod can be created in {}: {error}", spec.namespace)
    };
    let owner = objects.owner(&spec.namespace).await.map_err(|error| refused(&error))?;
    let defaults = ProbePodDefaults {
        run: &objects.run,
        expires: &objects.pod_expires(),
        owner: &owner,
        image: &image.name,
        user: image.user,
        program: LISTENER,
        deadline: LIFETIME,
    };
    objects.pod(&spec.manifest(name, &defaults)).await.map_err(|error| refused(&error))
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
    // A service mesh that puts a proxy there in spite of what the pod says: it would answer for it.
    let list = |key: &str| pod["spec"][key].as_array().into_iter().flatten();
    let beside = list("initContainers").any(|container| container["restartPolicy"] == "Always");
    if beside || list("containers").count() > 1 {
        return Err(("another container was put beside its own".to_owned(), true));
    }
    // It has no readiness probe, so that this is what the startup probe says.
    let started = container["ready"] == true;
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
        name: pod["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
        node: pod["spec"]["nodeName"].as_str().unwrap_or_default().to_owned(),
        address: status["podIP"].as_str().and_then(|ip| ip.parse().ok()),
    })
}
