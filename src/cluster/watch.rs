//! One shared watch for each kind and namespace, kept as a current view in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, SelectAll};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, PersistentVolumeClaim, Pod};
use kube::runtime::watcher::{self, Config};
use kube::runtime::{WatchStreamExt, utils::Backoff};
use kube::{Api, Resource, ResourceExt};

/// What a wait needs to see.
#[derive(Default)]
pub struct View {
    /// By uid.
    pub deployments: BTreeMap<String, Arc<Deployment>>,
    /// By uid.
    pub replica_sets: BTreeMap<String, Arc<ReplicaSet>>,
    /// By uid.
    pub jobs: BTreeMap<String, Arc<Job>>,
    /// By uid.
    pub pods: BTreeMap<String, Arc<Pod>>,
    /// By uid.
    pub claims: BTreeMap<String, Arc<PersistentVolumeClaim>>,
    /// By uid.
    pub events: BTreeMap<String, Arc<Event>>,
    /// Lists that are not complete yet; decisions about absence wait for them.
    pending: usize,
}

enum Seen {
    Deployment(String, watcher::Event<Deployment>),
    ReplicaSet(String, watcher::Event<ReplicaSet>),
    Job(String, watcher::Event<Job>),
    Pod(String, watcher::Event<Pod>),
    Claim(String, watcher::Event<PersistentVolumeClaim>),
    Event(String, watcher::Event<Event>),
}

/// Why a watch is interrupted. It goes on by itself, unless it is forbidden.
#[derive(Debug)]
pub enum Interruption {
    /// The account may not list or watch this.
    Forbidden {
        /// The resource, in the plural.
        resource: String,
        /// The namespace.
        namespace: String,
    },
    /// The connection broke; a new one is being made.
    Lost(String),
}

/// What the next step of a watch brought.
#[derive(Debug)]
pub enum Update {
    /// The view changed.
    Changed,
    /// A watch was interrupted.
    Interrupted(Interruption),
}

/// The watches of a wait.
pub struct Watches {
    /// What they have seen so far.
    pub view: View,
    streams: SelectAll<BoxStream<'static, Result<Seen, Interruption>>>,
}

/// Which kinds to watch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Watched {
    /// Deployments, their ReplicaSets, pods, claims and events.
    Workloads,
    /// Jobs, their pods and events.
    Jobs,
}

impl Watches {
    /// Starts the watches of the namespaces. Nothing is asked before the first [`Watches::next`].
    #[must_use]
    pub fn new(client: &kube::Client, namespaces: &[&str], watched: Watched) -> Self {
        let mut streams = SelectAll::new();
        let ours = || Config::default().labels("app.kubernetes.io/part-of=openhive");
        for namespace in namespaces {
            if watched == Watched::Workloads {
                streams.push(stream(client, namespace, ours(), Seen::Deployment));
                streams.push(stream(client, namespace, ours(), Seen::ReplicaSet));
                streams.push(stream(client, namespace, ours(), Seen::Claim));
            } else {
                streams.push(stream(client, namespace, ours(), Seen::Job));
            }
            streams.push(stream(client, namespace, ours(), Seen::Pod));
            streams.push(stream(client, namespace, Config::default(), Seen::Event));
        }
        let pending = streams.len();
        Self { view: View { pending, ..View::default() }, streams }
    }

    /// Waits for the next change and takes it into the view.
    pub async fn next(&mut self) -> Update {
        match self.streams.next().await {
            Some(Ok(seen)) => {
                self.view.take(seen);
                Update::Changed
            }
            Some(Err(interruption)) => {
                if let Interruption::Forbidden { .. } = interruption {
                    self.view.pending = self.view.pending.saturating_sub(1);
                }
                Update::Interrupted(interruption)
            }
            // Every watch is forbidden: nothing will ever come.
            None => std::future::pending().await,
        }
    }
}

impl View {
    /// Whether every list has arrived once.
    #[must_use]
    pub const fn complete(&self) -> bool {
        self.pending == 0
    }

    fn take(&mut self, seen: Seen) {
        let listed = match seen {
            Seen::Deployment(ns, event) => update(&mut self.deployments, &ns, event),
            Seen::ReplicaSet(ns, event) => update(&mut self.replica_sets, &ns, event),
            Seen::Job(ns, event) => update(&mut self.jobs, &ns, event),
            Seen::Pod(ns, event) => update(&mut self.pods, &ns, event),
            Seen::Claim(ns, event) => update(&mut self.claims, &ns, event),
            Seen::Event(ns, event) => update(&mut self.events, &ns, event),
        };
        if listed {
            self.pending = self.pending.saturating_sub(1);
        }
    }
}

/// Takes one event in; whether it ended a list.
fn update<K: Resource>(
    objects: &mut BTreeMap<String, Arc<K>>,
    namespace: &str,
    event: watcher::Event<K>,
) -> bool {
    let uid = |object: &K| object.meta().uid.clone().unwrap_or_default();
    match event {
        watcher::Event::Apply(object) | watcher::Event::InitApply(object) => {
            objects.insert(uid(&object), Arc::new(object));
        }
        watcher::Event::Delete(object) => {
            objects.remove(&uid(&object));
        }
        // A new list of one namespace replaces what that namespace had.
        watcher::Event::Init => {
            objects.retain(|_, object| object.namespace().as_deref() != Some(namespace));
        }
        watcher::Event::InitDone => return true,
    }
    false
}

fn stream<K>(
    client: &kube::Client,
    namespace: &str,
    config: Config,
    seen: fn(String, watcher::Event<K>) -> Seen,
) -> BoxStream<'static, Result<Seen, Interruption>>
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + serde::de::DeserializeOwned
        + std::fmt::Debug
        + Send
        + 'static,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let namespace = namespace.to_owned();
    let place = namespace.clone();
    let results = kube::runtime::watcher(api, config)
        .backoff(Pauses::default())
        .map_ok(move |event| seen(namespace.clone(), event))
        .map_err(move |error| interruption(&error, K::plural(&()).as_ref(), &place));
    // A forbidden watch would be asked for again for ever: it is told once and ends.
    let mut forbidden = false;
    results
        .take_while(move |result| {
            let go_on = !forbidden;
            forbidden |= matches!(result, Err(Interruption::Forbidden { .. }));
            std::future::ready(go_on)
        })
        .boxed()
}

fn interruption(error: &watcher::Error, resource: &str, namespace: &str) -> Interruption {
    let client = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => Some(error),
        watcher::Error::WatchError(_) | watcher::Error::NoResourceVersion => None,
    };
    if let Some(kube::Error::Api(status)) = client
        && status.code == 403
    {
        return Interruption::Forbidden {
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
        };
    }
    // The client's own texts can hold a whole answer: only the kind of failure is told.
    Interruption::Lost(match client {
        Some(kube::Error::Api(status)) => format!("watching {resource}: HTTP {}", status.code),
        _ => format!("watching {resource}: the connection broke"),
    })
}

/// 0.2 s doubled up to 5 s, back to the start after a success.
#[derive(Default)]
struct Pauses(u32);

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = Duration::from_millis((200_u64 << self.0.min(5)).min(5_000));
        self.0 += 1;
        Some(pause)
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.0 = 0;
    }
}
