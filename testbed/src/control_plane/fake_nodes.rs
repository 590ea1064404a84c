//! Nodes and their pods, played by kwok.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::instance::{Component, Instance};
use crate::kubectl::Kubectl;

/// How the nodes and pods live: Ready and Running at once, with leases renewed as a kubelet does.
const STAGES: &[&str] = &["node/fast", "node/heartbeat-with-lease", "pod/fast"];

/// Starts kwok and makes nodes; returns when they are Ready.
pub(super) fn start(
    instance: &Instance,
    kubectl: &Kubectl,
    kubeconfig: &Path,
    kwok: &Path,
    count: u16,
) -> Result<Component> {
    let mut command = instance.command(kwok.join("kwok"));
    command.arg("--kubeconfig").arg(kubeconfig);
    command.args([
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        "--server-address=",
    ]);
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
