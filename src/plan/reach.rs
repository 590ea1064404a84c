//! The flows that a plan opens and closes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;
use serde_json::Value;

use super::build::Extras;
use super::flow::{Actor, FlowDiff, compare};
use super::live::Live;
use super::model::{Action, Change};
use manifest::{Kind, Object, ObjectRef};
use netpol::{Cluster, Protocol};

/// The address under which clouds hand credentials to whoever asks.
const METADATA: &str = "169.254.169.254/32";

/// Flows between the parts of the platform and with the outside, before and after.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reachability {
    /// Whether every policy of the namespaces was read. If not, one that is not known may allow
    /// what is said to be closed.
    pub complete: bool,
    /// What opens and what closes.
    #[serde(flatten)]
    pub flows: FlowDiff,
}

/// Compares. `None` where nothing is there to compare with: no policy and no workload.
pub(super) fn reachability(
    desired: &[Object],
    live: &BTreeMap<ObjectRef, Live>,
    changes: &[Change],
    extras: &Extras,
) -> Option<Reachability> {
    let existing = existing(live, extras);
    let runs = existing
        .keys()
        .any(|reference| matches!(reference.kind, Kind::NetworkPolicy | Kind::Deployment));
    if !runs {
        return None;
    }
    let wanted: BTreeSet<&ObjectRef> = desired.iter().map(|object| &object.reference).collect();
    let goes = |reference: &ObjectRef| {
        changes.iter().any(|c| c.reference == *reference && c.action == Action::Delete)
    };
    let stays = existing
        .iter()
        .filter(|(reference, _)| !wanted.contains(reference) && !goes(reference))
        .map(|(_, object)| *object);
    let before = Cluster::from_manifests(existing.values().copied()).ok()?;
    let after =
        Cluster::from_manifests(desired.iter().map(|object| &object.manifest).chain(stays)).ok()?;
    let flows = compare(before, after, &actors(desired, &existing, extras));
    Some(Reachability { complete: extras.policies.is_some(), flows })
}

/// Every object that is there, policies of others included.
fn existing<'a>(
    live: &'a BTreeMap<ObjectRef, Live>,
    extras: &'a Extras,
) -> BTreeMap<ObjectRef, &'a Value> {
    let ours = live
        .iter()
        .filter_map(|(reference, live)| Some((reference.clone(), live.object.as_ref()?)))
        // Listed for orphans with its metadata alone, a policy would seem to deny everything.
        .filter(|(reference, object)| {
            reference.kind != Kind::NetworkPolicy || object.get("spec").is_some()
        });
    let foreign = extras.policies.iter().flatten().filter_map(|policy| {
        let text = |pointer| policy.pointer(pointer).and_then(Value::as_str);
        let reference = ObjectRef::namespaced(
            Kind::NetworkPolicy,
            text("/metadata/namespace")?,
            text("/metadata/name")?,
        );
        Some((reference, policy))
    });
    foreign.chain(ours).collect()
}

/// Who takes part: the workloads, the pods that the Gateway makes at run time, and those outside
/// whom the platform's rules are about.
fn actors(
    desired: &[Object],
    existing: &BTreeMap<ObjectRef, &Value>,
    extras: &Extras,
) -> Vec<Actor> {
    let mut actors: Vec<Actor> = desired
        .iter()
        .filter(|object| matches!(object.reference.kind, Kind::Deployment | Kind::Job))
        .map(|object| workload(object, existing.get(&object.reference).copied()))
        .collect();
    let has = |namespace: &str| {
        desired.iter().any(|o| o.reference.namespace.as_deref() == Some(namespace))
    };
    if has("hive-agents") {
        actors.push(Actor::pod("agent*", "hive-agents", [("", ""); 0]));
    }
    if has("hive-sandbox") {
        let job = [("batch.kubernetes.io/job-name", "pipeline")];
        actors.push(Actor::pod("pipeline", "hive-sandbox", job));
    }
    actors.push(Actor::pod("elsewhere", "elsewhere", [("", ""); 0]));
    if let Some(namespace) = &extras.ingress_controller_namespace {
        actors.push(Actor::pod("ingress controller", namespace, [("", ""); 0]));
    }
    if let Some(facts) = &extras.head.facts {
        let labels = facts.dns_selector.value.clone();
        actors.push(Actor::pod("dns", &facts.dns_namespace.value, labels));
    }
    // Where it runs as a pod, it is one of its node's network.
    actors.push(Actor::on_node("api-server", "kube-system"));
    let address = |name: &str, net: Result<IpNet, _>| net.ok().map(|n| Actor::address(name, n));
    actors.extend(address("metadata", METADATA.parse()));
    actors.extend(extras.database.as_ref().and_then(|database| {
        let ip: IpAddr = database.host.parse().ok()?;
        Some(Actor::address("database", IpNet::from(ip)))
    }));
    actors
}

/// The pods of a workload. Where its labels change, old and new ones together, so that the rules
/// before and after both find it.
fn workload(object: &Object, live: Option<&Value>) -> Actor {
    let name = match object.reference.kind {
        Kind::Job => "migration",
        _ => object.reference.name.trim_start_matches("hive-"),
    };
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for manifest in live.into_iter().chain([&object.manifest]) {
        let found = manifest.pointer("/spec/template/metadata/labels").and_then(Value::as_object);
        labels.extend(
            found
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))),
        );
    }
    if object.reference.kind == Kind::Job {
        labels.insert("batch.kubernetes.io/job-name".into(), object.reference.name.clone());
    }
    let namespace = object.reference.namespace.as_deref().unwrap_or_default();
    let mut actor = Actor::pod(name, namespace, labels);
    let containers = object.manifest.pointer("/spec/template/spec/containers");
    for container in containers.and_then(Value::as_array).into_iter().flatten() {
        let ports = container.get("ports").and_then(Value::as_array);
        for port in ports.into_iter().flatten() {
            let text = |name: &str| port.get(name).and_then(Value::as_str);
            let number = port.get("containerPort").and_then(Value::as_u64);
            let protocol = Protocol::of(text("protocol").unwrap_or("TCP"));
            if let (Some(name), Some(Ok(number)), Some(protocol)) =
                (text("name"), number.map(u16::try_from), protocol)
            {
                actor = actor.with_port(name, protocol, number);
            }
        }
    }
    actor
}
