//! Keyed digests on manifests: a changed secret rolls the pods that use it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::DigestKey;
use crate::values::Database;
use manifest::{Kind, Object, ObjectRef};

/// On a pod template: a keyed digest of the Secret keys that its containers read.
pub const CONFIG_DIGEST: &str = "openhive.io/config-digest";

/// On the migration Job: a keyed digest of its image, its command, and the database's identity.
pub const MIGRATION_DIGEST: &str = "openhive.io/migration-digest";

/// Writes [`CONFIG_DIGEST`] and [`MIGRATION_DIGEST`] onto the objects that want them.
pub(super) fn annotate(objects: &mut [Object], key: &DigestKey, database: &Database) {
    let secrets: BTreeMap<ObjectRef, Value> = objects
        .iter()
        .filter(|o| o.reference.kind == Kind::Secret)
        .map(|o| (o.reference.clone(), o.manifest["data"].clone()))
        .collect();
    for object in objects {
        match object.reference.kind {
            Kind::Deployment => {
                let namespace = object.reference.namespace.as_deref().unwrap_or_default();
                let parts = consumed(&object.manifest, namespace, &secrets);
                if !parts.is_empty() {
                    let digest = key.digest(parts.iter().map(Vec::as_slice));
                    set(
                        &mut object.manifest["spec"]["template"]["metadata"],
                        CONFIG_DIGEST,
                        digest,
                    );
                }
            }
            Kind::Job => {
                let parts = migration(&object.manifest, database);
                let digest = key.digest(parts.iter().map(String::as_bytes));
                set(&mut object.manifest["metadata"], MIGRATION_DIGEST, digest);
            }
            _ => {}
        }
    }
}

/// (variable, key, value) of every Secret key that is read and exists.
fn consumed(
    workload: &Value,
    namespace: &str,
    secrets: &BTreeMap<ObjectRef, Value>,
) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    for env in containers(workload).flat_map(|c| c["env"].as_array().into_iter().flatten()) {
        let source = &env["valueFrom"]["secretKeyRef"];
        let (Some(variable), Some(name), Some(key)) =
            (env["name"].as_str(), source["name"].as_str(), source["key"].as_str())
        else {
            continue;
        };
        let secret = secrets.get(&ObjectRef::namespaced(Kind::Secret, namespace, name));
        if let Some(value) = secret.and_then(|s| s[key].as_str()) {
            parts.extend([variable.into(), key.into(), value.as_bytes().to_vec()]);
        }
    }
    parts
}

/// Image, command, and which database: a new password is the same database.
fn migration(job: &Value, database: &Database) -> Vec<String> {
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let command = container["command"].as_array().into_iter().flatten();
    let mut parts = vec![container["image"].as_str().unwrap_or_default().to_owned()];
    parts.extend(command.map(|c| c.as_str().unwrap_or_default().to_owned()));
    parts.extend([database.host.clone(), database.port.to_string(), database.name.clone()]);
    parts
}

/// The containers of a workload's pods, those that run first before the others.
pub(super) fn containers(workload: &Value) -> impl Iterator<Item = &Value> {
    let spec = &workload["spec"]["template"]["spec"];
    ["initContainers", "containers"]
        .into_iter()
        .flat_map(|list| spec[list].as_array().into_iter().flatten())
}

fn set(metadata: &mut Value, name: &str, digest: String) {
    metadata["annotations"][name] = Value::String(digest);
}

/// The Secret `openhive-installer`, which keeps the key of every digest of this installation.
///
/// Made once, at the first install, and not among the rendered objects: another key would roll
/// every pod.
#[must_use]
pub fn installer_secret(key: &DigestKey) -> Object {
    let reference = ObjectRef::namespaced(Kind::Secret, "openhive", "openhive-installer");
    let manifest = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "openhive-installer",
            "namespace": "openhive",
            "labels": {
                "app.kubernetes.io/part-of": "openhive",
                "app.kubernetes.io/managed-by": "kubectl-openhive",
            },
        },
        "type": "Opaque",
        "data": { "digest-key": STANDARD.encode(key.expose()) },
    });
    Object { reference, manifest }
}

/// Reads the key back out of the Secret `openhive-installer`; `None` where it holds no such key.
#[must_use]
pub fn read_installer_secret(manifest: &Value) -> Option<DigestKey> {
    let bytes = STANDARD.decode(manifest["data"]["digest-key"].as_str()?).ok()?;
    Some(DigestKey::new(bytes.try_into().ok()?))
}
