#![allow(clippy::unwrap_used)]

mod admin;
mod complete;
mod expect;
mod explain;
mod foreign;
mod inputs;
mod invalid;
mod lint;
mod listing;
mod naive;
mod nodes;
mod objects;
mod properties;
mod random;
mod reasons;
mod replicas;
mod report;
mod rules;
mod services;
mod table;
mod unknown;

use serde_json::{Value, json};

use super::endpoint::{ContainerPort, ContainerPorts};
use super::labels::Labels;
use super::*;

/// A policy of namespace `a`.
fn policy(spec: Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "a"}, "spec": spec,
    })
}

/// Namespaces `a` (team=red) and `b` (team=blue) and these policies of `a`.
fn cluster(specs: impl IntoIterator<Item = Value>) -> Cluster {
    let namespace = |name: &str, team: &str| {
        json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {"team": team}},
        })
    };
    let mut all = vec![namespace("a", "red"), namespace("b", "blue")];
    all.extend(specs.into_iter().enumerate().map(|(i, spec)| {
        let mut policy = policy(spec);
        policy["metadata"]["name"] = json!(format!("p{i}"));
        policy
    }));
    Cluster::from_manifests(&all).unwrap()
}

/// A pod with the label `app`.
fn pod(namespace: &str, app: &str) -> Pod {
    Pod::new(namespace, app, Labels::new([("app", app)]))
}

fn with_ports(mut pod: Pod, ports: &[(&str, Protocol, u16)]) -> Pod {
    let port = |(name, protocol, port): &(&str, Protocol, u16)| ContainerPort {
        name: (*name).to_owned(),
        protocol: *protocol,
        port: *port,
    };
    pod.ports = ContainerPorts::Known(ports.iter().map(port).collect());
    pod
}

fn outside(address: &str) -> Endpoint<'static> {
    Endpoint::Outside(address.parse::<std::net::IpAddr>().unwrap().into())
}

fn tcp(ports: &[u16]) -> PortSet {
    ports.iter().fold(PortSet::none(), |all, port| {
        all.union(&PortSet::of(Protocol::Tcp, PortRange::one(*port)))
    })
}

fn between(cluster: &Cluster, source: &Pod, destination: &Pod) -> Verdict {
    cluster.verdict(&Endpoint::Pod(source), &Endpoint::Pod(destination))
}
