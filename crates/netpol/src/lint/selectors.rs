//! Selectors that match nothing, and those of which it cannot be told.

use std::collections::BTreeMap;

use super::code::Code;
use super::found::{cause, finding, fixed, list, peer as peer_field, policy as at, workload};
use super::world::{World, is_positive, reads_controller_labels, rules};
use crate::finding::Finding;
use crate::labels::{Label, NAMESPACE_NAME, Requirement, Selector};
use crate::policy::{Peer, Policy, Scope};
use crate::verdict::Tri;

/// Members that are looked at for a selector that is nearly right.
const LOOKED_AT: usize = 1_000;

pub(super) fn lint(world: &World<'_>, found: &mut Vec<Finding>) {
    if world.input.members.is_empty() {
        return; // nothing to match
    }
    for policy in world.policies() {
        found.extend(selects_nothing(world, policy));
        for (direction, i, rule) in rules(policy) {
            for (j, peer) in rule.peers.iter().enumerate() {
                let field = peer_field(direction, i, j);
                found.extend(matches_nothing(world, policy, peer, &field));
            }
        }
    }
    unknown_labels(world, found);
}

fn selects_nothing<'a>(world: &World<'a>, policy: &'a Policy) -> Option<Finding> {
    let selector = &policy.selector;
    if !world.selected(policy).is_empty() || reads_controller_labels(selector) {
        return None;
    }
    if !selector.is_everything() && !is_positive(selector) {
        return None;
    }
    let inhabited = !world.namespace(&policy.namespace).is_empty();
    let listed = world.input.cluster.namespaces().any(|(name, _)| name == policy.namespace);
    if selector.is_everything() && (inhabited || listed) {
        return None; // a default for pods to come
    }
    let message = if inhabited {
        format!("selects no pod: none in {} has {selector}", policy.namespace)
    } else {
        format!("selects no pod: there is none in namespace {}", policy.namespace)
    };
    let hint = nearly(world, world.namespace(&policy.namespace), selector);
    let elsewhere = || {
        let holds = |i: &u32| selector.matches(&world.member(*i).pod.labels).certainly();
        let all = 0..world.input.members.len() as u32;
        let i = all.take(LOOKED_AT).find(holds).filter(|_| !selector.is_everything())?;
        Some(format!("{} has these labels: name its namespace", workload(world.member(i))))
    };
    let fix = hint
        .or_else(elsewhere)
        .unwrap_or_else(|| "correct its labels or its namespace, or delete the policy".to_owned());
    let field = "spec.podSelector".to_owned();
    Some(fixed(Code::PolicySelectsNothing, message, at(policy, field), fix))
}

fn matches_nothing<'a>(
    world: &World<'a>,
    policy: &'a Policy,
    peer: &'a Peer,
    field: &str,
) -> Option<Finding> {
    let Peer::Pods { namespaces, pods } = peer else { return None };
    let matched = world.peer(policy, peer);
    let on_node = |i: u32| world.member(i).pod.host_network;
    if matched.iter().any(|(i, _)| !on_node(*i)) || reads_controller_labels(pods) {
        return None;
    }
    if !(is_positive(pods) || pods.is_everything()) || !world.knows_homes(peer) {
        return None;
    }
    let fixed = |message, fix| {
        Some(fixed(Code::PeerSelectsNothing, message, at(policy, field.to_owned()), fix))
    };
    if let Some((i, _)) = matched.first() {
        return fixed(
            format!(
                "matches only pods on their node's network, such as {}: selectors do not apply to these",
                workload(world.member(*i))
            ),
            "name the nodes' addresses with an ipBlock".to_owned(),
        );
    }
    let homes: Vec<&str> = match namespaces {
        Scope::Own => vec![policy.namespace.as_str()],
        Scope::Matching(selector) => {
            world.inhabited().filter(|n| world.namespace_is(n, selector).possibly()).collect()
        }
    };
    let members: Vec<u32> = homes.iter().flat_map(|n| world.namespace(n)).copied().collect();
    if members.is_empty() {
        // Perhaps they are elsewhere: only of a whole cluster it is known that they are not.
        let where_ = match namespaces {
            _ if !world.options.whole => return None,
            Scope::Own => return None,
            Scope::Matching(selector) => format!("no namespace with pods has {selector}"),
        };
        return fixed(
            format!("matches no pod: {where_}"),
            format!(
                "correct the namespaceSelector; {NAMESPACE_NAME} is always the namespace's name"
            ),
        );
    }
    // Whoever is in the input may not be everyone there.
    let mut names: Vec<String> = homes.iter().map(|h| (*h).to_owned()).collect();
    names.sort_unstable();
    let own = matches!(namespaces, Scope::Own) && namespaces_with(world, pods, &policy.namespace);
    let fix = if own {
        Some(
            "a podSelector alone means the policy's own namespace: add a namespaceSelector"
                .to_owned(),
        )
    } else {
        nearly(world, &members, pods)
    };
    let fix = fix.unwrap_or_else(|| "correct its labels, or remove the peer".to_owned());
    fixed(format!("matches no pod: none in {} has {pods}", list(&names)), fix)
}

/// Whether pods of another namespace have these labels.
fn namespaces_with(world: &World<'_>, pods: &Selector, own: &str) -> bool {
    let others = world.input.members.iter().filter(|m| m.namespace != own).take(LOOKED_AT);
    others.into_iter().any(|m| pods.matches(&m.pod.labels).certainly())
}

/// The member that fails one condition only, and how.
fn nearly(world: &World<'_>, members: &[u32], selector: &Selector) -> Option<String> {
    let conditions = selector.requirements();
    for i in members.iter().take(LOOKED_AT) {
        let member = world.member(*i);
        let label = |r: &Requirement| member.pod.labels.get(r.key());
        let mut failed = conditions.iter().filter(|r| !r.matches(label(r)).possibly());
        let (Some(only), None) = (failed.next(), failed.next()) else { continue };
        let Requirement::In(_, values) = only else { continue };
        // A single condition that fails says nothing, unless the value is nearly the same.
        let is = match label(only) {
            Label::Is(value) => value,
            _ => "",
        };
        if conditions.len() == 1 && !values.iter().any(|v| strsim::osa_distance(v, is) <= 2) {
            continue;
        }
        let key = only.key();
        return Some(match is {
            "" => format!("did you mean {}? it has no label {key}", workload(member)),
            value => format!("did you mean {}? its {key} is {value}", workload(member)),
        });
    }
    None
}

/// One note for each namespace whose labels are read and not known, and one for each selector that
/// reads a label of which a controller makes up the value.
fn unknown_labels(world: &World<'_>, found: &mut Vec<Finding>) {
    let mut namespaces: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for policy in world.policies() {
        let mut made_up = |field: String, pods: &Selector, matched: &[(u32, Tri)]| {
            let maybe = matched.iter().find(|(_, held)| matches!(held, Tri::Maybe(_)));
            let Some((i, _)) = maybe else { return };
            let member = world.member(*i);
            let key = pods
                .requirements()
                .iter()
                .find(|r| matches!(r.matches(member.pod.labels.get(r.key())), Tri::Maybe(_)));
            let Some(key) = key.map(Requirement::key) else { return };
            found.push(finding(
                Code::UnknownLabel,
                format!(
                    "reads {key}, of which a controller makes up the value for {}",
                    workload(member)
                ),
                at(policy, field),
            ));
        };
        made_up("spec.podSelector".to_owned(), &policy.selector, &world.selected(policy));
        for (direction, i, rule) in rules(policy) {
            for (j, peer) in rule.peers.iter().enumerate() {
                let Peer::Pods { namespaces: scope, pods } = peer else { continue };
                let matched = world.peer(policy, peer);
                let field = peer_field(direction, i, j);
                if let Scope::Matching(selector) = scope {
                    let unknown =
                        |n: &&str| matches!(world.namespace_is(n, selector), Tri::Maybe(_));
                    for name in world.inhabited().filter(unknown) {
                        let first = || (0, format!("networkpolicy {} {field}", policy.id()));
                        namespaces.entry(name).or_insert_with(first).0 += 1;
                    }
                }
                made_up(field, pods, &matched);
            }
        }
    }
    for (name, (number, first)) in namespaces {
        let selectors = if number == 1 { "a selector reads" } else { "selectors read" };
        let of = if number == 1 { first } else { format!("{first} and {} more", number - 1) };
        found.push(fixed(
            Code::UnknownLabel,
            format!("{selectors} its labels ({of}), and it is not in the input"),
            cause("namespace", name, None, None),
            format!("add the Namespace {name} with its labels to the input"),
        ));
    }
}
