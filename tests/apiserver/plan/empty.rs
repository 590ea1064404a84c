//! Before the first installation.

use crate::common::stderr;
use crate::site::{Site, is_dry_run, mutates};

#[test]
fn an_empty_cluster_has_a_plan_and_stays_empty() {
    let site = Site::new();
    let mark = site.mark();
    insta::assert_snapshot!("empty", site.screen(&[]));

    let requests = site.requests(mark);
    assert!(!requests.is_empty());
    for request in &requests {
        let uri = request["requestURI"].as_str().unwrap();
        assert!(!mutates(request) || is_dry_run(request), "{request}");
        // The kinds are known at build time.
        let discovers = |path: &str| matches!(path.split('/').count(), 2 | 3) && path != "/version";
        assert!(!uri.starts_with("/openapi"), "{uri}");
        assert!(!discovers(uri.split('?').next().unwrap()) || uri == "/version", "{uri}");
    }
    assert!(!site.cluster.kubectl(&["get", "ns", "-o", "name"]).unwrap().contains("hive"));
    assert_eq!(site.run("plan", &["--exit-code"]).status.code(), Some(2));
}

#[test]
fn where_the_namespaces_exist_the_server_verifies_everything_in_two_rounds() {
    let site = Site::new();
    for namespace in ["openhive", "hive-agents", "hive-sandbox"] {
        site.cluster.kubectl(&["create", "namespace", namespace]).unwrap();
    }
    let mark = site.mark();
    let plan = site.plan(&[]);
    for change in plan["changes"].as_array().unwrap() {
        assert_eq!(change["verification"], "server", "{change}");
    }

    let requests = site.requests(mark);
    // Every read is received before the first dry run, and nothing is asked twice: two rounds.
    let received = |event: &serde_json::Value| event["requestReceivedTimestamp"].to_string();
    let (asked, read): (Vec<_>, Vec<_>) = requests.iter().partition(|event| mutates(event));
    assert!(read.iter().map(|e| received(e)).max() < asked.iter().map(|e| received(e)).min());
    assert_eq!(asked.len(), plan["changes"].as_array().unwrap().len());
    let mut uris: Vec<String> =
        requests.iter().map(|e| format!("{} {}", e["verb"], e["requestURI"])).collect();
    uris.sort();
    let before = uris.len();
    uris.dedup();
    assert_eq!(uris.len(), before, "something is asked twice");
    println!("{} reads, {} dry runs", read.len(), asked.len());
}

#[test]
fn offline_reads_no_kubeconfig_and_compares_with_what_render_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let values = crate::common::values_file(folder.path(), &[]);
    let run = |args: &[&str]| {
        let mut command = crate::common::program();
        let output = command
            .args(args)
            .arg("-f")
            .arg(&values)
            .env("KUBECONFIG", "/nowhere")
            .output()
            .unwrap();
        crate::common::no_canary(&output);
        output
    };
    let nothing = run(&["plan", "--offline", "-o", "json"]);
    assert!(nothing.status.success(), "{}", stderr(&nothing));
    let plan: serde_json::Value = serde_json::from_slice(&nothing.stdout).unwrap();
    assert_eq!(plan["counts"]["create"], 38);

    let manifests = folder.path().join("manifests");
    let manifests = manifests.to_str().unwrap();
    assert!(run(&["render", "--output-dir", manifests]).status.success());
    let same = run(&["plan", "--against", manifests, "--exit-code", "-o", "json"]);
    let plan: serde_json::Value = serde_json::from_slice(&same.stdout).unwrap();
    assert_eq!(same.status.code(), Some(0), "{plan:#}");
    let image = "OPENHIVE_AGENT_IMAGE=registry.test/openhive-agent:v9";
    let other = run(&["plan", "--against", manifests, "--exit-code", "--set", image]);
    assert_eq!(other.status.code(), Some(2), "{}", stderr(&other));
    assert!(crate::common::stdout(&other).contains("openhive-agent:v9"));
}
