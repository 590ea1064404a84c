//! What a run creates, and how it is deleted again.
//!
//! In each namespace that the run uses, its ConfigMap owns everything else that the run creates there
//! (`netpol::observe::run_object`). While the run is alive it moves the time until which it needs
//! these ConfigMaps into the future, every few seconds.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::deletion::delete;
use crate::cluster::{Cluster, ClusterError, Raw, Retry};
use netpol::observe::run_object::{
    EXPIRES, PROBE_NAMESPACE, metadata, name, owner_reference, run_of,
};

/// For how long a run needs its ConfigMaps from when it last said so.
pub(super) const NEEDED: Duration = Duration::from_secs(20);
/// How often it says so.
const RENEWED: Duration = Duration::from_secs(4);
/// The kubelet ends a probe pod after so many seconds.
pub(super) const LIFETIME: u32 = 600;
/// How long a request is tried.
const PATIENCE: Duration = Duration::from_secs(30);

/// The objects of a run.
pub(super) struct RunObjects<'a> {
    pub cluster: &'a Cluster,
    /// The run's id.
    pub run: String,
    owners: RefCell<Vec<Owner>>,
    /// A time of the API server's clock, and when it was that.
    clock: Cell<Option<(Timestamp, Instant)>>,
}

/// A ConfigMap of the run.
#[derive(Clone)]
struct Owner {
    namespace: String,
    /// Empty while the API server has not answered.
    uid: String,
}

/// An object at a path, as it was when its uid and resourceVersion were these.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub path: String,
    pub uid: String,
    pub resource_version: String,
}

impl Version {
    pub(super) fn of(path: String, object: &Value) -> Self {
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
        Self { path, uid: text("uid"), resource_version: text("resourceVersion") }
    }
}

pub(super) fn patient() -> Retry {
    Retry::Until(Instant::now() + PATIENCE)
}

impl<'a> RunObjects<'a> {
    pub(super) fn new(cluster: &'a Cluster, run: String) -> Self {
        Self { cluster, run, owners: RefCell::default(), clock: Cell::new(None) }
    }

    /// The beginning of the names of all that the run creates.
    pub(super) fn name(&self) -> String {
        name(&self.run)
    }

    /// The time by the API server's clock, once it has created something for the run.
    pub(super) fn now(&self) -> Option<Timestamp> {
        let (at, read) = self.clock.get()?;
        at.checked_add(SignedDuration::try_from(read.elapsed()).ok()?).ok()
    }

    fn later(&self, by: Duration) -> String {
        // Before the API server has told its time there is only the local one.
        let now = self.now().unwrap_or_else(Timestamp::now);
        let then = SignedDuration::try_from(by).ok().and_then(|by| now.checked_add(by).ok());
        then.unwrap_or(now).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Until when the kubelet ends a probe pod that is created now.
    pub(super) fn pod_expires(&self) -> String {
        self.later(Duration::from_secs(LIFETIME.into()))
    }

    /// Creates an object whose name is the run's alone: where the answer to a first try was lost, the
    /// object that is there is the run's.
    async fn create(&self, collection: &str, body: &Value) -> Result<Value, ClusterError> {
        match self.cluster.rest.raw(collection, Raw::Create(body), patient()).await {
            Err(error) if error.code() == Some(409) => {
                let name = body["metadata"]["name"].as_str().unwrap_or_default();
                let list = format!("{collection}?fieldSelector=metadata.name%3D{name}");
                let mut answer = self.cluster.rest.raw(&list, Raw::Get, patient()).await?;
                let found = answer["items"].as_array_mut().and_then(Vec::pop);
                let marks = ["labels", "annotations", "ownerReferences"];
                let is_ours = |found: &Value| {
                    marks.iter().all(|key| found["metadata"][key] == body["metadata"][key])
                };
                found.filter(is_ours).ok_or(error)
            }
            answer => answer,
        }
    }

    /// The uid of the run's ConfigMap in a namespace, which is created where it is not there yet.
    pub(super) async fn owner(&self, namespace: &str) -> Result<String, ClusterError> {
        let known = self.owners.borrow().iter().find(|o| o.namespace == namespace).cloned();
        match known {
            Some(Owner { uid, .. }) if !uid.is_empty() => return Ok(uid),
            Some(_) => {}
            // Noted before it is created: it may be created though the answer is lost.
            None => self
                .owners
                .borrow_mut()
                .push(Owner { namespace: namespace.to_owned(), uid: String::new() }),
        }
        let metadata = metadata(&self.run, &self.later(NEEDED));
        let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
        let made =
            self.create(&format!("/api/v1/namespaces/{namespace}/configmaps"), &body).await?;
        let text = |key: &str| made["metadata"][key].as_str().unwrap_or_default().to_owned();
        let uid = text("uid");
        if self.clock.get().is_none()
            && let Ok(created) = text("creationTimestamp").parse()
        {
            self.clock.set(Some((created, Instant::now())));
        }
        // The first time was perhaps by the local clock.
        let owner = Owner { namespace: namespace.to_owned(), uid: uid.clone() };
        self.renew(&owner, patient()).await?;
        let mut owners = self.owners.borrow_mut();
        if let Some(entry) = owners.iter_mut().find(|o| o.namespace == namespace) {
            *entry = owner;
        }
        Ok(uid)
    }

    async fn renew(&self, owner: &Owner, retry: Retry) -> Result<(), ClusterError> {
        let path = format!("/api/v1/namespaces/{}/configmaps/{}", owner.namespace, self.name());
        let annotations = json!({EXPIRES: self.later(NEEDED)});
        // With the uid, so that no other object is changed.
        let body = json!({"metadata": {"uid": owner.uid, "annotations": annotations}});
        self.cluster.rest.raw(&path, Raw::Merge(&body), retry).await.map(|_| ())
    }

    /// Shows that the run still needs what it created, until it is dropped.
    pub(super) async fn keep(&self) -> std::convert::Infallible {
        loop {
            sleep(RENEWED).await;
            let owners = self.owners.borrow().clone();
            let known = owners.iter().filter(|owner| !owner.uid.is_empty());
            // One that is lost does no harm: several have to fail before anybody else deletes it.
            join_all(known.map(|owner| self.renew(owner, Retry::Never))).await;
        }
    }

    /// Creates a pod.
    pub(super) async fn pod(&self, manifest: &Value) -> Result<(), ClusterError> {
        let namespace = manifest["metadata"]["namespace"].as_str().unwrap_or_default();
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        self.create(&path, manifest).await.map(|_| ())
    }

    /// Creates the policy of the proof, which denies everything to the pods that it selects.
    pub(super) async fn deny(&self, selector: &Value) -> Result<Version, ClusterError> {
        let uid = self.owner(PROBE_NAMESPACE).await?;
        let mut metadata = metadata(&self.run, &self.pod_expires());
        metadata["ownerReferences"] = json!([owner_reference(&self.run, &uid)]);
        let body = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata,
            "spec": {"podSelector": selector, "policyTypes": ["Ingress", "Egress"]},
        });
        let collection =
            format!("/apis/networking.k8s.io/v1/namespaces/{PROBE_NAMESPACE}/networkpolicies");
        let made = self.create(&collection, &body).await?;
        Ok(Version::of(format!("{collection}/{}", self.name()), &made))
    }

    /// Deletes that policy.
    pub(super) async fn allow_again(&self, policy: &Version) -> Result<(), ClusterError> {
        let Version { path, uid, resource_version } = policy;
        let delete = Raw::Delete { uid, resource_version };
        match self.cluster.rest.raw(path, delete, patient()).await {
            Err(error) if error.code() != Some(404) => Err(error),
            _ => Ok(()),
        }
    }

    /// Deletes everything, and waits until it is gone. Returns what is left, in words.
    pub(super) async fn delete(&self, say: &dyn Fn(&str)) -> Vec<String> {
        let owners = self.owners.borrow().clone();
        let is_ours = |object: &Value| run_of(object) == Some(&self.run);
        let deletions = owners.iter().map(|owner| {
            let tell = |what: &str| say(&format!("deleting from {}: {what}", owner.namespace));
            delete(self.cluster, &owner.namespace, &self.run, is_ours, tell)
        });
        // Each says what it deletes, so that they have to live until all are done.
        let results: Vec<_> = deletions.collect();
        join_all(results).await.into_iter().filter_map(Result::err).collect()
    }
}
