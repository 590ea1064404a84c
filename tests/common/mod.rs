//! What integration tests share.
#![allow(dead_code, clippy::unwrap_used)]

pub mod account;
pub mod live;
pub mod objects;
pub mod platform;
pub mod run;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The values of a complete file; a later pair replaces an earlier one of the same key.
pub const VALUES: &[(&str, &str)] = &[
    ("DATABASE_URL", "postgresql+asyncpg://hive:canary-db-password@203.0.113.10:5432/hive"),
    ("DASHBOARD_SESSION_SECRET", "canary-session-secret"),
    ("HIVE_INTERNAL_SECRET", "canary-internal-secret"),
    ("HIVE_ADMIN_USERNAME", "admin"),
    ("HIVE_ADMIN_PASSWORD", "canary-admin-password"),
    ("OPENHIVE_GATEWAY_IMAGE", "registry.test/openhive-gateway:v1.0.0"),
    ("OPENHIVE_DASHBOARD_IMAGE", "registry.test/openhive-dashboard:v1.0.0"),
    ("OPENHIVE_AGENT_IMAGE", "registry.test/openhive-agent:v1.0.0"),
    ("OPENHIVE_SANDBOX_IMAGE", "registry.test/openhive-sandbox:v1.0.0"),
    ("OPENHIVE_INGRESS_HOST", "openhive.test"),
    ("OPENHIVE_INGRESS_TLS_SECRET", "openhive-tls"),
    ("OPENHIVE_INGRESS_CLASS", "nginx"),
];

/// Every secret of [`VALUES`], as it must never show.
pub const CANARY: &str = "canary-";

/// A values file with changes over [`VALUES`]; an empty value leaves the key out.
pub fn values_file(folder: &Path, changes: &[(&str, &str)]) -> PathBuf {
    let mut pairs: Vec<(String, String)> =
        VALUES.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    for (key, value) in changes {
        pairs.retain(|(known, _)| known != key);
        if !value.is_empty() {
            pairs.push(((*key).to_owned(), (*value).to_owned()));
        }
    }
    let text: String = pairs.iter().map(|(key, value)| format!("{key}='{value}'\n")).collect();
    let path = folder.join("values.env");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    path
}

/// The program under test, with nothing of the developer's own settings.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-openhive"));
    command.env_clear();
    command
}

/// Standard output as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A secret of this process alone: other tests may run on the same machine.
pub fn secret(name: &str) -> String {
    format!("{CANARY}{:x}-{name}", std::process::id())
}

/// Fails the test where a secret shows, raw or in base64.
#[track_caller]
pub fn no_canary(output: &Output) {
    for text in [stdout(output), stderr(output)] {
        no_canary_in("the output", &text);
    }
}

/// Fails the test where a secret shows in a text, raw or in base64.
#[track_caller]
pub fn no_canary_in(place: &str, text: &str) {
    use base64::Engine as _;
    let line = |needle: &str| text.lines().find(|line| line.contains(needle)).map(str::to_owned);
    assert_eq!(line(CANARY), None, "a secret shows in {place}");
    // Base64 of a text depends on where it begins, modulo three.
    for offset in 0..3 {
        let padded = format!("{}{CANARY}", "x".repeat(offset));
        let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(padded);
        let middle = &encoded[offset + usize::from(offset > 0)..encoded.len() - 2];
        assert_eq!(line(middle), None, "a secret shows in base64 in {place}");
    }
}
