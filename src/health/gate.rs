//! What is checked before any rule of a kind.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Reason, Verdict};

/// Identity and generation as the API server answered our write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expected {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`; `None` for kinds without one.
    pub generation: Option<i64>,
}

/// A verdict where the observation is stale or going away.
pub(super) fn check(meta: &ObjectMeta, expected: Option<&Expected>) -> Option<Verdict> {
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
    let finalizers = || meta.finalizers.clone().unwrap_or_default();
    meta.deletion_timestamp.is_some().then(|| Verdict::Terminating { finalizers: finalizers() })
}
