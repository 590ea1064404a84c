//! Where the objects of a cluster go, one by one.

use ipnet::IpNet;
use serde_json::Value;

use super::gap::{Effect, Gap, Reason, Right};
use super::lists::List;
use super::plugin::{self, Plugin};
use super::{Reading, Settings};
use crate::cluster::snapshot::NAMESPACES;
use crate::plan::FIELD_MANAGER;
use netpol::read::Reader;
use netpol::{CidrMatch, Foreign, Input};

/// Takes objects in; holds none of them as it came.
pub(super) struct Sink {
    reader: Reader,
    gaps: Vec<Gap>,
    plugins: Vec<Plugin>,
    not_ours: Vec<String>,
    gateway_account: Option<String>,
}

impl Sink {
    pub(super) fn new() -> Self {
        Self {
            reader: Reader::new("default"),
            gaps: Vec::new(),
            plugins: Vec::new(),
            not_ours: Vec::new(),
            gateway_account: None,
        }
    }

    pub(super) fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    /// Takes one item of a list, which leaves out what the list says of it.
    pub(super) fn take(&mut self, list: &List, mut item: Value) {
        item["apiVersion"] = list.api_version().into();
        item["kind"] = list.kind.as_str().into();
        match list.kind.as_str() {
            "DaemonSet" => self.plugins.extend(Plugin::of(&item)),
            "Deployment" if is_gateway(&item) => {
                let account = item.pointer("/spec/template/spec/serviceAccountName");
                self.gateway_account = account.and_then(Value::as_str).map(str::to_owned);
            }
            "NetworkPolicy" if list.group == "networking.k8s.io" => {
                self.not_ours.extend(not_ours(&item));
            }
            _ => {}
        }
        self.reader.add(&item, None);
        // The API server has taken it, so it may have a field that is newer than this program.
        for problem in self.reader.take_invalid() {
            if list.effect == Effect::Policies {
                let namespace = item.pointer("/metadata/namespace").and_then(Value::as_str);
                self.reader.not_evaluated(Foreign {
                    namespace: namespace.map(str::to_owned),
                    ..Foreign::anything(problem.object.clone())
                });
            }
            self.gaps.push(list.gap(Reason::NotUnderstood { problem: problem.to_string() }));
        }
    }

    /// A kind that could not be listed: whatever it holds may be there.
    pub(super) fn missing(&mut self, list: &List, reason: Reason) {
        let gap = list.gap(reason);
        if list.effect == Effect::Policies {
            self.anything(&gap.right.resource);
        }
        self.gaps.push(gap);
    }

    /// A group that does not say which kinds it has, because the API server behind it is down.
    pub(super) fn unknown_group(&mut self, group: &str, version: &str) {
        self.anything(group);
        self.hidden(format!("*.{version}.{group}"), 503);
    }

    /// The server does not say which kinds it has.
    pub(super) fn no_kinds(&mut self, code: u16) {
        self.anything("kinds that the API server does not name");
        self.hidden("*".to_owned(), code);
    }

    /// A kind whose objects are not read, because nothing about it speaks of connections.
    pub(super) fn unknown_kind(&mut self, list: &List) {
        self.reader.skip(&list.api_version(), &list.kind, false, 0);
    }

    fn hidden(&mut self, resource: String, code: u16) {
        self.gaps.push(Gap {
            right: Right { verb: "list", resource, namespace: None, name: None },
            reason: Reason::NotServed { code },
            effect: Effect::Policies,
        });
    }

    fn anything(&mut self, what: &str) {
        self.reader.not_evaluated(Foreign::anything(what));
    }

    pub(super) fn plugins(&mut self) -> Vec<Plugin> {
        let mut plugins = std::mem::take(&mut self.plugins);
        plugins.sort_by_key(ToString::to_string);
        plugins
    }

    pub(super) fn finish(
        self,
        settings: &Settings,
        plugins: Vec<Plugin>,
        mode: Option<Option<CidrMatch>>,
    ) -> Reading {
        let mut input = self.reader.finish();
        let cluster = &mut input.cluster;
        // Lists arrive in any order; reports have one.
        cluster.policies.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        cluster.admin.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        cluster.foreign.sort_by(|a, b| a.object.cmp(&b.object));
        let mut gaps = self.gaps;
        gaps.sort_by_cached_key(|gap| (gap.effect as u8, gap.to_string()));
        let mut not_ours = self.not_ours;
        not_ours.sort_unstable();
        cluster.network.cni = settings.cni.or_else(|| plugin::cni(&plugins));
        if let Some(mode) = mode {
            cluster.network.cidr_match = mode;
        }
        let pod_cidrs = match settings.pod_cidrs.as_slice() {
            [] => pod_cidrs(&input),
            given => Some(given.to_vec()),
        };
        if let Some(pod_cidrs) = pod_cidrs {
            input.cluster.network.pod_cidrs = pod_cidrs;
        }
        let gateway_account = self.gateway_account;
        Reading { input, gaps, plugins, not_ours, gateway_account }
    }
}

/// Where the nodes say that their pods' addresses are. Some plugins have networks of their own: where
/// a pod has an address that no node names, nothing is made of it.
fn pod_cidrs(input: &Input) -> Option<Vec<IpNet>> {
    let named = input.cluster.nodes.values().flat_map(|node| node.pod_cidrs.iter().copied());
    let named = IpNet::aggregate(&named.collect());
    let pods = input.members.iter().filter(|m| m.is_pod && !m.pod.host_network);
    let mut addresses = pods.flat_map(|m| &m.pod.addresses);
    let all = addresses.all(|a| named.iter().any(|net| net.contains(a)));
    (all && !named.is_empty()).then_some(named)
}

fn is_gateway(deployment: &Value) -> bool {
    let metadata = &deployment["metadata"];
    metadata["namespace"] == "openhive" && metadata["name"] == "hive-gateway"
}

/// The name of a NetworkPolicy in a namespace of the platform that the installer has not made.
fn not_ours(policy: &Value) -> Option<String> {
    let text = |key: &str| policy["metadata"][key].as_str();
    let namespace = text("namespace").filter(|n| NAMESPACES.contains(n))?;
    let labels = &policy["metadata"]["labels"];
    let ours = labels["app.kubernetes.io/part-of"] == "openhive"
        && labels["app.kubernetes.io/managed-by"] == FIELD_MANAGER;
    (!ours).then(|| format!("{namespace}/{}", text("name").unwrap_or_default()))
}
