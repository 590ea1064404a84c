//! Which objects can matter for one flow.

use std::net::IpAddr;

use ipnet::IpNet;

use manifest::yaml::skim::Head;

/// The ends of a flow between pods, by their names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ends([End; 2]);

#[derive(Clone, Debug, Eq, PartialEq)]
struct End {
    namespace: String,
    /// The pod; else whatever of the namespace may be meant.
    pod: Option<String>,
}

/// Kinds whose objects are about pods of their own namespace only.
const WORKLOADS: [(&str, &str); 7] = [
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("v1", "ReplicationController"),
];

impl Ends {
    /// The ends as they are written; `None` where one of them may be in any namespace.
    #[must_use]
    pub fn of(source: &str, destination: &str) -> Option<Self> {
        Some(Self([End::of(source)?, End::of(destination)?]))
    }

    /// Whether an object can matter: a pod that is an end, a policy of an end's namespace, a
    /// workload that an end may be named by, and everything else that is about more than its own
    /// namespace or of a kind that is not known here.
    #[must_use]
    pub fn need(&self, head: &Head<'_>) -> bool {
        let mut here = self.0.iter().filter(|end| end.namespace == head.namespace);
        match (head.api_version, head.kind) {
            ("v1", "Pod") => here.any(|end| end.pod.as_deref().is_none_or(|pod| pod == head.name)),
            ("networking.k8s.io/v1", "NetworkPolicy") => here.next().is_some(),
            kind if WORKLOADS.contains(&kind) => here.any(|end| end.pod.is_none()),
            _ => true,
        }
    }
}

impl End {
    fn of(name: &str) -> Option<Self> {
        if name.parse::<IpAddr>().is_ok() || name.parse::<IpNet>().is_ok() {
            return None;
        }
        match *name.split('/').collect::<Vec<_>>().as_slice() {
            [namespace, pod] => Some(Self { namespace: namespace.into(), pod: Some(pod.into()) }),
            [namespace, _, _] => Some(Self { namespace: namespace.into(), pod: None }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn head<'a>(api_version: &'a str, kind: &'a str, id: &'a str) -> Head<'a> {
        let (namespace, name) = id.split_once('/').unwrap();
        Head { api_version, kind, namespace, name }
    }

    #[test]
    fn of_an_end_that_is_a_pod_only_that_pod_is_needed() {
        let ends = Ends::of("a/web", "b/deploy/db").unwrap();
        for (id, needed) in [("a/web", true), ("a/db", false), ("b/any", true), ("c/web", false)] {
            assert_eq!(ends.need(&head("v1", "Pod", id)), needed, "{id}");
        }
        for (id, needed) in [("a/web", false), ("b/any", true), ("c/db", false)] {
            assert_eq!(ends.need(&head("apps/v1", "Deployment", id)), needed, "{id}");
        }
    }

    #[test]
    fn policies_of_both_namespaces_are_needed_and_all_that_reaches_further() {
        let ends = Ends::of("a/web", "b/db").unwrap();
        for (id, needed) in [("a/x", true), ("b/x", true), ("c/x", false)] {
            assert_eq!(ends.need(&head("networking.k8s.io/v1", "NetworkPolicy", id)), needed);
        }
        for (api_version, kind) in [
            ("crd.projectcalico.org/v1", "NetworkPolicy"),
            ("extensions/v1beta1", "NetworkPolicy"),
            ("security.istio.io/v1", "AuthorizationPolicy"),
            ("v1", "Service"),
            ("v1", "PodTemplate"),
        ] {
            assert!(ends.need(&head(api_version, kind, "c/x")), "{kind}");
        }
    }

    #[test]
    fn an_address_may_be_that_of_any_pod() {
        for name in ["10.0.0.1", "10.0.0.0/8", "fd00::1", "shop"] {
            assert_eq!(Ends::of("a/web", name), None);
            assert_eq!(Ends::of(name, "a/web"), None);
        }
    }
}
