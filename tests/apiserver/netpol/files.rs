//! Files beside a cluster: what differs, and what is expected of it.

use std::path::Path;

use serde_json::{Value, json};

use super::{account, run};
use crate::common::{stderr, stdout};
use crate::site::Site;

/// Two workloads, and who may reach one of them.
fn shop(port: u16) -> Vec<Value> {
    let workload = |app: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": app, "namespace": "shop"},
            "spec": {"selector": {"matchLabels": {"app": app}}, "template": {
                "metadata": {"labels": {"app": app}},
                "spec": {"containers": [{"name": "c", "image": "registry.test/shop:v1"}]},
            }},
        })
    };
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{
            "from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": port}],
        }]},
    });
    vec![workload("web"), workload("db"), policy]
}

fn list(objects: Vec<Value>) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
}

/// The difference, and how it ended.
fn difference(kubeconfig: &Path, args: &[&str]) -> (Value, Option<i32>, String) {
    let all = ["connections", "-o", "json", "--exit-code", "--by", "workload", "--known-only"];
    let output = run(kubeconfig, &[&all, args].concat());
    let document = serde_json::from_slice(&output.stdout).unwrap();
    (document, output.status.code(), stderr(&output))
}

pub fn are_compared_and_expected(site: &Site, roles: &str) {
    let cluster = &site.cluster;
    cluster.kubectl(&["create", "namespace", "shop"]).unwrap();
    cluster.apply(&list(shop(5432))).unwrap();
    for app in ["web", "db"] {
        let name = format!("deployment/{app}");
        let made = "--for=jsonpath={.status.replicas}=1";
        cluster.kubectl(&["wait", "-n", "shop", &name, "--timeout=120s", made]).unwrap();
    }
    let folder = site.folder.path().join("new");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("shop.json"), list(shop(5433))).unwrap();
    let folder = folder.to_str().unwrap();
    the_difference_is_that_of_the_files(site, folder);
    values_render_to_what_is_installed(site);
    a_namespace_that_is_not_there_is_a_mistake(site);
    a_missing_right_is_no_answer(site, folder, roles);
    expectations_of_a_cluster_see_what_is_missing(site, roles);
    cluster.kubectl(&["delete", "namespace", "shop", "--wait=false"]).unwrap();
}

/// Only what the files speak of differs, both ways.
fn the_difference_is_that_of_the_files(site: &Site, folder: &str) {
    let admin = site.cluster.kubeconfig();
    let flow = |port: u16| {
        json!([{"src": {"workload": "shop/deployment/web"},
            "dst": {"workload": "shop/deployment/db"},
            "protocol": "TCP", "ports": [[port, port]]}])
    };
    let (found, code, told) = difference(admin, &["--manifests", folder, "--against", "cluster"]);
    assert_eq!((&found["opened"], &found["closed"]), (&flow(5433), &flow(5432)));
    for empty in ["added", "removed", "gaps"] {
        assert_eq!(found[empty], json!([]), "{empty}");
    }
    assert_eq!(code, Some(2));
    assert!(told.contains("stands for shop; all else is as in the cluster"), "{told}");
    let (found, code, _) = difference(admin, &["--against", folder]);
    assert_eq!((&found["opened"], &found["closed"]), (&flow(5432), &flow(5433)));
    assert_eq!(code, Some(2));
    let same = site.folder.path().join("same.json");
    std::fs::write(&same, list(shop(5432))).unwrap();
    let (_, code, _) = difference(admin, &["--against", same.to_str().unwrap()]);
    assert_eq!(code, Some(0));
}

/// Also where the policies depend on what the cluster says of itself.
fn values_render_to_what_is_installed(site: &Site) {
    let values = site.values.to_str().unwrap();
    let args = ["-f", values, "--against", "cluster", "--cni", "calico"];
    let (found, code, told) = difference(site.cluster.kubeconfig(), &args);
    assert_eq!((&found["opened"], &found["closed"]), (&json!([]), &json!([])), "{told}");
    assert_eq!(code, Some(0));
}

/// A cluster is everything that there is.
fn a_namespace_that_is_not_there_is_a_mistake(site: &Site) {
    let nowhere = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "nowhere", "namespace": "shop"},
        "spec": {"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {
            "matchLabels": {"kubernetes.io/metadata.name": "nowhere"}}}]}]},
    });
    site.cluster.apply(&nowhere.to_string()).unwrap();
    let output = run(site.cluster.kubeconfig(), &["connections", "--namespace", "shop"]);
    let told = stderr(&output);
    assert!(told.contains("no namespace with pods has"), "{told}");
    site.cluster.kubectl(&["delete", "networkpolicy", "nowhere", "-n", "shop"]).unwrap();
}

/// Policies that may not be listed are never taken for none.
fn a_missing_right_is_no_answer(site: &Site, folder: &str, roles: &str) {
    let fewer = without(roles, "- networkpolicies");
    let blind = account(site, "blind-to-policies", &fewer);
    for args in [&["--manifests", folder, "--against", "cluster"][..], &["--against", folder]] {
        let (found, code, told) = difference(&blind, args);
        assert!(told.contains("may not list networkpolicies.networking.k8s.io"), "{told}");
        let right = &found["gaps"][0]["right"]["resource"];
        assert_eq!(right, "networkpolicies.networking.k8s.io", "{found:#}");
        let rows = ["opened", "closed"].map(|list| found[list].as_array().unwrap().clone());
        let rows = rows.concat();
        assert!(!rows.is_empty());
        let doubt = |row: &Value| row["why"] == "policy-kind-not-evaluated";
        assert!(rows.iter().all(doubt), "{found:#}");
        assert_eq!(code, Some(2));
    }
    // Where nothing else differs, that is not known either.
    let fewer = without(roles, "- cronjobs");
    site.cluster.apply(&fewer).unwrap();
    let same = site.folder.path().join("same.json");
    let (_, code, told) = difference(&blind, &["--against", same.to_str().unwrap()]);
    assert!(told.contains("may not list cronjobs.batch"), "{told}");
    assert_eq!(code, Some(10));
    site.cluster.apply(roles).unwrap();
}

/// The same expectation, with every right and without one.
fn expectations_of_a_cluster_see_what_is_missing(site: &Site, roles: &str) {
    let file = site.folder.path().join("expect.yaml");
    let expectation = json!({
        "apiVersion": "openhive.io/v1", "kind": "NetworkExpectations", "default": "ignore",
        "flows": [{"from": {"workload": "shop/deployment/web"},
            "to": {"workload": "shop/deployment/db"}, "ports": [{"port": 5432}],
            "verdict": "allow", "reason": "orders"}],
    });
    std::fs::write(&file, expectation.to_string()).unwrap();
    let args = ["--expect", file.to_str().unwrap(), "-o", "json", "--fail-on", "never"];
    let reader = account(site, "expects", roles);
    let output = run(&reader, &args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let good: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(good["gaps"], json!([]));
    assert!(good["cluster"]["context"].is_string(), "{}", good["cluster"]);

    site.cluster.apply(&without(roles, "- cronjobs")).unwrap();
    let output = run(&reader, &args);
    assert_eq!(output.status.code(), Some(10), "{}", stdout(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["gaps"][0]["right"]["resource"], "cronjobs.batch");
    let unknown = |finding: &&Value| finding["kind"] == "unknown";
    let finding = found["findings"].as_array().unwrap().iter().find(unknown).unwrap();
    assert!(finding["message"].as_str().unwrap().contains("may not list cronjobs.batch"));
    site.cluster.apply(roles).unwrap();
}

/// The roles with one resource less.
pub fn without(roles: &str, resource: &str) -> String {
    let kept = roles.lines().filter(|line| !line.trim_start().starts_with(resource));
    let fewer = kept.collect::<Vec<_>>().join("\n");
    assert_ne!(fewer, roles.trim_end());
    fewer
}
