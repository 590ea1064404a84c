//! Kubeconfig files. Certificates go in by value, so that the file can be copied anywhere.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Attempt as _, Result};
use crate::files;
use crate::pki::Authority;

/// The name of the only context in the files written here.
pub const CONTEXT: &str = "openhive-testbed";

/// Writes the kubeconfig of the client certificate `file` for a server.
pub(crate) fn write(path: &Path, server: &str, authority: &Authority, file: &str) -> Result<()> {
    let (certificate, key) = authority.pair(file);
    let data = |path: &Path| -> Result<String> {
        Ok(STANDARD.encode(fs::read(path).attempt(|| format!("read {}", path.display()))?))
    };
    let config = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {
            "server": server,
            "certificate-authority-data": data(&authority.certificate())?,
        }}],
        "users": [{"name": file, "user": {
            "client-certificate-data": data(&certificate)?,
            "client-key-data": data(&key)?,
        }}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": file}}],
        "current-context": CONTEXT,
    });
    files::write_atomically(path, format!("{config:#}\n"))
}
