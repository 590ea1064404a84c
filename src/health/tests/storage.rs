//! PersistentVolumeClaim and Namespace.

use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::{Value, json};

use super::{at, typed};
use crate::health::{Observed, Reason, Verdict, assess};

fn claim(phase: &str, annotations: Value, mode: Option<&str>) -> Verdict {
    let claim =
        typed(json!({"metadata": {"annotations": annotations}, "status": {"phase": phase}}));
    let class: Option<StorageClass> =
        mode.map(|mode| typed(json!({"provisioner": "p", "volumeBindingMode": mode})));
    assess(&Observed::Claim(&claim, class.as_ref()), None, at(0))
}

#[test]
fn claim_bound() {
    assert_eq!(claim("Bound", json!({}), None), Verdict::Ready);
}

#[test]
fn claim_lost() {
    assert_eq!(claim("Lost", json!({}), None), Verdict::Failed(Reason::ClaimLost));
}

#[test]
fn claim_that_waits_for_its_pod_is_not_waited_for() {
    let late = Some("WaitForFirstConsumer");
    assert_eq!(claim("Pending", json!({}), late), Verdict::Deferred(Reason::WaitsForConsumer));
    let scheduled = json!({"volume.kubernetes.io/selected-node": "node-1"});
    assert_eq!(claim("Pending", scheduled, late), Verdict::Progressing(Reason::ClaimPending));
    assert_eq!(
        claim("Pending", json!({}), Some("Immediate")),
        Verdict::Progressing(Reason::ClaimPending)
    );
}

fn namespace(value: Value, account: bool) -> Verdict {
    assess(&Observed::Namespace(&typed(value), account), None, at(0))
}

#[test]
fn namespace_with_its_account() {
    let active = json!({"status": {"phase": "Active"}});
    assert_eq!(namespace(active.clone(), true), Verdict::Ready);
    assert_eq!(namespace(active, false), Verdict::Progressing(Reason::NoDefaultAccount));
}

#[test]
fn namespace_that_goes_away_says_what_remains() {
    let value = json!({
        "metadata": {"deletionTimestamp": "2026-05-01T10:00:00Z"},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Terminating", "conditions": [
            {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "no"},
            {"type": "NamespaceContentRemaining", "status": "True",
             "message": "Some resources are remaining: pods. has 1 resource instances"},
            {"type": "NamespaceFinalizersRemaining", "status": "True",
             "message": "Some content in the namespace has finalizers remaining: x in 1 resource instances"}]}
    });
    let Verdict::Terminating { finalizers, remaining } = namespace(value, true) else {
        panic!("not terminating")
    };
    assert_eq!(finalizers, ["kubernetes"]);
    assert_eq!(remaining.len(), 2);
    assert!(remaining[0].contains("pods."));
}
