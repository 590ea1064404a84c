//! Which pods restart, and why.

use std::collections::BTreeMap;

use serde_json::Value;

use super::consequence::{Consequence, RestartReason};
use super::diff::Difference;
use super::model::{Action, Change};
use super::path::Path;
use super::sensitive;
use manifest::{Kind, ObjectRef};

/// What of a Deployment's difference concerns its pods.
pub(super) fn reasons(differences: &[Difference]) -> Vec<RestartReason> {
    let template = Path::fields("spec.template");
    let mut reasons = Vec::new();
    for difference in differences.iter().filter(|d| d.path.is_within(&template)) {
        let path = &difference.path;
        let reason = match path.last_field() {
            Some(name) if is_annotation(path) && sensitive::is_digest(name) => {
                RestartReason::Digest
            }
            Some("image") => RestartReason::Image {
                container: path
                    .item_of("containers")
                    .or_else(|| path.item_of("initContainers"))
                    .unwrap_or_default(),
            },
            _ => RestartReason::Field {
                path: Path(path.0[template.0.len()..].to_vec())
                    .to_string()
                    .trim_start_matches("spec.")
                    .to_owned(),
            },
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    // Labels follow what they describe: they are a reason only where there is no other.
    let is_label = |reason: &RestartReason| matches!(reason, RestartReason::Field { path } if path.starts_with("metadata.labels"));
    if !reasons.iter().all(is_label) {
        reasons.retain(|reason| !is_label(reason));
    }
    reasons.sort();
    reasons
}

fn is_annotation(path: &Path) -> bool {
    path.field_names().rev().nth(1) == Some("annotations")
}

/// Names the Secret keys behind changed digests, and at each changed Secret the workloads that
/// read it.
pub(super) fn connect_secrets(changes: &mut [Change], secrets: &BTreeMap<ObjectRef, Vec<String>>) {
    let mut readers: BTreeMap<ObjectRef, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for change in changes.iter_mut().filter(|c| c.reference.kind == Kind::Deployment) {
        if matches!(change.action, Action::Create | Action::Orphaned | Action::Delete) {
            continue;
        }
        let Some(manifest) = &change.manifest else { continue };
        let mut read = Vec::new();
        for (secret, keys) in
            secrets.iter().filter(|(s, _)| s.namespace == change.reference.namespace)
        {
            let used: Vec<&String> =
                keys.iter().filter(|key| reads(manifest, &secret.name, key)).collect();
            if used.is_empty() {
                continue;
            }
            read.extend(used.into_iter().cloned());
            let (restarted, kept) = readers.entry(secret.clone()).or_default();
            let list = if restarts(change) { restarted } else { kept };
            list.push(change.reference.name.clone());
        }
        name_keys(change, &read);
    }
    for change in changes {
        let Some((restarted, kept)) = readers.remove(&change.reference) else { continue };
        if !restarted.is_empty() {
            change.consequences.push(Consequence::RestartsReaders { workloads: restarted });
        }
        if !kept.is_empty() {
            change.consequences.push(Consequence::KeepsOldValue { workloads: kept });
        }
    }
}

fn restarts(change: &Change) -> bool {
    change.consequences.iter().any(|c| matches!(c, Consequence::Restarts { .. }))
}

fn name_keys(change: &mut Change, keys: &[String]) {
    if keys.is_empty() {
        return;
    }
    for consequence in &mut change.consequences {
        if let Consequence::Restarts { reasons, .. } = consequence {
            for reason in reasons.iter_mut().filter(|r| **r == RestartReason::Digest) {
                *reason = RestartReason::Secret { keys: keys.to_vec() };
            }
        }
    }
}

/// Whether the pods of a manifest read `key` of a Secret of their namespace.
fn reads(manifest: &Value, secret: &str, key: &str) -> bool {
    let Some(spec) = manifest.pointer("/spec/template/spec") else { return false };
    let list = |name: &str| spec.get(name).and_then(Value::as_array).into_iter().flatten();
    let text = |value: &Value, pointer: &str| {
        value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    };
    let in_containers = list("containers").chain(list("initContainers")).any(|container| {
        let items =
            |name: &str| container.get(name).and_then(Value::as_array).into_iter().flatten();
        items("env").any(|env| {
            text(env, "/valueFrom/secretKeyRef/name").as_deref() == Some(secret)
                && text(env, "/valueFrom/secretKeyRef/key").as_deref() == Some(key)
        }) || items("envFrom").any(|e| text(e, "/secretRef/name").as_deref() == Some(secret))
    });
    in_containers
        || list("volumes").any(|v| text(v, "/secret/secretName").as_deref() == Some(secret))
}
