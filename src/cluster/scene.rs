//! Reads what can be probed: pods, Services, and their endpoints, of the namespaces that take part.

use std::net::IpAddr;

use futures::future::join_all;
use serde_json::{Value, json};

use super::ClusterError;
use super::rest::{Raw, Rest, Retry};
use netpol::matrix::Platform;
use netpol::observe::scene::Scene;

/// Reads everything at once. `database` is its host, empty where nobody knows it. What may not be read is not there: its flows are then not observed.
///
/// # Errors
/// [`ClusterError`], but for what is forbidden.
pub async fn read(rest: &Rest, platform: &Platform, database: &str) -> Result<Scene, ClusterError> {
    let mut namespaces = vec!["openhive", "hive-agents", "hive-sandbox", "default"];
    namespaces.push(&platform.dns_namespace);
    namespaces.extend(platform.ingress_namespace.as_deref());
    // A database of the cluster itself, as NAME.NAMESPACE.svc.
    let parts: Vec<&str> = database.split('.').collect();
    if let [_, namespace, "svc", ..] = parts.as_slice() {
        namespaces.push(namespace);
    }
    namespaces.sort_unstable();
    namespaces.dedup();
    let mut lists = vec![("/api/v1/namespaces".to_owned(), "Namespace")];
    for namespace in &namespaces {
        let core = format!("/api/v1/namespaces/{namespace}");
        lists.push((format!("{core}/pods"), "Pod"));
        lists.push((format!("{core}/services"), "Service"));
        let slices = format!("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices");
        lists.push((slices, "EndpointSlice"));
    }
    // A database by its address may be a Service's.
    if database.parse::<IpAddr>().is_ok() {
        lists.push(("/api/v1/services".to_owned(), "Service"));
    }
    let answers =
        join_all(lists.iter().map(|(path, _)| rest.raw(path, Raw::Get, Retry::while_busy())));
    let mut objects: Vec<Value> = Vec::new();
    for ((_, kind), answer) in lists.iter().zip(answers.await) {
        match answer {
            Ok(mut list) => {
                let items = list["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
                for mut item in items {
                    item["kind"] = json!(kind);
                    objects.push(item);
                }
            }
            Err(error) if matches!(error.code(), Some(403 | 404)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Scene::read(&objects))
}
