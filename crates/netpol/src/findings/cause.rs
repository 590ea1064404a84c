//! What decides about a flow: rules that open it, pods that nothing isolates, policies that deny.

use super::words;
use crate::cluster::{Cluster, Foreign};
use crate::endpoint::{Endpoint, Pod};
use crate::evaluate::RuleId;
use crate::finding::{Cause, Origin, Role};
use crate::input::Input;
use crate::policy::{Direction, Policy};
use crate::ports::PortSet;
use crate::verdict::Verdict;

/// What the platform's own policies are; `None` where nobody knows.
pub(crate) type Ours<'a> = Option<&'a [Policy]>;

/// Everything that lets these ports pass, on both sides: foreign policies first, the platform's own
/// last. A side that no policy isolates counts where `isolated` says that it should be.
pub(crate) fn opened_by(
    input: &Input,
    ours: Ours<'_>,
    (source, destination): (&Endpoint<'_>, &Endpoint<'_>),
    ports: &PortSet,
    isolated: impl Fn(Direction) -> bool,
) -> Vec<(Direction, Cause)> {
    let mut causes = Vec::new();
    for (direction, subject, peer) in sides(source, destination) {
        let Endpoint::Pod(pod) = subject else { continue };
        let opens = |verdict: &Verdict| !verdict.allowed().intersection(ports).is_empty();
        let found = rules(input, ours, direction, pod, peer, destination, Role::Opens, opens);
        if found.is_empty() && isolated(direction) {
            let rule = Some(direction.to_string());
            let subject = subject_of(input, pod, Role::NotIsolated);
            causes.push((direction, Cause { rule, ..subject }));
        }
        causes.extend(found.into_iter().map(|cause| (direction, cause)));
    }
    causes.sort_by_key(|(_, cause)| blame(cause));
    causes
}

/// Rules of which it cannot be told whether they let these ports pass, and policies of kinds that are
/// not evaluated.
pub(crate) fn doubted_by(
    input: &Input,
    ours: Ours<'_>,
    (source, destination): (&Endpoint<'_>, &Endpoint<'_>),
    ports: &PortSet,
) -> Vec<(Direction, Cause)> {
    let mut causes = Vec::new();
    for (direction, subject, peer) in sides(source, destination) {
        let Endpoint::Pod(pod) = subject else { continue };
        if input.cluster.stack(direction, pod).foreign {
            let may = |f: &&Foreign| input.cluster.foreign_selects(f, pod).possibly();
            causes.extend(input.cluster.foreign.iter().filter(may).map(|foreign| {
                let (kind, name) = foreign.object.split_once(' ').unwrap_or((&foreign.object, ""));
                let object = format!("{} {name}", kind.to_ascii_lowercase()).trim_end().to_owned();
                (direction, Cause { object, role: Role::Doubtful, ..Cause::default() })
            }));
        }
        let doubts = |verdict: &Verdict| {
            verdict.uncertain().iter().any(|(_, on)| !on.intersection(ports).is_empty())
        };
        let found = rules(input, ours, direction, pod, peer, destination, Role::Doubtful, doubts);
        causes.extend(found.into_iter().map(|cause| (direction, cause)));
    }
    causes.dedup();
    causes
}

/// The policies that isolate a side which does not let all of these ports pass.
pub(crate) fn denied_by(
    input: &Input,
    ours: Ours<'_>,
    (source, destination): (&Endpoint<'_>, &Endpoint<'_>),
    ports: &PortSet,
) -> Vec<(Direction, Cause)> {
    let cluster = &input.cluster;
    let mut causes = Vec::new();
    for (direction, subject, _) in sides(source, destination) {
        let Endpoint::Pod(pod) = subject else { continue };
        let passes = cluster.one_side(direction, source, destination).possible();
        if ports.difference(&passes).is_empty() {
            continue;
        }
        let stack = cluster.stack(direction, pod);
        for (index, _) in &stack.network {
            let policy = &cluster.policies[*index];
            causes.push((
                direction,
                Cause {
                    object: name(policy),
                    field: Some(format!("spec.{direction}")),
                    role: Role::Denies,
                    origin: ours.map(|ours| origin(policy, ours)),
                    place: policy.place.clone(),
                    ..Cause::default()
                },
            ));
        }
        for (index, _) in stack.admin.iter().chain(&stack.baseline).flatten() {
            let policy = &cluster.admin[*index];
            causes.push((
                direction,
                Cause {
                    object: format!("{} {}", policy.kind.name().to_ascii_lowercase(), policy.name),
                    field: Some(format!("spec.{direction}")),
                    role: Role::Denies,
                    place: policy.place.clone(),
                    ..Cause::default()
                },
            ));
        }
    }
    causes.sort_by_key(|(_, cause)| blame(cause));
    causes
}

/// Whom to look at first.
const fn blame(cause: &Cause) -> u8 {
    match (cause.role, cause.origin) {
        (Role::NotIsolated, _) | (_, None) => 1,
        (_, Some(Origin::Foreign)) => 0,
        (_, Some(Origin::Changed)) => 2,
        (_, Some(Origin::Platform)) => 3,
    }
}

fn sides<'e>(
    source: &'e Endpoint<'e>,
    destination: &'e Endpoint<'e>,
) -> [(Direction, &'e Endpoint<'e>, &'e Endpoint<'e>); 2] {
    [(Direction::Egress, source, destination), (Direction::Ingress, destination, source)]
}

/// The rules of the policies that select the pod for which `matters` holds.
#[allow(clippy::too_many_arguments)] // one flow, one question
fn rules(
    input: &Input,
    ours: Ours<'_>,
    direction: Direction,
    pod: &Pod,
    peer: &Endpoint<'_>,
    destination: &Endpoint<'_>,
    role: Role,
    matters: impl Fn(&Verdict) -> bool,
) -> Vec<Cause> {
    let cluster: &Cluster = &input.cluster;
    let stack = cluster.stack(direction, pod);
    let opens = |id| cluster.rule_opens(direction, id, peer, destination);
    let mut causes = Vec::new();
    for (index, selected) in &stack.network {
        let policy = &cluster.policies[*index];
        for (at, rule) in policy.rules(direction).unwrap_or_default().iter().enumerate() {
            let id = RuleId::Network { policy: *index, rule: at };
            if matters(&opens(id).under(*selected)) {
                causes.push(Cause {
                    object: name(policy),
                    field: Some(format!("spec.{direction}[{at}]")),
                    role,
                    rule: Some(words::rule(direction, rule)),
                    origin: ours.map(|ours| origin(policy, ours)),
                    place: policy.place.clone(),
                });
            }
        }
    }
    for (index, selected) in stack.admin.iter().chain(&stack.baseline).flatten() {
        let policy = &cluster.admin[*index];
        for (at, rule) in policy.rules(direction).iter().enumerate() {
            let id = RuleId::Admin { policy: *index, rule: at };
            let allows = rule.action == crate::admin::Action::Allow;
            if (allows || role == Role::Doubtful) && matters(&opens(id).under(*selected)) {
                causes.push(Cause {
                    object: format!("{} {}", policy.kind.name().to_ascii_lowercase(), policy.name),
                    field: Some(format!("spec.{direction}[{at}]")),
                    role,
                    rule: Some(words::admin_rule(direction, rule)),
                    origin: ours.map(|_| Origin::Foreign),
                    place: policy.place.clone(),
                });
            }
        }
    }
    causes
}

/// A pod as kubectl would name what it belongs to.
pub(super) fn subject_of(input: &Input, pod: &Pod, role: Role) -> Cause {
    let namespace = pod.namespace().unwrap_or_default();
    let member = input.members.iter().find(|m| m.namespace == namespace && m.pod.name == pod.name);
    let object = match member.and_then(|m| m.workload.as_ref()) {
        Some(owner) => {
            format!("{} {namespace}/{}", owner.kind.to_ascii_lowercase(), owner.name)
        }
        None => format!("pod {namespace}/{}", pod.name),
    };
    let place = member.and_then(|m| m.place.clone());
    Cause { object, role, place, ..Cause::default() }
}

/// `networkpolicy shop/db`.
pub(super) fn name(policy: &Policy) -> String {
    format!("networkpolicy {}", policy.id())
}

/// Whose it is, beside the platform's own. Only what decides is compared: who adds a label to it does
/// not change it.
#[must_use]
pub fn origin(policy: &Policy, ours: &[Policy]) -> Origin {
    let same = |own: &&Policy| own.namespace == policy.namespace && own.name == policy.name;
    match ours.iter().find(same) {
        None => Origin::Foreign,
        Some(own)
            if (&own.selector, &own.ingress, &own.egress)
                == (&policy.selector, &policy.ingress, &policy.egress) =>
        {
            Origin::Platform
        }
        Some(_) => Origin::Changed,
    }
}
