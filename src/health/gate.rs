//! What is checked before any rule of a kind.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Observed, Reason, Verdict, namespace};

/// Identity and generation as the API server answered our write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expected {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`; `None` for kinds without one.
    pub generation: Option<i64>,
}

impl Expected {
    /// Reads both out of an answer's metadata.
    #[must_use]
    pub fn of(meta: &ObjectMeta) -> Option<Self> {
        Some(Self { uid: meta.uid.clone()?, generation: meta.generation })
    }
}

/// A verdict where the observation is stale, going away, or not seen by its controller.
pub(super) fn check(observed: &Observed<'_>, expected: Option<&Expected>) -> Option<Verdict> {
    let meta = meta(observed);
    if let Some(expected) = expected {
        if meta.uid.as_deref() != Some(expected.uid.as_str()) {
            return Some(Verdict::Progressing(Reason::AnotherObject));
        }
        if let (Some(expected), Some(generation)) = (expected.generation, meta.generation)
            && generation < expected
        {
            return Some(Verdict::Progressing(Reason::OldGeneration { generation, expected }));
        }
    }
    if meta.deletion_timestamp.is_some() {
        let finalizers = meta.finalizers.clone().unwrap_or_default();
        let (inner, remaining) = match observed {
            Observed::Namespace(namespace, _) => namespace::remaining(namespace),
            _ => (Vec::new(), Vec::new()),
        };
        let finalizers = finalizers.into_iter().chain(inner).collect();
        return Some(Verdict::Terminating { finalizers, remaining });
    }
    let seen = match observed {
        Observed::Deployment(d) => d.status.as_ref().and_then(|s| s.observed_generation),
        Observed::StatefulSet(s) => s.status.as_ref().and_then(|s| s.observed_generation),
        Observed::DaemonSet(d) => d.status.as_ref().and_then(|s| s.observed_generation),
        _ => return None,
    };
    let generation = meta.generation.unwrap_or_default();
    // Also without a generation: a workload whose status is empty has not been seen.
    (seen.is_none_or(|seen| seen < generation))
        .then_some(Verdict::Progressing(Reason::NotObserved { generation, observed: seen }))
}

fn meta<'a>(observed: &Observed<'a>) -> &'a ObjectMeta {
    match *observed {
        Observed::Deployment(o) => &o.metadata,
        Observed::StatefulSet(o) => &o.metadata,
        Observed::DaemonSet(o) => &o.metadata,
        Observed::Job(o) => &o.metadata,
        Observed::Pod(o) => &o.metadata,
        Observed::Claim(o, _) => &o.metadata,
        Observed::Service(o, _) => &o.metadata,
        Observed::Ingress(o, _) => &o.metadata,
        Observed::Namespace(o, _) => &o.metadata,
    }
}
