//! The kinds that every cluster has, page by page.

use std::cell::RefCell;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::gap::{Effect, Gap, Reason, Right};
use super::sink::Sink;
use crate::cluster::ClusterError;
use crate::cluster::rest::{Raw, Rest, Retry};

/// A kind to list in all namespaces.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// `""` for the core group.
    pub group: String,
    pub version: String,
    /// The last part of the path.
    pub plural: String,
    pub kind: String,
    /// What follows where it cannot be listed.
    pub effect: Effect,
}

/// Objects in one answer: of pods about 3 MB.
const PAGE: u32 = 500;
/// Pages of one list, so that a server that never comes to an end does not keep us.
const PAGES: u32 = 10_000;

/// A row of the table of kinds.
pub(super) struct Row(
    pub &'static str,
    pub &'static str,
    pub &'static str,
    pub &'static str,
    pub Effect,
);

/// Group, version, resource, kind, and what follows where it cannot be listed.
pub(super) const LISTS: [Row; 14] = [
    Row("", "v1", "namespaces", "Namespace", Effect::Labels),
    Row("", "v1", "pods", "Pod", Effect::Members),
    Row("", "v1", "nodes", "Node", Effect::Detail),
    Row("", "v1", "replicationcontrollers", "ReplicationController", Effect::Members),
    Row("apps", "v1", "deployments", "Deployment", Effect::Members),
    Row("apps", "v1", "statefulsets", "StatefulSet", Effect::Members),
    Row("apps", "v1", "daemonsets", "DaemonSet", Effect::Members),
    Row("apps", "v1", "replicasets", "ReplicaSet", Effect::Members),
    Row("batch", "v1", "jobs", "Job", Effect::Members),
    Row("batch", "v1", "cronjobs", "CronJob", Effect::Members),
    Row("", "v1", "services", "Service", Effect::Detail),
    Row("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", Effect::Detail),
    Row("networking.k8s.io", "v1", "ingresses", "Ingress", Effect::Detail),
    Row("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", Effect::Policies),
];

impl Row {
    pub(super) fn list(&self) -> List {
        let Self(group, version, plural, kind, effect) = *self;
        List {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            kind: kind.to_owned(),
            effect,
        }
    }
}

impl List {
    pub(super) fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    fn path(&self) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        format!("{root}/{}/{}", self.api_version(), self.plural)
    }

    pub(super) fn gap(&self, reason: Reason) -> Gap {
        Gap { right: Right::list(&self.group, &self.plural), reason, effect: self.effect }
    }
}

/// Reads every object of a kind. A kind that is not there has none.
///
/// # Errors
/// [`ClusterError`]; what is forbidden is a gap.
pub(super) async fn read(rest: &Rest, row: &Row, sink: &RefCell<Sink>) -> Result<(), ClusterError> {
    let list = row.list();
    match pages(rest, &list, sink).await {
        Err(error) if error.code() == Some(404) => Ok(()),
        Err(error) if error.code() == Some(403) => {
            sink.borrow_mut().missing(&list, Reason::Forbidden);
            Ok(())
        }
        result => result,
    }
}

/// Reads a list page by page, so that only one page of it is held as it came.
pub(super) async fn pages(
    rest: &Rest,
    list: &List,
    sink: &RefCell<Sink>,
) -> Result<(), ClusterError> {
    let path = list.path();
    let mut query = format!("{path}?limit={PAGE}");
    for _ in 0..PAGES {
        let mut page = rest.raw(&query, Raw::Get, Retry::while_busy()).await?;
        let items = match page.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            // As an empty list is written where its type is not made to avoid it.
            Some(Value::Null) => Vec::new(),
            _ => break,
        };
        let mut sink = sink.borrow_mut();
        items.into_iter().for_each(|item| sink.take(list, item));
        drop(sink);
        let next = page["metadata"]["continue"].as_str().unwrap_or_default();
        if next.is_empty() {
            return Ok(());
        }
        let next = utf8_percent_encode(next, NON_ALPHANUMERIC);
        query = format!("{path}?limit={PAGE}&continue={next}");
    }
    Err(ClusterError::Nonsense { server: rest.server().to_owned(), what: "a list without an end" })
}
