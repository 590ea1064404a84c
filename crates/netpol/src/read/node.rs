//! Nodes out of untyped objects.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::cursor::{Cursor, text_at};
use super::objects::labels;
use crate::address::{parse_address, parse_network};
use crate::cluster::Node;

/// What Calico notes of a node: its own address, and those of its tunnels, if it has any.
const CALICO: [&str; 6] = [
    "projectcalico.org/IPv4Address",
    "projectcalico.org/IPv6Address",
    "projectcalico.org/IPv4IPIPTunnelAddr",
    "projectcalico.org/IPv4VXLANTunnelAddr",
    "projectcalico.org/IPv6VXLANTunnelAddr",
    "projectcalico.org/IPv4WireguardInterfaceAddr",
];

/// What flannel notes of a node, beside Calico's policies (Canal).
const FLANNEL: &str = "flannel.alpha.coreos.com/public-ip";

/// Whether an annotation of a node tells by which addresses it is seen.
pub(crate) fn tells_addresses(annotation: &str) -> bool {
    annotation == FLANNEL || CALICO.contains(&annotation)
}

/// Reads a node's labels, addresses, and the networks of its pods. What cannot be read of a status
/// is left out.
pub(crate) fn node(at: &Cursor<'_>) -> Node {
    let list =
        |path: &str| at.value().pointer(path).and_then(Value::as_array).into_iter().flatten();
    let addresses = list("/status/addresses").filter_map(|a| parse_address(a["address"].as_str()?));
    let one = at.value().pointer("/spec/podCIDR");
    let cidrs = list("/spec/podCIDRs").chain(one).filter_map(|c| parse_network(c.as_str()?));
    let cidrs: Vec<IpNet> = cidrs.collect();
    let mut node = Node {
        labels: at.get("metadata").map(|m| labels(&m)).unwrap_or_default(),
        addresses: addresses.collect(),
        tunnel_addresses: tunnel_addresses(at.value(), &cidrs),
        pod_cidrs: cidrs,
    };
    node.addresses.sort_unstable();
    node.addresses.dedup();
    node.pod_cidrs.sort_unstable();
    node.pod_cidrs.dedup();
    node
}

fn tunnel_addresses(node: &Value, pod_cidrs: &[IpNet]) -> Option<Vec<IpAddr>> {
    let told = |name: &str| text_at(node, &["metadata", "annotations", name]);
    if told(FLANNEL).is_some() {
        // Its device has the network's own address.
        return Some(pod_cidrs.iter().map(IpNet::network).collect());
    }
    let found: Vec<&str> = CALICO.into_iter().filter_map(told).collect();
    // Its own address is a network, those of tunnels are addresses.
    let tunnels = found.iter().filter_map(|text| text.parse().ok()).collect();
    (!found.is_empty()).then_some(tunnels)
}
