//! Objects of kinds that are not evaluated: which of them may decide, and about whom.

use super::*;
use crate::read::{Bearing, Reader, bearing};

fn read(objects: &[Value]) -> Input {
    let mut reader = Reader::new("default");
    objects.iter().for_each(|o| reader.add(o, None));
    reader.finish()
}

fn object(api_version: &str, kind: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "a"},
        "spec": spec,
    })
}

const UNKNOWN: Why = Why::PolicyKindNotEvaluated;

/// Whether a flow to a pod of this app has no answer.
fn is_open_question(input: &Input, to: &Pod) -> bool {
    let verdict = between(&input.cluster, &pod("c", "client"), to);
    verdict == Verdict::perhaps(PortSet::all(), UNKNOWN)
}

/// Real kinds and made-up ones.
const POLICIES: [(&str, &str); 32] = [
    ("acme.example/v1", "PodFirewall"),
    ("acme.example/v1", "TenantIsolation"),
    ("acme.example/v1", "EgressGuard"),
    ("acme.example/v1", "NamespaceACL"),
    ("acme.example/v1", "WorkloadQuarantine"),
    ("acme.example/v1", "NetworkSegment"),
    ("auth.consul.hashicorp.com/v2beta1", "TrafficPermissions"),
    ("access.smi-spec.io/v1alpha3", "TrafficTarget"),
    ("cilium.io/v2", "CiliumClusterwideNetworkPolicy"),
    ("cilium.io/v2", "CiliumLocalRedirectPolicy"),
    ("cilium.io/v2", "CiliumNetworkPolicy"),
    ("consul.hashicorp.com/v1alpha1", "ServiceIntentions"),
    ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy"),
    ("crd.nsx.vmware.com/v1alpha1", "SecurityPolicy"),
    ("crd.projectcalico.org/v1", "GlobalNetworkPolicy"),
    ("crd.projectcalico.org/v1", "HostEndpoint"),
    ("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy"),
    ("k8s.otterize.com/v2", "ClientIntents"),
    ("k8s.ovn.org/v1", "EgressFirewall"),
    ("k8s.ovn.org/v1", "ClusterUserDefinedNetwork"),
    ("kubeovn.io/v1", "SecurityGroup"),
    ("kuma.io/v1alpha1", "MeshTrafficPermission"),
    ("network.openshift.io/v1", "EgressNetworkPolicy"),
    ("networking.gke.io/v1alpha1", "FQDNNetworkPolicy"),
    ("networking.istio.io/v1", "Sidecar"),
    ("networking.k8s.aws/v1alpha1", "ApplicationNetworkPolicy"),
    ("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy"),
    ("neuvector.com/v1", "NvSecurityRule"),
    ("policy.linkerd.io/v1beta3", "Server"),
    ("policy.networking.k8s.io/v2", "ClusterNetworkPolicy"),
    ("security.istio.io/v1", "AuthorizationPolicy"),
    ("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy"),
];

#[test]
fn a_kind_that_reads_like_a_policy_leaves_its_flows_without_an_answer() {
    for (api_version, kind) in POLICIES {
        let input = read(&[object(api_version, kind, &json!({}))]);
        assert!(is_open_question(&input, &pod("a", "x")), "{api_version} {kind}");
        assert_eq!(input.skipped, [], "{api_version} {kind}");
    }
}

const HARMLESS: [(&str, &str); 60] = [
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "LimitRange"),
    ("v1", "ResourceQuota"),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("apiregistration.k8s.io/v1", "APIService"),
    ("apps/v1", "ControllerRevision"),
    ("argoproj.io/v1alpha1", "Application"),
    ("argoproj.io/v1alpha1", "AppProject"),
    ("argoproj.io/v1alpha1", "Workflow"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler"),
    ("bitnami.com/v1alpha1", "SealedSecret"),
    ("cert-manager.io/v1", "Certificate"),
    ("cert-manager.io/v1", "ClusterIssuer"),
    ("certificates.k8s.io/v1", "CertificateSigningRequest"),
    ("cilium.io/v2", "CiliumEndpoint"),
    ("cilium.io/v2", "CiliumNode"),
    ("cilium.io/v2alpha1", "CiliumL2AnnouncementPolicy"),
    ("coordination.k8s.io/v1", "Lease"),
    ("constraints.gatekeeper.sh/v1beta1", "K8sPSPHostNetworkingPorts"),
    ("controlplane.antrea.io/v1beta2", "NetworkPolicy"),
    ("crd.antrea.io/v1beta1", "Tier"),
    ("crd.projectcalico.org/v1", "IPPool"),
    ("crd.projectcalico.org/v1", "FelixConfiguration"),
    ("elbv2.k8s.aws/v1beta1", "IngressClassParams"),
    ("events.k8s.io/v1", "Event"),
    ("external-secrets.io/v1", "ExternalSecret"),
    ("flowcontrol.apiserver.k8s.io/v1", "FlowSchema"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("gateway.networking.k8s.io/v1", "BackendTLSPolicy"),
    ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
    ("image.toolkit.fluxcd.io/v1", "ImagePolicy"),
    ("k8s.ovn.org/v1", "EgressIP"),
    ("karpenter.sh/v1", "NodePool"),
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("kustomize.config.k8s.io/v1beta1", "Kustomization"),
    ("kyverno.io/v1", "ClusterPolicy"),
    ("metallb.io/v1beta1", "IPAddressPool"),
    ("monitoring.coreos.com/v1", "PodMonitor"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ("networking.istio.io/v1", "VirtualService"),
    ("networking.k8s.aws/v1alpha1", "PolicyEndpoint"),
    ("networking.k8s.io/v1", "IngressClass"),
    ("nmstate.io/v1", "NodeNetworkConfigurationPolicy"),
    ("node.k8s.io/v1", "RuntimeClass"),
    ("operators.coreos.com/v1alpha1", "Subscription"),
    ("policy/v1", "PodDisruptionBudget"),
    ("policy/v1beta1", "PodSecurityPolicy"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("snapshot.storage.k8s.io/v1", "VolumeSnapshot"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("traefik.io/v1alpha1", "IngressRoute"),
    ("velero.io/v1", "Backup"),
];

#[test]
fn a_kind_that_is_known_to_have_no_bearing_leaves_every_answer_as_it_is() {
    // Even where it is built like a policy.
    let spec = json!({"podSelector": {}, "ingress": []});
    for (api_version, kind) in HARMLESS {
        let input = read(&[object(api_version, kind, &spec)]);
        assert_eq!(input.cluster.foreign, [], "{api_version} {kind}");
        assert_eq!(input.skipped.len(), 1, "{api_version} {kind}");
        assert!(input.skipped[0].known, "{api_version} {kind}");
    }
}

#[test]
fn a_kind_that_nothing_is_known_of_is_named_and_decides_where_it_is_built_like_a_policy() {
    let spec = json!({"postgresVersion": 17, "ingress": {"enabled": true}, "selector": {}});
    let input =
        read(&[object("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster", &spec)]);
    assert_eq!(input.cluster.foreign, []);
    assert_eq!(input.skipped[0].kind, "PostgresCluster");
    assert!(!input.skipped[0].known);
    for spec in [
        json!({"podSelector": {"matchLabels": {"app": "x"}}}),
        json!({"endpointSelector": {}}),
        json!({"workloadSelector": {"labels": {}}}),
        json!({"ingress": []}),
        json!({"egress": [{"to": []}]}),
    ] {
        let input = read(&[object("acme.example/v1", "Fence", &spec)]);
        assert!(is_open_question(&input, &pod("b", "y")), "{spec}: of any namespace");
        assert_eq!(input.skipped, [], "{spec}");
    }
    let mut several = object("acme.example/v1", "Fence", &json!({}));
    several["specs"] = json!([{}, {"podSelector": {}}]);
    assert!(is_open_question(&read(&[several]), &pod("b", "y")));
}

#[test]
fn a_workload_of_a_kind_that_reads_like_a_policy_is_both() {
    let spec = json!({"template": {"spec": {"containers": [{"name": "c"}]}}});
    let input = read(&[object("acme.example/v1", "Server", &spec)]);
    assert_eq!(input.members.len(), 1);
    assert_eq!(input.cluster.foreign.len(), 1);
}

#[test]
fn kinds_are_told_apart_by_their_group() {
    for (group, kind, expected) in [
        ("cilium.io", "CiliumSomethingNew", Bearing::Policy),
        ("networking.k8s.io", "SomethingNew", Bearing::Policy),
        ("", "SomethingNew", Bearing::Unknown),
        ("acme.example", "Group", Bearing::Unknown),
        ("acme.example", "KeycloakServer", Bearing::Unknown),
        ("crd.antrea.io", "Group", Bearing::None),
        ("anything.gatekeeper.sh", "Whatever", Bearing::None),
        ("notgatekeeper.sh", "Whatever", Bearing::Unknown),
    ] {
        assert_eq!(bearing(group, kind), expected, "{group} {kind}");
    }
}

/// Of these apps in namespace `a`, and of one in `b`, those that a policy may select.
fn selected(policy: &Value) -> Vec<&'static str> {
    let input = read(std::slice::from_ref(policy));
    let mut web = pod("a", "web");
    web.labels.insert("tier", "front");
    let pods = [("web", web), ("db", pod("a", "db")), ("elsewhere", pod("b", "web"))];
    pods.into_iter()
        .filter(|(_, pod)| is_open_question(&input, pod))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn a_cilium_policy_selects_by_labels_of_pods_and_by_what_cilium_adds() {
    let labels = |labels: Value| {
        let spec = json!({"endpointSelector": {"matchLabels": labels}});
        selected(&object("cilium.io/v2", "CiliumNetworkPolicy", &spec))
    };
    assert_eq!(labels(json!({"app": "web"})), ["web"]);
    assert_eq!(labels(json!({"k8s:app": "web"})), ["web"]);
    assert_eq!(labels(json!({"any:app": "web"})), ["web"]);
    assert_eq!(labels(json!({"k8s:app": "web", "tier": "back"})), [""; 0]);
    for added in [
        "io.cilium.k8s.policy.serviceaccount",
        "k8s:io.cilium.k8s.policy.serviceaccount",
        "io.cilium.k8s.policy.cluster",
        "io.cilium.k8s.namespace.labels.team",
        "container:image",
    ] {
        assert_eq!(labels(json!({added: "x"})), ["web", "db"], "{added}");
        assert_eq!(labels(json!({added: "x", "app": "db"})), ["db"], "{added}");
    }
    assert_eq!(labels(json!({"io.kubernetes.pod.namespace": "b"})), ["web", "db", "elsewhere"]);
    assert_eq!(
        labels(json!({"k8s:io.kubernetes.pod.namespace": "b", "app": "web"})),
        ["web", "elsewhere"]
    );
}

#[test]
fn a_condition_that_cilium_may_not_see_narrows_nothing() {
    let expression = |key: &str, operator: &str, values: Value| {
        let expression = json!({"key": key, "operator": operator, "values": values});
        let spec = json!({"endpointSelector": {"matchExpressions": [expression]}});
        selected(&object("cilium.io/v2", "CiliumNetworkPolicy", &spec))
    };
    assert_eq!(expression("k8s:app", "In", json!(["web"])), ["web"]);
    assert_eq!(expression("tier", "Exists", Value::Null), ["web"]);
    // The label may be left out of identities.
    assert_eq!(expression("tier", "DoesNotExist", Value::Null), ["web", "db"]);
    assert_eq!(expression("app", "NotIn", json!(["web"])), ["web", "db"]);
    assert_eq!(
        expression("io.kubernetes.pod.namespace", "Exists", Value::Null),
        ["web", "db", "elsewhere"]
    );
    assert_eq!(expression("app", "Sideways", Value::Null), ["web", "db", "elsewhere"]);
}

#[test]
fn each_rule_of_a_cilium_policy_selects() {
    let of = |app: &str| json!({"endpointSelector": {"matchLabels": {"app": app}}});
    let mut policy = object("cilium.io/v2", "CiliumNetworkPolicy", &of("web"));
    policy["specs"] = json!([of("other"), of("db")]);
    assert_eq!(selected(&policy), ["web", "db"]);
    policy["spec"] = Value::Null;
    assert_eq!(selected(&policy), ["db"]);
    policy["specs"] = json!([]);
    assert_eq!(selected(&policy), ["web", "db"], "without any rule nothing is known of it");
}

#[test]
fn a_cilium_policy_for_nodes_may_select_pods_on_their_network_and_no_others() {
    let spec = json!({"nodeSelector": {"matchLabels": {"pool": "a"}}, "ingress": []});
    let policy = object("cilium.io/v2", "CiliumClusterwideNetworkPolicy", &spec);
    assert_eq!(selected(&policy), [""; 0]);
    let input = read(&[policy]);
    let mut host = pod("a", "web");
    host.host_network = true;
    assert!(is_open_question(&input, &host));
}

#[test]
fn an_istio_policy_may_be_about_the_whole_mesh() {
    let of = |spec: &Value| selected(&object("security.istio.io/v1", "AuthorizationPolicy", spec));
    assert_eq!(of(&json!({})), ["web", "db", "elsewhere"]);
    assert_eq!(of(&json!({"selector": {"matchLabels": {"app": "web"}}})), ["web", "elsewhere"]);
    let target = json!([{"kind": "Service", "name": "web"}]);
    let attached = json!({"selector": {"matchLabels": {"app": "none"}}, "targetRefs": target});
    assert_eq!(of(&attached), ["web", "db", "elsewhere"]);
}

#[test]
fn a_policy_of_a_known_kind_keeps_to_its_namespace_and_its_pods() {
    let spec = json!({"podSelector": {"matchLabels": {"app": "web"}}});
    let fqdn = object("networking.gke.io/v1alpha1", "FQDNNetworkPolicy", &spec);
    assert_eq!(selected(&fqdn), ["web"]);
    let made_up = object("acme.example/v1", "PodFirewall", &spec);
    assert_eq!(selected(&made_up), ["web", "db", "elsewhere"]);
    let calico = |name: &str| {
        let mut policy = object("projectcalico.org/v3", "NetworkPolicy", &spec);
        policy["metadata"]["name"] = json!(name);
        selected(&policy)
    };
    assert_eq!(calico("x"), ["web", "db"]);
    assert_eq!(calico("knp.default.x"), [""; 0], "it is the NetworkPolicy x");
}

#[test]
fn a_policy_without_a_namespace_is_in_that_of_objects_that_name_none() {
    let mut policy = object("crd.projectcalico.org/v1", "NetworkPolicy", &json!({}));
    policy["metadata"] = json!({"name": "x"});
    let mut reader = Reader::new("a");
    reader.add(&policy, None);
    let input = reader.finish();
    assert!(is_open_question(&input, &pod("a", "web")));
    assert!(!is_open_question(&input, &pod("b", "web")));
}

#[test]
fn only_policies_that_may_select_a_pod_are_told_where_its_flows_have_no_answer() {
    let of = |namespace: &str, app: &str| {
        let spec = json!({"endpointSelector": {"matchLabels": {"app": app}}});
        let mut policy = object("cilium.io/v2", "CiliumNetworkPolicy", &spec);
        policy["metadata"] = json!({"name": app, "namespace": namespace});
        policy
    };
    let input = read(&[of("a", "web"), of("a", "db"), of("b", "web")]);
    let (client, web) = (pod("c", "client"), pod("a", "web"));
    let ends = (&Endpoint::Pod(&client), &Endpoint::Pod(&web));
    let causes = crate::findings::cause::doubted_by(&input, None, ends, &PortSet::all());
    let told: Vec<_> = causes.iter().map(|(_, cause)| cause.object.as_str()).collect();
    assert_eq!(told, ["ciliumnetworkpolicy a/web"]);
}
