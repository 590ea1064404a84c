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
    /// Cilium, which enforces NetworkPolicy. Whether an `ipBlock` also matches pods and nodes is left open by the API
    /// and differs between implementations, so both can be had.
    Cilium {
        /// An `ipBlock` matches the addresses of pods and nodes too.
        ip_blocks_match_pods: bool,
    },
    /// Routes and nothing else: every NetworkPolicy is accepted by the API server and enforced by nobody.
    Bridge,
}

impl fmt::Display for Cni {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cilium { ip_blocks_match_pods: true } => "Cilium, ipBlocks match pods too",
            Self::Cilium { ip_blocks_match_pods: false } => "Cilium, ipBlocks match no pods",
            Self::Bridge => "routes only, no policy is enforced",
        })
    }
}

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
    ip_blocks_match_pods: bool,
) -> Result<Component> {
    let mut definitions = String::new();
    for name in DEFINITIONS {
        let path = cilium.join("crds").join(format!("{name}.yaml"));
        definitions +=
            &std::fs::read_to_string(&path).attempt(|| format!("read {}", path.display()))?;
        definitions += "\n---\n";
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
    if ip_blocks_match_pods {
        flag("policy-cidr-match-mode", "nodes,pods");
    }
    for (name, value) in FLAGS {
        flag(name, value);
    }
    agent.env("K8S_NODE_NAME", NODE_NAME).env("CILIUM_K8S_NAMESPACE", "kube-system");
    agent.env("PATH", runtime::path(programs));
    instance.spawn("cilium-agent", agent)
}

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
