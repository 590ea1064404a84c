//! What is closed only because of how Cilium takes address blocks (`docs/network-policy.md`,
//! "Uncertainty").

use crate::cluster::{Cluster, Cni};
use crate::endpoint::Endpoint;
use crate::ports::PortSet;

/// Whether a rule names the destination by an address block, which would hold it if Cilium took blocks
/// by their letter.
pub(super) fn closes(
    cluster: &Cluster,
    (source, destination): (&Endpoint<'_>, &Endpoint<'_>),
    ports: &PortSet,
) -> bool {
    if cluster.network.cni != Some(Cni::Cilium) || matches!(destination, Endpoint::Outside(_)) {
        return false;
    }
    let mut by_address = cluster.clone();
    by_address.network.cni = Some(Cni::Calico);
    ports.difference(&by_address.verdict(source, destination).possible()).is_empty()
}

/// Why it is closed.
pub(super) const fn words(destination: &Endpoint<'_>) -> &'static str {
    match destination {
        Endpoint::Pod(pod) if !pod.host_network => {
            "and Cilium lets no ipBlock match a pod (policy-cidr-match-mode)"
        }
        _ => "and Cilium lets no ipBlock match a node or its API server (policy-cidr-match-mode)",
    }
}

/// What opens it.
pub(super) fn fix(destination: &Endpoint<'_>, keys: &[&str]) -> Vec<String> {
    let (mode, instead) = match destination {
        Endpoint::Pod(pod) if !pod.host_network => ("pods", "name the pods by their labels"),
        _ => ("nodes", "let the rule name ports without to"),
    };
    let leave_out =
        keys.iter().map(|key| format!("leave {key} out, so that the port alone counts"));
    let leave_out: Vec<String> = leave_out.collect();
    let first = if leave_out.is_empty() { vec![instead.to_owned()] } else { leave_out };
    let set = format!(
        "or let Cilium match them:  policy-cidr-match-mode: {mode}  (ConfigMap cilium-config)"
    );
    first.into_iter().chain([set]).collect()
}
