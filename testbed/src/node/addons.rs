//! What runs in a fresh cluster: DNS and volumes.

use serde_json::{Value, json};

use super::network::{CLUSTER_DNS, INFRA_NAME, NODE_NAME, WORLD_DNS};
use crate::artefact::infra;
use crate::error::Result;
use crate::files;
use crate::instance::Instance;

/// Volumes that wait for a claim. A claim gets one for good, as none is recycled.
const VOLUMES: usize = 40;

/// All manifests, one JSON document each.
pub(super) fn manifests(instance: &Instance) -> Result<String> {
    let mut all = dns();
    all.push(json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "local",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }));
    for index in 0..VOLUMES {
        let path = instance.folder().join(format!("volumes/{index}"));
        files::create_dir(&path)?;
        all.push(volume(index, &path.to_string_lossy()));
    }
    Ok(all.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n"))
}

/// A volume in a folder of the node. Of type `local`, not `hostPath`, so that a pod's fsGroup is applied to it.
fn volume(index: usize, path: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": format!("local-{index}")},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "local",
            "local": {"path": path},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE_NAME]},
            ]}]}},
        },
    })
}

/// CoreDNS as every cluster has it: `k8s-app: kube-dns` in kube-system, names that are not the cluster's forwarded.
fn dns() -> Vec<Value> {
    let name = json!({"name": "coredns", "namespace": "kube-system"});
    let labels = json!({"k8s-app": "kube-dns"});
    let config = format!(
        ".:53 {{\n    errors\n    health :8080 {{\n        lameduck 1s\n    }}\n    ready :8181\n    \
         kubernetes cluster.local in-addr.arpa ip6.arpa {{\n        pods insecure\n    }}\n    \
         forward . {WORLD_DNS}\n    cache 5\n}}\n"
    );
    vec![
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name}),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "system:coredns"},
            "rules": [
                {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
                {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
            ],
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "system:coredns"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"},
            "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}],
        }),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": name, "data": {"Corefile": config}}),
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": labels},
            "spec": {
                "clusterIP": CLUSTER_DNS,
                "selector": labels,
                "ports": [
                    {"name": "dns", "port": 53, "protocol": "UDP"},
                    {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
                ],
            },
        }),
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "coredns", "namespace": "kube-system", "labels": labels},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": dns_pod()},
            },
        }),
    ]
}

fn dns_pod() -> Value {
    json!({
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "priorityClassName": "system-cluster-critical",
        "containers": [{
            "name": "coredns",
            "image": format!("{INFRA_NAME}/{}", infra::COREDNS),
            "args": ["-conf", "/etc/coredns/Corefile"],
            "ports": [
                {"containerPort": 53, "protocol": "UDP", "name": "dns"},
                {"containerPort": 53, "protocol": "TCP", "name": "dns-tcp"},
            ],
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
            "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
            "securityContext": {
                "runAsUser": 0,
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
            },
        }],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
    })
}
