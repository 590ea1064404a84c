//! An image: layers and how to start what is in them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::blob::Blob;

pub(super) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";

/// An image for this machine's architecture.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The layers, lowest first.
    pub layers: Vec<Blob>,
    /// `UID[:GID]`; numeric, so that `runAsNonRoot` can be decided without the image's files.
    pub user: String,
    /// The environment, by name.
    pub env: BTreeMap<String, String>,
    /// What is started when the pod names no `command`.
    pub entrypoint: Vec<String>,
    /// Its arguments, when the pod names neither `command` nor `args`.
    pub cmd: Vec<String>,
    /// The working directory.
    pub workdir: String,
    /// The TCP ports that the image says it listens on.
    pub ports: Vec<u16>,
    /// Labels, by name.
    pub labels: BTreeMap<String, String>,
}

impl Image {
    /// The image's configuration blob.
    pub(super) fn config(&self) -> Vec<u8> {
        let env: Vec<String> = self.env.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let ports: BTreeMap<String, Value> =
            self.ports.iter().map(|port| (format!("{port}/tcp"), json!({}))).collect();
        // A layer is stored uncompressed, so its digest is also the one of its content.
        let diff_ids: Vec<String> = self.layers.iter().map(|l| l.digest.to_string()).collect();
        encode(&json!({
            "created": "1970-01-01T00:00:00Z",
            "architecture": architecture(),
            "os": "linux",
            "config": {
                "User": self.user,
                "ExposedPorts": ports,
                "Env": env,
                "Entrypoint": self.entrypoint,
                "Cmd": self.cmd,
                "WorkingDir": self.workdir,
                "Labels": self.labels,
                "StopSignal": "SIGTERM",
            },
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        }))
    }

    /// The manifest that names `config` and the layers.
    pub(super) fn manifest(&self, config: &Blob) -> Vec<u8> {
        let layers: Vec<Value> = self.layers.iter().map(|l| descriptor(LAYER_TYPE, l)).collect();
        encode(&json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": descriptor(CONFIG_TYPE, config),
            "layers": layers,
        }))
    }
}

/// What refers to a blob in a manifest or an index.
pub(super) fn descriptor(media_type: &str, blob: &Blob) -> Value {
    json!({ "mediaType": media_type, "digest": blob.digest.to_string(), "size": blob.size })
}

pub(super) fn encode(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// This machine's architecture, in the words of the OCI image specification.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
