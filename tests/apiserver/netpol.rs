//! `verify-netpol` of a cluster, against a real API server: pods are made by its controllers and run
//! on fake nodes; no packet is sent.

mod files;

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::common::{no_canary, program, stderr, stdout};
use crate::site::Site;

fn run(kubeconfig: &Path, args: &[&str]) -> Output {
    let mut command = program();
    command.arg("verify-netpol").args(args).env("KUBECONFIG", kubeconfig);
    let output = command.output().unwrap();
    println!("$ {args:?}: {}\n{}{}", output.status, stdout(&output), stderr(&output));
    no_canary(&output);
    output
}

fn matrix(site: &Site) -> Value {
    matrix_as(site.cluster.kubeconfig())
}

fn matrix_as(kubeconfig: &Path) -> Value {
    serde_json::from_slice(&run(kubeconfig, &["-o", "json"]).stdout).unwrap()
}

fn cells(matrix: &Value, verdict: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let cells = matrix["cells"].as_array().unwrap().iter();
    let cells = cells.filter(|cell| cell["verdict"] == verdict);
    cells.map(|cell| (text(&cell["from"]), text(&cell["to"]))).collect()
}

/// The kubeconfig of an account with these roles.
fn account(site: &Site, name: &str, roles: &str) -> PathBuf {
    let cluster = &site.cluster;
    cluster.apply(roles).unwrap();
    cluster.kubectl(&["create", "serviceaccount", name, "-n", "default"]).unwrap();
    let account = format!("--serviceaccount=default:{name}");
    let role = "openhive-verify-static";
    let bind = ["create", "clusterrolebinding", name, &format!("--clusterrole={role}"), &account];
    cluster.kubectl(&bind).unwrap();
    let role = format!("--role={role}");
    let bind = ["create", "rolebinding", name, &role, &account, "-n", "kube-system"];
    cluster.kubectl(&bind).unwrap();
    // The server knows of a binding a moment after it has stored it.
    let who = format!("--as=system:serviceaccount:default:{name}");
    let asked = ["auth", "can-i", "list", "pods", &who, "--all-namespaces"];
    let start = std::time::Instant::now();
    while !cluster.kubectl(&asked).is_ok_and(|answer| answer.trim() == "yes") {
        assert!(start.elapsed().as_secs() < 30, "not allowed: {asked:?}");
    }
    let token = cluster.kubectl(&["create", "token", name, "-n", "default"]).unwrap();
    let config = cluster.kubectl(&["config", "view", "--raw", "-o", "json"]).unwrap();
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config["users"][0]["user"] = json!({"token": token.trim()});
    let path = site.folder.path().join(name);
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

#[test]
fn what_is_installed_is_as_meant_until_somebody_else_adds_policies() {
    let site = Site::with_nodes();
    let nothing = run(site.cluster.kubeconfig(), &[]);
    assert_eq!(nothing.status.code(), Some(11), "an answer about nothing is none");
    site.install(&[]);

    let good = matrix(&site);
    assert_eq!(cells(&good, "bypass"), []);
    assert_eq!(cells(&good, "overblock"), []);
    assert_eq!(good["gaps"], json!([]));
    assert_eq!(good["profile"], "platform");
    let head = good["head"].as_str().unwrap();
    assert!(head.contains(": 3 namespaces, "), "{head}");
    assert!(head.ends_with("expectations: profile platform, by what is installed"), "{head}");
    assert!(!head.contains("not ours"), "{head}");
    // A values file says the same, and is named.
    let kubeconfig = site.cluster.kubeconfig().to_str().unwrap();
    let with_values = site.run("verify-netpol", &["-o", "json", "--kubeconfig", kubeconfig]);
    let with_values: Value = serde_json::from_slice(&with_values.stdout).unwrap();
    assert_eq!(with_values["totals"], good["totals"]);

    least_rights(&site, &good);
    files::are_compared_and_expected(&site, &static_roles());
    many_pods(&site);
    a_foreign_policy_is_a_bypass(&site);
    a_foreign_kind_is_never_an_answer(&site);
}

/// The least rights that it needs.
fn static_roles() -> String {
    let roles = run(Path::new("/does/not/exist"), &["--print-rbac", "static"]);
    assert!(roles.status.success());
    stdout(&roles)
}

/// Without Secrets the port is that of the policies, and the cells are the same.
fn least_rights(site: &Site, good: &Value) {
    let roles = static_roles();
    let reader = account(site, "reader", &roles);
    let read = matrix_as(&reader);
    assert_eq!(read["gaps"], json!([]));
    assert_eq!(read["cells"], good["cells"]);
    // What is only known from the policies that are judged by it proves nothing.
    let messages = read["findings"].as_array().unwrap().iter();
    let assumed: Vec<&str> = messages
        .filter(|finding| finding["kind"] == "unknown")
        .map(|finding| finding["message"].as_str().unwrap())
        .collect();
    let only = |what: &str| {
        format!(
            "{what} is only known from networkpolicy openhive-db-migrate-egress, which is judged by it"
        )
    };
    assert_eq!(assumed, [only("the database's port"), only("the database's address")]);
    // The levels above it are valid too.
    for level in ["live", "probing"] {
        site.cluster.apply(&stdout(&run(&reader, &["--print-rbac", level]))).unwrap();
    }

    let fewer = files::without(&roles, "- networkpolicies");
    let blind = account(site, "blind", &fewer);
    let output = run(&blind, &["-o", "json"]);
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    let told = stderr(&output);
    assert!(told.contains("may not list networkpolicies.networking.k8s.io"), "{told}");
    site.cluster.apply(&roles).unwrap();
}

/// More than one page of a list.
fn many_pods(site: &Site) {
    site.cluster.kubectl(&["create", "namespace", "many"]).unwrap();
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "many", "namespace": "many"},
        "spec": {"replicas": 620, "selector": {"matchLabels": {"app": "many"}}, "template": {
            "metadata": {"labels": {"app": "many"}},
            "spec": {"containers": [{"name": "c", "image": "registry.test/many:v1"}]},
        }},
    });
    site.cluster.apply(&deployment.to_string()).unwrap();
    let created = "jsonpath={.status.replicas}=620";
    let wait = ["wait", "-n", "many", "deployment/many", "--timeout=240s", "--for"];
    site.cluster.kubectl(&[&wait[..], &[created]].concat()).unwrap();
    let mark = site.mark();
    let args = ["connections", "-o", "json", "--known-only"];
    let output = run_quietly(site.cluster.kubeconfig(), &args);
    let connections: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sizes = connections["groups"].as_object().unwrap().values();
    assert!(sizes.map(|g| g["pods"].as_array().map_or(0, Vec::len)).sum::<usize>() >= 620);
    let uri = |event: &Value| event["requestURI"].as_str().unwrap_or_default().to_owned();
    let requests: Vec<String> = site.requests(mark).iter().map(uri).collect();
    let pages = requests.iter().filter(|uri| uri.starts_with("/api/v1/pods?")).count();
    assert_eq!(pages, 2, "{requests:?}");
}

fn run_quietly(kubeconfig: &Path, args: &[&str]) -> Output {
    let mut command = program();
    let output = command.arg("verify-netpol").args(args).env("KUBECONFIG", kubeconfig).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    output
}

fn a_foreign_policy_is_a_bypass(site: &Site) {
    let debug = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "debug-egress", "namespace": "hive-agents"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
    });
    site.cluster.apply(&debug.to_string()).unwrap();
    let output = run(site.cluster.kubeconfig(), &["-o", "json"]);
    assert_eq!(output.status.code(), Some(9));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let open = cells(&found, "bypass");
    assert!(open.contains(&("agent".into(), "external".into())), "{open:?}");
    assert!(open.iter().all(|(from, _)| from.starts_with("agent")), "{open:?}");
    assert_eq!(found["notOurs"], json!(["hive-agents/debug-egress"]));
    assert!(found["head"].as_str().unwrap().contains("(1 not ours)"), "{}", found["head"]);
    // Anybody can set labels: beside a values file what it renders to counts.
    let labels =
        ["app.kubernetes.io/part-of=openhive", "app.kubernetes.io/managed-by=kubectl-openhive"];
    let label = ["label", "networkpolicy", "debug-egress", "-n", "hive-agents"];
    site.cluster.kubectl(&[&label[..], &labels].concat()).unwrap();
    let kubeconfig = site.cluster.kubeconfig().to_str().unwrap();
    let output = site.run("verify-netpol", &["-o", "json", "--kubeconfig", kubeconfig]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["notOurs"], json!(["hive-agents/debug-egress"]));
    let delete = ["delete", "networkpolicy", "debug-egress", "-n", "hive-agents"];
    site.cluster.kubectl(&delete).unwrap();
}

fn a_foreign_kind_is_never_an_answer(site: &Site) {
    let kind = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "ciliumnetworkpolicies.cilium.io"},
        "spec": {"group": "cilium.io", "scope": "Namespaced",
            "names": {"plural": "ciliumnetworkpolicies", "kind": "CiliumNetworkPolicy"},
            "versions": [{"name": "v2", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]},
    });
    site.cluster.apply(&kind.to_string()).unwrap();
    let name = "crd/ciliumnetworkpolicies.cilium.io";
    site.cluster.kubectl(&["wait", "--for=condition=Established", name, "--timeout=60s"]).unwrap();
    let policy = json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "x", "namespace": "hive-sandbox"}, "spec": {"endpointSelector": {}},
    });
    site.cluster.apply(&policy.to_string()).unwrap();
    let found = matrix(site);
    let why = |cell: &&Value| cell["why"] == "policy-kind-not-evaluated";
    let doubted: Vec<&Value> = found["cells"].as_array().unwrap().iter().filter(why).collect();
    assert!(!doubted.is_empty());
    let sandbox = |end: &Value| matches!(end.as_str(), Some("sandbox" | "pipeline" | "other"));
    assert!(
        doubted.iter().all(|cell| sandbox(&cell["from"]) || sandbox(&cell["to"])),
        "{doubted:?}"
    );
}

#[test]
fn a_cluster_that_does_not_answer_has_the_exit_code_of_other_verbs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{"name": "x", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "users": [{"name": "x", "user": {"token": "t"}}],
    });
    std::fs::write(&path, config.to_string()).unwrap();
    for args in [&[][..], &["connections"]] {
        let output = run(&path, args);
        assert_eq!(output.status.code(), Some(4));
        assert!(stderr(&output).contains("does not answer"), "{}", stderr(&output));
    }
}
