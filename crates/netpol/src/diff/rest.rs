//! Files beside a cluster: what they do not speak of stays as it is there.

use std::collections::BTreeSet;

use crate::cluster::{Cluster, Foreign};
use crate::input::Input;
use crate::labels::Labels;

/// NetworkPolicies that could not be listed, as [`Foreign::object`] names them.
const UNREAD_POLICIES: &str = "networkpolicies.networking.k8s.io";

/// Files stand for the namespaces that they have objects of, and for the cluster-wide policies that
/// they name. All else is taken over from the cluster: other namespaces with their pods and policies,
/// labels of namespaces that no file tells, nodes, and the network. Returns the namespaces that the
/// files stand for.
pub fn complete(files: &mut Input, cluster: &Input) -> BTreeSet<String> {
    let own = own(files);
    let others = |namespace: &str| !own.contains(namespace);
    files.members.extend(cluster.members.iter().filter(|m| others(&m.namespace)).cloned());
    files.services.extend(cluster.services.iter().filter(|s| others(&s.namespace)).cloned());
    files.slices.extend(cluster.slices.iter().filter(|s| others(&s.namespace)).cloned());
    files.ingresses.extend(cluster.ingresses.iter().filter(|i| others(&i.namespace)).cloned());
    let (here, there) = (&mut files.cluster, &cluster.cluster);
    let told: BTreeSet<String> = here.namespaces().map(|(name, _)| name.to_owned()).collect();
    let missing: Vec<(&str, &Labels)> =
        there.namespaces().filter(|(name, _)| !told.contains(*name)).collect();
    missing.into_iter().for_each(|(name, labels)| here.add_namespace(name, labels.clone()));
    here.policies.extend(there.policies.iter().filter(|p| others(&p.namespace)).cloned());
    for policy in &there.admin {
        if !here.admin.iter().any(|own| (own.kind, &own.name) == (policy.kind, &policy.name)) {
            here.admin.push(policy.clone());
        }
    }
    let foreign = there.foreign.iter().flat_map(|policy| elsewhere(policy, &own, there));
    here.foreign.extend(foreign);
    if here.nodes.is_empty() {
        here.nodes.clone_from(&there.nodes);
    }
    here.network.clone_from(&there.network);
    own
}

fn own(files: &Input) -> BTreeSet<String> {
    let members = files.members.iter().map(|m| m.namespace.clone());
    let cluster = &files.cluster;
    let policies = cluster.policies.iter().map(|p| p.namespace.clone());
    let foreign = cluster.foreign.iter().filter_map(|f| f.namespace.clone());
    let named = cluster.namespaces().map(|(name, _)| name.to_owned());
    members.chain(policies).chain(foreign).chain(named).collect()
}

/// A policy that is not evaluated, as far as the files do not stand for it. What could not be listed
/// is not known of other namespaces only: of their own the files say it.
fn elsewhere(policy: &Foreign, own: &BTreeSet<String>, cluster: &Cluster) -> Vec<Foreign> {
    match &policy.namespace {
        Some(namespace) if own.contains(namespace) => Vec::new(),
        None if policy.object == UNREAD_POLICIES => {
            let others = cluster.namespaces().filter(|(name, _)| !own.contains(*name));
            let of = |(name, _): (&str, _)| Foreign {
                namespace: Some(name.to_owned()),
                ..policy.clone()
            };
            others.map(of).collect()
        }
        _ => vec![policy.clone()],
    }
}
