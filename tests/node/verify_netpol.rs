//! `verify-netpol --live` on a real node: what it says of a platform as it should be, with one fault at a time, and
//! what it leaves behind.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use testbed::node::{BUSYBOX_IMAGE, CLUSTER_POLICIES, REGISTRY_NAME};

use crate::common::account::{account, printed_roles};
use crate::common::live::{
    all, arguments, as_intended, ask_controller, cells, cluster_policies, cluster_policies_find,
    findings, flows, installed, left, live, proof, report, union,
};
use crate::common::platform::Platform;
use crate::common::run::{Ran, interrupt};

/// By an account that has no right but those that are printed, and the one to ask the Ingress controller's pod.
#[test]
fn every_flow_is_as_intended_and_policies_and_packets_agree() {
    let platform = installed();
    let node = &platform.node;
    let mut roles = printed_roles("probing");
    roles.push(ask_controller());
    let config = account(|a| node.kubectl(a), |m| node.apply(m), "prober", &roles);
    let kubeconfig = platform.folder().join("prober");
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    let ran = live(&platform, &[], &["--kubeconfig", kubeconfig.to_str().unwrap()]);
    as_intended(&ran);
    let report = &ran.1;
    // What a denial looks like was seen in both directions and for both protocols.
    for direction in ["egress", "ingress", "egressUdp", "ingressUdp"] {
        assert_eq!(proof(report)[direction]["how"], "time-out", "{:#}", proof(report));
    }
    // Each real pod where it can, else a probe pod.
    let from = |party: &str, via: &str| {
        let rows = cells(report).iter().filter(|cell| cell["from"] == party);
        rows.flat_map(flows).filter(|flow| flow["via"] == via).count()
    };
    for party in ["gateway", "dashboard", "agent", "sandbox", "ingress"] {
        assert_ne!(from(party, "pod"), 0, "{party}");
    }
    for party in ["agent*", "pipeline", "migration", "elsewhere"] {
        assert_eq!(from(party, "pod"), 0, "{party}");
        assert_ne!(from(party, "probe-pod"), 0, "{party}");
    }
    assert_eq!(left(&platform), Vec::<String>::new());
}

/// Something wrong, and exactly what has to be found.
struct Fault {
    what: &'static str,
    make: fn(&Platform),
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

const CALLERS: [&str; 7] =
    ["gateway", "agent", "agent*", "sandbox", "pipeline", "migration", "other"];

/// Faults by the run that has to find them: those of one run change different rows and columns, so that each is seen
/// by itself. With each run's exit code.
fn faults() -> Vec<(i32, Vec<Fault>)> {
    let agents = ["agent", "agent*"];
    let outside = ["database", "external", "private", "api-server", "metadata"];
    let strangers = ["ingress", "elsewhere"];
    let gateway_is_shut = Fault {
        what: "a policy is deleted",
        make: |platform| {
            let name = ["networkpolicy/hive-gateway-ingress", "-n", "openhive"];
            platform.node.kubectl(&[&["delete"], &name[..]].concat()).unwrap();
        },
        finds: all(
            "overblock",
            &["agent", "agent*", "dashboard", "ingress", "pipeline", "sandbox"],
            &["gateway"],
        ),
    };
    let all_is_open = Fault {
        what: "a foreign policy that allows everything",
        make: |platform| {
            let spec = json!({"podSelector": {}, "ingress": [{}], "egress": [{}],
                "policyTypes": ["Ingress", "Egress"]});
            policy(platform, "hive-agents", &spec);
        },
        finds: union([
            all("bypass", &agents, &outside),
            all("bypass", &agents, &strangers),
            all("bypass", &strangers, &agents),
            all("bypass", &agents, &["dns"]),
            all("bypass", &["external"], &agents),
            // Their egress is wider than needed, and now nothing at the other end makes up for it.
            all("bypass", &["gateway", "sandbox", "pipeline", "migration"], &agents),
            all("bypass", &["agent"], &["agent*"]),
            all("bypass", &["agent*"], &agents),
        ]),
    };
    let wrong_label = Fault {
        what: "a label that selects nothing",
        make: |platform| {
            let labels = json!({"app.kubernetes.io/name": "hive-dashbord"});
            let change = json!([{"op": "replace", "path": "/spec/podSelector/matchLabels",
                "value": labels}]);
            patch(platform, "openhive", "hive-dashboard-egress", &change);
        },
        finds: all("overblock", &["dashboard"], &["gateway"]),
    };
    let wrong_port = Fault {
        what: "a wrong port",
        make: |platform| {
            let change = json!([{"op": "replace", "path": "/spec/ingress/0/ports/0/port",
                "value": 8092}]);
            patch(platform, "hive-sandbox", "hive-sandbox-ingress", &change);
        },
        finds: all("overblock", &["agent", "agent*", "gateway"], &["sandbox"]),
    };
    let udp_only = Fault {
        what: "DNS over UDP only",
        make: |platform| {
            let change = json!([{"op": "remove", "path": "/spec/egress/0/ports/1"}]);
            patch(platform, "openhive", "allow-dns", &change);
        },
        finds: all("overblock", &["gateway", "dashboard", "migration"], &["dns"]),
    };
    let metadata = Fault {
        what: "metadata reachable",
        make: |platform| {
            let spec = json!({"podSelector": {}, "policyTypes": ["Egress"],
                "egress": [{"to": [{"ipBlock": {"cidr": "169.254.169.254/32"}}]}]});
            policy(platform, "hive-sandbox", &spec);
        },
        finds: union([
            all("bypass", &["sandbox", "pipeline", "other"], &["metadata"]),
            // Where the database is no policy says, so that it may be there too, on all ports.
            all("unknown", &["sandbox", "pipeline", "other"], &["database"]),
        ]),
    };
    let down = Fault {
        what: "a target that is down",
        make: |platform| {
            let scale = ["scale", "deployment/hive-dashboard", "-n", "openhive"];
            platform.node.kubectl(&[&scale[..], &["--replicas=0"]].concat()).unwrap();
            let gone = ["wait", "--for=delete", "pod", "-n", "openhive", "--timeout=60s", "-l"];
            let label = ["app.kubernetes.io/name=hive-dashboard"];
            platform.node.kubectl(&[&gone[..], &label[..]].concat()).unwrap();
        },
        finds: union([
            all("unreachable-baseline", &CALLERS, &["dashboard"]),
            all("unreachable-baseline", &strangers, &["dashboard"]),
            all("unreachable-baseline", &["dashboard"], &["dashboard"]),
        ]),
    };
    vec![
        (9, vec![gateway_is_shut, wrong_port, udp_only, metadata]),
        (9, vec![all_is_open, wrong_label]),
        (10, vec![down]),
    ]
}

#[test]
fn every_fault_is_found_and_nothing_else() {
    let platform = installed();
    for (exit, faults) in faults() {
        for fault in &faults {
            println!("--- {}", fault.what);
            (fault.make)(&platform);
        }
        let (code, report) = live(&platform, &[], &[]);
        // The installer repairs what is its own; what is not goes by hand.
        for namespace in ["hive-agents", "hive-sandbox"] {
            let debug = ["delete", "networkpolicy/debug", "--ignore-not-found", "-n", namespace];
            platform.node.kubectl(&debug).unwrap();
        }
        platform.install_with(&[], &["--force-conflicts"]).ok();
        assert_eq!(findings(&report), union(faults.into_iter().map(|fault| fault.finds)));
        assert_eq!(code, Some(exit));
    }
    as_intended(&live(&platform, &[], &[]));
    assert_eq!(left(&platform), Vec::<String>::new());
}

/// A policy of a kind that is not evaluated makes its pods' rows and columns unknown, however the packets fare; one
/// that is evaluated and that nobody enforces is a contradiction that is told.
#[test]
fn policies_of_other_kinds_are_never_green() {
    let platform = installed();
    let [no_gateway, metadata] = cluster_policies();
    platform.node.apply(CLUSTER_POLICIES).unwrap();
    let kind = "crd/clusternetworkpolicies.policy.networking.k8s.io";
    platform.node.kubectl(&["wait", "--for=condition=Established", kind, "--timeout=60s"]).unwrap();
    let cilium = json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "debug", "namespace": "hive-sandbox"},
        "spec": {"endpointSelector": {}, "egress": [{"toCIDR": ["169.254.169.254/32"]}]},
    });
    for policy in [&no_gateway, &metadata, &cilium] {
        platform.node.apply(&policy.to_string()).unwrap();
    }
    let (code, report) = live(&platform, &[], &[]);
    platform.node.kubectl(&["delete", kind, "--timeout=60s"]).unwrap();
    let debug = ["delete", "ciliumnetworkpolicy/debug", "-n", "hive-sandbox"];
    platform.node.kubectl(&debug).unwrap();
    let selected = |party: &Value| matches!(party.as_str(), Some("sandbox" | "pipeline" | "other"));
    let mut expected = cluster_policies_find();
    let mut doubted = 0;
    for cell in cells(&report) {
        let (from, to) = (cell["from"].as_str().unwrap(), cell["to"].as_str().unwrap());
        // What got through is open, whoever opened it.
        if selected(&cell["from"]) && to == "metadata" {
            expected.extend(all("bypass", &[from], &[to]));
            continue;
        }
        // Where the other end alone certainly shuts every port, no policy of this end can open one.
        let external = from == "external" && cell["why"] == "policy-kind-not-evaluated";
        if external || cell["static"]["why"] == "policy-kind-not-evaluated" {
            assert!(selected(&cell["from"]) || selected(&cell["to"]), "{cell:#}");
            expected.extend(all("unknown", &[from], &[to]));
            doubted += 1;
        }
    }
    assert_eq!(findings(&report), expected);
    assert!(doubted > 20, "{doubted}");
    assert_eq!(code, Some(9));
    // Cilium was not told to enforce ClusterNetworkPolicies, and packets show it.
    let is = |from: &str, to: &str| {
        let cell = cells(&report).iter().find(|c| c["from"] == from && c["to"] == to);
        flows(cell.unwrap()).to_vec()
    };
    for flow in is("agent", "gateway") {
        assert_eq!(
            (&flow["static"], &flow["observed"]["outcome"]),
            (&json!("denied"), &json!("open"))
        );
        assert_eq!(flow["verdict"], "unknown", "{flow:#}");
        assert_eq!(flow["why"]["reason"], "contradiction", "{flow:#}");
    }
    for flow in is("dashboard", "metadata") {
        assert_eq!(
            (&flow["static"], &flow["observed"]["outcome"]),
            (&json!("allowed"), &json!("blocked"))
        );
        assert_eq!(flow["verdict"], "bypass", "{flow:#}");
    }
}

fn command(platform: &Platform) -> Command {
    let mut command = platform.node.command(env!("CARGO_BIN_EXE_kubectl-openhive"));
    command.args(arguments(platform, &[], &[]));
    command
}

#[test]
fn what_a_killed_run_leaves_is_taken_away_by_the_next_and_two_at_once_do_not_meet() {
    let platform = installed();
    for words in ["context ", "starting ", "proving ", "sending ", "deleting "] {
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
            stdout: crate::common::stdout(&output),
            stderr: crate::common::stderr(&output),
        };
        as_intended(&report(&ran));
    }
    assert_eq!(left(&platform), Vec::<String>::new());
}

/// A pod on its node's network is subject to no policy: a packet shows it, the policies cannot. One whose image has no
/// language at all is asked by its `nc`, which tells everything but an answer to a datagram.
#[test]
fn pods_of_others_in_the_agents_namespace_count_as_agents() {
    let platform = installed();
    let allow = |level: &str| {
        let label = format!("pod-security.kubernetes.io/enforce={level}");
        let namespace = ["label", "--overwrite", "namespace", "hive-agents", &label];
        platform.node.kubectl(&namespace).unwrap();
    };
    allow("privileged");
    let pod = |name: &str, container: Value| {
        let mut container = container;
        container["name"] = json!("debug");
        container["imagePullPolicy"] = json!("IfNotPresent");
        let spec = json!({"hostNetwork": name == "on-the-node", "terminationGracePeriodSeconds": 0,
            "containers": [container]});
        let metadata = json!({"name": name, "namespace": "hive-agents"});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
        platform.node.apply(&pod.to_string()).unwrap();
    };
    pod(
        "on-the-node",
        json!({"image": format!("{REGISTRY_NAME}/openhive-agent:v1.0.0"),
            "command": ["python3", "-m", "http.server", "8090"],
            "ports": [{"containerPort": 8090}]}),
    );
    pod("busybox", json!({"image": BUSYBOX_IMAGE, "args": ["-c", "exec sleep 86400"]}));
    let pods = ["pod/on-the-node", "pod/busybox", "-n", "hive-agents"];
    let ready = ["wait", "--for=condition=Ready", "--timeout=60s"];
    platform.node.kubectl(&[&ready[..], &pods[..]].concat()).unwrap();
    let (code, report) = live(&platform, &[], &[]);
    platform.node.kubectl(&[&["delete"], &pods[..]].concat()).unwrap();
    allow("baseline");
    assert_eq!(code, Some(9));
    let found = findings(&report);
    for to in ["external", "database", "metadata", "api-server"] {
        assert!(found.contains(&format!("bypass agent* → {to}")), "{found:#?}");
    }
    let of_busybox = |flow: &&Value| flow["source"] == "hive-agents/busybox";
    let seen: Vec<&Value> = cells(&report).iter().flat_map(flows).filter(of_busybox).collect();
    let (mut open, mut blocked) = (0, 0);
    for flow in seen {
        assert_eq!(flow["via"], "pod", "{flow:#}");
        match (flow["protocol"].as_str(), flow["observed"]["outcome"].as_str()) {
            (Some("UDP"), outcome) => {
                assert_eq!(outcome, Some("unknown"), "{flow:#}");
                assert_eq!(flow["observed"]["reason"], "no-word", "{flow:#}");
            }
            (_, Some("open")) => {
                open += 1;
                assert_eq!(flow["static"], "allowed", "{flow:#}");
            }
            (_, Some("blocked")) => {
                blocked += 1;
                assert_ne!(flow["static"], "allowed", "{flow:#}");
            }
            other => panic!("{other:?}: {flow:#}"),
        }
    }
    assert!(open >= 4 && blocked >= 8, "{open} open, {blocked} blocked");
}

/// The network's agent as a signal finds it. However a test ends, the agent goes on.
struct Agent<'a>(&'a Platform);

impl Agent<'_> {
    fn signal(&self, signal: &str) {
        // Only processes of the node can be seen there.
        let script = format!(
            "for p in /proc/[0-9]*; do case $(cat $p/comm) in cilium-agent) kill -{signal} ${{p#/proc/}};; esac; done"
        );
        assert!(self.0.node.inside("sh").args(["-c", &script]).status().unwrap().success());
    }
}

impl Drop for Agent<'_> {
    fn drop(&mut self) {
        self.signal("CONT");
    }
}

/// What the agent does not do any more is no proof that nothing is enforced.
#[test]
fn a_network_whose_agent_is_stopped_is_not_called_not_enforcing() {
    let platform = installed();
    let mut command = command(&platform);
    // A file, since a pipe that nobody reads meanwhile is full before the report is written.
    let said = platform.folder().join("stopped.json");
    let stdout = std::fs::File::create(&said).unwrap();
    command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let agent = Agent(&platform);
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        if line.starts_with("proving ") {
            agent.signal("STOP");
        } else if line.starts_with("sending ") {
            agent.signal("CONT");
        }
    }
    let code = child.wait().unwrap().code();
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&said).unwrap()).unwrap();
    assert_eq!(proof(&report)["enforced"], false, "{:#}", proof(&report));
    assert_eq!(proof(&report)["conclusive"], false, "{:#}", proof(&report));
    assert_eq!(code, Some(10));
    for cell in cells(&report).iter().filter(|cell| cell["expectedOpen"] == false) {
        let alone = cell["from"] == "external" || cell["to"] == "private";
        assert!(alone || cell["verdict"] != "match", "{cell:#}");
    }
    drop(agent);
    assert_eq!(left(&platform), Vec::<String>::new());
}

/// What carries our labels and is not ours survives whatever runs.
#[test]
fn objects_of_others_survive_ten_runs() {
    let platform = installed();
    let labels = "openhive.io/probe-run=0a1b2c3d,app.kubernetes.io/managed-by=kubectl-openhive";
    let objects: [&[&str]; 3] = [
        &["namespace/openhive-probe-0a1b2c3d"],
        &["configmap/settings", "-n", "openhive"],
        &["pod/openhive-probe-0a1b2c3d-agent-0", "-n", "default"],
    ];
    platform.node.kubectl(&["create", "namespace", "openhive-probe-0a1b2c3d"]).unwrap();
    platform.node.kubectl(&["create", "configmap", "settings", "-n", "openhive"]).unwrap();
    let image = format!("--image={BUSYBOX_IMAGE}");
    let pod = ["run", "openhive-probe-0a1b2c3d-agent-0", "-n", "default", &image, "--", "-c"];
    platform.node.kubectl(&[&pod[..], &["exec sleep 86400"]].concat()).unwrap();
    for object in objects {
        let pairs: Vec<&str> = labels.split(',').collect();
        platform.node.kubectl(&[&["label"], object, &pairs[..]].concat()).unwrap();
        let expired = ["openhive.io/expires=2020-01-02T03:04:05Z"];
        platform.node.kubectl(&[&["annotate"], object, &expired[..]].concat()).unwrap();
    }
    let uids = || {
        let uid = ["-o", "jsonpath={.metadata.uid}{.metadata.deletionTimestamp}"];
        let get = |object: &[&str]| platform.node.kubectl(&[&["get"], object, &uid[..]].concat());
        objects.map(|object| get(object).unwrap())
    };
    let before = uids();
    for _ in 0..10 {
        live(&platform, &[], &[]);
        assert_eq!(uids(), before);
    }
    for object in objects {
        platform.node.kubectl(&[&["delete"], object].concat()).unwrap();
    }
}
