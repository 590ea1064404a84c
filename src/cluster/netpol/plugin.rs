//! Which network plugin runs, told by its DaemonSet.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::gap::{Effect, Gap, Reason, Right};
use super::sink::Sink;
use crate::cluster::ClusterError;
use crate::cluster::rest::{Raw, Rest, Retry};
use netpol::{CidrMatch, Cni};

/// A network plugin, or what enforces policies beside one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plugin {
    /// `Cilium`.
    pub name: &'static str,
    /// How it decides what the API leaves open, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cni: Option<Cni>,
    /// By its image's tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The DaemonSet's namespace.
    pub namespace: String,
    /// The DaemonSet's name.
    pub daemonset: String,
}

/// Where plugins run; a DaemonSet elsewhere may have any name.
const NAMESPACES: [&str; 8] = [
    "kube-system",
    "cilium",
    "cilium-system",
    "calico-system",
    "kube-flannel",
    "openshift-ovn-kubernetes",
    "ovn-kubernetes",
    "antrea-system",
];

/// DaemonSets of plugins. Those without a [`Cni`] differ, or are not known well enough.
const PLUGINS: [(&str, &str, Option<Cni>); 12] = [
    ("cilium", "Cilium", Some(Cni::Cilium)),
    ("anetd", "GKE Dataplane V2", Some(Cni::Cilium)),
    ("calico-node", "Calico", Some(Cni::Calico)),
    ("canal", "Canal", Some(Cni::Calico)),
    ("antrea-agent", "Antrea", None),
    ("ovnkube-node", "OVN-Kubernetes", None),
    ("kube-router", "kube-router", None),
    ("weave-net", "Weave Net", None),
    ("kindnet", "kindnet", None),
    ("kube-flannel-ds", "Flannel", None),
    ("aws-node", "Amazon VPC CNI", None),
    ("azure-npm", "Azure NPM", None),
];

impl Plugin {
    /// The plugin of a DaemonSet, if it is one of a plugin.
    #[must_use]
    pub fn of(daemonset: &Value) -> Option<Self> {
        let text = |path: &str| daemonset.pointer(path).and_then(Value::as_str);
        let namespace = text("/metadata/namespace").filter(|n| NAMESPACES.contains(n))?;
        let name = text("/metadata/name")?;
        let (_, word, cni) = PLUGINS.iter().find(|(daemonset, ..)| *daemonset == name)?;
        let version = text("/spec/template/spec/containers/0/image").and_then(tag);
        Some(Self {
            name: word,
            cni: *cni,
            version,
            namespace: namespace.to_owned(),
            daemonset: name.to_owned(),
        })
    }
}

/// `Cilium 1.20.0 (daemonset kube-system/cilium)`.
impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
        write!(f, "{}{version} (daemonset {}/{})", self.name, self.namespace, self.daemonset)
    }
}

/// The version in an image's name, where its tag is one.
fn tag(image: &str) -> Option<String> {
    let image = image.split('@').next()?;
    let (_, tag) = image.rsplit('/').next()?.split_once(':')?;
    let version = tag.strip_prefix('v').unwrap_or(tag);
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

/// The one way in which the plugins decide; `None` where none is known, or two differ.
pub(super) fn cni(plugins: &[Plugin]) -> Option<Cni> {
    let mut known = plugins.iter().filter_map(|plugin| plugin.cni);
    let first = known.next()?;
    known.all(|other| other == first).then_some(first)
}

/// What address blocks hold on Cilium; the outer `None` where there is none.
///
/// # Errors
/// [`ClusterError`]; what is forbidden is a gap.
pub(super) async fn cidr_match(
    rest: &Rest,
    plugins: &[Plugin],
    sink: &mut Sink,
) -> Result<Option<Option<CidrMatch>>, ClusterError> {
    let Some(cilium) = plugins.iter().find(|plugin| plugin.cni == Some(Cni::Cilium)) else {
        return Ok(None);
    };
    let path = format!("/api/v1/namespaces/{}/configmaps/cilium-config", cilium.namespace);
    let reason = match rest.raw(&path, Raw::Get, Retry::while_busy()).await {
        Ok(config) => return Ok(Some(Some(mode(&config)))),
        Err(ClusterError::Api(status)) if status.code == 403 => Reason::Forbidden,
        Err(ClusterError::Api(status)) if status.code == 404 => Reason::NotServed { code: 404 },
        Err(error) => return Err(error),
    };
    sink.gap(Gap {
        right: Right {
            verb: "get",
            resource: "configmaps".to_owned(),
            namespace: Some(cilium.namespace.clone()),
            name: Some("cilium-config".to_owned()),
        },
        reason,
        effect: Effect::Detail,
    });
    Ok(Some(None))
}

/// `policy-cidr-match-mode`: a list of `nodes` and `pods`.
fn mode(config: &Value) -> CidrMatch {
    let text = config["data"]["policy-cidr-match-mode"].as_str().unwrap_or_default();
    let has = |word: &str| text.split([',', ' ']).any(|part| part.trim() == word);
    CidrMatch { nodes: has("nodes"), pods: has("pods") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Plugin, cni, mode, tag};
    use netpol::{CidrMatch, Cni};

    fn daemonset(namespace: &str, name: &str) -> Option<Plugin> {
        let container = json!({"image": "quay.io/cilium/cilium:v1.20.0@sha256:00"});
        Plugin::of(&json!({
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"template": {"spec": {"containers": [container]}}},
        }))
    }

    #[test]
    fn a_plugin_is_told_by_its_daemonset_in_a_systems_namespace() {
        let cilium = daemonset("kube-system", "cilium").expect("known");
        assert_eq!(cilium.to_string(), "Cilium 1.20.0 (daemonset kube-system/cilium)");
        assert_eq!(daemonset("team-a", "cilium"), None, "anyone may call theirs so");
        assert_eq!(daemonset("kube-system", "kube-proxy"), None);
    }

    #[test]
    fn two_plugins_that_decide_differently_settle_nothing() {
        let of = |names: &[&str]| {
            let found: Vec<_> = names.iter().filter_map(|n| daemonset("kube-system", n)).collect();
            assert_eq!(found.len(), names.len());
            cni(&found)
        };
        assert_eq!(of(&["cilium"]), Some(Cni::Cilium));
        assert_eq!(of(&["aws-node", "calico-node"]), Some(Cni::Calico));
        assert_eq!(of(&["cilium", "calico-node"]), None);
        assert_eq!(of(&["kindnet"]), None);
    }

    #[test]
    fn the_mode_is_a_list_of_words() {
        let of = |text: &str| mode(&json!({"data": {"policy-cidr-match-mode": text}}));
        assert_eq!(of("nodes"), CidrMatch { nodes: true, pods: false });
        assert_eq!(of("nodes,pods"), CidrMatch { nodes: true, pods: true });
        assert_eq!(of(""), CidrMatch::default());
        assert_eq!(mode(&json!({"data": {}})), CidrMatch::default());
    }

    #[test]
    fn a_tag_is_a_version_only_where_it_looks_like_one() {
        assert_eq!(tag("host:5000/cilium/cilium:v1.2.3").as_deref(), Some("1.2.3"));
        assert_eq!(tag("host:5000/cilium/cilium"), None);
        assert_eq!(tag("cilium:latest"), None);
    }
}
