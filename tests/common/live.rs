//! `verify-netpol --live` on a node, and what its report says.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testbed::NodeOptions;
use testbed::node::{API_NAME, INGRESS_CONTROLLER};

use super::account::prepare;
use super::platform::{self, Change, Platform, Turn};
use super::run::Ran;

/// The node with the platform on it, where everything must be answered.
pub fn installed() -> Turn {
    installed_on(&NodeOptions::default())
}

/// The same on a node of another shape.
pub fn installed_on(options: &NodeOptions) -> Turn {
    let platform = platform::installed_on(options);
    prepared(&platform);
    platform
}

/// What an administrator has to do so that everything can be answered: prepares the namespace for probe pods, and
/// starts an Ingress controller.
pub fn prepared(platform: &Platform) {
    prepare(|manifests| platform.node.apply(manifests));
    platform.node.apply(INGRESS_CONTROLLER).unwrap();
    let ready = ["wait", "--for=condition=Ready", "--timeout=60s", "pod/controller"];
    platform.node.kubectl(&[&ready[..], &["-n", "ingress-nginx"]].concat()).unwrap();
}

/// The right to ask the pods of the Ingress controller's namespace, which no printed role gives.
pub fn ask_controller() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "ask", "namespace": "ingress-nginx"},
        "rules": [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]}],
    })
}

/// The arguments of a run that asks for everything, as JSON.
pub fn arguments(platform: &Platform, changes: &[Change], more: &[&str]) -> Vec<String> {
    let values = platform.values(changes);
    let external = format!("{API_NAME}:443");
    let line = ["verify-netpol", "--live", "-f", values.to_str().unwrap(), "--external", &external];
    line.iter().chain(&["-o", "json"]).chain(more).map(|word| (*word).to_owned()).collect()
}

/// One run, and what it says.
#[track_caller]
pub fn live(platform: &Platform, changes: &[Change], more: &[&str]) -> (Option<i32>, Value) {
    let arguments = arguments(platform, changes, more);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    report(&platform.openhive(&arguments))
}

/// The report of a run.
#[track_caller]
pub fn report(ran: &Ran) -> (Option<i32>, Value) {
    let report: Value = serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.stdout, ran.stderr));
    println!(
        "exit {:?}, seconds {}, {}",
        ran.code, report["cluster"]["live"]["seconds"], report["totals"]
    );
    // What a test that fails has to show.
    for flow in cells(&report).iter().flat_map(flows) {
        if flow["verdict"] != "match" && flow["verdict"] != "wide" {
            println!("{flow}");
        }
    }
    (ran.code, report)
}

/// The proof that policies are enforced.
pub fn proof(report: &Value) -> &Value {
    &report["cluster"]["live"]["proof"]
}

/// Its cells.
pub fn cells(report: &Value) -> &[Value] {
    report["cells"].as_array().unwrap()
}

/// The flows of a cell that were sent.
pub fn flows(cell: &Value) -> &[Value] {
    cell["flows"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Cells that are not as intended, as `bypass agent → external`.
pub fn findings(report: &Value) -> BTreeSet<String> {
    let text = |cell: &Value, key: &str| cell[key].as_str().unwrap().to_owned();
    cells(report)
        .iter()
        .filter(|cell| cell["verdict"] != "match" && cell["verdict"] != "wide")
        .map(|c| format!("{} {} → {}", text(c, "verdict"), text(c, "from"), text(c, "to")))
        .collect()
}

/// Every pair of these, as [`findings`] has them.
pub fn all(verdict: &str, from: &[&str], to: &[&str]) -> BTreeSet<String> {
    let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
    pairs.map(|(from, to)| format!("{verdict} {from} → {to}")).collect()
}

/// Several of those together.
pub fn union(sets: impl IntoIterator<Item = BTreeSet<String>>) -> BTreeSet<String> {
    sets.into_iter().flatten().collect()
}

/// Every packet did what the policies say, beside a control; returns how many were open, and how many closed. What
/// the policies leave to the network plugin a packet settles.
#[track_caller]
pub fn agreement(report: &Value) -> (usize, usize) {
    let (mut open, mut closed) = (0, 0);
    // The policies alone judge what comes from the internet, and what goes to a private network.
    let sent = |cell: &&Value| cell["from"] != "external" && cell["to"] != "private";
    for cell in cells(report).iter().filter(sent) {
        assert!(!flows(cell).is_empty(), "nothing was sent: {cell:#}");
        for flow in flows(cell) {
            let left = flow["staticWhy"] == "cni-dependent";
            match flow["observed"]["outcome"].as_str() {
                Some("open") => {
                    open += 1;
                    assert!(left || flow["static"] == "allowed", "{flow:#}");
                }
                Some("blocked") => {
                    closed += 1;
                    assert!(left || flow["static"] == "denied", "{flow:#}");
                    assert_eq!(flow["control"]["outcome"], "passed", "{flow:#}");
                }
                other => panic!("{other:?}: {flow:#}"),
            }
        }
    }
    (open, closed)
}

/// The platform as it should be, without a finding: the proof succeeded, and static is observed for every cell.
#[track_caller]
pub fn as_intended((code, report): &(Option<i32>, Value)) {
    assert_eq!(findings(report), BTreeSet::new());
    assert_eq!(*code, Some(0));
    assert_eq!(proof(report)["enforced"], true, "{:#}", proof(report));
    let (open, closed) = agreement(report);
    assert!(open > 40 && closed > 80, "{open} open, {closed} closed");
}

/// Everything that carries the label of a run.
pub fn left(platform: &Platform) -> Vec<String> {
    let kinds = ["pods,configmaps,networkpolicies", "namespaces"];
    let list = |kinds: &str| {
        let arguments =
            ["get", kinds, "-A", "-l", "openhive.io/probe-run", "-o", "name", "--ignore-not-found"];
        platform.node.kubectl(&arguments).unwrap()
    };
    kinds.iter().flat_map(|k| list(k).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Two ClusterNetworkPolicies that no NetworkPolicy can undo: agents lose the Gateway, and the Dashboard gets the
/// metadata service.
pub fn cluster_policies() -> [Value; 2] {
    let policy = |name: &str, subject: Value, rule: Value| {
        json!({
            "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
            "metadata": {"name": name},
            "spec": {"tier": "Admin", "priority": 10, "subject": subject, "egress": [rule]},
        })
    };
    let namespace = |name: &str| json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
    let dashboard = json!({"pods": {
        "namespaceSelector": namespace("openhive"),
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "hive-dashboard"}},
    }});
    [
        policy(
            "no-gateway",
            json!({"namespaces": namespace("hive-agents")}),
            json!({"name": "gateway", "action": "Deny", "to": [{"namespaces": namespace("openhive")}]}),
        ),
        policy(
            "metadata",
            dashboard,
            json!({"name": "metadata", "action": "Accept", "to": [{"networks": ["169.254.169.254/32"]}]}),
        ),
    ]
}

/// What the policies above are found to do, where they are enforced and where they are not.
pub fn cluster_policies_find() -> BTreeSet<String> {
    union([
        all("overblock", &["agent", "agent*"], &["gateway"]),
        all("bypass", &["dashboard"], &["metadata"]),
    ])
}
