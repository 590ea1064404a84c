//! PersistentVolumeClaim: bound, or waiting for its pod.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::api::storage::v1::StorageClass;

use super::{Reason, Verdict};

/// Set by the scheduler once the pod has a node; from then on the provisioner works.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

pub(super) fn assess(claim: &PersistentVolumeClaim, class: Option<&StorageClass>) -> Verdict {
    match claim.status.as_ref().and_then(|s| s.phase.as_deref()) {
        Some("Bound") => Verdict::Ready,
        Some("Lost") => Verdict::Failed(Reason::ClaimLost),
        _ => {
            let late = class.and_then(|c| c.volume_binding_mode.as_deref())
                == Some("WaitForFirstConsumer");
            let scheduled = claim
                .metadata
                .annotations
                .as_ref()
                .is_some_and(|annotations| annotations.contains_key(SELECTED_NODE));
            if late && !scheduled {
                Verdict::Deferred(Reason::WaitsForConsumer)
            } else {
                Verdict::Progressing(Reason::ClaimPending)
            }
        }
    }
}
