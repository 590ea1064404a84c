//! Accounts that may not write, and webhooks that refuse dry runs.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::stderr;
use crate::site::{Site, change, is_dry_run, mutates};

/// A kubeconfig that holds the token of the account of `deploy/rbac/plan.yaml`.
fn planner(site: &Site) -> PathBuf {
    let rbac = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/rbac/plan.yaml");
    site.cluster.kubectl(&["apply", "-f", rbac]).unwrap();
    let token =
        site.cluster.kubectl(&["create", "token", "openhive-plan", "-n", "openhive-plan"]).unwrap();
    let config = site.cluster.kubectl(&["config", "view", "--raw", "-o", "json"]).unwrap();
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config["users"][0]["user"] = json!({"token": token.trim()});
    let path = site.folder.path().join("planner.kubeconfig");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

#[test]
fn the_account_that_plans_gets_a_whole_plan_and_can_write_nothing() {
    let site = Site::new();
    for namespace in ["openhive", "hive-agents", "hive-sandbox"] {
        site.cluster.kubectl(&["create", "namespace", namespace]).unwrap();
    }
    let kubeconfig = planner(&site);
    refused_to_write(&site, &kubeconfig);
    let mark = site.mark();
    let output = site.run_as(&kubeconfig, "plan", &["-o", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    for change in plan["changes"].as_array().unwrap() {
        assert_eq!(change["verification"], "server", "{change}");
    }
    assert!(!plan["warnings"].to_string().contains("cannot be read"), "{}", plan["warnings"]);
    assert!(!plan["warnings"].to_string().contains("not looked for"), "{}", plan["warnings"]);

    let writes: Vec<Value> = site.requests(mark).into_iter().filter(mutates).collect();
    assert!(writes.len() > 30);
    for request in &writes {
        assert!(is_dry_run(request), "{request}");
    }

    let install = site.run_as(&kubeconfig, "install", &["--yes"]);
    assert!(!install.status.success());
    let secrets = site.cluster.kubectl(&["get", "secrets", "-A", "-o", "name"]).unwrap();
    assert!(!secrets.contains("openhive-platform-secrets"), "{secrets}");
}

/// The policy takes a moment to be in force; from then on no write of the account is let through.
fn refused_to_write(site: &Site, kubeconfig: &std::path::Path) {
    let write = || {
        let mut kubectl = site.cluster.command("kubectl");
        kubectl.env("KUBECONFIG", kubeconfig).env("KUBECACHEDIR", "/dev/null");
        let args = ["create", "secret", "generic", "x", "-n", "openhive", "--from-literal=a=b"];
        stderr(&kubectl.args(args).output().unwrap())
    };
    for _ in 0..100 {
        if write().contains("this account may plan only") {
            return;
        }
        let delete = ["delete", "secret", "x", "-n", "openhive", "--ignore-not-found"];
        site.cluster.kubectl(&delete).unwrap();
    }
    panic!("a write of the account is let through");
}

#[test]
fn without_rights_or_behind_a_dead_webhook_the_plan_says_what_is_not_verified() {
    let site = Site::new();
    for namespace in ["openhive", "hive-agents", "hive-sandbox"] {
        site.cluster.kubectl(&["create", "namespace", namespace]).unwrap();
    }
    let webhook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "audits"},
        "webhooks": [{
            "name": "audits.example.test", "sideEffects": "NoneOnDryRun", "failurePolicy": "Fail",
            "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": "https://127.0.0.1:1/"},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["serviceaccounts"]}],
        }],
    });
    let view = ["create", "clusterrolebinding", "viewer", "--clusterrole=view", "--user=viewer"];
    site.cluster.kubectl(&view).unwrap();
    let read = "create clusterrole reads --verb=get,list --resource=secrets,roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io,namespaces,networkpolicies.networking.k8s.io";
    site.cluster.kubectl(&read.split(' ').collect::<Vec<_>>()).unwrap();
    let bind = ["create", "clusterrolebinding", "reads", "--clusterrole=reads", "--user=viewer"];
    site.cluster.kubectl(&bind).unwrap();
    for resource in ["serviceaccounts", "secrets"] {
        until_allowed(&site, resource);
    }
    let plan = site.plan(&["--as", "viewer"]);
    for change in plan["changes"].as_array().unwrap() {
        assert_eq!(change["verification"], "forbidden", "{change}");
        assert!(change.get("obstacle").is_none(), "{change}");
    }

    // A webhook with side effects cannot be made any more (`admissionregistration.k8s.io/v1`). One
    // that does not answer fails the dry run as it would fail the write: an obstacle, and the rest of
    // the plan is verified.
    site.cluster.apply(&webhook.to_string()).unwrap();
    let account = until_refused(&site);
    assert_eq!(account["verification"], "rejected", "{account}");
    assert_eq!(account["obstacle"]["code"], 500, "{account}");
}

/// The server knows of a role a moment after it has stored it, and what `view` grants is filled in by a controller.
fn until_allowed(site: &Site, resource: &str) {
    let asked = ["auth", "can-i", "get", resource, "--as=viewer", "--namespace=openhive"];
    let start = std::time::Instant::now();
    while !site.cluster.kubectl(&asked).is_ok_and(|answer| answer.trim() == "yes") {
        assert!(start.elapsed().as_secs() < 30, "not allowed: {asked:?}");
    }
}

/// A new webhook takes a moment to be called.
fn until_refused(site: &Site) -> Value {
    for _ in 0..20 {
        let plan = site.plan(&[]);
        let account = change(&plan, "ServiceAccount", "openhive", "hive-gateway-runtime");
        if account["verification"] != "server" {
            return account.clone();
        }
    }
    panic!("the webhook is never called");
}
