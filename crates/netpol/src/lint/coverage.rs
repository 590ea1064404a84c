//! Who is isolated, and who only seems to be.

use std::collections::{BTreeMap, HashSet};

use super::code::Code;
use super::found::{cause, fixed, list, member as of, policy as at, rule as rule_field, workload};
use super::world::World;
use crate::endpoint::{ContainerPorts, Endpoint, Home, Pod};
use crate::finding::Finding;
use crate::labels::{Labels, NAMESPACE_NAME};
use crate::policy::{Direction, Policy, Rule, RulePorts};

pub(super) fn lint(world: &World<'_>, found: &mut Vec<Finding>) {
    let mut namespaces: BTreeMap<&str, Vec<&Policy>> = BTreeMap::new();
    for policy in world.policies() {
        found.extend(policy.idle.iter().map(|direction| idle(policy, *direction)));
        namespaces.entry(&policy.namespace).or_default().push(policy);
    }
    for (namespace, policies) in namespaces {
        for direction in Direction::ALL {
            allow_all(&policies, direction, found);
        }
        found.extend(later_pods(world, namespace, &policies));
    }
    not_isolated(world, found);
}

fn idle(policy: &Policy, direction: Direction) -> Finding {
    let kind = kind(direction);
    fixed(
        Code::IdleRules,
        format!("has {direction} rules, which do nothing: policyTypes has no {kind}"),
        at(policy, format!("spec.{direction}")),
        format!("add {kind} to policyTypes, or remove the rules"),
    )
}

const fn kind(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "Ingress",
        Direction::Egress => "Egress",
    }
}

/// A rule for everyone, of every pod, where another policy denies by default.
fn allow_all(policies: &[&Policy], direction: Direction, found: &mut Vec<Finding>) {
    let denies = |p: &&&Policy| {
        p.selector.is_everything() && p.rules(direction).is_some_and(<[Rule]>::is_empty)
    };
    let Some(default) = policies.iter().find(denies) else { return };
    for policy in policies.iter().filter(|p| p.selector.is_everything()) {
        let rules = policy.rules(direction).unwrap_or_default();
        let everything = |r: &Rule| r.peers.is_empty() && r.ports == RulePorts::Every;
        if let Some(i) = rules.iter().position(everything) {
            found.push(fixed(
                Code::AllowAll,
                format!(
                    "opens every pod of {} to {direction}, which networkpolicy {} denies: policies add up",
                    policy.namespace,
                    default.id(),
                ),
                at(policy, rule_field(direction, i)),
                "remove the rule, or narrow its policy's podSelector".to_owned(),
            ));
        }
    }
}

/// A namespace that isolates some pods by their labels: one that is made later, with other labels,
/// is open.
fn later_pods(world: &World<'_>, namespace: &str, policies: &[&Policy]) -> Option<Finding> {
    let bare = Pod { ports: ContainerPorts::Unknown, ..Pod::new(namespace, "", Labels::default()) };
    let open: Vec<Direction> = Direction::ALL
        .into_iter()
        .filter(|direction| {
            let isolating = || policies.iter().filter(|p| p.rules(*direction).is_some());
            isolating().next().is_some()
                && !isolating().any(|p| p.selector.is_everything())
                && !denied_by_admin(world, *direction, &bare)
        })
        .collect();
    if open.is_empty() {
        return None;
    }
    let both: Vec<String> = open.iter().map(ToString::to_string).collect();
    let types: Vec<&str> = open.iter().map(|d| kind(*d)).collect();
    let first = policies.iter().find_map(|p| p.place.as_ref());
    Some(fixed(
        Code::LaterPods,
        format!(
            "has policies for some pods; one that is made later with other labels is open to {}",
            both.join(" and ")
        ),
        cause("namespace", namespace, None, first),
        format!("add a policy with podSelector: {{}} and policyTypes: [{}]", types.join(", ")),
    ))
}

/// Whether a cluster-wide policy closes a pod to a pod of which nothing is known.
fn denied_by_admin(world: &World<'_>, direction: Direction, pod: &Pod) -> bool {
    let cluster = &world.input.cluster;
    if cluster.admin.is_empty() {
        return false;
    }
    let mut other = Pod::new("", "", Labels::default());
    other.home = Home::Elsewhere(Labels::new([(NAMESPACE_NAME, "*")]));
    let (pod, other) = (Endpoint::Pod(pod), Endpoint::Pod(&other));
    let (source, destination) = direction.from_to(&pod, &other);
    cluster.one_side(direction, source, destination).is_deny()
}

fn not_isolated(world: &World<'_>, found: &mut Vec<Finding>) {
    let members = &world.input.members;
    let cluster = &world.input.cluster;
    let mut isolated = [vec![false; members.len()], vec![false; members.len()]];
    for policy in world.policies() {
        let directions = Direction::ALL.into_iter().filter(|d| policy.rules(*d).is_some());
        let directions: Vec<usize> = directions.map(|d| d as usize).collect();
        // A policy that perhaps selects a pod is no reason for a remark.
        for (i, _) in world.selected(policy).iter() {
            directions.iter().for_each(|d| isolated[*d][*i as usize] = true);
        }
    }
    let mut told: HashSet<String> = HashSet::new();
    for (i, member) in members.iter().enumerate() {
        let pod = &member.pod;
        let is_open = |d: &Direction| {
            pod.host_network || (!isolated[*d as usize][i] && !denied_by_admin(world, *d, pod))
        };
        let open: Vec<Direction> = Direction::ALL.into_iter().filter(is_open).collect();
        let foreign = || cluster.foreign.iter().any(|f| cluster.foreign_selects(f, pod).possibly());
        if open.is_empty() || !told.insert(workload(member)) || foreign() {
            continue;
        }
        let both: Vec<String> = open.iter().map(ToString::to_string).collect();
        let (message, fix) = if pod.host_network {
            (
                "runs on its node's network, to which policies do not apply".to_owned(),
                "do without hostNetwork, or keep the node's network closed by other means"
                    .to_owned(),
            )
        } else {
            (
                format!("is selected by no policy for {}: everyone is let through", list(&both)),
                "add a policy that selects it, or one for every pod of its namespace".to_owned(),
            )
        };
        found.push(fixed(Code::NotIsolated, message, of(member), fix));
    }
}
