//! The rights that `--print-rbac probing` prints, against a real API server: with one less, `--live` names it, makes
//! nothing, and calls nothing as intended. That they suffice is shown with real packets (`tests/node/verify_netpol.rs`).

use serde_json::{Value, json};

use crate::common::account::{account, printed_roles};
use crate::common::{stderr, stdout};
use crate::site::{Site, mutates};

/// The ways to leave out one verb of one resource that only a run needs which makes pods, with its name.
fn each_one_less() -> Vec<(String, Vec<Value>)> {
    let (all, before) = (printed_roles("probing"), printed_roles("live"));
    let cluster = |roles: &[Value]| {
        let role = roles.iter().find(|role| role["kind"] == "ClusterRole").unwrap();
        rights(role)
    };
    let (needed, read) = (cluster(&all), cluster(&before));
    let mut ways = Vec::new();
    for right in needed.iter().filter(|right| !read.contains(right)) {
        let rules: Vec<Value> = needed
            .iter()
            .filter(|other| *other != right)
            .map(|(group, resource, verb)| {
                json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]})
            })
            .collect();
        let mut roles = all.clone();
        // The roles of single namespaces grant an exec a second time.
        roles.retain(|role| {
            role["kind"] == "ClusterRole" || role["metadata"]["namespace"] == "kube-system"
        });
        for role in roles.iter_mut().filter(|role| role["kind"] == "ClusterRole") {
            role["rules"] = json!(rules);
        }
        let (group, resource, verb) = right;
        let dot = if group.is_empty() { "" } else { "." };
        ways.push((format!("{verb} {resource}{dot}{group}"), roles));
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

#[test]
fn one_right_less_is_named_and_nothing_is_made() {
    let site = Site::with_nodes();
    site.install(&[]);
    let ways = each_one_less();
    assert!(ways.len() >= 12, "{:?}", ways.iter().map(|(right, _)| right).collect::<Vec<_>>());
    for (number, (right, roles)) in ways.iter().enumerate() {
        let name = format!("less-{number}");
        let cluster = &site.cluster;
        let config = account(|a| cluster.kubectl(a), |m| cluster.apply(m), &name, roles);
        let kubeconfig = site.folder.path().join(&name);
        std::fs::write(&kubeconfig, config.to_string()).unwrap();
        let mark = site.mark();
        let args = ["--live", "--probe-image", "registry.test/probe:v1", "-o", "json", "--strict"];
        let output = site.run_as(&kubeconfig, "verify-netpol", &args);
        assert_eq!(output.status.code(), Some(10), "{right}");
        assert!(stderr(&output).contains(&format!("no right to {right} ")), "{right}");
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(report["cluster"]["live"]["proof"]["enforced"], false, "{right}");
        for cell in report["cells"].as_array().unwrap() {
            let sent = cell["from"] != "external";
            assert!(!sent || cell["verdict"] != "match", "{right}: {cell:#}");
        }
        let requests = site.requests(mark);
        let questions = |event: &&Value| {
            let uri = event["requestURI"].as_str().unwrap_or_default();
            mutates(event) && !uri.contains("selfsubject") && !uri.contains("/exec?")
        };
        let written: Vec<&Value> = requests.iter().filter(questions).collect();
        assert!(written.is_empty(), "{right}: {written:#?}");
    }
}
