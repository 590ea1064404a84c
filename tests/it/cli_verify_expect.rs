//! `verify-netpol --expect` as a pipeline runs it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const SHOP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 5432}]
  egress:
  - to: [{podSelector: {matchLabels: {app: db}}}]
";

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("kubectl-openhive").unwrap();
    command.current_dir(folder).env_clear().env("KUBECONFIG", "/does/not/exist");
    let output = command.arg("verify-netpol").args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn folder(flows: Option<&str>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("manifests")).unwrap();
    fs::write(folder.path().join("manifests/shop.yaml"), SHOP).unwrap();
    if let Some(flows) = flows {
        fs::write(folder.path().join("flows.yaml"), flows).unwrap();
    }
    folder
}

const CHECK: &[&str] = &["--manifests", "manifests", "--expect", "flows.yaml"];

#[test]
fn a_first_file_passes_until_something_changes() {
    let folder = folder(None);
    let at = folder.path();
    let (code, flows, stderr) =
        run(at, &["connections", "--manifests", "manifests", "-o", "expect"]);
    assert_eq!(code, Some(0), "{stderr}");
    fs::write(at.join("flows.yaml"), &flows).unwrap();
    let (code, stdout, stderr) = run(at, CHECK);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("expectations: flows.yaml"), "{stdout}");
    fs::write(at.join("manifests/shop.yaml"), SHOP.replace("[{port: 5432}]", "[{port: 5433}]"))
        .unwrap();
    let (code, stdout, _) = run(at, &[CHECK, &["-o", "json"]].concat());
    assert_eq!(code, Some(9), "{stdout}");
    let found: Value = serde_json::from_str(&stdout).unwrap();
    let kinds: Vec<&str> =
        found["findings"].as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"bypass") && kinds.contains(&"overblock"), "{kinds:?}");
    // Closed alone has its own code.
    fs::write(at.join("manifests/shop.yaml"), SHOP.replace("app: web}}}]", "app: wbe}}}]"))
        .unwrap();
    let ignoring = flows.replace("default: deny", "default: ignore");
    fs::write(at.join("flows.yaml"), ignoring).unwrap();
    let (code, stdout, _) = run(at, CHECK);
    assert_eq!(code, Some(13), "{stdout}");
}

#[test]
fn a_finding_names_entry_and_rules() {
    let folder = folder(Some(
        "apiVersion: openhive.io/v1\nkind: NetworkExpectations\ndefault: ignore\nflows:\n\
         - {from: any, to: {workload: shop/statefulset/db}, verdict: deny, reason: nobody}\n",
    ));
    let (code, stdout, _) = run(folder.path(), CHECK);
    assert_eq!(code, Some(9), "{stdout}");
    assert!(stdout.contains("✗ bypass  any → shop/statefulset/db"), "{stdout}");
    assert!(stdout.contains("flows[0], nobody"), "{stdout}");
    assert!(stdout.contains("opened by networkpolicy shop/db, rule ingress[0]"), "{stdout}");
}

#[test]
fn a_bad_file_is_told_with_its_place_and_code() {
    for (flows, words) in [
        (
            "apiVersion: openhive.io/v1\nkind: NetworkExpectations\nflows: [{form: any}]\n",
            "flows.yaml:1  flows[0].form: unknown field, did you mean from?",
        ),
        (
            "apiVersion: openhive.io/v1\nkind: NetworkExpectations\nflows:\n\
             - {from: any, to: {workload: shop/statefulset/db}, verdict: allow, reason: r, expires: 2020-01-31}\n",
            "flows[0].expires: the entry was for the time until 2020-01-31, which is over",
        ),
        (
            "apiVersion: openhive.io/v1\nkind: NetworkExpectations\nflows:\n\
             - {from: any, to: {workload: shop/statefulset/bd}, verdict: allow, reason: r}\n",
            "flows[0].to: matches nobody in the input",
        ),
        ("a: [\n", "is not valid YAML"),
        ("---\na: 1\n---\nb: 1\n", "must hold one document, not 2"),
        ("", "must hold one document, not 0"),
    ] {
        let folder = folder(Some(flows));
        let (code, stdout, stderr) = run(folder.path(), CHECK);
        assert_eq!((code, stdout.as_str()), (Some(11), ""), "{stderr}");
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    let folder = folder(None);
    let (code, _, stderr) = run(folder.path(), CHECK);
    assert_eq!(code, Some(11));
    assert!(stderr.contains("cannot read flows.yaml"), "{stderr}");
}
