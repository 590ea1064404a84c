//! The namespace that an administrator prepares for probe pods, as manifests.

use netpol::observe::run_object::{POD_SECURITY, PROBE_NAMESPACE};
use serde_json::{Value, json};

/// Probe pods that fit: two runs at once on a cluster of many nodes.
const PODS: u32 = 20;

/// The Namespace, which admits no pod that could do harm; a quota, so that probe pods take little of
/// the cluster; and the service account that pods have where none is named, without a token.
#[must_use]
pub fn manifests() -> [Value; 3] {
    let labels = json!({"app.kubernetes.io/part-of": "openhive"});
    let mut namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": PROBE_NAMESPACE, "labels": labels},
    });
    namespace["metadata"]["labels"][POD_SECURITY.0] = json!(POD_SECURITY.1);
    // What a probe pod asks for (`netpol::observe::pod`), so many times.
    let hard = json!({
        "pods": PODS.to_string(),
        "requests.cpu": format!("{}m", PODS * 10), "requests.memory": format!("{}Mi", PODS * 32),
        "limits.cpu": format!("{}m", PODS * 500), "limits.memory": format!("{}Mi", PODS * 128),
        "services": "0", "persistentvolumeclaims": "0",
    });
    [
        namespace,
        json!({
            "apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": {"name": "probes", "namespace": PROBE_NAMESPACE, "labels": labels},
            "spec": {"hard": hard},
        }),
        json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": PROBE_NAMESPACE},
            "automountServiceAccountToken": false,
        }),
    ]
}
