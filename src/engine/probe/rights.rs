//! What a run has to be allowed, asked before anything is made.

use std::collections::BTreeSet;
use std::fmt;

use futures::future::join_all;
use serde_json::json;

use crate::cluster::{Rest, Retry};

/// A right that probing needs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Right {
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The resource, with its subresource: `pods/exec`.
    pub resource: &'static str,
    /// The verb.
    pub verb: &'static str,
}

const fn right(group: &'static str, resource: &'static str, verb: &'static str) -> Right {
    Right { group, resource, verb }
}

/// In each namespace where something is made: the platform's, the Ingress controller's, and the
/// run's own, whose name is new each time; so for all namespaces, or with an unbound name.
pub const RIGHTS: [Right; 9] = [
    right("", "pods", "list"),
    right("", "pods", "create"),
    right("", "pods", "delete"),
    right("", "pods/exec", "get"),
    right("", "pods/exec", "create"),
    right("", "configmaps", "list"),
    right("", "configmaps", "create"),
    right("", "configmaps", "patch"),
    right("", "configmaps", "delete"),
];

/// For the run's own namespace.
pub(super) const OF_THE_CLUSTER: [Right; 3] = [
    right("", "namespaces", "create"),
    right("", "namespaces", "list"),
    right("", "namespaces", "delete"),
];

/// In the run's own namespace alone, for the proof.
pub(super) const OF_THE_PROOF: [Right; 2] = [
    right("networking.k8s.io", "networkpolicies", "create"),
    right("networking.k8s.io", "networkpolicies", "delete"),
];

/// Where a right is asked for; `None`: everywhere.
type Place<'a> = Option<&'a str>;

/// The rights that are missing.
#[derive(Debug, Default)]
pub(super) struct Missing(BTreeSet<(Option<String>, Right)>);

impl Missing {
    /// Asks for all of them at once. An answer that cannot be had counts as a right: the request
    /// itself will tell.
    pub(super) async fn ask(rest: &Rest, namespaces: &[&str]) -> Self {
        let mut wanted: Vec<(Place<'_>, Right)> = Vec::new();
        for namespace in namespaces {
            wanted.extend(RIGHTS.map(|right| (Some(*namespace), right)));
        }
        let everywhere = OF_THE_CLUSTER.into_iter().chain(OF_THE_PROOF).chain(RIGHTS);
        wanted.extend(everywhere.map(|right| (None, right)));
        let denied = join_all(wanted.iter().map(|(place, right)| denied(rest, *place, *right)));
        let answers = denied.await;
        let missing = wanted.into_iter().zip(answers).filter(|(_, denied)| *denied);
        Self(missing.map(|((place, right), _)| (place.map(str::to_owned), right)).collect())
    }

    /// The first of these rights that is missing, in words.
    pub(super) fn any(&self, place: Place<'_>, rights: &[Right]) -> Option<String> {
        let place = place.map(str::to_owned);
        let right = rights.iter().find(|right| self.0.contains(&(place.clone(), **right)))?;
        Some(match &place {
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
    match rest.ask(path, &body, Retry::while_busy()).await {
        Ok(answer) => answer["status"]["allowed"] == false,
        Err(_) => false,
    }
}

/// `create pods/exec`, as `kubectl auth can-i` takes it.
impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        Ok(())
    }
}
