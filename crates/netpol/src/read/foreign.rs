//! Policies of other projects: not evaluated, but never overlooked (rule 22).

use serde_json::Value;

use super::cursor::{Cursor, Sink};
use super::selector::selector;
use crate::cluster::Foreign;
use crate::labels::Selector;

/// Kinds of which a policy selects pods of its own namespace only. All others may be about any pod: a
/// kind that is not known, and Istio's, which in the root namespace of a mesh are about all of it, and
/// which namespace that is, is a setting.
const OF_THEIR_NAMESPACE: [(&str, &[&str]); 12] = [
    ("cilium.io", &["CiliumNetworkPolicy"]),
    ("crd.antrea.io", &["NetworkPolicy"]),
    ("crd.nsx.vmware.com", &["SecurityPolicy"]),
    ("crd.projectcalico.org", &["NetworkPolicy"]),
    ("k8s.cni.cncf.io", &["MultiNetworkPolicy"]),
    ("k8s.ovn.org", &["EgressFirewall", "UserDefinedNetwork"]),
    ("network.openshift.io", &["EgressNetworkPolicy"]),
    ("networking.gke.io", &["FQDNNetworkPolicy"]),
    ("networking.k8s.aws", &["ApplicationNetworkPolicy"]),
    ("policy.linkerd.io", &["AuthorizationPolicy", "HTTPRoute", "Server", "ServerAuthorization"]),
    ("projectcalico.org", &["NetworkPolicy"]),
    ("vpcresources.k8s.aws", &["SecurityGroupPolicy"]),
];

/// Where a kind selects pods in the way of Kubernetes.
const SELECTORS: [(&str, &[&str], &str); 5] = [
    ("k8s.cni.cncf.io", &["MultiNetworkPolicy"], "podSelector"),
    ("networking.gke.io", &["FQDNNetworkPolicy"], "podSelector"),
    ("networking.k8s.aws", &["ApplicationNetworkPolicy"], "podSelector"),
    ("policy.linkerd.io", &["Server"], "podSelector"),
    (
        "security.istio.io",
        &["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"],
        "selector",
    ),
];

/// What an object of a kind that is not evaluated may select; nothing where it certainly selects no
/// pod.
pub(crate) fn foreign(
    manifest: &Value,
    (group, kind): (&str, &str),
    default_namespace: &str,
) -> Vec<Foreign> {
    let text = |path: &str| manifest.pointer(path).and_then(Value::as_str);
    let name = text("/metadata/name").unwrap_or_default();
    // Calico's own API shows the NetworkPolicies of Kubernetes once more, under such names.
    if group == "projectcalico.org" && name.starts_with("knp.default.") {
        return Vec::new();
    }
    let is = |(of, kinds): &(&str, &[&str])| *of == group && kinds.contains(&kind);
    let own = OF_THEIR_NAMESPACE.iter().any(is);
    let namespace = text("/metadata/namespace").or(own.then_some(default_namespace));
    let object = match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    };
    let own = namespace.filter(|_| own).map(str::to_owned);
    let foreign = Foreign { namespace: own, ..Foreign::anything(object) };
    if group == "cilium.io" {
        return super::cilium::selected(manifest, &foreign);
    }
    let selector = SELECTORS
        .iter()
        .find(|(of, kinds, _)| is(&(of, kinds)))
        .filter(|_| !["targetRef", "targetRefs"].iter().any(|key| spec(manifest, key).is_some()))
        .and_then(|(_, _, key)| pods(spec(manifest, key)?));
    vec![Foreign { selector: selector.unwrap_or_default(), ..foreign }]
}

fn spec<'a>(manifest: &'a Value, key: &str) -> Option<&'a Value> {
    manifest.get("spec")?.get(key).filter(|value| !value.is_null())
}

/// The selector, if it is written as Kubernetes does.
pub(super) fn pods(value: &Value) -> Option<Selector> {
    let sink = Sink::default();
    let read = selector(&Cursor::root(value, &sink));
    sink.finish(Some(read), "", None).ok().map(|(read, _)| read)
}
