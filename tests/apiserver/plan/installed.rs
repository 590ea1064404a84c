//! On an installation of ours: up to date, changed by hand, changed by its values.

use std::process::Stdio;

use crate::common::stdout;
use crate::site::{Site, change};

#[test]
fn what_is_installed_is_up_to_date_until_somebody_changes_it() {
    let site = Site::with_nodes();
    site.install(&[]);
    let output = site.run("plan", &["--exit-code"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("Nothing to change; the migration Job runs again"));

    up_to_date_values_change(&site);
    drift_shows_with_its_manager(&site);
    a_kept_companion_goes(&site);
    what_render_prints_leaves_the_secrets_alone(&site);
    old_and_new_secrets_stay_hidden(&site);
}

fn up_to_date_values_change(site: &Site) {
    site.change_values(&[("OPENHIVE_AGENT_IMAGE", "registry.test/openhive-agent:v1.0.1")]);
    assert_eq!(site.run("plan", &["--exit-code"]).status.code(), Some(2));
    let plan = site.plan(&[]);
    assert_eq!(change(&plan, "Deployment", "hive-agents", "hive-agent")["action"], "update");
    site.install(&[]);
    assert_eq!(site.run("plan", &["--exit-code"]).status.code(), Some(0));
}

fn drift_shows_with_its_manager(site: &Site) {
    let cluster = &site.cluster;
    let set = ["set", "image", "deployment/hive-agent", "agent=debug.test/agent:v1", "-n"];
    cluster.kubectl(&[&set[..], &["hive-agents"]].concat()).unwrap();
    cluster
        .kubectl(&["scale", "deployment/hive-dashboard", "--replicas=3", "-n", "openhive"])
        .unwrap();
    insta::assert_snapshot!("drifted", site.screen(&[]));
    let plan = site.plan(&[]);
    let agent = change(&plan, "Deployment", "hive-agents", "hive-agent");
    assert_eq!(agent["fields"][0]["changedBy"], "kubectl-set", "{agent:#}");
    assert_eq!(agent["obstacle"]["type"], "conflict");

    let generation = |name: &str| site.get("openhive", name)["metadata"]["generation"].clone();
    let before = generation("deployment/hive-gateway");
    let refused = site.run("install", &["--yes"]);
    assert_eq!(refused.status.code(), Some(5), "a conflict");
    assert_eq!(generation("deployment/hive-gateway"), before);

    site.install(&["--force-conflicts"]);
    assert_eq!(site.run("plan", &["--exit-code"]).status.code(), Some(0));
}

/// An interrupted run leaves the policy that holds the rules of before.
fn a_kept_companion_goes(site: &Site) {
    let companion = serde_json::json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {
            "name": "hive-agent-egress-before-0", "namespace": "hive-agents",
            "labels": {"app.kubernetes.io/managed-by": "kubectl-openhive"},
            "annotations": {"openhive.io/interim-for": "hive-agent-egress"},
        },
        "spec": {"podSelector": {"matchLabels": {"app": "hive-agent"}}, "policyTypes": ["Egress"]},
    });
    let path = site.folder.path().join("companion.json");
    std::fs::write(&path, companion.to_string()).unwrap();
    let apply = ["apply", "--server-side", "--field-manager=kubectl-openhive", "-f"];
    site.cluster.kubectl(&[&apply[..], &[path.to_str().unwrap()]].concat()).unwrap();
    let name = "hive-agent-egress-before-0";
    assert_eq!(change(&site.plan(&[]), "NetworkPolicy", "hive-agents", name)["action"], "delete");
    site.install(&[]);
    let policies =
        site.cluster.kubectl(&["get", "netpol", "-n", "hive-agents", "-o", "name"]).unwrap();
    assert!(!policies.contains(name), "{policies}");
    assert!(policies.contains("hive-agent-egress"), "{policies}");
}

fn what_render_prints_leaves_the_secrets_alone(site: &Site) {
    let secrets = || {
        ["openhive", "hive-sandbox"].map(|namespace| {
            let secret = site.get(namespace, "secret/openhive-platform-secrets");
            secret["metadata"]["resourceVersion"].clone()
        })
    };
    let before = secrets();
    let rendered = site.run("render", &[]);
    let path = site.folder.path().join("rendered.yaml");
    std::fs::write(&path, &rendered.stdout).unwrap();
    let mut kubectl = site.cluster.command("kubectl");
    kubectl.args(["apply", "-f"]).arg(&path).env("KUBECACHEDIR", "/dev/null");
    let output = kubectl.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", crate::common::stderr(&output));
    assert_eq!(secrets(), before);
}

/// The live Secret holds the old values, the file the new ones: neither shows.
fn old_and_new_secrets_stay_hidden(site: &Site) {
    site.change_values(&[
        ("HIVE_ADMIN_PASSWORD", "canary-new-admin"),
        ("DATABASE_URL", "postgresql+asyncpg://hive:canary-new-db@203.0.113.10:5432/hive"),
    ]);
    // `run` itself looks for them, old and new, raw and in base64.
    for form in [&["-vvv"][..], &["--diff"], &["-o", "json"], &["-o", "markdown"]] {
        let output = site.run("plan", form);
        assert!(output.status.success());
        assert!(stdout(&output).contains("admin-password"), "{form:?} names the key");
    }
    let refused = site.run("plan", &["-vvv", "--context", "nowhere"]);
    assert!(!refused.status.success());
}
