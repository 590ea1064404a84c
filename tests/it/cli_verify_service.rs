//! `verify-netpol explain` of a Service, as a person runs it.

use std::fs;

use assert_cmd::Command;
use insta::assert_snapshot;
use serde_json::Value;

const SHOP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web, tier: front}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: old, namespace: shop}
spec:
  template:
    metadata: {labels: {app: old, tier: front}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 9090}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec:
  selector: {tier: front}
  ports: [{name: web, port: 80, targetPort: http}]
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: shop}
spec: {ports: [{port: 5432}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: front, namespace: shop}
spec:
  podSelector: {matchLabels: {tier: front}}
  ingress: [{ports: [{port: 8080}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop}
spec: {containers: [{name: c}]}
";

fn explain(args: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("shop.yaml"), SHOP).unwrap();
    let mut command = Command::cargo_bin("kubectl-openhive").unwrap();
    command.current_dir(folder.path()).env_clear().env("KUBECONFIG", "/does/not/exist");
    let command = command.args(["verify-netpol", "explain", "--manifests", "."]).args(args);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn each_backend_is_explained_below_one_answer_for_all() {
    let (code, stdout, stderr) = explain(&["shop/client", "shop/svc/front:80"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_snapshot!(stdout, @r"
    ? mixed  shop/client → service shop/front:80 (1 of 2 backends allowed)

    ✗ denied  shop/client → shop/deployment/old TCP 9090

      egress: ✓ allowed
        no policy selects it in this direction: not isolated

      ingress: ✗ denied
        NetworkPolicy shop/front: no rule matches
        to open it, append to ingress of networkpolicy shop/front:
          - ports:
            - protocol: TCP
              port: 9090
            from:
            - podSelector:
                matchLabels: {}

    ✓ allowed  shop/client → shop/deployment/web TCP 8080

      egress: ✓ allowed
        no policy selects it in this direction: not isolated

      ingress: ✓ allowed
        NetworkPolicy shop/front, rule ingress[0]: allow
    ");
}

#[test]
fn a_service_is_named_in_several_ways() {
    let (_, expected, _) = explain(&["shop/client", "shop/svc/front:80"]);
    for args in [
        &["shop/client", "shop/service/front", "80", "-n", "shop"][..],
        &["shop/client", "svc/front:80", "-n", "shop"],
        &["shop/client", "svc/front:80"],
        &["shop/client", "shop/services/front", "80/tcp"],
    ] {
        let (code, stdout, stderr) = explain(args);
        assert_eq!(code, Some(0), "{stderr}");
        assert_eq!(stdout, expected, "{args:?}");
    }
    let (_, by_name, _) = explain(&["shop/client", "shop/svc/front:web"]);
    assert_eq!(by_name, expected.replace(":80 (", ":web ("));
}

#[test]
fn the_json_names_answer_and_backends() {
    let (_, stdout, _) = explain(&["shop/client", "shop/svc/front:80", "-o", "json"]);
    let found: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(found["answer"], "mixed");
    assert_eq!(found["backends"][1]["backend"], "shop/deployment/web");
    assert_eq!(found["backends"][1]["port"], 8080);
    assert_eq!(found["backends"][1]["answer"], "allowed");
    let (code, stdout, _) = explain(&["shop/client", "shop/svc/outside:5432", "-o", "json"]);
    let found: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &found["noBackend"]), (Some(0), &Value::from("no-endpoints")));
    assert_eq!(found["answer"], "uncertain");
}

#[test]
fn what_is_no_port_of_a_service_is_told_with_those_that_it_has() {
    for (args, words) in [
        (&["shop/client", "shop/svc/front:81"][..], "has no port 81"),
        (&["shop/client", "shop/svc/front:80/udp"], "has no port 80/udp"),
        (&["shop/client", "shop/svc/front"], "which port of service shop/front?"),
        (&["shop/client", "shop/svc/front:80", "80"], "has a port already"),
        (&["shop/client", "shop/svc/front:0"], "is not a port"),
        (&["shop/client", "shop/svc/frnt:80"], "did you mean shop/svc/front?"),
        (&["shop/client", "svc/frnt:80"], "service frnt is not in the input"),
        (&["shop/client", "shop/deployment/web"], "which port of the destination?"),
        (
            &["shop/client", "shop/deployment/web", "nosuch"],
            "the destination has no port named nosuch",
        ),
    ] {
        let (code, stdout, stderr) = explain(args);
        assert_eq!((code, stdout.as_str()), (Some(64), ""), "{args:?}: {stderr}");
        assert!(stderr.contains(words), "{args:?}: {stderr}");
    }
    let (_, _, stderr) = explain(&["shop/client", "shop/svc/front:81"]);
    assert!(stderr.contains("it has 80 (web)"), "{stderr}");
}
