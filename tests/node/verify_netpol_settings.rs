//! `verify-netpol --live` beside Cilium's settings that decide what the API leaves open, and what a denial looks like.
//! Each setting has a node of its own.

use serde_json::{Value, json};
use testbed::{Cilium, Cni, Denials, NodeOptions};

use crate::common::live::{
    as_intended, cells, cluster_policies, cluster_policies_find, findings, flows, installed_on,
    live, proof,
};
use crate::common::platform::{Change, Platform, Turn};

/// The Gateway's way to the API server by its address, which is that of the node.
fn by_address() -> Change {
    ("OPENHIVE_API_SERVER_CIDR", "172.31.0.1/32".to_owned())
}

fn installed_with(cilium: Cilium) -> Turn {
    installed_on(&NodeOptions { cni: Cni::Cilium(cilium), ..NodeOptions::default() })
}

/// What Cilium's chart leaves on a cluster, by which its settings are told: here the agent is a program of the node.
fn told(platform: &Platform, mode: &str) {
    let labels = json!({"k8s-app": "cilium"});
    let container = json!({"name": "cilium-agent", "image": "quay.io/cilium/cilium:v1.20.2"});
    let daemonset = json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"name": "cilium", "namespace": "kube-system"},
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"nodeSelector": {"no-such-node": ""}, "containers": [container]},
        }},
    });
    let config = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "cilium-config", "namespace": "kube-system"},
        "data": {"policy-cidr-match-mode": mode},
    });
    platform.node.apply(&format!("{daemonset}\n---\n{config}")).unwrap();
}

/// The flows of the Gateway to the API server.
fn gateway_to_api_server(report: &Value) -> &[Value] {
    let is = |cell: &&Value| cell["from"] == "gateway" && cell["to"] == "api-server";
    flows(cells(report).iter().find(is).unwrap())
}

/// An address block holds nothing of the cluster: the node's address in it closes what it was to open. Whoever reads
/// the policies cannot know; a packet shows it, and so does the setting, where it can be read.
#[test]
fn blocks_that_hold_no_node_and_answers_that_arrive() {
    let platform = installed_with(Cilium {
        cidr_match_mode: "",
        cluster_policies: true,
        denials: Denials::AnsweredAndReceived,
    });
    let ran = live(&platform, &[], &[]);
    as_intended(&ran);
    // Cilium answers what a policy keeps from leaving, and drops what it keeps from entering.
    let proof = proof(&ran.1);
    for (direction, how) in [
        ("egress", "unreachable"),
        ("egressUdp", "unreachable"),
        ("ingress", "time-out"),
        ("ingressUdp", "time-out"),
    ] {
        assert_eq!(proof[direction]["how"], how, "{proof:#}");
    }
    let how = |flow: &&Value| flow["observed"]["how"] == "unreachable";
    let answered = cells(&ran.1).iter().flat_map(flows).filter(how).count();
    assert!(answered > 40, "{answered}");

    for policy in cluster_policies() {
        platform.node.apply(&policy.to_string()).unwrap();
    }
    let (code, report) = live(&platform, &[], &[]);
    assert_eq!(findings(&report), cluster_policies_find());
    assert_eq!(code, Some(9));
    crate::common::live::agreement(&report);
    let policies = ["delete", "clusternetworkpolicies", "--all"];
    platform.node.kubectl(&policies).unwrap();

    platform.install(&[by_address()]).ok();
    let shut = [crate::common::live::all("overblock", &["gateway"], &["api-server"])];
    let (code, report) = live(&platform, &[by_address()], &[]);
    assert_eq!(findings(&report), crate::common::live::union(shut.clone()));
    assert_eq!(code, Some(13));
    assert!(gateway_to_api_server(&report).iter().all(|f| f["staticWhy"] == "cni-dependent"));
    told(&platform, "");
    let (code, report) = live(&platform, &[by_address()], &[]);
    assert_eq!(findings(&report), crate::common::live::union(shut));
    assert_eq!(code, Some(13));
    assert!(gateway_to_api_server(&report).iter().all(|f| f["static"] == "denied"));
    crate::common::live::agreement(&report);
}

/// An address block holds nodes: the same policy opens what it names. Of denials only datagrams are seen answered.
#[test]
fn blocks_that_hold_nodes_and_answers_that_get_lost() {
    let platform = installed_with(Cilium {
        cidr_match_mode: "nodes",
        cluster_policies: false,
        denials: Denials::Answered,
    });
    let ran = live(&platform, &[], &[]);
    as_intended(&ran);
    let proof = proof(&ran.1);
    assert_eq!(proof["egress"]["how"], "time-out", "{proof:#}");
    assert_eq!(proof["egressUdp"]["how"], "unreachable", "{proof:#}");

    platform.install(&[by_address()]).ok();
    let ran = live(&platform, &[by_address()], &[]);
    as_intended(&ran);
    assert!(gateway_to_api_server(&ran.1).iter().all(|f| f["staticWhy"] == "cni-dependent"));
    told(&platform, "nodes");
    let ran = live(&platform, &[by_address()], &[]);
    as_intended(&ran);
    assert!(gateway_to_api_server(&ran.1).iter().all(|f| f["static"] == "allowed"));
}
