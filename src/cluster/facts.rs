//! Reads the facts of a cluster on which policies depend (`docs/platform.md`, "Facts of the cluster").

use futures::join;
use serde_json::Value;

use super::ClusterError;
use super::rest::{Raw, Rest, Retry};
use crate::render::DiscoveredFacts;
use crate::values::Database;

/// The address of a node-local DNS cache, as its manifest sets it.
const NODE_LOCAL_DNS: &str = "169.254.20.10/32";

/// Asks for everything at once. What may not be read, or is not there, stays `None`; the second
/// value names what may not be read.
///
/// # Errors
/// Any other failure: a fact that could not be read just now must not change a policy.
pub async fn discover(
    rest: &Rest,
    database: &Database,
) -> Result<(DiscoveredFacts, Vec<&'static str>), ClusterError> {
    let get = async |path: &str| rest.raw(path, Raw::Get, Retry::while_busy()).await;
    let slices = "/apis/discovery.k8s.io/v1/namespaces";
    let (api, services, slices_of_dns, openshift, openshift_slices, local, database_ports) = join!(
        get(
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes"
        ),
        get("/api/v1/namespaces/kube-system/services"),
        get("/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices"),
        get("/api/v1/namespaces/openshift-dns/services/dns-default"),
        get("/apis/discovery.k8s.io/v1/namespaces/openshift-dns/endpointslices"),
        get("/apis/apps/v1/namespaces/kube-system/daemonsets/node-local-dns"),
        database_ports(rest, slices, database),
    );
    let mut unreadable = Vec::new();
    let mut readable = |name: &'static str, answer: Result<Value, ClusterError>| match answer {
        Err(error) if error.code() == Some(403) => {
            unreadable.push(name);
            Ok(None)
        }
        answer => there(answer),
    };
    let api = readable("endpointslices -n default", api)?;
    let services = readable("services -n kube-system", services)?;
    let slices = readable("endpointslices -n kube-system", slices_of_dns)?;
    let local = readable("daemonsets -n kube-system", local)?;
    let (openshift, openshift_slices) = (there(openshift)?, there(openshift_slices)?);
    let mut facts = DiscoveredFacts {
        api_server_ports: api.as_ref().map(|list| ports(list, |_| true)),
        node_local_dns: local.and_then(|_| NODE_LOCAL_DNS.parse().ok()),
        database_target_ports: database_ports?,
        ..DiscoveredFacts::default()
    };
    let kube_dns = services.as_ref().and_then(dns_service).cloned();
    let dns = match (kube_dns, openshift) {
        (Some(service), _) => Some(("kube-system", service, slices)),
        (None, Some(service)) => Some(("openshift-dns", service, openshift_slices)),
        (None, None) => None,
    };
    if let Some((namespace, service, slices)) = dns {
        facts.dns_namespace = Some(namespace.to_owned());
        facts.dns_selector = selector(&service);
        let name = service["metadata"]["name"].as_str().unwrap_or_default();
        facts.dns_ports = slices.as_ref().map(|slices| {
            ports_of(slices, name, |port| {
                // Metrics share the Service on many clusters.
                port["name"].as_str().is_none_or(|name| name.starts_with("dns"))
            })
        });
    }
    Ok((facts, unreadable))
}

/// An answer; `None` where it may not be had, or there is nothing.
fn there(answer: Result<Value, ClusterError>) -> Result<Option<Value>, ClusterError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.code(), Some(403 | 404)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The Service that resolves names: by its label, else by its name.
fn dns_service(list: &Value) -> Option<&Value> {
    let items = list["items"].as_array()?;
    let labelled = |item: &&Value| item["metadata"]["labels"]["k8s-app"] == "kube-dns";
    let named = |item: &&Value| item["metadata"]["name"] == "kube-dns";
    let serves = |item: &&Value| {
        let ports = item["spec"]["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
        ports.iter().any(|port| port["port"] == 53)
    };
    let mut candidates = items.iter().filter(serves);
    candidates.clone().find(named).or_else(|| candidates.find(labelled))
}

fn selector(service: &Value) -> Option<Vec<(String, String)>> {
    let pairs = service["spec"]["selector"].as_object()?;
    pairs.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The ports of a Service's own pods.
fn ports_of(slices: &Value, service: &str, wanted: impl Fn(&Value) -> bool) -> Vec<u16> {
    let items = slices["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let items = items
        .iter()
        .filter(|slice| slice["metadata"]["labels"]["kubernetes.io/service-name"] == service);
    let list = serde_json::json!({"items": items.collect::<Vec<_>>()});
    ports(&list, wanted)
}

fn ports(list: &Value, wanted: impl Fn(&Value) -> bool) -> Vec<u16> {
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let all = items.iter().flat_map(|slice| slice["ports"].as_array().into_iter().flatten());
    all.filter(|port| wanted(port))
        .filter_map(|port| port["port"].as_u64()?.try_into().ok())
        .collect()
}

/// Where the database is a Service of the cluster: the ports of the pods behind it.
async fn database_ports(
    rest: &Rest,
    slices: &str,
    database: &Database,
) -> Result<Option<Vec<u16>>, ClusterError> {
    let Some((name, namespace)) = in_cluster(&database.host) else { return Ok(None) };
    let service = format!("/api/v1/namespaces/{namespace}/services/{name}");
    let slices = format!("{slices}/{namespace}/endpointslices");
    let (service, slices) = join!(
        rest.raw(&service, Raw::Get, Retry::while_busy()),
        rest.raw(&slices, Raw::Get, Retry::while_busy())
    );
    let (Some(service), Some(slices)) = (there(service)?, there(slices)?) else { return Ok(None) };
    let ports = service["spec"]["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
    let port = ports.iter().find(|port| port["port"] == u64::from(database.port));
    let Some(port) = port else { return Ok(None) };
    let of_port = |candidate: &Value| {
        candidate["name"].as_str().unwrap_or_default() == port["name"].as_str().unwrap_or_default()
    };
    Ok(Some(ports_of(&slices, name, of_port)).filter(|ports| !ports.is_empty()))
}

/// `NAME.NAMESPACE.svc` with or without the cluster's domain.
fn in_cluster(host: &str) -> Option<(&str, &str)> {
    let mut labels = host.split('.');
    let (name, namespace, svc) = (labels.next()?, labels.next()?, labels.next()?);
    (svc == "svc").then_some((name, namespace))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{dns_service, in_cluster, ports_of, there};
    use crate::cluster::{ApiStatus, ClusterError};

    #[test]
    fn a_fact_that_cannot_be_read_just_now_is_not_taken_as_absent() {
        let refused = |code| {
            let code = http::StatusCode::from_u16(code).expect("a status");
            ClusterError::Api(Box::new(ApiStatus::read("GET x".into(), code, b"{}", None)))
        };
        assert!(matches!(there(Err(refused(404))), Ok(None)));
        assert!(matches!(there(Err(refused(403))), Ok(None)));
        assert!(there(Err(refused(503))).is_err());
    }

    #[test]
    fn a_service_of_the_cluster_is_told_by_its_name() {
        assert_eq!(in_cluster("db.data.svc"), Some(("db", "data")));
        assert_eq!(in_cluster("db.data.svc.cluster.local"), Some(("db", "data")));
        assert_eq!(in_cluster("db.data.test"), None);
    }

    #[test]
    fn the_dns_service_needs_no_label() {
        let port = json!([{"port": 53}]);
        let list = json!({"items": [
            {"metadata": {"name": "metrics"}, "spec": {"ports": [{"port": 443}]}},
            {"metadata": {"name": "kube-dns"}, "spec": {"ports": port}},
        ]});
        assert_eq!(dns_service(&list).expect("found")["metadata"]["name"], "kube-dns");
    }

    #[test]
    fn ports_are_those_of_the_pods() {
        let slices = json!({"items": [
            {"metadata": {"labels": {"kubernetes.io/service-name": "kube-dns"}},
             "ports": [{"name": "dns", "port": 5353}, {"name": "metrics", "port": 9153}]},
            {"metadata": {"labels": {"kubernetes.io/service-name": "other"}}, "ports": [{"port": 1}]},
        ]});
        let dns = |port: &serde_json::Value| port["name"] == "dns";
        assert_eq!(ports_of(&slices, "kube-dns", dns), [5353]);
    }
}
