//! What to do about a finding, as lines to type where there is one.

use super::cause::{Ours, name};
use super::{Scene, Source};
use crate::endpoint::{Endpoint, Pod};
use crate::finding::{Cause, Origin, Role};
use crate::policy::{Direction, Policy};
use crate::ports::{PortSet, Protocol};
use crate::verdict::Why;

/// Lines that are given; more would bury the first.
const LINES: usize = 4;

/// Closes what is open.
pub(super) fn close(
    scene: &Scene<'_>,
    causes: &[(Direction, Cause)],
    (source, destination): (&Endpoint<'_>, &Endpoint<'_>),
) -> Vec<String> {
    let own = |cause: &Cause| cause.origin == Some(Origin::Platform);
    // The platform's own rules are changed only where nothing else is to blame.
    let others = causes.iter().any(|(_, cause)| !own(cause));
    let mut lines: Vec<String> = Vec::new();
    for (direction, cause) in causes.iter().filter(|(_, cause)| !others || !own(cause)) {
        let subject = match direction {
            Direction::Egress => source,
            Direction::Ingress => destination,
        };
        match (cause.role, cause.origin, subject) {
            (Role::NotIsolated, _, Endpoint::Pod(pod)) => {
                let missing = missing(scene, *direction, pod);
                if missing.is_empty() {
                    let object = &cause.object;
                    lines.push(format!("select {object} with a policy that isolates {direction}"));
                }
                lines.extend(missing);
            }
            (_, Some(Origin::Changed), _) => lines.push(put_back(scene, &cause.object)),
            // What is rendered is changed by the values, not by hand.
            _ if scene.source == Source::Rendered => {}
            _ => lines.push(take_away(scene, cause)),
        }
    }
    cut(lines)
}

/// Opens what is closed.
pub(super) fn open(
    scene: &Scene<'_>,
    causes: &[(Direction, Cause)],
    (source, destination): (&Endpoint<'_>, &Endpoint<'_>),
    ports: &PortSet,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (_, cause) in causes.iter().filter(|(_, c)| c.origin == Some(Origin::Changed)) {
        lines.push(put_back(scene, &cause.object));
    }
    for (direction, subject) in [(Direction::Egress, source), (Direction::Ingress, destination)] {
        let denied = causes.iter().any(|(side, _)| *side == direction);
        if let (true, Endpoint::Pod(pod)) = (denied, subject) {
            lines.extend(missing(scene, direction, pod));
        }
    }
    if lines.is_empty()
        && let Some((protocol, port)) = first(ports)
    {
        let found = scene.input.cluster.explain(source, destination, protocol, port);
        for side in [&found.egress, &found.ingress] {
            if let Some(add) = &side.addition {
                lines.push(format!(
                    "append to {} of networkpolicy {}:  - {}",
                    add.direction, add.policy, add.rule
                ));
            }
        }
    }
    cut(lines)
}

/// Settles what is not decidable.
pub(super) fn settle(scene: &Scene<'_>, why: Why, keys: &[&str]) -> Vec<String> {
    match why {
        Why::UnknownAddress if !keys.is_empty() => keys
            .iter()
            .map(|key| format!("tell its address in the values file:  {key}=CIDR"))
            .collect(),
        Why::UnknownAddress => vec![
            "tell where the addresses of pods are:  --pod-cidr CIDR".to_owned(),
            "or name the network plugin:  --cni cilium".to_owned(),
        ],
        Why::UnknownLabel if scene.source != Source::Cluster => {
            vec!["add the Namespace objects, with their labels, to the manifests".to_owned()]
        }
        Why::CniDependent => vec!["name the network plugin:  --cni cilium".to_owned()],
        Why::PolicyKindNotEvaluated | Why::UnknownLabel | Why::UnknownNode => Vec::new(),
    }
}

/// Narrows what is wide.
pub(super) fn narrow(keys: &[&str]) -> Vec<String> {
    match keys {
        [] => Vec::new(),
        keys => vec![format!("narrow it with {}", keys.join(" and "))],
    }
}

fn first(ports: &PortSet) -> Option<(Protocol, u16)> {
    ports.iter().next().and_then(|(protocol, ranges)| Some((protocol, ranges.first()?.first)))
}

fn take_away(scene: &Scene<'_>, cause: &Cause) -> String {
    let rule = cause.field.as_deref().unwrap_or_default().trim_start_matches("spec.");
    match (scene.source, &cause.place) {
        (Source::Cluster, _) => match cause.object.split_once(' ') {
            Some((kind, id)) if cause.origin == Some(Origin::Foreign) => match id.split_once('/') {
                Some((namespace, name)) => {
                    format!("remove it:  kubectl delete {kind} -n {namespace} {name}")
                }
                None => format!("remove it:  kubectl delete {kind} {id}"),
            },
            Some((kind, id)) => {
                let (namespace, name) = id.split_once('/').unwrap_or(("", id));
                let namespace =
                    if namespace.is_empty() { String::new() } else { format!(" -n {namespace}") };
                format!("remove rule {rule}:  kubectl edit {kind}{namespace} {name}")
            }
            None => format!("remove rule {rule} of {}", cause.object),
        },
        (_, Some(place)) => format!("delete rule {rule} of {} in {place}", cause.object),
        (_, None) => format!("delete rule {rule} of {}", cause.object),
    }
}

/// What the platform has for this pod and the input does not.
fn missing(scene: &Scene<'_>, direction: Direction, pod: &Pod) -> Vec<String> {
    let ours: Ours<'_> = scene.ours;
    let there = |own: &Policy| {
        let same = |p: &Policy| p.namespace == own.namespace && p.name == own.name;
        scene.input.cluster.policies.iter().any(same)
    };
    let missing = ours.unwrap_or_default().iter().filter(|own| {
        own.rules(direction).is_some()
            && scene.input.cluster.selects(own, pod).certainly()
            && !there(own)
    });
    missing.map(|own| put_back(scene, &name(own))).collect()
}

fn put_back(scene: &Scene<'_>, object: &str) -> String {
    match scene.source {
        Source::Cluster => {
            format!("put {object} back:  kubectl openhive install -f {}", scene.values)
        }
        _ => {
            format!("put {object} back, as it is in:  kubectl openhive render -f {}", scene.values)
        }
    }
}

fn cut(mut lines: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    lines.truncate(LINES);
    lines
}
