//! Policies of other projects: not evaluated, but never overlooked (rule 22).

use serde_json::Value;

use super::cursor::{Cursor, Sink};
use super::selector::selector;
use crate::cluster::Foreign;
use crate::labels::Selector;

/// Groups whose objects decide about connections, with the kinds that do; no kinds: all.
const KINDS: [(&str, &[&str]); 7] = [
    ("cilium.io", &["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"]),
    ("crd.projectcalico.org", &["NetworkPolicy", "GlobalNetworkPolicy"]),
    ("projectcalico.org", &["NetworkPolicy", "GlobalNetworkPolicy"]),
    ("k8s.ovn.org", &["EgressFirewall"]),
    ("crd.antrea.io", &["NetworkPolicy", "ClusterNetworkPolicy"]),
    ("security.istio.io", &["AuthorizationPolicy", "PeerAuthentication"]),
    ("policy.networking.k8s.io", &[]),
];

/// Groups of the API that policies besides `networking.k8s.io` are in.
pub fn policy_groups() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(group, _)| *group)
}

/// Whether objects of a kind decide about connections, evaluated or not; of those in
/// [`policy_groups`].
#[must_use]
pub fn is_policy_kind(group: &str, kind: &str) -> bool {
    KINDS.iter().any(|(g, kinds)| *g == group && (kinds.is_empty() || kinds.contains(&kind)))
}

/// The policy, if the object is one of a kind that is not evaluated.
pub(crate) fn foreign(manifest: &Value, api_version: &str, kind: &str) -> Option<Foreign> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    if !is_policy_kind(group, kind) {
        return None;
    }
    let text = |path: &str| manifest.pointer(path).and_then(Value::as_str);
    let name = text("/metadata/name").unwrap_or_default();
    // Calico's own API shows the NetworkPolicies of Kubernetes once more, under such names.
    if group == "projectcalico.org" && name.starts_with("knp.default.") {
        return None;
    }
    let namespace = match kind {
        "CiliumClusterwideNetworkPolicy" | "GlobalNetworkPolicy" | "ClusterNetworkPolicy" => None,
        // In Istio's root namespace a policy is about all of them; which one that is, is a setting.
        "AuthorizationPolicy" | "PeerAuthentication"
            if text("/metadata/namespace") == Some("istio-system") =>
        {
            None
        }
        _ if group == "policy.networking.k8s.io" => None,
        _ => Some(text("/metadata/namespace").unwrap_or("default").to_owned()),
    };
    let selector = match group {
        "cilium.io" => manifest.pointer("/spec/endpointSelector"),
        "security.istio.io" => manifest.pointer("/spec/selector"),
        _ => None,
    };
    let object = match &namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    };
    Some(Foreign { object, namespace, selector: selector.map(pods).unwrap_or_default() })
}

/// The pods of a selector, if it is written as Kubernetes does; else any.
fn pods(value: &Value) -> Selector {
    let sink = Sink::default();
    let read = selector(&Cursor::root(value, &sink));
    let plain = read.requirements().iter().all(|r| !r.key().contains(':'));
    match sink.finish(Some(read), "", None) {
        Ok((read, _)) if plain => read,
        _ => Selector::everything(),
    }
}
