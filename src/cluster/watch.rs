//! One shared watch for each kind and namespace, kept as a current view in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, SelectAll};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, PersistentVolumeClaim, Pod};
use kube::api::{ApiResource, DynamicObject};
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
    /// Lists that have not arrived yet, by resource and namespace; decisions about absence wait
    /// for them.
    pending: BTreeSet<Listed>,
    /// The uids of lists that are arriving.
    arriving: BTreeMap<Listed, BTreeSet<String>>,
}

/// A resource and a namespace.
type Listed = (String, String);

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
        let mut view = View::default();
        let mut streams = SelectAll::new();
        let ours = || Config::default().labels("app.kubernetes.io/part-of=openhive");
        for namespace in namespaces {
            let mut add = |(listed, stream)| {
                view.pending.insert(listed);
                streams.push(stream);
            };
            if watched == Watched::Workloads {
                add(stream(client, namespace, ours(), Seen::Deployment));
                add(stream(client, namespace, ours(), Seen::ReplicaSet));
                add(stream(client, namespace, ours(), Seen::Claim));
                add(stream(client, namespace, ours(), Seen::Pod));
            } else {
                // By name: what was installed with other tools carries none of our labels.
                let job = Config::default().fields("metadata.name=openhive-db-migrate");
                let pods = Config::default().labels(
                    "batch.kubernetes.io/job-name in (openhive-db-migrate,openhive-db-heads)",
                );
                add(stream(client, namespace, job, Seen::Job));
                add(stream(client, namespace, pods, Seen::Pod));
            }
            add(stream(client, namespace, Config::default(), Seen::Event));
        }
        Self { view, streams }
    }

    /// Waits for the next change and takes it into the view.
    pub async fn next(&mut self) -> Update {
        match self.streams.next().await {
            Some(Ok(seen)) => {
                self.view.take(seen);
                Update::Changed
            }
            Some(Err(interruption)) => {
                if let Interruption::Forbidden { resource, namespace } = &interruption {
                    self.view.pending.remove(&(resource.clone(), namespace.clone()));
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
    pub fn complete(&self) -> bool {
        self.pending.is_empty()
    }

    fn take(&mut self, seen: Seen) {
        let Self { pending, arriving, .. } = self;
        match seen {
            Seen::Deployment(ns, event) => {
                update(&mut self.deployments, pending, arriving, ns, event);
            }
            Seen::ReplicaSet(ns, event) => {
                update(&mut self.replica_sets, pending, arriving, ns, event);
            }
            Seen::Job(ns, event) => update(&mut self.jobs, pending, arriving, ns, event),
            Seen::Pod(ns, event) => update(&mut self.pods, pending, arriving, ns, event),
            Seen::Claim(ns, event) => update(&mut self.claims, pending, arriving, ns, event),
            Seen::Event(ns, event) => update(&mut self.events, pending, arriving, ns, event),
        }
    }
}

/// Takes one event in. A list that comes anew replaces what there was once it is whole: until then
/// nothing that is still there may look gone.
fn update<K: Resource<DynamicType = ()>>(
    objects: &mut BTreeMap<String, Arc<K>>,
    pending: &mut BTreeSet<Listed>,
    arriving: &mut BTreeMap<Listed, BTreeSet<String>>,
    namespace: String,
    event: watcher::Event<K>,
) {
    let uid = |object: &K| object.meta().uid.clone().unwrap_or_default();
    let listed = (K::plural(&()).into_owned(), namespace);
    match event {
        watcher::Event::Apply(object) => {
            objects.insert(uid(&object), Arc::new(object));
        }
        watcher::Event::InitApply(object) => {
            arriving.entry(listed).or_default().insert(uid(&object));
            objects.insert(uid(&object), Arc::new(object));
        }
        watcher::Event::Delete(object) => {
            objects.remove(&uid(&object));
        }
        watcher::Event::Init => {
            arriving.insert(listed, BTreeSet::new());
        }
        watcher::Event::InitDone => {
            let there = arriving.remove(&listed).unwrap_or_default();
            objects.retain(|uid, object| {
                object.namespace().as_deref() != Some(&listed.1) || there.contains(uid)
            });
            pending.remove(&listed);
        }
    }
}

/// What a stream lists, and the stream.
type Stream = (Listed, BoxStream<'static, Result<Seen, Interruption>>);

fn stream<K>(
    client: &kube::Client,
    namespace: &str,
    config: Config,
    seen: fn(String, watcher::Event<K>) -> Seen,
) -> Stream
where
    K: Resource<DynamicType = ()> + serde::de::DeserializeOwned + 'static,
{
    // Untyped first: the watcher and the reader of each type are then compiled once.
    let kind = ApiResource::erase::<K>(&());
    let plural = kind.plural.clone();
    let events = untyped(client, namespace, &kind, config);
    let (place, resource) = (namespace.to_owned(), plural.clone());
    let read = move |event| match typed(event) {
        Ok(event) => Ok(seen(place.clone(), event)),
        Err(_) => Err(Interruption::Lost(format!("watching {resource}: an answer made no sense"))),
    };
    ((plural, namespace.to_owned()), events.map(move |event| event.and_then(&read)).boxed())
}

/// Watches untyped objects.
fn untyped(
    client: &kube::Client,
    namespace: &str,
    kind: &ApiResource,
    config: Config,
) -> BoxStream<'static, Result<watcher::Event<DynamicObject>, Interruption>> {
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, kind);
    let (resource, namespace) = (kind.plural.clone(), namespace.to_owned());
    let results = kube::runtime::watcher(api, config)
        .backoff(Pauses::default())
        .map_err(move |error| interruption(&error, &resource, &namespace));
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

fn typed<K>(event: watcher::Event<DynamicObject>) -> Result<watcher::Event<K>, serde_json::Error>
where
    K: serde::de::DeserializeOwned,
{
    // From a reference, as everywhere else: a second way would be a second copy of every reader.
    let read = |object| K::deserialize(&serde_json::to_value(object)?);
    Ok(match event {
        watcher::Event::Apply(object) => watcher::Event::Apply(read(object)?),
        watcher::Event::Delete(object) => watcher::Event::Delete(read(object)?),
        watcher::Event::Init => watcher::Event::Init,
        watcher::Event::InitApply(object) => watcher::Event::InitApply(read(object)?),
        watcher::Event::InitDone => watcher::Event::InitDone,
    })
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use k8s_openapi::api::core::v1::Pod;
    use kube::runtime::watcher::Event;

    use super::{Listed, update};

    fn pod(uid: &str) -> Pod {
        let mut pod = Pod::default();
        pod.metadata.uid = Some(uid.to_owned());
        pod.metadata.namespace = Some("openhive".to_owned());
        pod
    }

    #[test]
    fn nothing_looks_gone_while_a_list_comes_anew() {
        let mut pods = BTreeMap::new();
        let pods_listed: Listed = ("pods".into(), "openhive".into());
        let jobs_listed: Listed = ("jobs".into(), "openhive".into());
        let mut pending = BTreeSet::from([pods_listed, jobs_listed.clone()]);
        let mut arriving = BTreeMap::new();
        let mut take =
            |event| update(&mut pods, &mut pending, &mut arriving, "openhive".to_owned(), event);
        for event in [Event::Init, Event::InitApply(pod("a")), Event::InitDone] {
            take(event);
        }
        for event in [Event::Init, Event::InitApply(pod("b"))] {
            take(event);
        }
        assert_eq!(pods.keys().collect::<Vec<_>>(), ["a", "b"]);
        update(&mut pods, &mut pending, &mut arriving, "openhive".to_owned(), Event::InitDone);
        assert_eq!(pods.keys().collect::<Vec<_>>(), ["b"]);
        // A list that came twice says nothing of another one.
        assert_eq!(pending, BTreeSet::from([jobs_listed]));
    }
}
