//! What a kind of objects has to do with traffic.
//!
//! A kind that is not known is never taken to be harmless because nobody listed it: what is listed are
//! the kinds without bearing.

use serde_json::Value;

/// What a kind has to do with which connections are allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bearing {
    /// Known to have none.
    None,
    /// Its objects decide about connections, or their kind reads as if they did.
    Policy,
    /// Not known, and nothing about its name or group speaks of connections.
    Unknown,
}

/// What the objects of a kind have to do with connections: one that is not known to have no bearing is
/// a policy where its group is that of a network product, or where its name speaks of one
/// (`speaks_of_traffic`).
#[must_use]
pub fn bearing(group: &str, kind: &str) -> Bearing {
    if is_harmless(group, kind) {
        Bearing::None
    } else if NETWORK_PRODUCTS.contains(&group) || speaks_of_traffic(kind) {
        Bearing::Policy
    } else {
        Bearing::Unknown
    }
}

fn is_harmless(group: &str, kind: &str) -> bool {
    let is_group = |name: &str| match name.strip_prefix('.') {
        Some(_) => group.ends_with(name),
        None => group == name,
    };
    let of = |(name, kinds): &(&str, &[&str])| {
        is_group(name) && (kinds.is_empty() || kinds.contains(&kind))
    };
    HARMLESS.iter().any(of)
}

/// Whether a kind's name holds a word for a policy about connections, or is `Server`.
fn speaks_of_traffic(kind: &str) -> bool {
    kind == "Server" || WORDS.iter().any(|word| kind.contains(word))
}

const WORDS: [&str; 18] = [
    "Policy",
    "Policies",
    "Firewall",
    "Network",
    "Ingress",
    "Egress",
    "Traffic",
    "Authorization",
    "Permission",
    "Intent",
    "Isolation",
    "Quarantine",
    "SecurityGroup",
    "SecurityRule",
    "AccessRule",
    "AccessControl",
    "Acl",
    "ACL",
];

/// Whether an object is built like a policy: one of its specs selects pods under a name that policies
/// use, or holds a list of rules for a direction.
pub(crate) fn is_shaped_like_a_policy(manifest: &Value) -> bool {
    let specs = manifest.get("specs").and_then(Value::as_array).into_iter().flatten();
    manifest.get("spec").into_iter().chain(specs).any(|spec| {
        let selects = |key: &&str| spec.get(*key).is_some_and(Value::is_object);
        let rules = |key: &&str| spec.get(*key).is_some_and(Value::is_array);
        ["podSelector", "endpointSelector", "workloadSelector"].iter().any(selects)
            || ["ingress", "egress"].iter().any(rules)
    })
}

/// Groups of network products and of network APIs: whatever is not known of them decides.
const NETWORK_PRODUCTS: [&str; 22] = [
    "auth.consul.hashicorp.com",
    "cilium.io",
    "consul.hashicorp.com",
    "crd.antrea.io",
    "crd.nsx.vmware.com",
    "crd.projectcalico.org",
    "isovalent.com",
    "k8s.cni.cncf.io",
    "k8s.ovn.org",
    "kubeovn.io",
    "kuma.io",
    "network.openshift.io",
    "networking.gke.io",
    "networking.istio.io",
    "networking.k8s.aws",
    "networking.k8s.io",
    "neuvector.com",
    "nsx.vmware.com",
    "policy.linkerd.io",
    "policy.networking.k8s.io",
    "projectcalico.org",
    "security.istio.io",
];

/// Groups without bearing, with the kinds that have none; no kinds: all of them. A dot in front stands
/// for every group with this end.
const HARMLESS: &[(&str, &[&str])] = &[
    // Kubernetes itself. Of its groups for networks only what is named.
    (
        "",
        &[
            "Binding",
            "ComponentStatus",
            "Config",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "List",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    ("networking.k8s.io", &["IPAddress", "Ingress", "IngressClass", "ServiceCIDR"]),
    ("extensions", &["DaemonSet", "Deployment", "Ingress", "PodSecurityPolicy", "ReplicaSet"]),
    ("admissionregistration.k8s.io", &[]),
    ("apiextensions.k8s.io", &[]),
    ("apiregistration.k8s.io", &[]),
    ("apps", &[]),
    ("audit.k8s.io", &[]),
    ("authentication.k8s.io", &[]),
    ("authorization.k8s.io", &[]),
    ("autoscaling", &[]),
    ("autoscaling.k8s.io", &[]),
    ("batch", &[]),
    ("certificates.k8s.io", &[]),
    (".config.k8s.io", &[]),
    ("coordination.k8s.io", &[]),
    ("discovery.k8s.io", &[]),
    ("events.k8s.io", &[]),
    ("flowcontrol.apiserver.k8s.io", &[]),
    ("gateway.networking.k8s.io", &[]),
    ("gateway.networking.x-k8s.io", &[]),
    ("inference.networking.x-k8s.io", &[]),
    ("internal.apiserver.k8s.io", &[]),
    ("kubeadm.k8s.io", &[]),
    ("metrics.k8s.io", &[]),
    (".metrics.k8s.io", &[]),
    ("multicluster.x-k8s.io", &[]),
    ("node.k8s.io", &[]),
    ("policy", &[]),
    ("rbac.authorization.k8s.io", &[]),
    ("resource.k8s.io", &[]),
    ("scheduling.k8s.io", &[]),
    ("storage.k8s.io", &[]),
    (".storage.k8s.io", &[]),
    ("storagemigration.k8s.io", &[]),
    // Network products: addresses, routes, state, and what only policies refer to.
    (
        "cilium.io",
        &[
            "CiliumBGPAdvertisement",
            "CiliumBGPClusterConfig",
            "CiliumBGPNodeConfig",
            "CiliumBGPNodeConfigOverride",
            "CiliumBGPPeerConfig",
            "CiliumBGPPeeringPolicy",
            "CiliumCIDRGroup",
            "CiliumClusterwideEnvoyConfig",
            "CiliumEndpoint",
            "CiliumEndpointSlice",
            "CiliumEnvoyConfig",
            "CiliumExternalWorkload",
            "CiliumGatewayClassConfig",
            "CiliumIdentity",
            "CiliumL2AnnouncementPolicy",
            "CiliumLoadBalancerIPPool",
            "CiliumNode",
            "CiliumNodeConfig",
            "CiliumPodIPPool",
            "PodInfo",
        ],
    ),
    ("crd.projectcalico.org", CALICO),
    ("projectcalico.org", CALICO),
    ("operator.tigera.io", &[]),
    (
        "crd.antrea.io",
        &[
            "AntreaAgentInfo",
            "AntreaControllerInfo",
            "BGPPolicy",
            "ClusterGroup",
            "ExternalIPPool",
            "Group",
            "IPPool",
            "NodeLatencyMonitor",
            "PacketCapture",
            "SupportBundleCollection",
            "Tier",
            "Traceflow",
        ],
    ),
    // What Antrea makes of policies that are read as they were written.
    ("controlplane.antrea.io", &[]),
    ("stats.antrea.io", &[]),
    ("system.antrea.io", &[]),
    ("k8s.ovn.org", &["EgressIP", "EgressQoS", "NetworkQoS", "RouteAdvertisements"]),
    ("network.openshift.io", &["ClusterNetwork", "HostSubnet"]),
    // What the controller makes of every NetworkPolicy.
    ("networking.k8s.aws", &["ClusterPolicyEndpoint", "PolicyEndpoint"]),
    (
        "networking.gke.io",
        &[
            "FrontendConfig",
            "GCPBackendPolicy",
            "GCPGatewayPolicy",
            "HealthCheckPolicy",
            "ManagedCertificate",
            "NetworkLogging",
            "ServiceAttachment",
            "ServiceNetworkEndpointGroup",
        ],
    ),
    (
        "networking.istio.io",
        &[
            "DestinationRule",
            "Gateway",
            "ProxyConfig",
            "ServiceEntry",
            "VirtualService",
            "WorkloadEntry",
            "WorkloadGroup",
        ],
    ),
    (
        "kubeovn.io",
        &["IP", "IPPool", "OvnEip", "ProviderNetwork", "SwitchLBRule", "Vip", "Vlan", "VpcDns"],
    ),
    (
        "kuma.io",
        &[
            "ContainerPatch",
            "Dataplane",
            "DataplaneInsight",
            "HostnameGenerator",
            "MeshInsight",
            "MeshService",
            "ServiceInsight",
            "Zone",
            "ZoneEgress",
            "ZoneEgressInsight",
            "ZoneIngress",
            "ZoneIngressInsight",
            "ZoneInsight",
        ],
    ),
    (
        "consul.hashicorp.com",
        &[
            "ExportedServices",
            "GatewayClassConfig",
            "PeeringAcceptor",
            "PeeringDialer",
            "SamenessGroup",
            "ServiceResolver",
            "ServiceRouter",
            "ServiceSplitter",
        ],
    ),
    (
        "crd.nsx.vmware.com",
        &["AddressBinding", "IPAddressAllocation", "IPPool", "NSXServiceAccount", "NetworkInfo"],
    ),
    ("neuvector.com", &["NvAdmissionControlSecurityRule", "NvComplianceProfile"]),
    ("acn.azure.com", &[]),
    ("crd.k8s.amazonaws.com", &[]),
    ("linkerd.io", &[]),
    ("metallb.io", &[]),
    ("multicluster.linkerd.io", &[]),
    ("nmstate.io", &[]),
    ("split.smi-spec.io", &[]),
    ("submariner.io", &[]),
    ("telemetry.istio.io", &[]),
    ("vpcresources.k8s.aws", &["CNINode"]),
    ("whereabouts.cni.cncf.io", &[]),
    ("k8s.cni.cncf.io", &["IPAMClaim"]),
    ("networkaddonsoperator.network.kubevirt.io", &[]),
    ("sriovnetwork.openshift.io", &[]),
    // Ingress controllers: their pods are selected like any others.
    ("cloud.google.com", &[]),
    ("configuration.konghq.com", &[]),
    ("elbv2.k8s.aws", &[]),
    ("getambassador.io", &[]),
    ("k8s.nginx.org", &[]),
    ("gateway.envoyproxy.io", &[]),
    ("gateway.nginx.org", &[]),
    ("kuadrant.io", &[]),
    ("networking.internal.knative.dev", &[]),
    ("projectcontour.io", &[]),
    ("traefik.containo.us", &[]),
    ("traefik.io", &[]),
    // Admission: what is let into the API.
    (".gatekeeper.sh", &[]),
    ("kyverno.io", &[]),
    (".kyverno.io", &[]),
    ("policies.kubewarden.io", &[]),
    ("policy.cert-manager.io", &[]),
    ("wgpolicyk8s.io", &[]),
    // Delivery, certificates, secrets, storage, monitoring, scaling, and others with a name or a spec
    // that could be mistaken.
    ("acme.cert-manager.io", &[]),
    ("apps.kruise.io", &[]),
    ("aquasecurity.github.io", &[]),
    ("argoproj.io", &[]),
    ("autoscaling.openshift.io", &[]),
    ("bitnami.com", &[]),
    (".cattle.io", &[]),
    ("cert-manager.io", &[]),
    ("cluster.x-k8s.io", &[]),
    (".cluster.x-k8s.io", &[]),
    ("config.kio.kasten.io", &[]),
    ("config.openshift.io", &[]),
    ("controlplane.operator.openshift.io", &[]),
    ("external-secrets.io", &[]),
    (".external-secrets.io", &[]),
    (".fluxcd.io", &[]),
    ("grafana.integreatly.org", &[]),
    ("helm.crossplane.io", &[]),
    ("helm.sh", &[]),
    ("iam.aws.crossplane.io", &[]),
    ("iam.aws.upbound.io", &[]),
    ("iam.services.k8s.aws", &[]),
    ("imageregistry.operator.openshift.io", &[]),
    ("ingress.operator.openshift.io", &[]),
    ("karpenter.k8s.aws", &[]),
    ("karpenter.sh", &[]),
    ("keda.sh", &[]),
    ("longhorn.io", &[]),
    ("machine.openshift.io", &[]),
    ("machineconfiguration.openshift.io", &[]),
    ("monitoring.coreos.com", &[]),
    ("nvidia.com", &[]),
    ("opentelemetry.io", &[]),
    ("operator.openshift.io", &[]),
    ("operators.coreos.com", &[]),
    ("policy.karmada.io", &[]),
    ("policy.open-cluster-management.io", &[]),
    ("project.openshift.io", &[]),
    ("rabbitmq.com", &[]),
    ("route.openshift.io", &[]),
    ("samples.operator.openshift.io", &[]),
    ("secrets.hashicorp.com", &[]),
    ("secrets-store.csi.x-k8s.io", &[]),
    ("security.internal.openshift.io", &[]),
    ("security.openshift.io", &[]),
    ("serving.knative.dev", &[]),
    ("tekton.dev", &[]),
    (".tekton.dev", &[]),
    ("trust.cert-manager.io", &[]),
    ("velero.io", &[]),
];

/// What is neither a policy nor read by one in Calico's groups. Staged policies are not enforced.
const CALICO: &[&str] = &[
    "BGPConfiguration",
    "BGPFilter",
    "BGPPeer",
    "BlockAffinity",
    "CalicoNodeStatus",
    "ClusterInformation",
    "FelixConfiguration",
    "IPAMBlock",
    "IPAMConfig",
    "IPAMConfiguration",
    "IPAMHandle",
    "IPPool",
    "IPReservation",
    "KubeControllersConfiguration",
    "Node",
    "Profile",
    "StagedGlobalNetworkPolicy",
    "StagedKubernetesNetworkPolicy",
    "StagedNetworkPolicy",
    "Tier",
    "WorkloadEndpoint",
];
