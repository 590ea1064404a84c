//! What a run has to be allowed, asked before anything is made. Which rights those are stands in the
//! table of `cluster::netpol::rights`.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::json;

use crate::cluster::netpol::rights::{Right, exec, probing};
use crate::cluster::{Raw, Rest, Retry};

/// The rights that are missing, by namespace.
#[derive(Debug)]
pub(super) struct Missing(BTreeMap<String, Vec<Right>>);

impl Missing {
    /// Asks for all of them at once: to create pods in the namespaces of the first list, to run
    /// programs in those of the second. An answer that cannot be had counts as a right: the request
    /// itself will tell.
    pub(super) async fn ask(rest: &Rest, probed: &[&str], execs: &[&str]) -> Self {
        let create = probed.iter().flat_map(|n| probing(n).into_iter().map(move |r| (*n, r)));
        let run = execs.iter().flat_map(|n| exec().into_iter().map(move |r| (*n, r)));
        let wanted: Vec<(&str, Right)> = create.chain(run).collect();
        let answers = join_all(wanted.iter().map(|(place, right)| denied(rest, place, *right)));
        let mut missing: BTreeMap<String, Vec<Right>> = BTreeMap::new();
        for ((namespace, right), denied) in wanted.iter().zip(answers.await) {
            if denied {
                missing.entry((*namespace).to_owned()).or_default().push(*right);
            }
        }
        Self(missing)
    }

    /// What keeps pods from being created in a namespace.
    pub(super) fn in_namespace(&self, namespace: &str) -> Option<String> {
        self.first(namespace, |_| true)
    }

    /// What keeps programs from being run in the pods of a namespace.
    pub(super) fn for_exec(&self, namespace: &str) -> Option<String> {
        self.first(namespace, |right| right.resource == "pods/exec")
    }

    /// The first that is missing of those that count, in words.
    fn first(&self, namespace: &str, counts: impl Fn(&Right) -> bool) -> Option<String> {
        let right = self.0.get(namespace)?.iter().find(|right| counts(right))?;
        Some(format!("{right} -n {namespace}"))
    }
}

async fn denied(rest: &Rest, namespace: &str, right: Right) -> bool {
    let (resource, subresource) = right.resource.split_once('/').unwrap_or((right.resource, ""));
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "namespace": namespace, "verb": right.verb, "group": right.group,
            "resource": resource, "subresource": subresource,
        }},
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    match rest.raw(path, Raw::Review(&body), Retry::while_busy()).await {
        Ok(answer) => answer["status"]["allowed"] == false,
        Err(_) => false,
    }
}
