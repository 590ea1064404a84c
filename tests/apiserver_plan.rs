//! `plan` against a real API server.
#![allow(clippy::unwrap_used)]

mod common;

use common::{no_canary, program, stderr, stdout, values_file};
use testbed::{ControlPlane, ControlPlaneOptions};

#[test]
fn an_empty_cluster_has_a_plan_and_stays_empty() {
    let cluster = ControlPlane::start(&ControlPlaneOptions::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let values = values_file(folder.path(), &[]);
    let output = program()
        .args(["plan", "-f"])
        .arg(&values)
        .arg("--kubeconfig")
        .arg(cluster.kubeconfig())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    println!("{}", stdout(&output));
    println!("{}", stderr(&output));
    no_canary(&output);
    let namespaces = cluster.kubectl(&["get", "ns", "-o", "name"]).unwrap();
    assert!(!namespaces.contains("hive"), "{namespaces}");
}
