//! Expected beside evaluated, as findings, entry by entry.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::judge::{Coverage, Deviation, Judged, judge_with_coverage};
use super::survey::shortened;
use super::{Expectation, Expectations, KIND, Party, Wanted};
use crate::endpoint::Endpoint;
use crate::finding::{Cause, Finding, Flow, Kind};
use crate::findings::cause::{denied_by, doubted_by, opened_by};
use crate::findings::of_incomplete;
use crate::input::Input;
use crate::invalid::{Invalid, Problem};
use crate::ports::PortSet;

/// Compares an input with what is expected of it.
///
/// # Errors
/// Entries that are over on `today`, and entries that are about nobody in the input.
pub fn check(
    input: &Input,
    expectations: &Expectations,
    today: Date,
) -> Result<Vec<Finding>, Vec<Invalid>> {
    let mut problems = expired(expectations, today);
    let mut found = Bags { input, expectations, bags: BTreeMap::new() };
    let (complete, coverage) =
        judge_with_coverage(input, expectations, &mut |flow| found.add(flow));
    problems.extend(about_nobody(expectations, &coverage));
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut findings = found.findings();
    if !complete {
        findings.push(of_incomplete());
    }
    Ok(findings)
}

fn problem(expectations: &Expectations, field: String, problem: Problem) -> Invalid {
    let place = expectations.place.clone();
    Invalid { object: KIND.to_owned(), field, problem, place }
}

fn expired(expectations: &Expectations, today: Date) -> Vec<Invalid> {
    let over = |(i, entry): (usize, &Expectation)| {
        let day = entry.expires.filter(|day| *day < today)?;
        Some(problem(
            expectations,
            format!("flows[{i}].expires"),
            Problem::Expired(day.to_string()),
        ))
    };
    expectations.flows.iter().enumerate().filter_map(over).collect()
}

/// What was found of one entry, or of none.
#[derive(Default)]
struct Bag {
    ports: PortSet,
    flows: Vec<String>,
    because: Vec<Cause>,
}

struct Bags<'e> {
    input: &'e Input,
    expectations: &'e Expectations,
    /// By entry; those of none are by flow.
    bags: BTreeMap<(Option<usize>, Kind, String), Bag>,
}

fn about_nobody(expectations: &Expectations, coverage: &Coverage) -> Vec<Invalid> {
    let mut problems = Vec::new();
    for (i, entry) in expectations.flows.iter().enumerate() {
        // Whether there are such pods need not be known.
        let unknown = |p: &Party| {
            p.forms().any(|form| {
                matches!(form, Party::Unknown(_) | Party::Later(_) | Party::HostNetwork(_))
            })
        };
        // A single pod always reaches itself, which no entry can be about.
        let itself = entry.from == entry.to && coverage.ends[i] == [true, true];
        if coverage.used[i] || itself || unknown(&entry.from) || unknown(&entry.to) {
            continue;
        }
        let field = match coverage.ends[i] {
            [false, _] => format!("flows[{i}].from"),
            [_, false] => format!("flows[{i}].to"),
            [true, true] => format!("flows[{i}]"),
        };
        problems.push(problem(expectations, field, Problem::MatchesNothing));
    }
    problems
}

impl Bags<'_> {
    fn add(&mut self, flow: &Judged<'_>) {
        for found in &flow.found {
            let kind = match found.deviation {
                Deviation::Bypass => Kind::Bypass,
                Deviation::Overblock => Kind::Overblock,
                Deviation::Unknown { .. } => Kind::Unknown,
                Deviation::Wide => Kind::Wide,
            };
            let (from, to) = (flow.from.name(self.input), flow.to.name(self.input));
            let name = format!("{from} → {to}");
            let key = if found.entry.is_none() { name.clone() } else { String::new() };
            let bag = self.bags.entry((found.entry, kind, key)).or_default();
            bag.ports = bag.ports.union(&found.ports);
            if bag.because.is_empty() {
                let ends = (&flow.from.endpoint(), &flow.to.endpoint());
                bag.because = causes(self.input, ends, &found.ports, kind);
            }
            if !bag.flows.contains(&name) {
                bag.flows.push(name);
            }
        }
    }

    fn findings(self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for ((entry, kind, _), bag) in self.bags {
            let listed = entry.map(|i| (i, &self.expectations.flows[i]));
            let expected = match listed.map(|(_, e)| e.verdict) {
                Some(Wanted::Allow) => "open",
                Some(Wanted::Optional) => "open or closed",
                Some(Wanted::Deny) | None => "closed",
            };
            let found = match kind {
                Kind::Overblock => "no policy allows it",
                Kind::Unknown => "not decidable",
                Kind::Wide => "policies allow it, or may",
                _ => "policies allow it",
            };
            let why = match listed {
                Some((i, entry)) => format!("flows[{i}], {}", entry.reason),
                None => "no entry lists it".to_owned(),
            };
            let (from, to) = match (listed, bag.flows[0].split_once(" → ")) {
                (Some((_, e)), _) => (e.from.to_string(), e.to.to_string()),
                (None, ends) => ends.map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default(),
            };
            let flows = if entry.is_some() {
                format!(": {}", shortened(&bag.flows))
            } else {
                String::new()
            };
            let mut because: Vec<Cause> = listed
                .map(|(i, _)| Cause {
                    object: KIND.to_owned(),
                    field: Some(format!("flows[{i}]")),
                    place: self.expectations.place.clone(),
                    ..Cause::default()
                })
                .into_iter()
                .collect();
            because.extend(bag.because);
            findings.push(Finding {
                kind,
                code: None,
                message: format!("expected {expected} ({why}), {found}{flows}"),
                flow: Some(Flow { from, to, ports: bag.ports.to_string() }),
                because,
                fix: Vec::new(),
                optional: false,
            });
        }
        findings.sort_by_key(|f| f.kind);
        findings
    }
}

/// What opens these ports, denies them, or leaves a doubt.
fn causes(
    input: &Input,
    ends: (&Endpoint<'_>, &Endpoint<'_>),
    ports: &PortSet,
    kind: Kind,
) -> Vec<Cause> {
    let found = match kind {
        Kind::Overblock => denied_by(input, None, ends, ports),
        Kind::Bypass | Kind::Wide => opened_by(input, None, ends, ports, |_| true),
        _ => doubted_by(input, None, ends, ports),
    };
    found.into_iter().map(|(_, cause)| cause).collect()
}
