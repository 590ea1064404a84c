//! Pods, Services, and endpoints of a cluster, as far as they can be probed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use super::run_object::RUN;

/// What is there. Pods of probe runs are left out: two runs must not meet.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Pods that have an address and have not come to an end.
    pub pods: Vec<ScenePod>,
    /// Services that are no alias of a name.
    pub services: Vec<SceneService>,
    /// Names of the namespaces.
    pub namespaces: Vec<String>,
}

/// A pod.
#[derive(Clone, Debug, Default)]
pub struct ScenePod {
    /// Where it is.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its node.
    pub node: String,
    /// Its first IPv4 address, else its first.
    pub address: Option<IpAddr>,
    /// Whether its containers answer their probes.
    pub ready: bool,
    /// Its first container.
    pub container: String,
    /// That container's image.
    pub image: String,
    /// The numeric user of the pod or of that container.
    pub user: Option<i64>,
    /// TCP ports that its containers declare.
    pub ports: Vec<u16>,
    /// Ports on which the kubelet asks whether it is ready.
    pub asked_by_node: Vec<u16>,
}

/// A Service.
#[derive(Clone, Debug, Default)]
pub struct SceneService {
    /// Where it is.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// Its IPv4 address; none where it is headless.
    pub address: Option<IpAddr>,
    /// Which pods it selects.
    pub selector: BTreeMap<String, String>,
    /// Whether it sends traffic to pods that are not ready.
    pub publishes_not_ready: bool,
    /// Its ports.
    pub ports: Vec<ScenePort>,
}

/// A port of a Service.
#[derive(Clone, Debug, Default)]
pub struct ScenePort {
    /// Its name.
    pub name: String,
    /// `TCP`, `UDP`.
    pub protocol: String,
    /// Its number.
    pub port: u16,
    /// Addresses and ports behind it that are ready.
    pub ready: Vec<(IpAddr, u16)>,
}

impl Scene {
    /// Reads pods, Services, EndpointSlices, and namespaces; objects of other kinds are passed over.
    #[must_use]
    pub fn read(objects: &[Value]) -> Self {
        let mut scene = Self::default();
        let of_kind = |kind: &'static str| objects.iter().filter(move |o| o["kind"] == kind);
        scene.namespaces.extend(of_kind("Namespace").map(|n| name(n).to_owned()));
        scene.pods.extend(of_kind("Pod").filter_map(pod));
        let slices: Vec<&Value> = of_kind("EndpointSlice").collect();
        scene.services.extend(of_kind("Service").filter_map(|s| service(s, &slices)));
        scene
    }

    /// Services in a pod's namespace that select these labels.
    pub fn services_of<'a>(
        &'a self,
        namespace: &'a str,
        labels: &'a BTreeMap<String, String>,
    ) -> impl Iterator<Item = &'a SceneService> {
        self.services.iter().filter(move |service| {
            service.namespace == namespace
                && !service.selector.is_empty()
                && service.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        })
    }

    /// The Service that has an address.
    #[must_use]
    pub fn service_at(&self, address: IpAddr) -> Option<&SceneService> {
        self.services.iter().find(|service| service.address == Some(address))
    }
}

/// Whether something belongs to a probe run.
#[must_use]
pub fn is_probe(object: &Value) -> bool {
    object.pointer("/metadata/labels").is_some_and(|labels| labels.get(RUN).is_some())
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn strings(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
}

fn number(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|n| n.try_into().ok())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn pod(object: &Value) -> Option<ScenePod> {
    let phase = object["status"]["phase"].as_str().unwrap_or_default();
    if is_probe(object)
        || matches!(phase, "Succeeded" | "Failed")
        || object["metadata"].get("deletionTimestamp").is_some_and(|t| !t.is_null())
    {
        return None;
    }
    let spec = &object["spec"];
    let containers = list(&spec["containers"]);
    let first = containers.first()?;
    let ports = || containers.iter().flat_map(|c| list(&c["ports"]));
    let asked_by_node = containers.iter().filter_map(|container| {
        let probe = &container["readinessProbe"];
        let port = probe.pointer("/httpGet/port").or_else(|| probe.pointer("/tcpSocket/port"))?;
        number(port).or_else(|| {
            let named = list(&container["ports"]).iter().find(|p| p["name"] == *port)?;
            number(&named["containerPort"])
        })
    });
    let addresses: Vec<IpAddr> = list(&object["status"]["podIPs"])
        .iter()
        .filter_map(|entry| entry["ip"].as_str()?.parse().ok())
        .collect();
    let conditions = list(&object["status"]["conditions"]);
    Some(ScenePod {
        namespace: text(&object["metadata"]["namespace"]),
        name: name(object).to_owned(),
        labels: strings(&object["metadata"]["labels"]),
        node: text(&spec["nodeName"]),
        address: addresses.iter().find(|a| a.is_ipv4()).or_else(|| addresses.first()).copied(),
        ready: conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"),
        container: name_of(first),
        image: text(&first["image"]),
        user: first
            .pointer("/securityContext/runAsUser")
            .or_else(|| spec.pointer("/securityContext/runAsUser"))
            .and_then(Value::as_i64),
        ports: ports()
            .filter(|p| p["protocol"].as_str().is_none_or(|protocol| protocol == "TCP"))
            .filter_map(|p| number(&p["containerPort"]))
            .collect(),
        asked_by_node: asked_by_node.collect(),
    })
}

fn name_of(container: &Value) -> String {
    text(&container["name"])
}

fn service(object: &Value, slices: &[&Value]) -> Option<SceneService> {
    let spec = &object["spec"];
    if spec["type"] == "ExternalName" {
        return None;
    }
    let namespace = &object["metadata"]["namespace"];
    let own: Vec<&&Value> = slices
        .iter()
        .filter(|slice| {
            slice["metadata"]["namespace"] == *namespace
                && slice["metadata"]["labels"]["kubernetes.io/service-name"] == name(object)
        })
        .collect();
    let ports = list(&spec["ports"]).iter().filter_map(|port| {
        let named = port["name"].as_str().unwrap_or_default();
        let mut ready = Vec::new();
        for slice in &own {
            let of_port = list(&slice["ports"])
                .iter()
                .find(|p| p["name"].as_str().unwrap_or_default() == named);
            let Some(target) = of_port.and_then(|p| number(&p["port"])) else { continue };
            let endpoints = list(&slice["endpoints"])
                .iter()
                .filter(|e| e["conditions"]["ready"].as_bool().unwrap_or(true));
            let addresses = endpoints.flat_map(|e| list(&e["addresses"]));
            ready.extend(
                addresses.filter_map(|a| a.as_str()?.parse().ok()).map(|address| (address, target)),
            );
        }
        Some(ScenePort {
            name: named.to_owned(),
            protocol: port["protocol"].as_str().unwrap_or("TCP").to_owned(),
            port: number(&port["port"])?,
            ready,
        })
    });
    Some(SceneService {
        namespace: text(namespace),
        name: name(object).to_owned(),
        address: spec["clusterIP"].as_str().and_then(|ip| ip.parse().ok()),
        selector: strings(&spec["selector"]),
        publishes_not_ready: spec["publishNotReadyAddresses"] == true,
        ports: ports.collect(),
    })
}
