//! `verify-netpol` as a person or a pipeline runs it, without a cluster.

use std::fs;

use assert_cmd::Command;
use insta::assert_snapshot;
use serde_json::Value;
use tempfile::TempDir;

const SHOP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
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
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 5432}]
";

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(files: &[(&str, &str)], args: &[&str]) -> Ran {
    let folder: TempDir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut command = Command::cargo_bin("kubectl-openhive").unwrap();
    command.current_dir(folder.path()).env_clear().env("KUBECONFIG", "/does/not/exist");
    let output = command.arg("verify-netpol").args(args).output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn connections_are_listed_for_people() {
    let ran = run(&[("shop.yaml", SHOP)], &["connections", "--manifests", ".", "--known-only"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_snapshot!(ran.stderr, @r"
    .: 1 namespace, 0 pods, 2 workloads, 1 policy
    warning OHN008  pods made later are not covered
        namespace shop  (./shop.yaml:17)
          has policies for some pods; one that is made later with other labels is open to ingress and egress
          fix: add a policy with podSelector: {} and policyTypes: [Ingress, Egress]
    note    OHN011  a workload that nothing isolates
        deployment shop/web  (./shop.yaml:1)
          is selected by no policy for ingress and egress: everyone is let through
          fix: add a policy that selects it, or one for every pod of its namespace
    lint: 1 warning, 1 note
    ");
    assert_snapshot!(ran.stdout, @r"
    shop/deployment/web → shop/statefulset/db  TCP 5432
    shop/deployment/web → 0.0.0.0/0  TCP all
    shop/deployment/web → 0.0.0.0/0  UDP all
    shop/deployment/web → 0.0.0.0/0  SCTP all
    shop/deployment/web → ::/0  TCP all
    shop/deployment/web → ::/0  UDP all
    shop/deployment/web → ::/0  SCTP all
    0.0.0.0/0 → shop/deployment/web  TCP all
    0.0.0.0/0 → shop/deployment/web  UDP all
    0.0.0.0/0 → shop/deployment/web  SCTP all
    ::/0 → shop/deployment/web  TCP all
    ::/0 → shop/deployment/web  UDP all
    ::/0 → shop/deployment/web  SCTP all
    ");
}

#[test]
fn connections_are_listed_as_json_and_the_report_names_the_schema() {
    let args = ["connections", "--manifests", "shop.yaml", "-o", "json", "--ungrouped"];
    let ran = run(&[("shop.yaml", SHOP)], &args);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["schema"], "openhive.io/connections/v1");
    let row = &document["connections"][0];
    assert_eq!(row["src"]["workload"], "shop/deployment/web");
    assert_eq!(row["dst"]["workload"], "shop/statefulset/db");
    assert_eq!(row["ports"], serde_json::json!([[5432, 5432]]));
}

/// Two pods of one workload, of which a policy selects one.
const SPLIT: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: cart-1
  namespace: shop
  labels: {app: cart, track: stable}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: cart-7d, uid: u, controller: true}]
spec: {containers: [{name: c}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: cart-2
  namespace: shop
  labels: {app: cart, track: canary}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: cart-7d, uid: u, controller: true}]
spec: {containers: [{name: c}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: canary, namespace: shop}
spec:
  podSelector: {matchLabels: {track: canary}}
  policyTypes: [Egress]
";

#[test]
fn workloads_whose_pods_differ_are_split_and_the_label_is_named() {
    let args = ["connections", "--manifests", ".", "--known-only", "--by", "workload"];
    let filter = ["--port", "80", "--to", "shop"];
    let ran = run(&[("a.yaml", SHOP), ("b.yaml", SPLIT)], &[&args[..], &filter].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_snapshot!(ran.stdout, @r"
    shop/replicaset/cart-7d (track=stable) → shop/replicaset/cart-7d (track=canary)  TCP 80
    shop/replicaset/cart-7d (track=stable) → shop/deployment/web  TCP 80
    shop/deployment/web → shop/replicaset/cart-7d (track=stable)  TCP 80
    shop/deployment/web → shop/replicaset/cart-7d (track=canary)  TCP 80
    0.0.0.0/0 → shop/replicaset/cart-7d (track=stable)  TCP 80
    ::/0 → shop/replicaset/cart-7d (track=stable)  TCP 80
    0.0.0.0/0 → shop/replicaset/cart-7d (track=canary)  TCP 80
    ::/0 → shop/replicaset/cart-7d (track=canary)  TCP 80
    0.0.0.0/0 → shop/deployment/web  TCP 80
    ::/0 → shop/deployment/web  TCP 80
    ");
    let args = [&args[..], &filter, &["-o", "json"]].concat();
    let ran = run(&[("a.yaml", SHOP), ("b.yaml", SPLIT)], &args);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["workloads"][0]["where"], "track=stable");
    assert_eq!(document["workloads"][0]["pods"], serde_json::json!(["shop/cart-1"]));
}

#[test]
fn csv_is_read_by_a_csv_reader_and_names_workloads() {
    let args = ["connections", "--manifests", ".", "-o", "csv", "--port", "5432", "--from", "shop"];
    let ran = run(&[("shop.yaml", SHOP)], &args);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.lines().count() > 1 && ran.stdout.ends_with("\r\n"));
    assert_snapshot!(ran.stdout.replace("\r\n", "\n"), @r"
    source,destination,protocol,ports,uncertain
    shop/deployment/web,shop/statefulset/db,TCP,5432,
    shop/deployment/web,unknown pod {} in namespace {},TCP,5432,
    shop/deployment/web,0.0.0.0/0,TCP,5432,
    shop/deployment/web,::/0,TCP,5432,
    ");
}

#[test]
fn every_pair_is_explained_denied_ones_too() {
    let args = ["connections", "--manifests", ".", "--known-only", "--explain", "--from", "shop"];
    let args = [&args[..], &["--to", "shop"]].concat();
    let ran = run(&[("shop.yaml", SHOP)], &args);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_snapshot!(ran.stdout, @r"
    shop/deployment/web → shop/statefulset/db
      ✓ allowed  TCP 5432
      ✗ denied  everything else
      egress: not isolated
      ingress: NetworkPolicy shop/db, rule ingress[0]: allow TCP 5432
    shop/statefulset/db → shop/deployment/web
      ✗ denied  everything
      egress: NetworkPolicy shop/db: no rule matches
      ingress: not isolated
    ");
    let ran = run(&[("shop.yaml", SHOP)], &[&args[..], &["-o", "json"]].concat());
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["pairs"].as_array().unwrap().len(), 2);
    let ran = run(&[("shop.yaml", SHOP)], &[&args[..], &["-o", "csv"]].concat());
    assert_eq!(ran.code, Some(64), "{}", ran.stderr);
}

#[test]
fn two_inputs_are_compared() {
    let new =
        SHOP.replace("port: 5432", "port: 5433") + "---\n" + SPLIT.split("---\n").next().unwrap();
    let files = [("old.yaml", SHOP), ("new.yaml", new.as_str())];
    let args = ["connections", "--manifests", "new.yaml", "--against", "old.yaml", "--known-only"];
    let only = ["--to", "shop/sts/db"];
    let ran = run(&files, &[&args[..], &only].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_snapshot!(ran.stdout, @r"
    + shop/deployment/web → shop/statefulset/db  TCP 5433
    - shop/deployment/web → shop/statefulset/db  TCP 5432
    1 opened, 1 closed
    ");
    let ran = run(&files, &[&args[..], &only, &["--exit-code", "-o", "markdown"]].concat());
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert_snapshot!(ran.stdout, @r"
    ### Connections: 1 opened, 1 closed

    **Opened**

    | from | to | ports |
    |---|---|---|
    | `shop/deployment/web` | `shop/statefulset/db` | TCP 5433 |

    **Closed**

    | from | to | ports |
    |---|---|---|
    | `shop/deployment/web` | `shop/statefulset/db` | TCP 5432 |
    ");
    let ran = run(&files, &[&args[..], &["--by", "workload", "-o", "json"]].concat());
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["schema"], "openhive.io/connections-diff/v1");
    assert_eq!(document["added"], serde_json::json!(["shop/replicaset/cart-7d"]));
    assert_eq!(document["removed"], serde_json::json!([]));
    let closed = serde_json::json!([{
        "src": {"workload": "shop/deployment/web"}, "dst": {"workload": "shop/statefulset/db"},
        "protocol": "TCP", "ports": [[5432, 5432]],
    }]);
    assert_eq!(document["closed"], closed);
    let same = ["connections", "--manifests", "old.yaml", "--against", "old.yaml", "--exit-code"];
    let ran = run(&files, &same);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "no flow opens or closes\n"));
}

/// A cluster is only asked where the bare word names it; the kubeconfig of these tests is not there.
#[test]
fn the_word_cluster_is_the_cluster_and_a_path_is_a_path() {
    let files = [("old.yaml", SHOP), ("cluster", SHOP)];
    let with = |args: &[&str]| run(&files, &[&["connections"], args].concat());
    let manifests = ["--manifests", "old.yaml", "--against"];
    let ran = with(&[&manifests[..], &["./cluster"]].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "no flow opens or closes\n"));
    for more in [&["cluster"][..], &["cluster", "--context", "prod"]] {
        let ran = with(&[&manifests[..], more].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""), "{}", ran.stderr);
        assert!(ran.stderr.contains("no kubeconfig at /does/not/exist"), "{}", ran.stderr);
        assert!(ran.stderr.contains("what is called so here is ./cluster"), "{}", ran.stderr);
    }
    // What is checked is the cluster.
    let ran = with(&["--against", "old.yaml"]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let ran = with(&["--against", "cluster"]);
    assert_eq!(ran.code, Some(64));
    assert!(ran.stderr.contains("the cluster cannot be compared with itself"), "{}", ran.stderr);
    let ran = with(&["--manifests", "-", "--against", "-"]);
    assert_eq!(ran.code, Some(64));
    assert!(ran.stderr.contains("standard input can be read only once"), "{}", ran.stderr);
}

#[test]
fn questions_that_do_not_fit_together_are_usage_errors() {
    let files = [("shop.yaml", SHOP)];
    let with = |args: &[&str]| {
        let args = [&["connections", "--manifests", "."], args].concat();
        let ran = run(&files, &args);
        assert_eq!(ran.stdout, "", "{args:?}");
        (ran.code, ran.stderr)
    };
    for args in [
        &["-o", "markdown"][..],
        &["--explain", "-o", "svg"],
        &["--against", ".", "-o", "csv"],
        &["--against", ".", "--explain"],
        &["--exit-code"],
    ] {
        let (code, stderr) = with(args);
        assert_eq!(code, Some(64), "{args:?}: {stderr}");
    }
    let (code, stderr) = with(&["--against", "none"]);
    assert_eq!(code, Some(11));
    assert!(stderr.contains("cannot read none"), "{stderr}");
}

/// A file of a part would fail as soon as it is used.
#[test]
fn expectations_are_written_of_everything() {
    let files = [("shop.yaml", SHOP)];
    let args = ["connections", "--manifests", ".", "-o", "expect"];
    for more in [&["--namespace", "shop"][..], &["--known-only"], &["--by", "owner"]] {
        let ran = run(&files, &[&args[..], more].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""), "{more:?}");
        let told = format!("-o expect writes every flow: not with {}", more[0]);
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    }
    let ran = run(&files, &[&args[..], &["--to", "shop/sts/db", "--port", "80"]].concat());
    assert!(ran.stderr.contains("leave --to, --port out"), "{}", ran.stderr);
    assert_eq!(run(&files, &args).code, Some(0));
}

#[test]
fn pictures_are_drawn_of_connections() {
    let args = ["connections", "--manifests", ".", "--known-only", "--to", "shop/sts/db"];
    let ran = run(&[("shop.yaml", SHOP)], &[&args[..], &["-o", "svg"]].concat());
    assert!(ran.stdout.starts_with("<svg "), "{}", ran.stdout);
    assert!(ran.stdout.contains("statefulset/db"), "{}", ran.stdout);
    let ran = run(&[("shop.yaml", SHOP)], &[&args[..], &["-o", "dot"]].concat());
    assert!(ran.stdout.contains("n0 -> n1 [label=\"TCP 5432\""), "{}", ran.stdout);
}

#[test]
fn filters_that_name_nothing_are_errors_with_the_nearest_name() {
    let with = |filter: &[&str]| {
        let args = [&["connections", "--manifests", "."], filter].concat();
        let ran = run(&[("shop.yaml", SHOP)], &args);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""), "{filter:?}: {}", ran.stderr);
        ran.stderr
    };
    assert_snapshot!(with(&["--from", "shop/deployment/wbe"]), @r"
    .: 1 namespace, 0 pods, 2 workloads, 1 policy
    ✗ shop/deployment/wbe is not in the input

      Fix     did you mean shop/deployment/web?
      exit code 64
    ");
    assert!(with(&["--to", "shpo"]).contains("did you mean shop?"));
    assert!(with(&["--to", "shop/svc/web"]).contains("shop/svc/web is not in the input"));
    assert!(with(&["--namespace", "shp"]).contains("did you mean shop?"));
    assert!(with(&["--port", "http"]).contains("not a port such as 80"));
    assert!(with(&["--port", "0"]).contains("not a port such as 80"));
    assert!(with(&["--port", "80/icmp"]).contains("not a port such as 80"));
    assert!(with(&["--by", "workload", "--ungrouped"]).contains("cannot be used with"));
    let ran = run(&[("shop.yaml", SHOP)], &["explain", "--manifests", ".", "shop", "shop/db", "1"]);
    assert_eq!(ran.code, Some(64));
    assert!(ran.stderr.contains("shop is a namespace"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder: TempDir = tempfile::tempdir().unwrap();
    // More than a pipe holds.
    let pod = |i: usize| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{i}, namespace: a}}\nspec: {{containers: [{{name: c}}]}}\n"
        )
    };
    fs::write(folder.path().join("a.yaml"), (0..60).map(pod).collect::<String>()).unwrap();
    let program = assert_cmd::cargo::cargo_bin("kubectl-openhive");
    for format in ["table", "json", "csv"] {
        let mut child = std::process::Command::new(&program)
            .current_dir(folder.path())
            .env_clear()
            .args(["verify-netpol", "connections", "--manifests", ".", "--allow-empty"])
            .args(["--ungrouped", "-o", format])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}: {stderr}");
        assert!(!stderr.contains("panicked"), "{format}: {stderr}");
    }
}

#[test]
fn an_explanation_names_policies_and_what_would_open_the_flow() {
    let flow = ["explain", "shop/deployment/web", "shop/statefulset/db", "5433"];
    let ran = run(&[("shop.yaml", SHOP)], &[&flow[..], &["--manifests", "."]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_snapshot!(ran.stdout, @r"
    ✗ denied  shop/deployment/web → shop/statefulset/db TCP 5433

      egress: ✓ allowed
        no policy selects it in this direction: not isolated

      ingress: ✗ denied
        NetworkPolicy shop/db: no rule matches
        to open it, append to ingress of networkpolicy shop/db:
          - ports:
            - protocol: TCP
              port: 5433
            from:
            - podSelector:
                matchLabels:
                  app: web
    ");
}

#[test]
fn invalid_objects_are_told_with_file_and_line_and_have_an_exit_code() {
    let bad = SHOP.replace("port: 5432", "port: 99999").replace("from:", "form:");
    let files = [("shop.yaml", bad.as_str())];
    let ran = run(&files, &["connections", "--manifests", "."]);
    assert_eq!(ran.code, Some(11), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert_snapshot!(ran.stderr, @r"
    ✗ .: 2 problems

      Seen    ./shop.yaml:17  NetworkPolicy shop/db: spec.ingress[0].form: unknown field, did you mean from?
              ./shop.yaml:17  NetworkPolicy shop/db: spec.ingress[0].ports[0].port: 99999 is not a port, which is 1 to 65535
      Fix     correct them; the API server would refuse these objects
              or go on without them:  --skip-invalid
      exit code 11
    ");
    let ran = run(&files, &["connections", "--manifests", ".", "--skip-invalid", "--allow-empty"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("left out: ./shop.yaml:17"), "{}", ran.stderr);
}

#[test]
fn an_input_without_pods_or_policies_is_no_green_answer() {
    let pods = SHOP.split("---\napiVersion: networking").next().unwrap();
    let ran = run(&[("shop.yaml", pods)], &["connections", "--manifests", "."]);
    assert_eq!(ran.code, Some(11));
    assert!(ran.stderr.contains("holds no policies"), "{}", ran.stderr);
    let ran = run(&[], &["connections", "--manifests", "."]);
    assert_eq!(ran.code, Some(11));
    assert!(ran.stderr.contains("holds no pods and workloads"), "{}", ran.stderr);
    let ran = run(&[], &["connections", "--manifests", "none"]);
    assert!(ran.stderr.contains("there is no such file or folder"), "{}", ran.stderr);
}

const VALUES: &str = include_str!("../common/values.env");

#[test]
fn the_platforms_matrix_holds_for_what_is_rendered() {
    let ran = run(&[("values.env", VALUES)], &["-f", "values.env", "--no-strict"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("canary"), "{}", ran.stdout);
    assert_snapshot!(ran.stdout);
}

#[test]
fn an_open_question_is_no_good_answer_where_nobody_looks() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("values.env"), VALUES).unwrap();
    let mut render = Command::cargo_bin("kubectl-openhive").unwrap();
    render.current_dir(folder.path()).args(["render", "-f", "values.env"]);
    let rendered = String::from_utf8(render.output().unwrap().stdout).unwrap();
    let foreign = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
        metadata: {name: foreign, namespace: openhive}\n\
        spec: {endpointSelector: {matchLabels: {app.kubernetes.io/name: hive-dashboard}}}\n";
    let files = [("values.env", VALUES), ("ours.yaml", &rendered), ("foreign.yaml", foreign)];
    let arguments = [
        "-f",
        "values.env",
        "--manifests",
        "ours.yaml",
        "--manifests",
        "foreign.yaml",
        "-o",
        "json",
    ];
    let ran = run(&files, &arguments);
    assert_eq!(ran.code, Some(10), "{}", ran.stderr);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["strict"]["on"], true);
    assert_eq!(document["totals"]["bypass"], 0);
    assert_ne!(document["totals"]["unknown"], 0);
    let ran = run(&files, &[&arguments[..], &["--no-strict"]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn a_service_is_no_end_of_a_connection_and_what_is_behind_it_is() {
    const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}, {name: dns, port: 53, protocol: UDP}]
";
    let files = [("shop.yaml", SHOP), ("svc.yaml", SERVICE)];
    let args = ["connections", "--manifests", "."];
    let ran = run(&files, &[&args[..], &["--to", "shop/svc/front"]].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""));
    assert_snapshot!(ran.stderr, @r"
    .: 1 namespace, 0 pods, 2 workloads, 1 policy
    ✗ shop/svc/front is a Service

      Cause   connections are between pods and addresses; a Service only leads to pods
      Fix     name what is behind it:  shop/deployment/web --port 8080 --port 53/udp
              or ask about it:  verify-netpol explain SOURCE shop/svc/front PORT
      exit code 64
    ");
    for more in [&["--from", "svc/front:80"][..], &["--to", "svc/front", "--against", "."]] {
        let ran = run(&files, &[&args[..], more].concat());
        assert_eq!(ran.code, Some(64), "{more:?}");
        assert!(ran.stderr.contains("is a Service"), "{}", ran.stderr);
    }
}

#[test]
fn the_matrix_needs_to_know_what_is_meant() {
    let ran = run(&[("shop.yaml", SHOP)], &["--manifests", "."]);
    assert_eq!(ran.code, Some(64));
    assert!(ran.stderr.contains("no values file"), "{}", ran.stderr);
}

#[test]
fn an_explanation_of_one_flow_reads_and_checks_the_whole_input() {
    let pod = |id: &str, port: &str| {
        let (namespace, name) = id.split_once('/').unwrap();
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: {namespace}\n\
             spec:\n  containers:\n  - ports:\n    - containerPort: {port}\n"
        )
    };
    let policy = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  \
                  name: none\n  namespace: b\nspec:\n  podSelector: {}\n";
    let text = [&pod("a/web", "80"), &pod("b/db", "80"), &pod("b/job", "80"), policy].concat();
    let explain = |text: &str, to: &str| {
        run(&[("all.yaml", text)], &["explain", "a/web", to, "80", "--manifests", "."])
    };
    let ran = explain(&text, "b/db");
    assert!(ran.stdout.starts_with("✗ denied"), "{}", ran.stdout);
    assert_snapshot!(ran.stderr, @".: 2 namespaces, 3 pods, 0 workloads, 1 policy");
    // A mistake in an object that neither end has to do with is told all the same.
    let ran = explain(&(text.clone() + &pod("c/broken", "nonsense")), "b/db");
    assert_eq!(ran.code, Some(11));
    assert!(ran.stderr.contains("Pod c/broken"), "{}", ran.stderr);
    let ran = explain(&text, "b/jab");
    assert!(ran.stderr.contains("did you mean b/job?"), "{}", ran.stderr);
}

/// Runs of files never read a kubeconfig: the one of these tests is not there.
#[test]
fn without_files_the_cluster_is_checked_whatever_the_environment_says() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("values.env"), VALUES).unwrap();
    for verb in [&[][..], &["connections"], &["explain", "a/b", "a/c", "80"]] {
        let mut command = Command::cargo_bin("kubectl-openhive").unwrap();
        command.current_dir(folder.path()).env_clear().env("OPENHIVE_VALUES", "values.env");
        command.env("KUBECONFIG", "/does/not/exist").arg("verify-netpol").args(verb);
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{verb:?}: {told}");
        assert!(told.contains("no kubeconfig at /does/not/exist"), "{told}");
    }
}

#[test]
fn a_cluster_is_named_or_manifests_are() {
    let ran = run(&[("shop.yaml", SHOP)], &["connections", "--manifests", ".", "--context", "x"]);
    assert_eq!(ran.code, Some(64), "{}", ran.stderr);
    assert!(ran.stderr.contains("--manifests and --context exclude each other"), "{}", ran.stderr);
    let args = ["explain", "shop/deployment/web", "shop/sts/db", "80", "--manifests", "."];
    let ran = run(&[("shop.yaml", SHOP)], &[&args[..], &["--context", "x"]].concat());
    assert_eq!(ran.code, Some(64), "{}", ran.stderr);
    // Beside values it is the cluster that is checked, against them.
    let args = ["-f", "values.env", "--kubeconfig", "none"];
    let ran = run(&[("values.env", VALUES)], &args);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
}
