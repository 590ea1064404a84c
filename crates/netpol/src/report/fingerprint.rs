//! What tells a finding from another, whatever line it stands on and in whatever order.

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::finding::{Cause, Finding};

/// 16 bytes in hexadecimal. Baselines and the uploads of others hold it: it must never change for
/// the same finding, so that nothing goes into it that is only a matter of words or of places.
#[must_use]
pub fn fingerprint(finding: &Finding) -> String {
    let mut causes: Vec<String> = finding.because.iter().map(cause).collect();
    causes.sort_unstable();
    causes.dedup();
    let kind = finding.code.map_or(finding.kind.name(), crate::lint::Code::id);
    let mut parts = vec!["openhive.io/v1".to_owned(), kind.to_owned()];
    match &finding.flow {
        Some(flow) => parts.extend([flow.from.clone(), flow.to.clone(), flow.ports.clone()]),
        // A lint has only its sentence to tell two of one rule apart.
        None => parts.push(finding.message.clone()),
    }
    parts.extend(causes);
    let mut hash = Sha256::new();
    for part in &parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut text = String::new();
    for byte in &hash.finalize()[..16] {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Two findings that nothing tells apart are numbered.
pub(super) fn numbered(fingerprint: String, seen: &mut BTreeMap<String, usize>) -> String {
    let times = seen.entry(fingerprint.clone()).or_default();
    *times += 1;
    if *times == 1 { fingerprint } else { format!("{fingerprint}-{times}") }
}

/// An object and what its rule says; not the rule's number.
fn cause(cause: &Cause) -> String {
    let field = cause.field.as_deref().unwrap_or_default();
    let field: String = field.split(['[', ']']).step_by(2).collect::<Vec<_>>().join("[]");
    format!("{} {field} {}", cause.object, cause.rule.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Flow, Kind, Role};
    use crate::invalid::Place;

    fn finding(line: u32, rule: usize) -> Finding {
        let flow = |from: &str| Flow {
            from: from.to_owned(),
            to: "external".to_owned(),
            ports: "TCP 443".to_owned(),
        };
        Finding {
            kind: Kind::Bypass,
            code: None,
            message: "in some words".to_owned(),
            flow: Some(flow("agent")),
            because: vec![Cause {
                object: "networkpolicy a/b".to_owned(),
                field: Some(format!("spec.egress[{rule}].to[0]")),
                role: Role::Opens,
                rule: Some("to any, port any".to_owned()),
                origin: None,
                place: Some(Place { file: "f".to_owned(), line: Some(line) }),
            }],
            fix: Vec::new(),
            optional: false,
        }
    }

    #[test]
    fn it_stays_the_same_where_lines_order_and_words_change() {
        let first = fingerprint(&finding(3, 0));
        assert_eq!(first, "7b3b660eefd0f79c37b52d4c67100010");
        let mut other = finding(99, 4);
        other.message = "in other words".to_owned();
        other.fix = vec!["do".to_owned()];
        assert_eq!(fingerprint(&other), first);
        let mut twice = finding(3, 0);
        twice.because.push(Cause { object: "deployment a/a".to_owned(), ..Cause::default() });
        let in_order = fingerprint(&twice);
        twice.because.reverse();
        assert_eq!(fingerprint(&twice), in_order);
        assert_ne!(in_order, first);
    }

    #[test]
    fn it_differs_where_the_flow_or_the_rule_does() {
        let first = fingerprint(&finding(3, 0));
        let mut other = finding(3, 0);
        other.because[0].rule = Some("to any, port TCP 443".to_owned());
        assert_ne!(fingerprint(&other), first);
        let mut other = finding(3, 0);
        other.kind = Kind::Overblock;
        assert_ne!(fingerprint(&other), first);
        let mut seen = BTreeMap::new();
        assert_eq!(numbered("a".to_owned(), &mut seen), "a");
        assert_eq!(numbered("a".to_owned(), &mut seen), "a-2");
    }
}
