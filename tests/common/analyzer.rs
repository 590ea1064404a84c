//! The Go module whose folders and answers ours are held against.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::Command;

const MODULE: &str = "github.com/np-guard/netpol-analyzer@v1.4.4";

/// Where Go keeps the module; unreachable is a failure.
pub fn module() -> PathBuf {
    let run = Command::new("go").args(["mod", "download", "-json", MODULE]).output();
    let output = run.expect("Go is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    PathBuf::from(answer["Dir"].as_str().unwrap())
}
