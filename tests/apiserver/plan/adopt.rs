//! Over an installation that was made with `kubectl apply` and `kubectl create secret`.

use serde_json::{Value, json};

use crate::common::VALUES;
use crate::site::{Site, change};

/// The manifests as they were before: rolling updates by default, no labels of an installer, and
/// the dashboard selected by another label.
fn older_manifests(site: &Site) -> String {
    let rendered = site.run("render", &["-o", "json"]);
    let mut list: Value = serde_json::from_slice(&rendered.stdout).unwrap();
    for object in list["items"].as_array_mut().unwrap() {
        if object["kind"] == "Deployment" {
            object["spec"].as_object_mut().unwrap().remove("strategy");
        }
        if object["metadata"]["name"] == "hive-dashboard" && object["kind"] == "Deployment" {
            object["spec"]["selector"] = json!({"matchLabels": {"app": "hive-dashboard"}});
            object["spec"]["template"]["metadata"]["labels"]["app"] = json!("hive-dashboard");
        }
    }
    list.to_string()
}

fn created_by_hand(site: &Site) {
    let cluster = &site.cluster;
    for namespace in ["openhive", "hive-agents", "hive-sandbox"] {
        cluster.kubectl(&["create", "namespace", namespace]).unwrap();
    }
    let value = |key: &str| VALUES.iter().find(|(k, _)| *k == key).unwrap().1;
    let literals = [
        ("database-url", "DATABASE_URL"),
        ("dashboard-session-secret", "DASHBOARD_SESSION_SECRET"),
        ("gateway-internal-secret", "HIVE_INTERNAL_SECRET"),
        ("admin-username", "HIVE_ADMIN_USERNAME"),
        ("admin-password", "HIVE_ADMIN_PASSWORD"),
    ]
    .map(|(name, key)| format!("--from-literal={name}={}", value(key)));
    let mut args =
        vec!["create", "secret", "generic", "openhive-platform-secrets", "-n", "openhive"];
    args.extend(literals.iter().map(String::as_str));
    cluster.kubectl(&args).unwrap();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "openhive-platform-secrets", "namespace": "hive-sandbox"},
        "stringData": {"database-url": value("DATABASE_URL")},
    });
    for (name, text) in [("secret", secret.to_string()), ("all", older_manifests(site))] {
        let path = site.folder.path().join(format!("{name}.json"));
        std::fs::write(&path, text).unwrap();
        cluster.kubectl(&["apply", "-f", path.to_str().unwrap()]).unwrap();
    }
    for (namespace, name) in WORKLOADS {
        let name = format!("deployment/{name}");
        cluster.kubectl(&["rollout", "status", &name, "-n", namespace, "--timeout=60s"]).unwrap();
    }
}

const WORKLOADS: [(&str, &str); 4] = [
    ("openhive", "hive-gateway"),
    ("openhive", "hive-dashboard"),
    ("hive-agents", "hive-agent"),
    ("hive-sandbox", "hive-sandbox"),
];

#[test]
fn an_installation_of_kubectl_is_taken_over_as_the_plan_says() {
    let site = Site::with_nodes();
    created_by_hand(&site);
    insta::assert_snapshot!("client_side", site.screen(&["--recreate"]));

    let plan = site.plan(&[]);
    let dashboard = change(&plan, "Deployment", "openhive", "hive-dashboard");
    assert_eq!(dashboard["action"], "replace", "{dashboard:#}");
    assert_eq!(dashboard["obstacle"]["type"], "needsRecreate");
    let agent = change(&plan, "Deployment", "hive-agents", "hive-agent");
    let restarts = |change: &Value| {
        let list = change["consequences"].as_array().cloned().unwrap_or_default();
        list.iter().any(|consequence| consequence["type"] == "restarts")
    };
    assert!(!restarts(agent), "{agent:#}");
    // What is as desired but for its owner shows no field: the server's defaults are none of it.
    for (kind, namespace, name) in [
        ("Service", "hive-agents", "hive-agent"),
        ("PersistentVolumeClaim", "hive-agents", "agent-config-pvc"),
        ("NetworkPolicy", "openhive", "default-deny"),
        ("Role", "hive-agents", "hive-gateway-runtime"),
        ("Ingress", "openhive", "openhive-platform"),
    ] {
        let change = change(&plan, kind, namespace, name);
        assert_eq!(change["action"], "adopt", "{change:#}");
        assert_eq!(change["fields"], json!([]), "{change:#}");
    }

    let pods = |namespace: &str| {
        site.cluster.kubectl(&["get", "pods,replicasets", "-n", namespace, "-o", "name"]).unwrap()
    };
    let before = pods("hive-agents");
    assert_eq!(site.run("install", &["--yes"]).status.code(), Some(4), "it is not begun");
    site.install(&["--recreate"]);
    assert_eq!(pods("hive-agents"), before, "nothing of the agent restarts");
    for (namespace, name) in [
        ("openhive", "secret/openhive-platform-secrets"),
        ("hive-sandbox", "secret/openhive-platform-secrets"),
    ] {
        let secret = site.get(namespace, name).to_string();
        assert!(!secret.contains("last-applied-configuration"), "{secret}");
        assert!(
            !secret.contains("kubectl-client-side-apply") && !secret.contains("kubectl-create"),
            "{secret}"
        );
    }
    assert_eq!(site.run("plan", &["--exit-code"]).status.code(), Some(0));
}
