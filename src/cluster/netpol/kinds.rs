//! Kinds of policies that only some clusters have.
//!
//! Whether a kind is there is asked of `/apis`, which every account may read: a list alone does not
//! tell, because the API server checks rights first and answers 403 for what does not exist.

use std::cell::RefCell;

use futures::future::try_join_all;
use serde_json::Value;

use super::gap::{Effect, Reason};
use super::lists::{List, Row, pages};
use super::sink::Sink;
use crate::cluster::ClusterError;
use crate::cluster::rest::{Rest, Retry};
use netpol::read::{is_evaluated, is_policy_kind, policy_groups};

/// What is known by name: for the rights, and for a server that does not tell what it has.
pub(super) const KNOWN: [Row; 14] = [
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
    known("crd.projectcalico.org", "v1", "networkpolicies", "NetworkPolicy"),
    known("crd.projectcalico.org", "v1", "globalnetworkpolicies", "GlobalNetworkPolicy"),
    known("projectcalico.org", "v3", "networkpolicies", "NetworkPolicy"),
    known("projectcalico.org", "v3", "globalnetworkpolicies", "GlobalNetworkPolicy"),
    known("k8s.ovn.org", "v1", "egressfirewalls", "EgressFirewall"),
    known("crd.antrea.io", "v1beta1", "networkpolicies", "NetworkPolicy"),
    known("crd.antrea.io", "v1beta1", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    known("security.istio.io", "v1", "authorizationpolicies", "AuthorizationPolicy"),
    known("security.istio.io", "v1", "peerauthentications", "PeerAuthentication"),
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

/// The kinds that the server has, each in one version.
async fn served(rest: &Rest, sink: &RefCell<Sink>) -> Result<Vec<List>, ClusterError> {
    let groups = match rest.get_path("/apis", Retry::while_busy()).await {
        Ok(answer) => group_versions(&answer),
        Err(ClusterError::Api(status)) if matches!(status.code, 403 | 404) => {
            return Ok(KNOWN.iter().map(Row::list).collect());
        }
        Err(error) => return Err(error),
    };
    let resources = groups.iter().map(async |(group, version)| {
        let path = format!("/apis/{group}/{version}");
        match rest.get_path(&path, Retry::while_busy()).await {
            Ok(answer) => Ok(policy_kinds(group, version, &answer)),
            Err(ClusterError::Api(status)) if status.code != 401 => {
                // An API server behind this one may be down: what it would say is not known.
                sink.borrow_mut().unknown_group(group, version, status.code);
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    });
    Ok(one_version_each(try_join_all(resources).await?.into_iter().flatten()))
}

/// Groups that have policies, with each version, the preferred one first.
pub(super) fn group_versions(answer: &Value) -> Vec<(String, String)> {
    let groups = answer["groups"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ours = |group: &&Value| policy_groups().any(|name| group["name"] == name);
    let mut found = Vec::new();
    for group in groups.iter().filter(ours) {
        let name = group["name"].as_str().unwrap_or_default();
        let preferred = group["preferredVersion"]["version"].as_str();
        let versions = group["versions"].as_array().into_iter().flatten();
        let mut versions: Vec<&str> = versions.filter_map(|v| v["version"].as_str()).collect();
        versions.sort_by_key(|version| Some(*version) != preferred);
        found.extend(versions.into_iter().map(|version| (name.to_owned(), version.to_owned())));
    }
    found
}

/// The policies among the resources of a group's version.
pub(super) fn policy_kinds(group: &str, version: &str, answer: &Value) -> Vec<List> {
    let resources = answer["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    let read = |resource: &Value| {
        let (plural, kind) = (resource["name"].as_str()?, resource["kind"].as_str()?);
        (!plural.contains('/') && is_policy_kind(group, kind)).then(|| List {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            kind: kind.to_owned(),
            effect: Effect::Policies,
        })
    };
    resources.iter().filter_map(read).collect()
}

/// Of each kind the version that is evaluated, else the first. All versions show the same objects.
pub(super) fn one_version_each(lists: impl IntoIterator<Item = List>) -> Vec<List> {
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
