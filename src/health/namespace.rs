//! Namespace: active, and pods can be made in it.

use k8s_openapi::api::core::v1::Namespace;

use super::{Reason, Verdict};

pub(super) fn assess(namespace: &Namespace, default_account: bool) -> Verdict {
    match namespace.status.as_ref().and_then(|s| s.phase.as_deref()) {
        Some("Active") if default_account => Verdict::Ready,
        Some("Active") | None => Verdict::Progressing(Reason::NoDefaultAccount),
        Some(phase) => Verdict::Progressing(Reason::NamespacePhase { phase: phase.to_owned() }),
    }
}

/// What holds a namespace that goes away: its spec's finalizers, and the controller's messages.
pub(super) fn remaining(namespace: &Namespace) -> (Vec<String>, Vec<String>) {
    const SAY: [&str; 5] = [
        "NamespaceContentRemaining",
        "NamespaceFinalizersRemaining",
        "NamespaceDeletionContentFailure",
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
    ];
    let finalizers = namespace.spec.as_ref().and_then(|s| s.finalizers.clone()).unwrap_or_default();
    let remaining = namespace
        .status
        .as_ref()
        .and_then(|s| s.conditions.as_deref())
        .unwrap_or_default()
        .iter()
        .filter(|c| c.status == "True" && SAY.contains(&c.type_.as_str()))
        .filter_map(|c| c.message.clone())
        .collect();
    (finalizers, remaining)
}
