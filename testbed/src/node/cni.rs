//! The two networks of pods: one that enforces NetworkPolicy and one that does not.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::network::{API_PORT, NODE, NODE_NAME, NODE_PODS, PODS};
use super::{Programs, runtime};
use crate::error::{Attempt as _, Result};
use crate::files;
use crate::instance::{Component, Instance};
use crate::kubectl::Kubectl;

/// How pods are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cni {
    /// Cilium, which enforces NetworkPolicy.
    Cilium(Cilium),
    /// Routes and nothing else: every NetworkPolicy is accepted by the API server and enforced by nobody.
    Bridge,
}

/// What differs between clusters with Cilium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cilium {
    /// Which of the cluster's own addresses an `ipBlock` matches, as `policy-cidr-match-mode` has it: `nodes`, `pods`,
    /// both, or none. The API leaves it open, and implementations differ.
    pub cidr_match_mode: &'static str,
    /// ClusterNetworkPolicies are enforced, and the cluster has their resource definition.
    pub cluster_policies: bool,
    /// What becomes of packets that a policy keeps from leaving their pod.
    pub denials: Denials,
}

/// `policy-deny-response`, and whether the answer arrives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Denials {
    /// They vanish.
    #[default]
    Dropped,
    /// They are answered by an ICMP message. That on a TCP packet is never received: Cilium writes it over the packet
    /// without cutting it off behind, as it cannot where the checksum is yet to be written by the network card.
    Answered,
    /// The same in pods without checksum offload, so that every answer is received.
    AnsweredAndReceived,
}

impl Default for Cilium {
    fn default() -> Self {
        Self { cidr_match_mode: "nodes,pods", cluster_policies: false, denials: Denials::default() }
    }
}

impl fmt::Display for Cni {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Cilium(cilium) = self else {
            return formatter.write_str("routes only, no policy is enforced");
        };
        match cilium.cidr_match_mode {
            "" => formatter.write_str("Cilium, ipBlocks match nothing of the cluster")?,
            mode => write!(formatter, "Cilium, ipBlocks match {mode} too")?,
        }
        if cilium.cluster_policies {
            formatter.write_str(", ClusterNetworkPolicies are enforced")?;
        }
        formatter.write_str(match cilium.denials {
            Denials::Dropped => "",
            Denials::Answered => ", denials are answered",
            Denials::AnsweredAndReceived => ", denials are answered, without checksum offload",
        })
    }
}

/// The resource definition of ClusterNetworkPolicies, for a cluster that has it while nobody enforces them.
pub const CLUSTER_POLICIES: &str = include_str!("../../crds/clusternetworkpolicies.yaml");

/// The resource definitions that the agent waits for. Its operator would bring them, one a second.
const DEFINITIONS: &[&str] = &[
    "v2/ciliumnodes",
    "v2/ciliumendpoints",
    "v2/ciliumidentities",
    "v2/ciliumnetworkpolicies",
    "v2/ciliumclusterwidenetworkpolicies",
    "v2/ciliumcidrgroups",
    "v2/ciliumloadbalancerippools",
    "v2/ciliumnodeconfigs",
    "v2alpha1/ciliuml2announcementpolicies",
    "v2alpha1/ciliumpodippools",
];

/// Writes the configuration of the network that enforces nothing.
pub(super) fn write_bridge(instance: &Instance) -> Result<()> {
    let config = serde_json::json!({
        "cniVersion": "1.0.0",
        "name": "testbed",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": false,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": NODE_PODS}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    });
    files::write_atomically(
        &runtime::cni_folder(instance).join("10-testbed.conflist"),
        config.to_string(),
    )
}

/// Starts Cilium's agent.
pub(super) fn start_cilium(
    instance: &Instance,
    programs: &Programs,
    cilium: &Path,
    kubectl: &Kubectl,
    options: Cilium,
) -> Result<Component> {
    let mut definitions = String::new();
    for name in DEFINITIONS {
        let path = cilium.join("crds").join(format!("{name}.yaml"));
        definitions +=
            &std::fs::read_to_string(&path).attempt(|| format!("read {}", path.display()))?;
        definitions += "\n---\n";
    }
    if options.cluster_policies {
        definitions += CLUSTER_POLICIES;
    }
    kubectl.apply(&definitions)?;
    files::run(
        instance.command("cp").arg("-r").arg(cilium.join("bpf")).arg("/var/lib/cilium/bpf"),
    )?;

    let folder = instance.folder();
    let mut agent = instance.command(cilium.join("cilium-agent"));
    let mut flag = |name: &str, value: &str| {
        agent.arg(format!("--{name}={value}"));
    };
    flag("k8s-kubeconfig-path", &folder.join("kubeconfig").to_string_lossy());
    flag("k8s-api-server-urls", &format!("https://{NODE}:{API_PORT}"));
    flag("ipv4-native-routing-cidr", PODS);
    flag(
        "write-cni-conf-when-ready",
        &runtime::cni_folder(instance).join(CILIUM_CONFIG).to_string_lossy(),
    );
    flag("cni-log-file", &instance.logs().join("cilium-cni.log").to_string_lossy());
    if !options.cidr_match_mode.is_empty() {
        flag("policy-cidr-match-mode", options.cidr_match_mode);
    }
    if options.cluster_policies {
        flag("enable-k8s-cluster-network-policy", "true");
    }
    if options.denials != Denials::Dropped {
        flag("policy-deny-response", "icmp");
    }
    if options.denials == Denials::AnsweredAndReceived {
        let source = folder.join("cilium.conflist");
        files::write(&source, without_offload().to_string())?;
        flag("read-cni-conf", &source.to_string_lossy());
    }
    for (name, value) in FLAGS {
        flag(name, value);
    }
    agent.env("K8S_NODE_NAME", NODE_NAME).env("CILIUM_K8S_NAMESPACE", "kube-system");
    agent.env("PATH", runtime::path(programs));
    instance.spawn("cilium-agent", agent)
}

/// Cilium's own configuration with one plugin behind it.
fn without_offload() -> serde_json::Value {
    serde_json::json!({
        "cniVersion": "1.0.0",
        "name": "cilium",
        "plugins": [{"type": "cilium-cni"}, {"type": NO_OFFLOAD}],
    })
}

/// The plugin that turns a pod's checksum offload off, see `testbed/go/small`.
pub(super) const NO_OFFLOAD: &str = "no-offload";

/// Waits for the agent's CNI configuration and makes containerd see it: its watch misses a file that is renamed into
/// the folder, and any write there makes it look again.
pub(super) fn await_cilium(
    instance: &Instance,
    agent: &mut Component,
    bound: Duration,
) -> Result<()> {
    let folder = runtime::cni_folder(instance);
    let config = folder.join(CILIUM_CONFIG);
    agent.wait_until(bound, || std::fs::metadata(&config).is_ok_and(|found| found.len() > 0))?;
    let poke = folder.join(".look");
    files::write(&poke, "")?;
    std::fs::remove_file(&poke).attempt(|| format!("remove {}", poke.display()))
}

const CILIUM_CONFIG: &str = "05-cilium.conflist";

/// The agent as a program of the node without its operator: addresses from the Node object, identities as objects,
/// routes instead of tunnels, Services left to kube-proxy. Small maps: it is one node.
const FLAGS: &[(&str, &str)] = &[
    ("cluster-name", "default"),
    ("cluster-id", "0"),
    ("ipam", "kubernetes"),
    ("k8s-require-ipv4-pod-cidr", "true"),
    ("enable-ipv4", "true"),
    ("enable-ipv6", "false"),
    ("routing-mode", "native"),
    ("auto-direct-node-routes", "false"),
    ("enable-ipv4-masquerade", "false"),
    ("enable-bpf-masquerade", "false"),
    ("devices", "n0"),
    ("kube-proxy-replacement", "false"),
    ("bpf-lb-sock", "false"),
    ("enable-l7-proxy", "false"),
    ("enable-hubble", "false"),
    ("enable-envoy-config", "false"),
    ("enable-health-checking", "false"),
    ("enable-endpoint-health-checking", "false"),
    ("enable-bandwidth-manager", "false"),
    ("enable-gops", "false"),
    ("identity-allocation-mode", "crd"),
    // The defaults spread changes of labels over half a minute, for clusters of thousands of nodes.
    ("identity-change-grace-period", "0s"),
    ("identity-max-jitter", "0s"),
    ("cgroup-root", "/run/cilium/cgroupv2"),
    ("bpf-root", "/sys/fs/bpf"),
    ("enable-policy", "default"),
    ("cni-exclusive", "true"),
    ("agent-health-port", "9879"),
    ("prometheus-serve-addr", ""),
    ("enable-xt-socket-fallback", "true"),
    ("preallocate-bpf-maps", "false"),
    ("bpf-map-dynamic-size-ratio", "0"),
    ("bpf-ct-global-tcp-max", "8192"),
    ("bpf-ct-global-any-max", "8192"),
    ("bpf-nat-global-max", "8192"),
    ("bpf-neigh-global-max", "8192"),
    ("bpf-policy-map-max", "4096"),
    ("bpf-lb-map-max", "2048"),
    ("bpf-auth-map-max", "1024"),
    ("bpf-policy-stats-map-max", "2048"),
    ("bpf-sock-rev-map-max", "2048"),
    (
        "api-rate-limit",
        "endpoint-create=rate-limit:50/s,rate-burst:50,parallel-requests:8,auto-adjust:false",
    ),
];
