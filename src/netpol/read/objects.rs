//! A set of untyped objects to a [`Cluster`].

use serde_json::Value;

use super::cursor::{Cursor, Sink};
use super::policy::network_policy;
use crate::netpol::cluster::Cluster;
use crate::netpol::invalid::Invalid;
use crate::netpol::labels::Labels;

impl Cluster {
    /// Reads namespaces and NetworkPolicies; objects of other kinds are passed over.
    ///
    /// # Errors
    /// Everything in them that the API server would refuse.
    pub fn from_manifests<'a>(
        manifests: impl IntoIterator<Item = &'a Value>,
    ) -> Result<Self, Vec<Invalid>> {
        let mut cluster = Self::default();
        let mut invalid = Vec::new();
        for manifest in manifests {
            let text = |key: &str| manifest.get(key).and_then(Value::as_str).unwrap_or_default();
            let outcome = match (text("apiVersion"), text("kind")) {
                ("v1", "Namespace") => {
                    namespace(manifest).map(|(name, labels)| cluster.add_namespace(&name, labels))
                }
                ("networking.k8s.io/v1", "NetworkPolicy") => {
                    network_policy(manifest, "default", None).map(|p| cluster.policies.push(p))
                }
                _ => Ok(()),
            };
            if let Err(problems) = outcome {
                invalid.extend(problems);
            }
        }
        if invalid.is_empty() { Ok(cluster) } else { Err(invalid) }
    }
}

/// Reads a Namespace's name and labels.
pub(crate) fn namespace(manifest: &Value) -> Result<(String, Labels), Vec<Invalid>> {
    let sink = Sink::default();
    let root = Cursor::root(manifest, &sink);
    let found = root.require("metadata").and_then(|metadata| {
        let name = metadata.require("name")?.string()?.to_owned();
        Some((name, labels(&metadata)))
    });
    let name = manifest.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    sink.finish(found, &format!("Namespace {name}"), None).map(|(found, _)| found)
}

/// Reads `metadata.labels`.
pub(crate) fn labels(metadata: &Cursor<'_>) -> Labels {
    let Some(map) = metadata.get("labels") else { return Labels::default() };
    Labels::new(map.members().filter_map(|(key, value)| {
        // A null value is what the API server stores as an empty string.
        let text = if value.value().is_null() { "" } else { value.string()? };
        Some((key.to_owned(), text.to_owned()))
    }))
}
