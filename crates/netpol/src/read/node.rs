//! Nodes out of untyped objects.

use serde_json::Value;

use super::cursor::Cursor;
use super::objects::labels;
use crate::cluster::Node;

/// Reads a node's labels, addresses, and the networks of its pods. What cannot be read of a status
/// is left out.
pub(crate) fn node(at: &Cursor<'_>) -> Node {
    let list =
        |path: &str| at.value().pointer(path).and_then(Value::as_array).into_iter().flatten();
    let addresses = list("/status/addresses").filter_map(|a| a["address"].as_str()?.parse().ok());
    let one = at.value().pointer("/spec/podCIDR");
    let cidrs = list("/spec/podCIDRs").chain(one).filter_map(|c| c.as_str()?.parse().ok());
    let mut node = Node {
        labels: at.get("metadata").map(|m| labels(&m)).unwrap_or_default(),
        addresses: addresses.collect(),
        pod_cidrs: cidrs.collect(),
    };
    node.addresses.sort_unstable();
    node.addresses.dedup();
    node.pod_cidrs.sort_unstable();
    node.pod_cidrs.dedup();
    node
}
