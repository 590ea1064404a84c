//! Findings of lints, in one form.

use super::code::Code;
use crate::finding::{Cause, Finding, Kind};
use crate::input::Member;
use crate::invalid::Place;
use crate::policy::{Direction, Policy};
use crate::service::Service;

/// A finding about an object. The fix comes next: [`Finding::fix`] is empty.
pub(super) fn finding(code: Code, message: String, because: Cause) -> Finding {
    Finding {
        kind: Kind::Lint,
        code: Some(code),
        message,
        flow: None,
        because: vec![because],
        fix: Vec::new(),
        optional: false,
    }
}

/// The same with what to do.
pub(super) fn fixed(code: Code, message: String, because: Cause, fix: String) -> Finding {
    Finding { fix: vec![fix], ..finding(code, message, because) }
}

pub(super) fn policy(policy: &Policy, field: String) -> Cause {
    cause("networkpolicy", &policy.id(), Some(field), policy.place.as_ref())
}

pub(super) fn service(service: &Service, field: Option<String>) -> Cause {
    cause("service", &service.id(), field, service.place.as_ref())
}

/// The workload, or the pod where it has none.
pub(super) fn member(member: &Member) -> Cause {
    let object = workload(member);
    Cause { object, place: member.place.clone(), ..Cause::default() }
}

/// `deployment shop/web`, `pod shop/web-0`.
pub(super) fn workload(member: &Member) -> String {
    match &member.workload {
        Some(owner) => {
            format!("{} {}/{}", owner.kind.to_ascii_lowercase(), member.namespace, owner.name)
        }
        None => format!("pod {}", member.id()),
    }
}

pub(super) fn cause(kind: &str, id: &str, field: Option<String>, place: Option<&Place>) -> Cause {
    Cause { object: format!("{kind} {id}"), field, place: place.cloned(), ..Cause::default() }
}

/// `spec.egress[0]`.
pub(super) fn rule(direction: Direction, rule: usize) -> String {
    format!("spec.{}[{rule}]", direction.field())
}

/// `spec.egress[0].to[1]`.
pub(super) fn peer(direction: Direction, rule: usize, peer: usize) -> String {
    format!("spec.{}[{rule}].{}[{peer}]", direction.field(), direction.preposition())
}

/// `a`, `a and b`, `a, b and 3 more`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}
