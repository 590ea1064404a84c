//! Kinds of policies that only some clusters have.
//!
//! Which kinds there are is asked of `/apis`, which every account may read, and each is judged as one
//! in a file is ([`bearing`]). A list alone does not tell, because the API server checks rights first
//! and answers 403 for what does not exist.

use std::cell::RefCell;

use futures::future::try_join_all;
use serde_json::Value;

use super::gap::{Effect, Reason};
use super::lists::{LISTS, List, Row, pages};
use super::sink::Sink;
use crate::cluster::ClusterError;
use crate::cluster::rest::{Raw, Rest, Retry};
use netpol::read::{Bearing, bearing, is_evaluated};

/// What is known by name, for the rights: which of them a cluster has, only itself tells.
pub(super) const KNOWN: [Row; 35] = [
    known("policy.networking.k8s.io", "v1alpha1", "adminnetworkpolicies", "AdminNetworkPolicy"),
    known(
        "policy.networking.k8s.io",
        "v1alpha1",
        "baselineadminnetworkpolicies",
        "BaselineAdminNetworkPolicy",
    ),
    known("policy.networking.k8s.io", "v1alpha2", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    known("cilium.io", "v2", "ciliumnetworkpolicies", "CiliumNetworkPolicy"),
    known("cilium.io", "v2", "ciliumclusterwidenetworkpolicies", "CiliumClusterwideNetworkPolicy"),
    known("cilium.io", "v2", "ciliumlocalredirectpolicies", "CiliumLocalRedirectPolicy"),
    known("crd.projectcalico.org", "v1", "networkpolicies", "NetworkPolicy"),
    known("crd.projectcalico.org", "v1", "globalnetworkpolicies", "GlobalNetworkPolicy"),
    known("crd.projectcalico.org", "v1", "hostendpoints", "HostEndpoint"),
    known("crd.projectcalico.org", "v1", "networksets", "NetworkSet"),
    known("crd.projectcalico.org", "v1", "globalnetworksets", "GlobalNetworkSet"),
    known("projectcalico.org", "v3", "networkpolicies", "NetworkPolicy"),
    known("projectcalico.org", "v3", "globalnetworkpolicies", "GlobalNetworkPolicy"),
    known("projectcalico.org", "v3", "hostendpoints", "HostEndpoint"),
    known("projectcalico.org", "v3", "networksets", "NetworkSet"),
    known("projectcalico.org", "v3", "globalnetworksets", "GlobalNetworkSet"),
    known("k8s.ovn.org", "v1", "egressfirewalls", "EgressFirewall"),
    known("k8s.ovn.org", "v1", "userdefinednetworks", "UserDefinedNetwork"),
    known("k8s.ovn.org", "v1", "clusteruserdefinednetworks", "ClusterUserDefinedNetwork"),
    known("network.openshift.io", "v1", "egressnetworkpolicies", "EgressNetworkPolicy"),
    known("k8s.cni.cncf.io", "v1", "network-attachment-definitions", "NetworkAttachmentDefinition"),
    known("k8s.cni.cncf.io", "v1beta1", "multi-networkpolicies", "MultiNetworkPolicy"),
    known("crd.antrea.io", "v1beta1", "networkpolicies", "NetworkPolicy"),
    known("crd.antrea.io", "v1beta1", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    known("networking.gke.io", "v1alpha1", "fqdnnetworkpolicies", "FQDNNetworkPolicy"),
    known(
        "networking.k8s.aws",
        "v1alpha1",
        "applicationnetworkpolicies",
        "ApplicationNetworkPolicy",
    ),
    known("networking.k8s.aws", "v1alpha1", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    known("vpcresources.k8s.aws", "v1beta1", "securitygrouppolicies", "SecurityGroupPolicy"),
    known("security.istio.io", "v1", "authorizationpolicies", "AuthorizationPolicy"),
    known("security.istio.io", "v1", "peerauthentications", "PeerAuthentication"),
    known("security.istio.io", "v1", "requestauthentications", "RequestAuthentication"),
    known("networking.istio.io", "v1", "sidecars", "Sidecar"),
    known("policy.linkerd.io", "v1beta3", "servers", "Server"),
    known("policy.linkerd.io", "v1beta1", "serverauthorizations", "ServerAuthorization"),
    known("policy.linkerd.io", "v1alpha1", "authorizationpolicies", "AuthorizationPolicy"),
];

const fn known(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
) -> Row {
    Row(group, version, plural, kind, Effect::Policies)
}

/// Reads every policy of these kinds.
///
/// # Errors
/// [`ClusterError`], where nobody answers. A refusal is a gap.
pub(super) async fn read(rest: &Rest, sink: &RefCell<Sink>) -> Result<(), ClusterError> {
    let lists = served(rest, sink).await?;
    try_join_all(lists.iter().map(async |list| {
        match pages(rest, list, sink).await {
            Err(ClusterError::Api(status)) => match status.code {
                // It went away meanwhile, or was named by us and not by the server.
                404 => Ok(()),
                410 | 401 => Err(ClusterError::Api(status)),
                403 => {
                    sink.borrow_mut().missing(list, Reason::Forbidden);
                    Ok(())
                }
                code => {
                    sink.borrow_mut().missing(list, Reason::NotServed { code });
                    Ok(())
                }
            },
            result => result,
        }
    }))
    .await?;
    Ok(())
}

/// The kinds of policies that the server has, each in one version. Notes those that nothing is known
/// of.
async fn served(rest: &Rest, sink: &RefCell<Sink>) -> Result<Vec<List>, ClusterError> {
    let answer = match rest.raw("/apis", Raw::Discovery, Retry::while_busy()).await {
        Ok(answer) => answer,
        Err(ClusterError::Api(status)) if matches!(status.code, 403 | 404 | 406) => {
            sink.borrow_mut().no_kinds(status.code);
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let sink = &mut *sink.borrow_mut();
    let mut lists = Vec::new();
    for group in entries(&answer, "items") {
        let name = group["metadata"]["name"].as_str().unwrap_or_default();
        for version in entries(group, "versions") {
            let api = version["version"].as_str().unwrap_or_default();
            let resources: Vec<List> =
                entries(version, "resources").filter_map(|r| resource(name, api, r)).collect();
            // An API server behind this one is down: what it would say is not known.
            if resources.is_empty()
                && version["freshness"] == "Stale"
                && bearing(name, "") != Bearing::None
            {
                sink.unknown_group(name, api);
            }
            lists.extend(resources);
        }
    }
    let lists = one_version_each(lists).into_iter();
    Ok(lists
        .filter(|list| match bearing(&list.group, &list.kind) {
            Bearing::None => false,
            Bearing::Policy => true,
            Bearing::Unknown => {
                sink.unknown_kind(list);
                false
            }
        })
        .collect())
}

fn entries<'a>(of: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    of[key].as_array().into_iter().flatten()
}

/// A kind that can be listed and is not one that every cluster has.
fn resource(group: &str, version: &str, of: &Value) -> Option<List> {
    let plural = of["resource"].as_str()?;
    let listed = entries(of, "verbs").any(|verb| verb == "list");
    let known = LISTS.iter().any(|row| (row.0, row.2) == (group, plural));
    (listed && !known).then_some(List {
        group: group.to_owned(),
        version: version.to_owned(),
        plural: plural.to_owned(),
        kind: of["responseKind"]["kind"].as_str()?.to_owned(),
        effect: Effect::Policies,
    })
}

/// Of each kind the version that is evaluated, else the first. All versions show the same objects.
fn one_version_each(lists: impl IntoIterator<Item = List>) -> Vec<List> {
    let mut chosen: Vec<List> = Vec::new();
    for list in lists {
        let same = |other: &&mut List| (&other.group, &other.plural) == (&list.group, &list.plural);
        let evaluated = |list: &List| is_evaluated(&list.api_version(), &list.kind);
        match chosen.iter_mut().find(same) {
            None => chosen.push(list),
            Some(other) if evaluated(&list) && !evaluated(other) => *other = list,
            Some(_) => {}
        }
    }
    chosen
}
