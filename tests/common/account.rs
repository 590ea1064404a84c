//! An account that has the rights of printed manifests, and no other.

use serde_json::{Value, json};
use testbed::Result;

/// The manifests that the program prints for a level of verification.
fn printed(level: &str) -> Vec<Value> {
    let mut command = super::program();
    let output = command.args(["verify-netpol", "--print-rbac", level]).output().unwrap();
    assert!(output.status.success(), "{}", super::stderr(&output));
    manifest::yaml::read_as(&super::stdout(&output)).unwrap().into_iter().map(|d| d.value).collect()
}

fn is_role(manifest: &Value) -> bool {
    matches!(manifest["kind"].as_str(), Some("Role" | "ClusterRole"))
}

/// The roles among them.
pub fn printed_roles(level: &str) -> Vec<Value> {
    printed(level).into_iter().filter(is_role).collect()
}

/// The rest of them: the namespace for probe pods, as an administrator prepares it. `apply` acts as one.
pub fn prepare(apply: impl Fn(&str) -> Result<()>) {
    let rest = printed("probing").into_iter().filter(|manifest| !is_role(manifest));
    let text: Vec<String> = rest.map(|manifest| manifest.to_string()).collect();
    assert!(!text.is_empty());
    apply(&text.join("\n---\n")).unwrap();
}

/// Makes a service account with these roles, each under the account's own name, and returns its kubeconfig.
/// `kubectl` and `apply` act as an administrator.
pub fn account(
    kubectl: impl Fn(&[&str]) -> Result<String>,
    apply: impl Fn(&str) -> Result<()>,
    name: &str,
    roles: &[Value],
) -> Value {
    kubectl(&["create", "serviceaccount", name, "-n", "default"]).unwrap();
    let mut manifests = Vec::new();
    for role in roles {
        let mut role = role.clone();
        role["metadata"]["name"] = json!(name);
        let group = "rbac.authorization.k8s.io";
        manifests.push(json!({
            "apiVersion": role["apiVersion"], "kind": format!("{}Binding", role["kind"].as_str().unwrap()),
            "metadata": role["metadata"],
            "roleRef": {"apiGroup": group, "kind": role["kind"], "name": name},
            "subjects": [{"kind": "ServiceAccount", "namespace": "default", "name": name}],
        }));
        manifests.push(role);
    }
    let text: Vec<String> = manifests.iter().map(Value::to_string).collect();
    apply(&text.join("\n---\n")).unwrap();
    // The server knows of a role a moment after it has stored it. Of each, one right tells of all.
    let who = format!("--as=system:serviceaccount:default:{name}");
    for role in roles {
        let rule = &role["rules"][0];
        let word = |key: &str| rule[key][0].as_str().unwrap_or_default().to_owned();
        let resource = word("resources");
        let (resource, subresource) = resource.split_once('/').unwrap_or((&resource, ""));
        let group = word("apiGroups");
        let dot = if group.is_empty() { "" } else { "." };
        let name = rule["resourceNames"][0].as_str().map(|name| format!("/{name}"));
        let asked = format!("{resource}{dot}{group}{}", name.unwrap_or_default());
        let place = match role["metadata"]["namespace"].as_str() {
            Some(namespace) => format!("--namespace={namespace}"),
            None => "--all-namespaces".to_owned(),
        };
        let subresource = format!("--subresource={subresource}");
        let asked = ["auth", "can-i", &word("verbs"), &asked, &subresource, &who, &place];
        let may = || kubectl(&asked).is_ok_and(|answer| answer.trim() == "yes");
        let start = std::time::Instant::now();
        while !may() {
            assert!(start.elapsed().as_secs() < 30, "not allowed: {asked:?}");
        }
    }
    let token = kubectl(&["create", "token", name, "-n", "default"]).unwrap();
    let config = kubectl(&["config", "view", "--raw", "-o", "json"]).unwrap();
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config["users"][0]["user"] = json!({"token": token.trim()});
    config
}
