//! Nodes and their pods, played by kwok.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::files;
use crate::instance::{Component, Instance};
use crate::kubectl::Kubectl;
use crate::pki::Authority;

/// How the nodes and pods live: Ready and Running at once, with leases renewed as a kubelet does.
const STAGES: &[&str] = &["node/fast", "node/heartbeat-with-lease", "pod/fast"];

/// What every port of every pod answers over a port-forward, once it was asked.
const ANSWER: &str = r#"while read -r line && [ "${#line}" -gt 1 ]; do :; done
printf 'HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{"status":"ok"}'"#;

/// Starts kwok and makes nodes; returns when they are Ready.
pub(super) fn start(
    instance: &Instance,
    authority: &Authority,
    kubectl: &Kubectl,
    kubeconfig: &Path,
    kwok: &Path,
    count: u16,
) -> Result<Component> {
    let mut command = instance.command(kwok.join("kwok"));
    command.arg("--kubeconfig").arg(kubeconfig);
    command.args(["--manage-all-nodes=true", "--node-lease-duration-seconds=40"]);
    let address = Ipv4Addr::LOCALHOST;
    authority.server("kwok", &[], &[IpAddr::V4(address)])?;
    let (certificate, key) = authority.pair("kwok");
    let port = instance.port(3);
    command
        .arg(format!("--server-address={address}:{port}"))
        .arg(format!("--node-ip={address}"))
        .arg(format!("--node-port={port}"))
        .arg("--tls-cert-file")
        .arg(certificate)
        .arg("--tls-private-key-file")
        .arg(key);
    let forward = instance.folder().join("kwok-forward.json");
    let rule = serde_json::json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterPortForward",
        "metadata": {"name": "every-port"},
        "spec": {"forwards": [{"command": ["sh", "-c", ANSWER]}]},
    });
    files::write(&forward, rule.to_string())?;
    command.arg("--config").arg(forward);
    for stage in STAGES {
        for file in stage_files(&kwok.join("stage").join(stage)) {
            command.arg("--config").arg(file);
        }
    }
    let component = instance.spawn("kwok", command)?;
    let nodes: Vec<String> = (0..count).map(|index| fake_node(index).to_string()).collect();
    kubectl.apply(&nodes.join("\n---\n"))?;
    kubectl.run(&["wait", "--for=condition=Ready", "node", "--all", "--timeout=60s"])?;
    Ok(component)
}

fn stage_files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .filter(|path| path.file_stem().is_some_and(|stem| stem != "kustomization"))
        .collect();
    files.sort();
    files
}

fn fake_node(index: u16) -> serde_json::Value {
    let name = format!("fake-{index}");
    let size = serde_json::json!({"cpu": "64", "memory": "256Gi", "pods": "1000"});
    serde_json::json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
        },
        "status": {"allocatable": size, "capacity": size},
    })
}
