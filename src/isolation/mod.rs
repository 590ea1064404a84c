//! Who may talk to whom on the platform, told by a values file or by what is installed (pure).

mod installed;

#[cfg(test)]
mod agreement_tests;
#[cfg(test)]
mod findings_tests;
#[cfg(test)]
mod matrix_tests;
#[cfg(test)]
mod rendered_tests;

use std::net::IpAddr;

use ipnet::IpNet;
use netpol::matrix::{self, Platform};

use crate::render::{ClusterFacts, Profile};
use crate::values::Values;

pub use installed::{DatabaseAt, of_installed};

/// What the values and the facts of the cluster say.
#[must_use]
pub fn platform(profile: Profile, values: &Values, facts: &ClusterFacts) -> Platform {
    let literal = || address_block(&values.database.host);
    let ports = facts.database_target_ports.value.clone();
    Platform {
        profile: flows_of(profile),
        database_ports: ports.unwrap_or_else(|| vec![values.database.port]),
        database_service: None,
        database_cidr: values.database_cidr.or_else(literal),
        api_server_ports: facts.api_server_ports.value.clone(),
        api_server_cidr: values.api_server_cidr,
        api_server_addresses: Vec::new(),
        dns_namespace: facts.dns_namespace.value.clone(),
        dns_labels: facts.dns_selector.value.clone(),
        dns_ports: facts.dns_ports.value.clone(),
        ingress_namespace: values.ingress.as_ref().and_then(|ingress| {
            let nginx = || (ingress.class == "nginx").then(|| "ingress-nginx".to_owned());
            values.ingress_controller_namespace.clone().or_else(nginx)
        }),
        node_local_dns: facts.node_local_dns.value,
        ingress_cidrs: match &values.ingress {
            Some(_) => values.ingress_controller_cidrs.clone(),
            None => Vec::new(),
        },
        cluster_cidrs: values.cluster_cidrs.clone(),
        sandbox_allow: values.sandbox_egress_allow.iter().map(|a| (a.cidr, a.port)).collect(),
        relay: values.relay.as_ref().map(|relay| (relay.port, address_block(&relay.host))),
    }
}

/// The block of an address; `None` for a name.
fn address_block(host: &str) -> Option<IpNet> {
    host.parse::<IpAddr>().ok().map(IpNet::from)
}

const fn flows_of(profile: Profile) -> matrix::Profile {
    match profile {
        Profile::Baseline => matrix::Profile::Baseline,
        Profile::Gateway => matrix::Profile::Gateway,
        Profile::Platform => matrix::Profile::Platform,
        Profile::Migration => matrix::Profile::Migration,
    }
}
