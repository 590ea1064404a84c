//! A document to [`Expectations`], strict.

use std::net::IpAddr;

use jiff::civil::Date;
use serde_json::Value;

use super::{API_VERSION, Expectation, Expectations, KIND, Party, Unlisted, Wanted};
use crate::engine::PodPattern;
use crate::invalid::{Invalid, Place, Problem};
use crate::ports::{PortRange, PortSet, Protocol};
use crate::read::cursor::{Cursor, Sink};
use crate::read::policy::{block_of, port_number, protocol};
use crate::read::selector::selector;

/// Reads expectations.
///
/// # Errors
/// Every field that is not as it must be.
pub fn read(document: &Value, place: Option<&Place>) -> Result<Expectations, Vec<Invalid>> {
    let sink = Sink::default();
    let root = Cursor::root(document, &sink);
    root.only(&["apiVersion", "kind", "metadata", "default", "flows"]);
    is(&root, "apiVersion", API_VERSION);
    is(&root, "kind", KIND);
    let unlisted = root.get("default").and_then(|at| match at.string()? {
        "deny" => Some(Unlisted::Deny),
        "ignore" => Some(Unlisted::Ignore),
        other => not_one_of(&at, other, "deny, ignore"),
    });
    let flows =
        root.require("flows").map(|list| list.items().map(|e| entry(&e)).collect::<Vec<_>>());
    let flows = flows.and_then(|all| all.into_iter().collect::<Option<Vec<_>>>());
    let read = flows.map(|flows| Expectations {
        unlisted: unlisted.unwrap_or_default(),
        flows,
        place: place.cloned(),
    });
    sink.finish(read, KIND, place).map(|(read, _)| read)
}

fn is(root: &Cursor<'_>, key: &str, value: &'static str) {
    let Some(at) = root.require(key) else { return };
    match at.string() {
        Some(found) if found != value => {
            let _: Option<()> = not_one_of(&at, found, value);
        }
        _ => {}
    }
}

fn not_one_of<T>(at: &Cursor<'_>, found: &str, allowed: &'static str) -> Option<T> {
    at.report(Problem::NotOneOf { found: found.to_owned(), allowed });
    None
}

fn entry(at: &Cursor<'_>) -> Option<Expectation> {
    at.object()?;
    at.only(&["from", "to", "ports", "verdict", "reason", "expires"]);
    // All of them before any is given up, so that every problem is reported.
    let from = at.require("from").and_then(|p| party(&p));
    let to = at.require("to").and_then(|p| party(&p));
    let ports = at.get("ports").map_or_else(|| Some(PortSet::all()), |list| ports(&list));
    let verdict = at.require("verdict").and_then(|v| match v.string()? {
        "allow" => Some(Wanted::Allow),
        "deny" => Some(Wanted::Deny),
        "optional" => Some(Wanted::Optional),
        other => not_one_of(&v, other, "allow, deny, optional"),
    });
    let reason = at.require("reason").and_then(|r| {
        let text = r.string()?.trim().to_owned();
        if text.is_empty() {
            r.report(Problem::Missing);
        }
        Some(text)
    });
    let expires = at.get("expires").map(|day| {
        let text = day.string()?;
        let date: Option<Date> = text.parse().ok().filter(|_| text.len() == 10);
        if date.is_none() {
            day.report(Problem::Date(text.to_owned()));
        }
        date
    });
    let expires = match expires {
        Some(date) => Some(date?),
        None => None,
    };
    Some(Expectation {
        from: from?,
        to: to?,
        ports: ports?,
        verdict: verdict?,
        reason: reason?,
        expires,
    })
}

/// One form, or a list of them.
fn party(at: &Cursor<'_>) -> Option<Party> {
    if !at.value().is_array() {
        return form(at);
    }
    // All of them before any is given up.
    let forms: Vec<Option<Party>> = at.items().map(|item| form(&item)).collect();
    if forms.is_empty() {
        at.report(Problem::NoneOf(FORMS.to_owned()));
        return None;
    }
    forms.into_iter().collect::<Option<Vec<_>>>().map(Party::OneOf)
}

const FORMS: &str = "any, workload, namespaceSelector, podSelector, unknown, later, cidr, host, hostNetwork, somewhere";

fn form(at: &Cursor<'_>) -> Option<Party> {
    if let Some(word) = at.value().as_str() {
        return match word {
            "any" => Some(Party::Any),
            "somewhere" => Some(Party::Somewhere),
            _ => not_one_of(at, word, FORMS),
        };
    }
    at.object()?;
    let known = ["workload", "namespaceSelector", "podSelector", "unknown", "cidr", "except"];
    at.only(&[&known[..], &["later", "host", "hostNetwork"]].concat());
    let forms = [
        ("workload", at.get("workload").is_some()),
        ("cidr", at.get("cidr").is_some()),
        ("unknown", at.get("unknown").is_some()),
        ("later", at.get("later").is_some()),
        ("host", at.get("host").is_some()),
        ("hostNetwork", at.get("hostNetwork").is_some()),
        ("podSelector", at.get("podSelector").is_some()),
        ("namespaceSelector", at.get("namespaceSelector").is_some()),
    ];
    let mut given = forms.iter().filter(|(_, there)| *there).map(|(form, _)| *form);
    let Some(first) = given.next() else {
        at.report(Problem::NoneOf(FORMS.to_owned()));
        return None;
    };
    let selectors = ["podSelector", "namespaceSelector"];
    for other in given {
        if !(selectors.contains(&first) && selectors.contains(&other)) {
            at.report_at(other, Problem::Beside(first));
        }
    }
    if first != "cidr" && at.get("except").is_some() {
        at.report_at("except", Problem::Beside(first));
    }
    match first {
        "workload" => {
            let name = at.get("workload")?;
            let text = name.string()?;
            let parts: Vec<&str> = text.split('/').collect();
            if parts.len() != 3 || parts.iter().any(|p| p.is_empty()) {
                name.report(Problem::Workload(text.to_owned()));
                return None;
            }
            Some(Party::Workload(text.to_owned()))
        }
        "cidr" => block_of(at).map(Party::Addresses),
        "host" => {
            let list = at.get("host")?;
            let read: Vec<Option<IpAddr>> = list.items().map(|item| address(&item)).collect();
            read.into_iter().collect::<Option<Vec<_>>>().map(Party::Host)
        }
        "hostNetwork" => Some(Party::HostNetwork(at.get("hostNetwork")?.string()?.to_owned())),
        "unknown" | "later" => {
            let inside = at.get(first)?;
            inside.object()?;
            inside.only(&selectors);
            let pattern = pattern(&inside);
            Some(if first == "later" { Party::Later(pattern) } else { Party::Unknown(pattern) })
        }
        _ => Some(Party::Pods(pattern(at))),
    }
}

fn address(at: &Cursor<'_>) -> Option<IpAddr> {
    let text = at.string()?;
    let address = text.parse().ok();
    if address.is_none() {
        at.report(Problem::NotOneOf { found: text.to_owned(), allowed: "an IP address" });
    }
    address
}

/// A missing selector matches everything.
fn pattern(at: &Cursor<'_>) -> PodPattern {
    let read = |key: &str| at.get(key).map(|s| selector(&s)).unwrap_or_default();
    PodPattern { namespace_selector: read("namespaceSelector"), pod_selector: read("podSelector") }
}

/// As in a NetworkPolicy, without names: those are the destination's own.
fn ports(list: &Cursor<'_>) -> Option<PortSet> {
    let mut all = PortSet::none();
    let mut any = false;
    for at in list.items() {
        any = true;
        at.object()?;
        at.only(&["protocol", "port", "endPort"]);
        let protocol = at.get("protocol").map_or(Some(Protocol::Tcp), |p| protocol(&p));
        let first = at.get("port").map(|p| port_number(&p));
        let last = at.get("endPort").map(|p| port_number(&p));
        let range = match (first, last) {
            (None, None) => Some(PortRange::ALL),
            (None, Some(_)) => {
                at.report_at("endPort", Problem::EndPortAlone);
                None
            }
            (Some(first), None) => first.map(PortRange::one),
            (Some(first), Some(last)) => match (first, last) {
                (Some(first), Some(last)) if first <= last => Some(PortRange { first, last }),
                (Some(port), Some(end)) => {
                    at.report_at("endPort", Problem::EndPortBelow { port, end });
                    None
                }
                _ => None,
            },
        };
        if let (Some(protocol), Some(range)) = (protocol, range) {
            all = all.union(&PortSet::of(protocol, range));
        }
    }
    Some(if any { all } else { PortSet::all() })
}
