//! Expected beside evaluated, entry by entry.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::party::Found;
use super::survey::{Actor, Open, Survey, Who};
use super::{Expectation, Expectations, KIND, Unlisted, Wanted};
use crate::address::Span;
use crate::endpoint::Endpoint;
use crate::finding::{Cause, Finding, Flow, Kind};
use crate::findings::cause::{denied_by, doubted_by, opened_by};
use crate::input::Input;
use crate::invalid::{Invalid, Problem};
use crate::policy::Direction;
use crate::ports::PortSet;

/// Flows that are named in one finding.
const NAMED: usize = 3;

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
    let mut survey = Survey::new(input);
    let mut run = Run::new(input, expectations, &survey.actors);
    run.pairs(&survey);
    run.addresses(&mut survey);
    problems.extend(run.about_nobody());
    if problems.is_empty() { Ok(run.findings()) } else { Err(problems) }
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

/// Actors that behave alike and that no entry tells apart.
struct Node {
    actors: Vec<Actor>,
    from: Vec<usize>,
    to: Vec<usize>,
}

/// What was found of one entry, or of none.
#[derive(Default)]
struct Bag {
    ports: PortSet,
    flows: Vec<String>,
    because: Vec<Cause>,
}

struct Run<'e> {
    input: &'e Input,
    expectations: &'e Expectations,
    from: Vec<Found<'e>>,
    to: Vec<Found<'e>>,
    nodes: Vec<Node>,
    used: Vec<bool>,
    /// By entry; those of none are by flow.
    bags: BTreeMap<(Option<usize>, Kind, String), Bag>,
}

impl<'e> Run<'e> {
    fn new(input: &'e Input, expectations: &'e Expectations, actors: &[Actor]) -> Self {
        let entries = &expectations.flows;
        let from: Vec<Found<'_>> = entries.iter().map(|e| e.from.find(input)).collect();
        let to: Vec<Found<'_>> = entries.iter().map(|e| e.to.find(input)).collect();
        let held = |parties: &[Found<'_>], actor: &Actor| -> Vec<usize> {
            let holds = |p: &Found<'_>| match &actor.who {
                Who::Member(m) => p.member(*m),
                Who::Stranger(pattern) => p.representative(&input.cluster, pattern, &actor.pod),
            };
            (0..parties.len()).filter(|i| holds(&parties[*i])).collect()
        };
        let mut nodes: Vec<Node> = Vec::new();
        let mut known: HashMap<(usize, bool, Vec<usize>, Vec<usize>), usize> = HashMap::new();
        for actor in actors {
            let (from, to) = (held(&from, actor), held(&to, actor));
            let representative = matches!(actor.who, Who::Stranger(_));
            let key = (actor.class, representative, from.clone(), to.clone());
            let at = *known.entry(key).or_insert_with(|| {
                nodes.push(Node { actors: Vec::new(), from, to });
                nodes.len() - 1
            });
            nodes[at].actors.push(actor.clone());
        }
        let used = vec![false; entries.len()];
        Self { input, expectations, from, to, nodes, used, bags: BTreeMap::new() }
    }

    fn pairs(&mut self, survey: &Survey<'_>) {
        let nodes = std::mem::take(&mut self.nodes);
        for (i, source) in nodes.iter().enumerate() {
            for (j, destination) in nodes.iter().enumerate() {
                let (from, to) = (&source.actors[0], &destination.actors[0]);
                let to = match (i == j, destination.actors.get(1)) {
                    (false, _) => to,
                    (true, Some(other)) => other,
                    (true, None) => continue, // a pod always reaches itself
                };
                let representatives = [from, to].map(|a| matches!(a.who, Who::Stranger(_)));
                if representatives == [true, true] {
                    continue;
                }
                let entries: Vec<usize> =
                    source.from.iter().copied().filter(|e| destination.to.contains(e)).collect();
                let open = survey.between(from, to);
                let name = || (self.name(&source.actors), self.name(&destination.actors));
                let (ends, names) = ((Endpoint::Pod(&from.pod), Endpoint::Pod(&to.pod)), name());
                self.judge(&entries, &open, &ends, &names);
            }
        }
        self.nodes = nodes;
    }

    fn addresses(&mut self, survey: &mut Survey<'_>) {
        let cuts: Vec<Span> = self.from.iter().chain(&self.to).flat_map(Found::edges).collect();
        let nodes = std::mem::take(&mut self.nodes);
        for node in &nodes {
            let actor = &node.actors[0];
            if matches!(actor.who, Who::Stranger(_)) {
                continue;
            }
            for direction in Direction::ALL {
                let (own, others) = match direction {
                    Direction::Egress => (&node.from, &self.to),
                    Direction::Ingress => (&node.to, &self.from),
                };
                let entries = |span: &Span| -> Vec<usize> {
                    own.iter().copied().filter(|e| others[*e].addresses(span)).collect()
                };
                for (spans, open, entries) in survey.outside(actor, direction, &cuts, entries) {
                    let outside = Endpoint::Outside(spans[0]);
                    let pod = Endpoint::Pod(&actor.pod);
                    let list: Vec<String> = spans.iter().map(ToString::to_string).collect();
                    let (own, other) = (self.name(&node.actors), shortened(&list));
                    let ends = direction.from_to(pod, outside);
                    let names = direction.from_to(own, other);
                    self.judge(&entries, &open, &ends, &names);
                }
            }
        }
        self.nodes = nodes;
    }

    /// Lets the entries decide, each about the ports that none before it is about.
    fn judge(
        &mut self,
        entries: &[usize],
        open: &Open,
        ends: &(Endpoint<'_>, Endpoint<'_>),
        names: &(String, String),
    ) {
        let mut decided = PortSet::none();
        for i in entries {
            self.used[*i] = true;
            let entry = &self.expectations.flows[*i];
            let ports = entry.ports.difference(&decided);
            decided = decided.union(&ports);
            let certain = match entry.verdict {
                Wanted::Allow => (Kind::Overblock, ports.difference(&open.possible())),
                Wanted::Deny => (Kind::Bypass, ports.intersection(&open.certain)),
            };
            let doubtful =
                open.doubtful.iter().map(|(_, on)| (Kind::Unknown, on.intersection(&ports)));
            for (kind, ports) in std::iter::once(certain).chain(doubtful) {
                self.note(Some(*i), kind, &ports, ends, names);
            }
        }
        if self.expectations.unlisted == Unlisted::Deny {
            self.note(None, Kind::Bypass, &open.certain.difference(&decided), ends, names);
            for (_, on) in &open.doubtful {
                self.note(None, Kind::Unknown, &on.difference(&decided), ends, names);
            }
        }
    }

    fn note(
        &mut self,
        entry: Option<usize>,
        kind: Kind,
        ports: &PortSet,
        ends: &(Endpoint<'_>, Endpoint<'_>),
        (from, to): &(String, String),
    ) {
        if ports.is_empty() {
            return;
        }
        let flow = format!("{from} → {to}");
        let key = if entry.is_none() { flow.clone() } else { String::new() };
        let bag = self.bags.entry((entry, kind, key)).or_default();
        bag.ports = bag.ports.union(ports);
        if bag.because.is_empty() {
            bag.because = causes(self.input, ends, ports, kind);
        }
        bag.flows.push(flow);
    }

    fn about_nobody(&self) -> Vec<Invalid> {
        let mut problems = Vec::new();
        for (i, used) in self.used.iter().enumerate() {
            let entry = &self.expectations.flows[i];
            // Policies no longer speak of such pods: that is a change of policies, and is found as
            // one.
            let unknown = |p: &super::Party| matches!(p, super::Party::Unknown(_));
            if *used || unknown(&entry.from) || unknown(&entry.to) {
                continue;
            }
            let nobody = |key: &str, parties: &[Found<'_>]| {
                let actor = |a: &Actor| match &a.who {
                    Who::Member(m) => parties[i].member(*m),
                    Who::Stranger(p) => parties[i].representative(&self.input.cluster, p, &a.pod),
                };
                let pods = self.nodes.iter().flat_map(|n| &n.actors).any(actor);
                (!pods && parties[i].edges().is_empty()).then(|| format!("flows[{i}].{key}"))
            };
            let field = nobody("from", &self.from).or_else(|| nobody("to", &self.to));
            let field = field.unwrap_or_else(|| format!("flows[{i}]"));
            problems.push(problem(self.expectations, field, Problem::MatchesNothing));
        }
        problems
    }

    fn findings(self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for ((entry, kind, _), bag) in self.bags {
            let listed = entry.map(|i| (i, &self.expectations.flows[i]));
            let expected = match listed.map(|(_, e)| e.verdict) {
                Some(Wanted::Allow) => "open",
                Some(Wanted::Deny) | None => "closed",
            };
            let found = match kind {
                Kind::Overblock => "no policy allows it",
                Kind::Unknown => "not decidable",
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

    /// Workloads and pods by their names.
    fn name(&self, actors: &[Actor]) -> String {
        let mut names: Vec<String> = actors
            .iter()
            .map(|a| match &a.who {
                Who::Member(m) => {
                    let member = &self.input.members[*m];
                    let workload = member.workload.as_ref();
                    workload.map_or_else(|| member.id(), |w| format!("{}/{w}", member.namespace))
                }
                Who::Stranger(pattern) => super::Party::Unknown(pattern.clone()).to_string(),
            })
            .collect();
        names.dedup();
        shortened(&names)
    }
}

/// What opens these ports, denies them, or leaves a doubt.
fn causes(
    input: &Input,
    (source, destination): &(Endpoint<'_>, Endpoint<'_>),
    ports: &PortSet,
    kind: Kind,
) -> Vec<Cause> {
    let ends = (source, destination);
    let found = match kind {
        Kind::Overblock => denied_by(input, None, ends, ports),
        Kind::Bypass => opened_by(input, None, ends, ports, |_| true),
        _ => doubted_by(input, None, ends, ports),
    };
    found.into_iter().map(|(_, cause)| cause).collect()
}

fn shortened(names: &[String]) -> String {
    match names.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}
