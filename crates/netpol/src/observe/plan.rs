//! Who probes what: every flow that is asked about, to the Service's address and to the pods', and
//! the controls beside them.

use super::answer::{Address, Reason};
use super::flow::Via;
use super::judge::Wanted;
use super::participant::{Absent, Participant};
use super::target::{Behind, Find, Outward, Probe, Target};
use crate::endpoint::Endpoint;
use crate::input::Input;
use crate::matrix::{Party, Platform};
use crate::ports::PortSet;
use crate::verdict::{Tri, Verdict, Why};

/// Nobody listens there (`discard`), so that who gets through did not get through at all.
const CLOSED_PORT: u16 = 9;

/// What is meant of the flows from one party to another.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who connects.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// What must be open, of the ports that policies see.
    pub open: PortSet,
    /// What may be open.
    pub wide: PortSet,
}

/// From one participant to one target, by their places in [`Plan`].
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Who.
    pub source: usize,
    /// What.
    pub target: usize,
    /// What is meant; `None` for a control, which is no flow of the matrix.
    pub wanted: Option<Wanted>,
    /// What the policies say.
    pub says: Tri,
}

/// A cell of the matrix that cannot be probed.
#[derive(Clone, Debug)]
pub struct Gap {
    /// The row.
    pub from: Party,
    /// The column.
    pub to: Party,
    /// Why.
    pub reason: Reason,
}

/// Everything that is sent in one observation.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Who takes part.
    pub participants: Vec<Participant>,
    /// What is probed.
    pub targets: Vec<Target>,
    /// Who probes what.
    pub flows: Vec<Flow>,
    /// What cannot be probed.
    pub gaps: Vec<Gap>,
    /// Among the targets the one where nobody listens.
    pub closed: Option<usize>,
}

/// Plans the flows that every question is about.
#[must_use]
pub fn plan(
    questions: &[Question],
    input: &Input,
    platform: &Platform,
    outward: &Outward,
    participants: Vec<Participant>,
    absent: &[Absent],
) -> Plan {
    let mut plan = Plan { participants, ..Plan::default() };
    let mut columns: Vec<Party> = questions.iter().map(|q| q.to).collect();
    columns.sort_unstable();
    columns.dedup();
    let why = |party: Party| absent.iter().find(|a| a.party == party).map(|a| a.why.clone());
    let mut missing = Vec::new();
    for to in columns {
        let found = Find { input, platform, outward, participants: &plan.participants }.targets(to);
        match found {
            Ok(targets) => plan.targets.extend(targets),
            Err(reason) => missing.push((to, why(to).map_or(reason, Reason::NoTarget))),
        }
    }
    for question in questions {
        let gap = |reason| Gap { from: question.from, to: question.to, reason };
        if let Some((_, reason)) = missing.iter().find(|(to, _)| *to == question.to) {
            plan.gaps.push(gap(reason.clone()));
            continue;
        }
        let sources: Vec<usize> = (0..plan.participants.len())
            .filter(|i| {
                let participant = &plan.participants[*i];
                participant.party == question.from && participant.probes && participant.sends
            })
            .collect();
        if sources.is_empty() {
            let none = || "there is no pod to probe from".to_owned();
            plan.gaps.push(gap(Reason::NoSource(why(question.from).unwrap_or_else(none))));
            continue;
        }
        let before = plan.flows.len();
        for source in sources {
            for (number, target) in plan.targets.iter().enumerate() {
                let from = &plan.participants[source];
                if target.to != question.to || target.may_be(from) {
                    continue;
                }
                let wanted = Some(question.wanted(target));
                let says = says(input, from, target);
                plan.flows.push(Flow { source, target: number, wanted, says });
            }
        }
        if plan.flows.len() == before {
            let why = "there is no other pod of it".to_owned();
            plan.gaps.push(gap(Reason::NoTarget(why)));
        }
    }
    plan.add_controls();
    plan.add_closed_port();
    plan
}

impl Plan {
    /// Who shows that a target can be reached at all: of one outside of the cluster the pod without
    /// policies on each node, of a pod the pod itself.
    fn add_controls(&mut self) {
        for (source, participant) in self.participants.iter().enumerate() {
            for (number, target) in self.targets.iter().enumerate() {
                let shows = if target.outside {
                    participant.party == Party::Elsewhere
                } else {
                    target.kind == Address::Pod && participant.address() == Some(target.address)
                };
                if shows && participant.probes {
                    let (wanted, says) = (None, Tri::Yes);
                    self.flows.push(Flow { source, target: number, wanted, says });
                }
            }
        }
    }

    /// Everybody tries a port on which nobody listens. Who gets through has a proxy beside it that
    /// takes every connection.
    fn add_closed_port(&mut self) {
        let known = |via: Via| {
            self.participants.iter().filter(move |p| p.via == via).find_map(Participant::address)
        };
        let Some(address) = known(Via::ProbePod).or_else(|| known(Via::Pod)) else { return };
        let closed = self.targets.len();
        self.targets.push(Target {
            to: Party::Elsewhere,
            name: "a port where nobody listens".to_owned(),
            address,
            port: CLOSED_PORT,
            seen_port: CLOSED_PORT,
            probe: Probe::Tcp,
            kind: Address::Pod,
            behind: Vec::new(),
            ready: Vec::new(),
            outside: false,
        });
        self.closed = Some(closed);
        let others = self.participants.iter().enumerate();
        let others = others.filter(|(_, p)| p.probes && p.sends && p.address() != Some(address));
        self.flows.extend(others.map(|(source, _)| Flow {
            source,
            target: closed,
            wanted: None,
            says: Tri::Yes,
        }));
    }
}

impl Question {
    fn wanted(&self, target: &Target) -> Wanted {
        let protocol = target.probe.protocol();
        if self.open.contains(protocol, target.seen_port) {
            Wanted::Open
        } else if self.wide.contains(protocol, target.seen_port) {
            Wanted::Wide
        } else {
            Wanted::Closed
        }
    }
}

/// What the policies say of a flow; of a Service whatever they say of all that is behind it.
fn says(input: &Input, source: &Participant, target: &Target) -> Tri {
    let source = Endpoint::Pod(&source.pod);
    let of = |behind: &Behind| -> Tri {
        let verdict: Verdict = input.cluster.verdict(&source, &behind.endpoint());
        verdict.at(target.probe.protocol(), target.seen_port)
    };
    let mut all = target.behind.iter().map(of);
    let Some(first) = all.next() else { return Tri::Maybe(Why::UnknownAddress) };
    if all.all(|other| other == first) { first } else { Tri::Maybe(Why::UnknownAddress) }
}
