//! What the server writes into fields that nobody sets.
//!
//! Whoever creates an object by other means than server-side apply owns its defaults as well. When
//! we take such an object over and do not set these fields, the server sets them again.

use serde_json::{Value, json};

use super::path::{Path, Segment};

/// Whether the field would be the same without anybody setting it (`SetDefaults_*` and
/// `SetObjectDefaults_*` of the API's versions).
pub(super) fn is_default(path: &Path, value: &Value) -> bool {
    if let Value::Object(fields) = value {
        return fields
            .iter()
            .all(|(name, below)| is_default(&path.join(Segment::Field(name.clone())), below));
    }
    let Some(name) = path.last_field() else { return false };
    let default = match name {
        // Deployments
        "progressDeadlineSeconds" => json!(600),
        "revisionHistoryLimit" | "periodSeconds" => json!(10),
        "replicas" | "timeoutSeconds" | "successThreshold" => json!(1),
        "maxSurge" | "maxUnavailable" => json!("25%"),
        // pods
        "restartPolicy" => json!("Always"),
        "dnsPolicy" => json!("ClusterFirst"),
        "schedulerName" => json!("default-scheduler"),
        "terminationGracePeriodSeconds" => json!(30),
        "terminationMessagePath" => json!("/dev/termination-log"),
        "terminationMessagePolicy" => json!("File"),
        "imagePullPolicy" => json!("IfNotPresent"),
        "failureThreshold" => json!(3),
        "scheme" => json!("HTTP"),
        "protocol" => json!("TCP"),
        "defaultMode" => json!(420),
        // A copy of `serviceAccountName` under its old name.
        "serviceAccount" => return true,
        // Services and claims
        "sessionAffinity" => json!("None"),
        "internalTrafficPolicy" => json!("Cluster"),
        "ipFamilyPolicy" => json!("SingleStack"),
        "clusterIP" | "clusterIPs" | "ipFamilies" => return true,
        "volumeMode" => json!("Filesystem"),
        "type" => {
            return ["ClusterIP", "Opaque", "RollingUpdate"].iter().any(|t| *value == json!(t));
        }
        // On every namespace, whoever made it.
        "kubernetes.io/metadata.name" => return true,
        _ => return false,
    };
    *value == default
}
