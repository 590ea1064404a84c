//! The part of the template context that NetworkPolicies are made of.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

use super::ClusterFacts;
use crate::values::Values;

/// Not the internet: private, carrier-grade, link-local (the metadata service), unique local.
const NOT_EXTERNAL: [&str; 7] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
];

/// What the Gateway, whose upstreams may be private, must still not reach: metadata services.
const METADATA: [&str; 3] = ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"];

/// The `net` of the templates.
#[derive(Serialize)]
pub(super) struct Network {
    dns: Dns,
    database: Target,
    api_server: Target,
    gateway_providers: Vec<Block>,
    sandbox_providers: Vec<Block>,
    sandbox_allow: Vec<Allow>,
    relay: Option<Relay>,
    ingress_controller: Option<IngressController>,
}

#[derive(Serialize)]
struct Dns {
    namespace: String,
    selector: Vec<Item>,
    ports: Vec<u16>,
    node_local: Option<IpNet>,
}

/// A key and a value, as in a label.
#[derive(Serialize)]
pub(super) struct Item {
    pub key: String,
    pub value: String,
}

#[derive(Serialize)]
struct Target {
    ports: Vec<u16>,
    cidr: Option<IpNet>,
}

#[derive(Serialize)]
struct Relay {
    port: u16,
    cidr: Option<IpNet>,
}

#[derive(Serialize)]
struct Block {
    cidr: IpNet,
    except: Vec<IpNet>,
}

#[derive(Serialize)]
struct Allow {
    cidr: IpNet,
    port: Option<u16>,
}

#[derive(Serialize)]
struct IngressController {
    namespace: Option<String>,
    cidrs: Vec<IpNet>,
}

impl Network {
    pub(super) fn new(values: &Values, facts: &ClusterFacts) -> Self {
        let except = |list: &[&str], more: &[IpNet]| {
            let mut all: Vec<IpNet> =
                list.iter().map(|c| c.parse().expect("the built-in blocks are valid")).collect();
            for cidr in more.iter().map(IpNet::trunc) {
                if !all.iter().any(|known| known.contains(&cidr)) {
                    all.push(cidr);
                }
            }
            providers(&all)
        };
        let database = facts.database_target_ports.value.clone();
        Self {
            dns: Dns {
                namespace: facts.dns_namespace.value.clone(),
                selector: items(&facts.dns_selector.value),
                ports: facts.dns_ports.value.clone(),
                node_local: facts.node_local_dns.value,
            },
            database: Target {
                ports: database.unwrap_or_else(|| vec![values.database.port]),
                cidr: values.database_cidr.or_else(|| host_block(&values.database.host)),
            },
            api_server: Target {
                ports: facts.api_server_ports.value.clone(),
                cidr: values.api_server_cidr,
            },
            gateway_providers: except(&METADATA, &[]),
            sandbox_providers: except(&NOT_EXTERNAL, &values.cluster_cidrs),
            sandbox_allow: values
                .sandbox_egress_allow
                .iter()
                .map(|a| Allow { cidr: a.cidr, port: a.port })
                .collect(),
            relay: values.relay.as_ref().map(|r| Relay { port: r.port, cidr: host_block(&r.host) }),
            ingress_controller: ingress_controller(values),
        }
    }
}

/// The namespace and addresses from which the Ingress's traffic comes; `None` where neither is known.
fn ingress_controller(values: &Values) -> Option<IngressController> {
    let ingress = values.ingress.as_ref()?;
    let namespace = values
        .ingress_controller_namespace
        .clone()
        .or_else(|| (ingress.class == "nginx").then(|| "ingress-nginx".to_owned()));
    let cidrs = values.ingress_controller_cidrs.clone();
    (namespace.is_some() || !cidrs.is_empty()).then_some(IngressController { namespace, cidrs })
}

/// Whether anything may reach the Ingress's backends.
pub(super) fn ingress_is_reachable(values: &Values) -> bool {
    ingress_controller(values).is_some()
}

/// A block for an address literal. A name has none: a policy's peers are addresses and pods.
pub(super) fn host_block(host: &str) -> Option<IpNet> {
    host.parse::<IpAddr>().ok().map(IpNet::from)
}

/// Everything of both families, without the exceptions. A family that is excepted as a whole is
/// left out: the API wants each exception to be smaller than its block.
fn providers(except: &[IpNet]) -> Vec<Block> {
    ["0.0.0.0/0", "::/0"]
        .map(|all| all.parse::<IpNet>().expect("the whole of a family is valid"))
        .into_iter()
        .filter(|all| !except.contains(all))
        .map(|all| Block {
            cidr: all,
            except: except.iter().filter(|e| all.contains(*e)).copied().collect(),
        })
        .collect()
}

pub(super) fn items(pairs: &[(String, String)]) -> Vec<Item> {
    pairs.iter().map(|(k, v)| Item { key: k.clone(), value: v.clone() }).collect()
}
