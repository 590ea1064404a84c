//! `install` on a real node, with real pods and a real database.
#![allow(clippy::unwrap_used)]

mod common;

use common::{no_canary, stderr, stdout, values_file};
use testbed::node::{POSTGRES_NAME, REGISTRY_NAME};
use testbed::{Node, NodeOptions};

const PASSWORD: &str = "canary-db-password";

fn images(version: &str) -> Vec<(&'static str, String)> {
    ["GATEWAY", "DASHBOARD", "AGENT", "SANDBOX"]
        .into_iter()
        .map(|role| {
            let key: &'static str = match role {
                "GATEWAY" => "OPENHIVE_GATEWAY_IMAGE",
                "DASHBOARD" => "OPENHIVE_DASHBOARD_IMAGE",
                "AGENT" => "OPENHIVE_AGENT_IMAGE",
                _ => "OPENHIVE_SANDBOX_IMAGE",
            };
            (key, format!("{REGISTRY_NAME}/openhive-{}:{version}", role.to_lowercase()))
        })
        .collect()
}

#[test]
fn a_values_file_brings_the_platform_up() {
    let node = Node::start(&NodeOptions::default()).unwrap();
    node.create_database("hive", "hive", PASSWORD).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgresql+asyncpg://hive:{PASSWORD}@{POSTGRES_NAME}:5432/hive");
    let mut changes = vec![("DATABASE_URL", url)];
    changes.extend(images("v1.0.0"));
    let changes: Vec<_> = changes.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let values = values_file(folder.path(), &changes);
    let install = || {
        let mut command = node.command(env!("CARGO_BIN_EXE_kubectl-openhive"));
        command.args(["install", "--yes", "-f"]).arg(&values);
        let output = command.output().unwrap();
        println!("{}\n{}", stdout(&output), stderr(&output));
        no_canary(&output);
        output
    };
    let output = install();
    assert!(output.status.success());
    println!("{}", node.kubectl(&["get", "deploy,pods", "-A", "-o", "wide"]).unwrap());
    println!("{}", node.psql("hive", "select version_num from alembic_version").unwrap());
    let output = install();
    assert!(output.status.success());
}
