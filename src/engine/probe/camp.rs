//! Everything that a run makes, and how it is taken away again.
//!
//! In each namespace a ConfigMap of the run owns the pods that it makes there. The first one, in
//! `openhive`, also shows that the run is alive: it is written every few seconds.

use std::cell::RefCell;
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::ProbeError;
use crate::cluster::{Cluster, ClusterError, Raw, Retry};
use crate::plan::FIELD_MANAGER;
use netpol::observe::pod::{EXPIRES, RUN};

/// Where the sign of life is.
pub(super) const HOME: &str = "openhive";
/// How often it is written.
pub(super) const BEAT: Duration = Duration::from_secs(3);
/// After so many seconds nothing of a run is of use any more.
pub(super) const LIFETIME: u32 = 600;
/// How long a request is tried.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the end of what was deleted is awaited.
const GOING: Duration = Duration::from_secs(60);

/// A run's objects.
pub(super) struct Camp<'a> {
    pub cluster: &'a Cluster,
    /// The run's id.
    pub run: String,
    /// RFC 3339.
    pub expires: String,
    /// Namespaces with a ConfigMap of ours, and its uid.
    owners: RefCell<Vec<(String, String)>>,
    pods: RefCell<Vec<(String, String)>>,
    /// Whether the run's own namespace was, or may have been, made.
    own: RefCell<bool>,
}

impl<'a> Camp<'a> {
    pub(super) fn new(cluster: &'a Cluster, run: String, expires: String) -> Self {
        let none = || RefCell::new(Vec::new());
        Self { cluster, run, expires, owners: none(), pods: none(), own: RefCell::new(false) }
    }

    /// The name of the run's own namespace, and of its ConfigMaps.
    pub(super) fn name(&self) -> String {
        format!("openhive-probe-{}", self.run)
    }

    /// Whether nothing was made.
    pub(super) fn is_empty(&self) -> bool {
        self.owners.borrow().is_empty()
    }

    fn retry() -> Retry {
        Retry::Until(Instant::now() + PATIENCE)
    }

    fn metadata(&self, name: &str) -> Value {
        json!({
            "name": name,
            "labels": {RUN: self.run, "app.kubernetes.io/managed-by": FIELD_MANAGER},
            "annotations": {EXPIRES: self.expires},
        })
    }

    /// Creates an object of which the name is the run's alone: where the answer to a first try was
    /// lost, the object is ours.
    async fn create(&self, path: &str, body: &Value) -> Result<Value, ClusterError> {
        match self.cluster.rest.raw(path, Raw::Create(body), Self::retry()).await {
            Err(error) if error.code() == Some(409) => {
                let name = body["metadata"]["name"].as_str().unwrap_or_default();
                let found = look(self.cluster, &format!("{path}/{name}")).await?;
                found.ok_or(error)
            }
            answer => answer,
        }
    }

    /// The sign of life. Nothing is made before it.
    pub(super) async fn pitch(&self) -> Result<(), ProbeError> {
        self.owner(HOME).await?;
        Ok(())
    }

    /// Those of the run's own namespace.
    pub(super) fn namespace_labels(&self) -> [(&'static str, &str); 3] {
        [
            (RUN, &self.run),
            ("app.kubernetes.io/managed-by", FIELD_MANAGER),
            ("pod-security.kubernetes.io/enforce", "restricted"),
        ]
    }

    /// The run's own namespace.
    pub(super) async fn own_namespace(&self) -> Result<String, ProbeError> {
        let name = self.name();
        *self.own.borrow_mut() = true;
        let mut metadata = self.metadata(&name);
        for (key, value) in self.namespace_labels() {
            metadata["labels"][key] = json!(value);
        }
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        self.create("/api/v1/namespaces", &body).await?;
        Ok(name)
    }

    /// The uid of the run's ConfigMap in a namespace.
    pub(super) async fn owner(&self, namespace: &str) -> Result<String, ProbeError> {
        let known = self.owners.borrow().iter().find(|(n, _)| n == namespace).cloned();
        match known {
            Some((_, uid)) if !uid.is_empty() => return Ok(uid),
            Some(_) => {}
            // Noted before it is made: it may be made though the answer is lost.
            None => self.owners.borrow_mut().push((namespace.to_owned(), String::new())),
        }
        let body = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": self.metadata(&self.name()),
            "data": {"beat": "0"},
        });
        let made =
            self.create(&format!("/api/v1/namespaces/{namespace}/configmaps"), &body).await?;
        let uid = made["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let mut owners = self.owners.borrow_mut();
        if let Some(entry) = owners.iter_mut().find(|(n, _)| n == namespace) {
            entry.1.clone_from(&uid);
        }
        Ok(uid)
    }

    /// Makes a pod.
    pub(super) async fn pod(&self, manifest: &Value) -> Result<(), ClusterError> {
        let text = |key: &str| manifest["metadata"][key].as_str().unwrap_or_default().to_owned();
        let (namespace, name) = (text("namespace"), text("name"));
        self.pods.borrow_mut().push((namespace.clone(), name));
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        self.create(&path, manifest).await.map(|_| ())
    }

    /// The deny-all of the proof, in the run's own namespace.
    pub(super) async fn deny(&self, selector: &Value) -> Result<(), ClusterError> {
        let body = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": self.metadata("deny-all"),
            "spec": {"podSelector": selector, "policyTypes": ["Ingress", "Egress"]},
        });
        self.create(&self.policies(), &body).await.map(|_| ())
    }

    pub(super) async fn allow_again(&self) -> Result<(), ClusterError> {
        let path = format!("{}/deny-all", self.policies());
        gone(self.cluster.rest.raw(&path, Raw::Delete, Self::retry()).await)
    }

    fn policies(&self) -> String {
        format!("/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies", self.name())
    }

    /// Shows that the run is alive, until it is dropped.
    pub(super) async fn beat(&self) -> std::convert::Infallible {
        let path = format!("/api/v1/namespaces/{HOME}/configmaps/{}", self.name());
        for beat in 1_u64.. {
            sleep(BEAT).await;
            let body = json!({"data": {"beat": beat.to_string()}});
            // One that is lost does no harm: several have to fail before a run counts as dead.
            let _ = self.cluster.rest.raw(&path, Raw::Merge(&body), Retry::Never).await;
        }
        std::future::pending().await
    }

    /// Takes everything away, and waits until it is gone. Returns what is left, in words.
    pub(super) async fn strike(&self) -> Vec<String> {
        let mut left = Vec::new();
        let pods = self.pods.borrow().clone();
        let pods: Vec<String> =
            pods.iter().map(|(ns, name)| format!("/api/v1/namespaces/{ns}/pods/{name}")).collect();
        self.remove(&pods, &mut left).await;
        let owners = self.owners.borrow().clone();
        let owners: Vec<String> = owners
            .iter()
            .map(|(ns, _)| format!("/api/v1/namespaces/{ns}/configmaps/{}", self.name()))
            .collect();
        let (home, others) = owners.split_at(owners.len().min(1));
        let mut last = others.to_vec();
        if *self.own.borrow() {
            last.push(format!("/api/v1/namespaces/{}", self.name()));
        }
        self.remove(&last, &mut left).await;
        // The sign of life last: until then nobody else takes anything away.
        self.remove(home, &mut left).await;
        left
    }

    async fn remove(&self, paths: &[String], left: &mut Vec<String>) {
        left.extend(remove(self.cluster, paths).await);
    }
}

/// Deletes objects and waits until they are gone. Returns the paths that are left, with the reason.
pub(super) async fn remove(cluster: &Cluster, paths: &[String]) -> Vec<String> {
    let deleted = paths.iter().map(|path| cluster.rest.raw(path, Raw::Delete, Camp::retry()));
    let mut left = Vec::new();
    let mut going = Vec::new();
    for (path, answer) in paths.iter().zip(join_all(deleted).await) {
        match gone(answer) {
            Ok(()) => going.push(path),
            Err(error) => left.push(format!("{path}: {error}")),
        }
    }
    let deadline = Instant::now() + GOING;
    while !going.is_empty() && Instant::now() < deadline {
        let there = join_all(going.iter().map(|path| async {
            let found = look(cluster, path).await;
            !matches!(&found, Ok(None))
        }));
        let mut there = there.await.into_iter();
        going.retain(|_| there.next().unwrap_or(false));
        if !going.is_empty() {
            sleep(Duration::from_millis(200)).await;
        }
    }
    left.extend(going.into_iter().map(|path| format!("{path}: it is still going away")));
    left
}

/// Looks for an object by listing what has its name: a run has the right to list, and needs none to
/// get.
async fn look(cluster: &Cluster, path: &str) -> Result<Option<Value>, ClusterError> {
    let (collection, name) = path.rsplit_once('/').unwrap_or((path, ""));
    let list = format!("{collection}?fieldSelector=metadata.name%3D{name}");
    let mut answer = cluster.rest.raw(&list, Raw::Get, Camp::retry()).await?;
    Ok(answer["items"].as_array_mut().and_then(Vec::pop))
}

fn gone(answer: Result<Value, ClusterError>) -> Result<(), ClusterError> {
    match answer {
        Err(error) if error.code() != Some(404) => Err(error),
        _ => Ok(()),
    }
}
