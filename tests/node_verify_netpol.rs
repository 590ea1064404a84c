//! `verify-netpol --live` on a real node: what it says of a platform as it should be, with one fault at a time, and
//! what it leaves behind.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use common::platform::{Platform, Turn, platform};
use common::run::{Ran, interrupt};
use serde_json::{Value, json};
use testbed::node::{API_NAME, REGISTRY_NAME};

/// Where everything must be answered, the Ingress controller's namespace too.
fn installed() -> Turn {
    let platform = platform();
    if platform.objects().is_empty() {
        platform.install(&[]).ok();
        platform.node.kubectl(&["create", "namespace", "ingress-nginx"]).unwrap();
    }
    platform
}

fn arguments(platform: &Platform) -> Vec<String> {
    let values = platform.values(&[]);
    let external = format!("{API_NAME}:443");
    let line = ["verify-netpol", "--live", "-f", values.to_str().unwrap(), "--external", &external];
    line.iter().chain(&["-o", "json"]).map(|word| (*word).to_owned()).collect()
}

/// One run, and what it says.
#[track_caller]
fn live(platform: &Platform) -> (Option<i32>, Value) {
    let arguments = arguments(platform);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    report(&platform.openhive(&arguments))
}

#[track_caller]
fn report(ran: &Ran) -> (Option<i32>, Value) {
    let report: Value = serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.stdout, ran.stderr));
    println!(
        "exit {:?}, seconds {}, {}",
        ran.code, report["cluster"]["live"]["seconds"], report["totals"]
    );
    (ran.code, report)
}

/// Cells that are not as intended, as `bypass agent → external`.
fn findings(report: &Value) -> BTreeSet<String> {
    let cells = report["cells"].as_array().unwrap().iter();
    let text = |cell: &Value, key: &str| cell[key].as_str().unwrap().to_owned();
    cells
        .filter(|cell| cell["verdict"] != "match" && cell["verdict"] != "wide")
        .map(|c| format!("{} {} → {}", text(c, "verdict"), text(c, "from"), text(c, "to")))
        .collect()
}

fn all(verdict: &str, from: &[&str], to: &[&str]) -> BTreeSet<String> {
    let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
    pairs.map(|(from, to)| format!("{verdict} {from} → {to}")).collect()
}

/// Everything that carries the label of a run.
fn left(platform: &Platform) -> Vec<String> {
    let kinds = ["pods,configmaps,networkpolicies", "namespaces"];
    let list = |kinds: &str| {
        let arguments =
            ["get", kinds, "-A", "-l", "openhive.io/probe-run", "-o", "name", "--ignore-not-found"];
        platform.node.kubectl(&arguments).unwrap()
    };
    kinds.iter().flat_map(|k| list(k).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn every_flow_is_as_intended_and_policies_and_packets_agree() {
    let platform = installed();
    let (code, report) = live(&platform);
    assert_eq!(findings(&report), BTreeSet::new());
    assert_eq!(code, Some(0));
    let proof = &report["cluster"]["live"]["proof"];
    assert_eq!(proof["enforced"], true, "{proof:#}");
    let cells = report["cells"].as_array().unwrap();
    let mut open = 0;
    let mut closed = 0;
    for cell in cells.iter().filter(|cell| cell["from"] != "external") {
        let flows = cell["flows"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(!flows.is_empty(), "nothing was sent: {cell:#}");
        for flow in flows {
            let (says, seen) = (&flow["static"], &flow["observed"]["outcome"]);
            match seen.as_str() {
                Some("open") => {
                    open += 1;
                    assert_eq!(says, "allowed", "{flow:#}");
                }
                Some("blocked") => {
                    closed += 1;
                    assert_eq!(says, "denied", "{flow:#}");
                    assert_eq!(flow["control"]["outcome"], "passed", "{flow:#}");
                }
                other => panic!("{other:?}: {flow:#}"),
            }
        }
    }
    assert!(open > 40 && closed > 80, "{open} open, {closed} closed");
    // Each real pod where it can, else a probe pod.
    let from = |party: &str, via: &str| {
        let rows = cells.iter().filter(|cell| cell["from"] == party);
        let flows = rows.flat_map(|cell| cell["flows"].as_array().unwrap());
        flows.into_iter().all(|flow| flow["via"] == via)
    };
    for party in ["gateway", "dashboard", "agent", "sandbox"] {
        assert!(from(party, "pod"), "{party}");
    }
    for party in ["agent*", "pipeline", "migration", "ingress", "elsewhere"] {
        assert!(from(party, "probe-pod"), "{party}");
    }
    assert_eq!(left(&platform), Vec::<String>::new());
}

/// Something wrong, and exactly what has to be found.
struct Fault {
    what: &'static str,
    make: fn(&Platform),
    exit: i32,
    finds: BTreeSet<String>,
}

fn policy(platform: &Platform, namespace: &str, spec: &Value) {
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "debug", "namespace": namespace}, "spec": spec,
    });
    platform.node.apply(&policy.to_string()).unwrap();
}

fn patch(platform: &Platform, namespace: &str, name: &str, patch: &Value) {
    let patch = patch.to_string();
    let arguments = ["patch", "networkpolicy", name, "-n", namespace, "--type=json", "-p", &patch];
    platform.node.kubectl(&arguments).unwrap();
}

const CALLERS: [&str; 6] = ["gateway", "agent", "agent*", "sandbox", "pipeline", "migration"];

fn faults() -> Vec<Fault> {
    let agents = ["agent", "agent*"];
    let outside = ["database", "external", "api-server", "metadata"];
    let strangers = ["ingress", "elsewhere"];
    vec![
        Fault {
            what: "a policy is deleted",
            make: |platform| {
                let name = ["networkpolicy/hive-gateway-ingress", "-n", "openhive"];
                platform.node.kubectl(&[&["delete"], &name[..]].concat()).unwrap();
            },
            exit: 13,
            finds: all(
                "overblock",
                &["agent", "agent*", "dashboard", "ingress", "pipeline", "sandbox"],
                &["gateway"],
            ),
        },
        Fault {
            what: "a foreign policy that allows everything",
            make: |platform| {
                let spec = json!({"podSelector": {}, "ingress": [{}], "egress": [{}],
                    "policyTypes": ["Ingress", "Egress"]});
                policy(platform, "hive-agents", &spec);
            },
            exit: 9,
            finds: [
                all("bypass", &agents, &outside),
                all("bypass", &agents, &strangers),
                all("bypass", &strangers, &agents),
                all("bypass", &agents, &["dns"]),
                all("bypass", &["external"], &agents),
                // Their egress is wider than needed, and now nothing at the other end makes up for it.
                all("bypass", &["gateway", "sandbox", "pipeline", "migration"], &agents),
                all("bypass", &["agent"], &["agent*"]),
                all("bypass", &["agent*"], &["agent"]),
            ]
            .into_iter()
            .flatten()
            .collect(),
        },
        Fault {
            what: "a label that selects nothing",
            make: |platform| {
                let labels = json!({"app.kubernetes.io/name": "hive-dashbord"});
                let change = json!([{"op": "replace", "path": "/spec/podSelector/matchLabels",
                    "value": labels}]);
                patch(platform, "openhive", "hive-dashboard-egress", &change);
            },
            exit: 13,
            finds: all("overblock", &["dashboard"], &["gateway"]),
        },
        Fault {
            what: "a wrong port",
            make: |platform| {
                let change = json!([{"op": "replace", "path": "/spec/ingress/0/ports/0/port",
                    "value": 8092}]);
                patch(platform, "hive-sandbox", "hive-sandbox-ingress", &change);
            },
            exit: 13,
            finds: all("overblock", &["agent", "agent*", "gateway"], &["sandbox"]),
        },
        Fault {
            what: "DNS over UDP only",
            make: |platform| {
                let change = json!([{"op": "remove", "path": "/spec/egress/0/ports/1"}]);
                patch(platform, "openhive", "allow-dns", &change);
            },
            exit: 13,
            finds: all("overblock", &["gateway", "dashboard", "migration"], &["dns"]),
        },
        Fault {
            what: "metadata reachable",
            make: |platform| {
                let spec = json!({"podSelector": {}, "policyTypes": ["Egress"],
                    "egress": [{"to": [{"ipBlock": {"cidr": "169.254.169.254/32"}}]}]});
                policy(platform, "hive-sandbox", &spec);
            },
            exit: 9,
            finds: all("bypass", &["sandbox", "pipeline"], &["metadata"]),
        },
        Fault {
            what: "a target that is down",
            make: |platform| {
                let scale = ["scale", "deployment/hive-dashboard", "-n", "openhive"];
                platform.node.kubectl(&[&scale[..], &["--replicas=0"]].concat()).unwrap();
                let gone = ["wait", "--for=delete", "pod", "-n", "openhive", "--timeout=60s", "-l"];
                let label = ["app.kubernetes.io/name=hive-dashboard"];
                platform.node.kubectl(&[&gone[..], &label[..]].concat()).unwrap();
            },
            exit: 10,
            finds: [
                all("unreachable-baseline", &CALLERS, &["dashboard"]),
                all("unreachable-baseline", &strangers, &["dashboard"]),
            ]
            .into_iter()
            .flatten()
            .collect(),
        },
    ]
}

#[test]
fn one_fault_at_a_time_is_found_and_nothing_else() {
    let platform = installed();
    for fault in faults() {
        println!("--- {}", fault.what);
        (fault.make)(&platform);
        let (code, report) = live(&platform);
        assert_eq!(findings(&report), fault.finds, "{}", fault.what);
        assert_eq!(code, Some(fault.exit), "{}", fault.what);
        // The installer repairs what is its own; what is not goes by hand.
        for namespace in ["hive-agents", "hive-sandbox"] {
            let debug = ["delete", "networkpolicy/debug", "--ignore-not-found", "-n", namespace];
            platform.node.kubectl(&debug).unwrap();
        }
        platform.install_with(&[], &["--force-conflicts"]).ok();
    }
    assert_eq!(left(&platform), Vec::<String>::new());
}

fn command(platform: &Platform) -> Command {
    let mut command = platform.node.command(env!("CARGO_BIN_EXE_kubectl-openhive"));
    command.env_remove("OPENHIVE_VALUES").args(arguments(platform));
    command
}

#[test]
fn what_a_killed_run_leaves_is_taken_away_by_the_next_and_two_at_once_do_not_meet() {
    let platform = installed();
    for words in ["context ", "starting ", "proving ", "sending ", "taking "] {
        let ran = interrupt(&mut command(&platform), words, "-KILL");
        assert_eq!(ran.code, None, "{words}: {}", ran.stderr);
    }
    assert_ne!(left(&platform), Vec::<String>::new(), "nothing was left to take away");
    // Ctrl-C leaves nothing of its own.
    let before = left(&platform);
    let ran = interrupt(&mut command(&platform), "sending ", "-INT");
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    let new: Vec<String> = left(&platform).into_iter().filter(|o| !before.contains(o)).collect();
    assert_eq!(new, Vec::<String>::new());

    let both: Vec<_> = (0..2)
        .map(|_| {
            let mut command = command(&platform);
            let run = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            run.spawn().unwrap()
        })
        .collect();
    for child in both {
        let output = child.wait_with_output().unwrap();
        let ran = Ran {
            code: output.status.code(),
            stdout: common::stdout(&output),
            stderr: common::stderr(&output),
        };
        let (code, report) = report(&ran);
        assert_eq!(findings(&report), BTreeSet::new());
        assert_eq!(code, Some(0));
    }
    assert_eq!(left(&platform), Vec::<String>::new());
}

/// A pod on its node's network is subject to no policy: a packet shows it, the policies cannot.
#[test]
fn a_pod_on_its_nodes_network_is_a_bypass() {
    let platform = installed();
    let allow = |level: &str| {
        let label = format!("pod-security.kubernetes.io/enforce={level}");
        let namespace = ["label", "--overwrite", "namespace", "hive-agents", &label];
        platform.node.kubectl(&namespace).unwrap();
    };
    allow("privileged");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "debug", "namespace": "hive-agents"},
        "spec": {"hostNetwork": true, "terminationGracePeriodSeconds": 0, "containers": [{
            "name": "debug", "image": format!("{REGISTRY_NAME}/openhive-agent:v1.0.0"),
            "imagePullPolicy": "IfNotPresent",
            "command": ["python3", "-m", "http.server", "8090"],
            "ports": [{"containerPort": 8090}],
        }]},
    });
    platform.node.apply(&pod.to_string()).unwrap();
    let debug = ["pod/debug", "-n", "hive-agents"];
    let ready = ["wait", "--for=condition=Ready", "--timeout=60s"];
    platform.node.kubectl(&[&ready[..], &debug[..]].concat()).unwrap();
    let (code, report) = live(&platform);
    platform.node.kubectl(&[&["delete"], &debug[..]].concat()).unwrap();
    allow("baseline");
    assert_eq!(code, Some(9));
    let found = findings(&report);
    for to in ["external", "database", "metadata", "api-server"] {
        assert!(found.contains(&format!("bypass agent* → {to}")), "{found:#?}");
    }
}
