//! What a run has to be allowed, asked before anything is made. Which rights those are stands in the
//! table of `cluster::netpol::rights`.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;

use crate::cluster::netpol::rights::{Probing, Right, probing};
use crate::cluster::{Raw, Rest, Retry};

/// Where a right is asked for; `None`: everywhere.
type Place<'a> = Option<&'a str>;

/// The rights that are missing.
#[derive(Debug)]
pub(super) struct Missing {
    needed: Probing,
    missing: BTreeSet<(Option<String>, Right)>,
}

impl Missing {
    /// Asks for all of them at once. An answer that cannot be had counts as a right: the request
    /// itself will tell.
    pub(super) async fn ask(rest: &Rest, namespaces: &[&str]) -> Self {
        let needed = probing();
        let mut wanted: Vec<(Place<'_>, Right)> =
            needed.everywhere.iter().map(|right| (None, *right)).collect();
        for namespace in namespaces {
            wanted.extend(needed.camps.iter().map(|right| (Some(*namespace), *right)));
        }
        let answers = join_all(wanted.iter().map(|(place, right)| denied(rest, *place, *right)));
        let missing = wanted.iter().zip(answers.await).filter(|(_, denied)| *denied);
        let missing =
            missing.map(|((place, right), _)| (place.map(str::to_owned), *right)).collect();
        Self { needed, missing }
    }

    /// What keeps pods from being made in a namespace.
    pub(super) fn in_namespace(&self, namespace: &str) -> Option<String> {
        self.first(Some(namespace), |_| true)
    }

    /// What keeps programs from being run in the pods of a namespace.
    pub(super) fn for_exec(&self, namespace: &str) -> Option<String> {
        self.first(Some(namespace), |right| right.resource == "pods/exec")
    }

    /// What keeps the run from a namespace of its own, or from proving anything there.
    pub(super) fn everywhere(&self) -> Option<String> {
        self.first(None, |_| true)
    }

    /// The first that is missing of those that count, in words.
    fn first(&self, place: Place<'_>, counts: impl Fn(&Right) -> bool) -> Option<String> {
        let needed = if place.is_some() { &self.needed.camps } else { &self.needed.everywhere };
        let at = place.map(str::to_owned);
        let is_missing = |right: &&Right| self.missing.contains(&(at.clone(), **right));
        let right = needed.iter().filter(|right| counts(right)).find(is_missing)?;
        Some(match place {
            Some(namespace) => format!("{right} -n {namespace}"),
            None => format!("{right} in all namespaces"),
        })
    }
}

async fn denied(rest: &Rest, place: Place<'_>, right: Right) -> bool {
    let (resource, subresource) = right.resource.split_once('/').unwrap_or((right.resource, ""));
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "namespace": place.unwrap_or_default(), "verb": right.verb, "group": right.group,
            "resource": resource, "subresource": subresource,
        }},
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    match rest.raw(path, Raw::Review(&body), Retry::while_busy()).await {
        Ok(answer) => answer["status"]["allowed"] == false,
        Err(_) => false,
    }
}
