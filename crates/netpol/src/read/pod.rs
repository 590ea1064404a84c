//! Pods and pod templates out of untyped objects.

use serde_json::Value;

use super::cursor::{Cursor, at as value_at, text_at};
use super::objects::labels;
use super::policy::{port_number, protocol};
use crate::address::parse_address;
use crate::endpoint::{ContainerPort, ContainerPorts, Home, Pod};
use crate::input::Container;
use crate::labels::Labels;
use crate::ports::Protocol;

/// Reads what decides about connections from an object with `metadata` and `spec` of a pod.
pub(crate) fn pod(at: &Cursor<'_>, namespace: &str, name: String) -> Pod {
    let labels = at.get("metadata").map(|m| labels(&m)).unwrap_or_default();
    let spec = at.get("spec");
    let text = |keys: &[&str]| text_at(at.value(), keys);
    let listed = value_at(at.value(), &["status", "podIPs"]).and_then(Value::as_array);
    let addresses = listed
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("ip").and_then(Value::as_str))
        .chain(text(&["status", "podIP"]))
        .filter_map(parse_address);
    let mut pod = Pod {
        home: Home::Namespace(namespace.to_owned()),
        name,
        labels,
        ports: ContainerPorts::Known(spec.map(|s| ports(&s)).unwrap_or_default()),
        host_network: value_at(at.value(), &["spec", "hostNetwork"]).and_then(Value::as_bool)
            == Some(true),
        addresses: addresses.collect(),
        node: text(&["spec", "nodeName"]).map(str::to_owned),
    };
    pod.addresses.sort_unstable();
    pod.addresses.dedup();
    pod
}

fn ports(spec: &Cursor<'_>) -> Vec<ContainerPort> {
    let mut all = Vec::new();
    if let Some(list) = spec.get("containers") {
        list.items().for_each(|c| container(&c, &mut all));
    }
    // Of the init containers only those run beside the others that are never done.
    if let Some(list) = spec.get("initContainers") {
        list.items()
            .filter(|c| c.value().get("restartPolicy").and_then(Value::as_str) == Some("Always"))
            .for_each(|c| container(&c, &mut all));
    }
    all
}

fn container(at: &Cursor<'_>, all: &mut Vec<ContainerPort>) {
    let Some(list) = at.get("ports") else { return };
    for entry in list.items() {
        let protocol = entry.get("protocol").map_or(Some(Protocol::Tcp), |p| protocol(&p));
        let port = entry.require("containerPort").and_then(|p| port_number(&p));
        let name = entry.get("name").and_then(|n| n.string().map(str::to_owned));
        if let (Some(protocol), Some(port)) = (protocol, port) {
            all.push(ContainerPort { name: name.unwrap_or_default(), protocol, port });
        }
    }
}

/// The first container of a pod that runs and is not about to end.
pub(crate) fn running_container(pod: &Value) -> Option<Container> {
    let ends = value_at(pod, &["metadata", "deletionTimestamp"]).is_some_and(|t| !t.is_null());
    if ends || text_at(pod, &["status", "phase"]) != Some("Running") {
        return None;
    }
    let spec = pod.get("spec")?;
    let first = spec.get("containers")?.get(0)?;
    let user = |of: &Value| of.pointer("/securityContext/runAsUser").and_then(Value::as_i64);
    Some(Container {
        name: text_at(first, &["name"])?.to_owned(),
        image: text_at(first, &["image"]).unwrap_or_default().to_owned(),
        user: user(first).or_else(|| user(spec)),
    })
}

/// Labels that a controller puts on the pods it makes. Where the value is not known beforehand, only
/// the key is (rule 21).
/// A name that is made up later is `None`.
pub(crate) fn add_controller_labels(
    labels: &mut Labels,
    kind: &str,
    name: Option<&str>,
    spec: &Value,
) {
    let unknown: &[&str] = match kind {
        "Deployment" => &["pod-template-hash"],
        "StatefulSet" => &[
            "statefulset.kubernetes.io/pod-name",
            "apps.kubernetes.io/pod-index",
            "controller-revision-hash",
        ],
        "DaemonSet" => &["controller-revision-hash", "pod-template-generation"],
        "Job" => {
            for key in ["batch.kubernetes.io/job-name", "job-name"] {
                match name {
                    Some(name) => labels.insert(key, name),
                    None => labels.insert_unknown(key),
                }
            }
            &["batch.kubernetes.io/controller-uid", "controller-uid"]
        }
        "CronJob" => &[
            "batch.kubernetes.io/job-name",
            "job-name",
            "batch.kubernetes.io/controller-uid",
            "controller-uid",
        ],
        _ => &[],
    };
    for key in unknown {
        labels.insert_unknown(*key);
    }
    let mode =
        spec.get("completionMode").or_else(|| spec.pointer("/jobTemplate/spec/completionMode"));
    if mode.and_then(Value::as_str) == Some("Indexed") {
        labels.insert_unknown("batch.kubernetes.io/job-completion-index");
    }
}
