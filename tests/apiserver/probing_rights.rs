//! What `--live` may do and does, against a real API server: with one of the rights less that `--print-rbac probing`
//! prints, it names it, creates nothing where it is missing, and calls nothing as intended; and it deletes nothing
//! that is not its own. That the rights suffice is shown with real packets (`tests/node/verify_netpol.rs`).

use serde_json::{Value, json};

use crate::common::account::{account, prepare, printed_roles};
use crate::common::{stderr, stdout};
use crate::site::{Site, mutates};

const ARGUMENTS: [&str; 6] =
    ["--live", "--probe-image", "registry.test/probe:v1", "-o", "json", "--strict"];

/// A right to leave out: where, which, and the roles without it.
struct Less {
    namespace: &'static str,
    right: String,
    roles: Vec<Value>,
}

/// The ways to leave out one verb of one resource that only a run needs which creates pods: in one of the platform's
/// namespaces, which are alike, and in the one that is prepared for probes.
fn each_one_less() -> Vec<Less> {
    let all = printed_roles("probing");
    let mut ways = Vec::new();
    for namespace in ["hive-agents", "openhive-probes"] {
        let role = all.iter().position(|role| role["metadata"]["namespace"] == namespace).unwrap();
        let needed = rights(&all[role]);
        for right in &needed {
            let rules: Vec<Value> = needed
                .iter()
                .filter(|other| *other != right)
                .map(|(group, resource, verb)| {
                    json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]})
                })
                .collect();
            let mut roles = all.clone();
            roles[role]["rules"] = json!(rules);
            let (group, resource, verb) = right;
            // What everybody may list who verifies cannot be missing.
            if verb == "list" && resource != "configmaps" {
                continue;
            }
            let dot = if group.is_empty() { "" } else { "." };
            ways.push(Less { namespace, right: format!("{verb} {resource}{dot}{group}"), roles });
        }
    }
    ways
}

fn rights(role: &Value) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for rule in role["rules"].as_array().unwrap() {
        let words = |key: &str| {
            let list = rule[key].as_array().unwrap().iter();
            list.map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        for group in words("apiGroups") {
            for resource in words("resources") {
                all.extend(
                    words("verbs").into_iter().map(|v| (group.clone(), resource.clone(), v)),
                );
            }
        }
    }
    all
}

/// The requests of the program since the mark that write something.
fn written(site: &Site, mark: usize) -> Vec<Value> {
    let questions = |event: &Value| {
        let uri = event["requestURI"].as_str().unwrap_or_default();
        mutates(event) && !uri.contains("selfsubject") && !uri.contains("/exec?")
    };
    site.requests(mark).into_iter().filter(questions).collect()
}

#[test]
fn one_right_less_is_named_and_nothing_is_created_there() {
    let site = Site::with_nodes();
    site.install(&[]);
    prepare(|manifests| site.cluster.apply(manifests));
    let ways = each_one_less();
    assert!(ways.len() >= 15, "{:?}", ways.iter().map(|less| &less.right).collect::<Vec<_>>());
    for (number, Less { namespace, right, roles }) in ways.iter().enumerate() {
        let name = format!("less-{number}");
        let cluster = &site.cluster;
        let config = account(|a| cluster.kubectl(a), |m| cluster.apply(m), &name, roles);
        let kubeconfig = site.folder.path().join(&name);
        std::fs::write(&kubeconfig, config.to_string()).unwrap();
        let mark = site.mark();
        let output = site.run_as(&kubeconfig, "verify-netpol", &ARGUMENTS);
        assert_eq!(output.status.code(), Some(10), "{namespace}: {right}");
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let named = format!("no right to {right} -n {namespace}");
        assert!(report.to_string().contains(&named), "{named}: {}", report["findings"]);
        assert_eq!(report["cluster"]["live"]["proof"]["enforced"], false, "{right}");
        for cell in report["cells"].as_array().unwrap() {
            let sent = cell["from"] != "external" && cell["to"] != "private";
            assert!(!sent || cell["verdict"] != "match", "{right}: {cell:#}");
        }
        let there = format!("/namespaces/{namespace}/");
        let is_there = |event: &&Value| event["requestURI"].as_str().unwrap().contains(&there);
        let written = written(&site, mark);
        let written: Vec<&Value> = written.iter().filter(is_there).collect();
        assert!(written.is_empty(), "{namespace}: {right}: {written:#?}");
    }
}

/// Until when an object is needed that nobody needs any more.
const PAST: &str = "2020-01-02T03:04:05Z";

/// An object with these marks of a run.
fn marked(kind: &str, namespace: &str, name: &str, run: &str, managed_by: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": kind,
        "metadata": {
            "name": name, "namespace": namespace,
            "labels": {"openhive.io/probe-run": run, "app.kubernetes.io/managed-by": managed_by},
            "annotations": {"openhive.io/expires": PAST},
        },
    })
}

/// Objects of others that carry marks of a run, each but for one.
fn foreign() -> Vec<Value> {
    let (run, ours) = ("0a1b2c3d", "kubectl-openhive");
    let name = format!("openhive-probe-{run}");
    let mut later = marked("ConfigMap", "hive-sandbox", &name, run, ours);
    later["metadata"]["annotations"] = json!({"openhive.io/expires": "2999-01-02T03:04:05Z"});
    let mut pods = vec![
        marked("Pod", "hive-agents", &format!("{name}-agent-0"), run, ours),
        marked("Pod", "openhive-probes", &name, run, ours),
    ];
    let container = json!({
        "name": "probe", "image": "registry.test/probe:v1",
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1m", "memory": "1Mi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "runAsNonRoot": true, "runAsUser": 1000,
            "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}},
    });
    pods.iter_mut().for_each(|pod| pod["spec"] = json!({"containers": [container]}));
    let mut namespace = marked("Namespace", "", &name, run, ours);
    namespace["metadata"]["namespace"] = Value::Null;
    let mut objects = vec![
        namespace,
        // In somebody else's namespace.
        marked("ConfigMap", "default", &name, run, ours),
        marked("ConfigMap", "openhive", "settings", "x", ours),
        marked("ConfigMap", "openhive", "settings-of-a-run", run, ours),
        marked("ConfigMap", "openhive", "openhive-probe-11111111", run, ours),
        marked("ConfigMap", "openhive", &name, run, "Helm"),
        later,
    ];
    objects.append(&mut pods);
    objects
}

fn uids(site: &Site, objects: &[Value]) -> Vec<String> {
    let uid = |object: &Value| {
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
        let kind = object["kind"].as_str().unwrap().to_lowercase();
        let live = site.get(&text("namespace"), &format!("{kind}/{}", text("name")));
        assert!(live["metadata"].get("deletionTimestamp").is_none(), "{live:#}");
        live["metadata"]["uid"].as_str().unwrap().to_owned()
    };
    objects.iter().map(uid).collect()
}

#[test]
fn nothing_is_deleted_that_is_not_a_runs_own() {
    let site = Site::with_nodes();
    site.install(&[]);
    prepare(|manifests| site.cluster.apply(manifests));
    let config = account(
        |a| site.cluster.kubectl(a),
        |m| site.cluster.apply(m),
        "prober",
        // Without the proof, which no fake node can give: so a run takes seconds.
        &without_proof(),
    );
    let kubeconfig = site.folder.path().join("prober");
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    let foreign = foreign();
    let text: Vec<String> = foreign.iter().map(Value::to_string).collect();
    site.cluster.apply(&text.join("\n---\n")).unwrap();
    let before = uids(&site, &foreign);
    let abandoned = marked(
        "ConfigMap",
        "hive-agents",
        "openhive-probe-deadbeef",
        "deadbeef",
        "kubectl-openhive",
    );
    site.cluster.apply(&abandoned.to_string()).unwrap();
    for run in 0..10 {
        let mark = site.mark();
        let output = site.run_as(&kubeconfig, "verify-netpol", &ARGUMENTS);
        assert_eq!(output.status.code(), Some(10));
        // What a run left is deleted by the next, which says so.
        let told = "what an earlier run left: configmap openhive-probe-deadbeef";
        assert_eq!(stderr(&output).contains(told), run == 0, "{}", stderr(&output));
        let written = written(&site, mark);
        assert!(written.iter().any(|event| event["verb"] == "create"), "nothing was created");
        for event in &written {
            let uri = event["requestURI"].as_str().unwrap();
            let resource = event["objectRef"]["resource"].as_str().unwrap();
            assert_ne!(resource, "namespaces", "{event:#}");
            let namespace = event["objectRef"]["namespace"].as_str().unwrap();
            assert!(matches!(namespace, "openhive" | "hive-agents" | "hive-sandbox"), "{uri}");
            if event["verb"] == "delete" {
                let name = event["objectRef"]["name"].as_str().unwrap();
                assert!(stderr(&output).contains(name), "{name} is not named");
                assert_eq!(resource, "configmaps");
            }
        }
        assert_eq!(uids(&site, &foreign), before);
    }
    let label = ["-l", "openhive.io/probe-run", "-A", "--no-headers"];
    let left = site.cluster.kubectl(&[&["get", "pods,configmaps"], &label[..]].concat()).unwrap();
    assert_eq!(left.lines().count(), foreign.len() - 1, "{left}");
}

/// The printed roles but for the one in the namespace for probes.
fn without_proof() -> Vec<Value> {
    let mut roles = printed_roles("probing");
    roles.retain(|role| role["metadata"]["namespace"] != "openhive-probes");
    roles
}
