//! What was answered so far, and what has to be asked again.

use super::answer::{Address, Answer, Control, Denials, Observed, Reason, observed};
use super::flow::{FlowReport, Via};
use super::judge::{FlowVerdict, Wanted, disagrees, judge};
use super::plan::{Flow, Plan, Target};
use crate::matrix::Party;
use crate::verdict::{Tri, Why};

/// So many equal answers in a row settle what was in doubt.
const EQUAL: u32 = 3;

/// The state of one flow.
#[derive(Clone, Copy, Debug, Default)]
struct Track {
    answer: Option<Answer>,
    milliseconds: Option<u64>,
    asked: u32,
    equal: u32,
    doubted: bool,
}

/// All observations of a plan.
#[derive(Debug)]
pub struct Rounds<'a> {
    plan: &'a Plan,
    looks: Denials,
    proven: bool,
    tracks: Vec<Track>,
}

/// What a flow gave in one round; `None` where its probe ended without a word.
pub type Word = Option<(Answer, u64)>;

impl<'a> Rounds<'a> {
    /// Nothing was asked yet.
    #[must_use]
    pub fn new(plan: &'a Plan, looks: Denials) -> Self {
        let tracks = vec![Track::default(); plan.flows.len()];
        Self { plan, looks, proven: false, tracks }
    }

    /// Whether policies were shown to be enforced: otherwise nothing is blocked by them.
    pub fn proven(&mut self, proven: bool) {
        self.proven = proven;
    }

    /// Takes one more round at the end: what has to be closed and is open now was open.
    pub fn once_more(&mut self, words: impl IntoIterator<Item = (usize, Word)>) {
        for (number, word) in words {
            let closed = self.plan.flows[number].wanted == Some(Wanted::Closed);
            let Some((Answer::Open, milliseconds)) = word.filter(|_| closed) else { continue };
            let track = &mut self.tracks[number];
            track.asked += 1;
            track.answer = Some(Answer::Open);
            track.milliseconds = Some(milliseconds);
            // Open once is open.
            track.equal = EQUAL;
        }
    }

    /// How many flows have to be asked again.
    #[must_use]
    pub fn unsettled_flows(&self) -> usize {
        (0..self.tracks.len()).filter(|flow| self.unsettled(*flow)).count()
    }

    /// Takes the words of one round, each with the number of its flow.
    pub fn take(&mut self, words: impl IntoIterator<Item = (usize, Word)>) {
        for (flow, word) in words {
            let track = &mut self.tracks[flow];
            let answer = word.map(|(answer, _)| answer);
            track.equal =
                if track.asked > 0 && track.answer == answer { track.equal + 1 } else { 1 };
            track.asked += 1;
            track.answer = answer;
            track.milliseconds = word.map(|(_, milliseconds)| milliseconds);
        }
        for flow in 0..self.tracks.len() {
            self.tracks[flow].doubted |= self.disagrees(flow);
        }
    }

    fn disagrees(&self, number: usize) -> bool {
        let flow = &self.plan.flows[number];
        let Some(wanted) = flow.wanted else { return false };
        disagrees(wanted, flow.says, &self.observed(number))
    }

    fn unsettled(&self, number: usize) -> bool {
        let track = &self.tracks[number];
        // Without the proof another answer would say no more.
        self.proven && track.doubted && track.equal < EQUAL
    }

    /// Whether anything has to be asked again.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !(0..self.tracks.len()).any(|flow| self.unsettled(flow))
    }

    /// The flows that are asked again, with all others to the same targets: their controls.
    #[must_use]
    pub fn open_questions(&self) -> Vec<usize> {
        self.with_controls(|flow| self.unsettled(flow))
    }

    /// What has to be closed, once more at the end, with its controls.
    #[must_use]
    pub fn closed_ones(&self) -> Vec<usize> {
        self.with_controls(|flow| self.plan.flows[flow].wanted == Some(Wanted::Closed))
    }

    fn with_controls(&self, asked: impl Fn(usize) -> bool) -> Vec<usize> {
        let all = 0..self.plan.flows.len();
        let targets: std::collections::BTreeSet<usize> =
            all.clone().filter(|f| asked(*f)).map(|f| self.plan.flows[f].target).collect();
        // Of the others only who gets through says something.
        let helps = |f: usize| {
            let flow = &self.plan.flows[f];
            targets.contains(&flow.target)
                && (flow.wanted.is_none() || self.tracks[f].answer == Some(Answer::Open))
        };
        all.filter(|f| asked(*f) || helps(*f)).collect()
    }

    fn target(&self, flow: &Flow) -> &Target {
        &self.plan.targets[flow.target]
    }

    /// Who else reached the target.
    #[must_use]
    pub fn control(&self, number: usize) -> Control {
        let flow = &self.plan.flows[number];
        let target = self.target(flow);
        let node = &self.plan.actors[flow.source].node;
        let others = || {
            self.plan.flows.iter().enumerate().filter(move |(other, f)| {
                let source = &self.plan.actors[f.source];
                *other != number
                    && f.target == flow.target
                    && self.tracks[*other].asked > 0
                    && if target.outside {
                        f.wanted.is_none() && source.node == *node
                    } else {
                        f.source != flow.source
                    }
            })
        };
        let through =
            |(other, _): &(usize, &Flow)| self.tracks[*other].answer == Some(Answer::Open);
        if let Some((_, control)) = others().find(through) {
            return Control::Passed { by: self.plan.actors[control.source].id() };
        }
        if target.node_reaches {
            return Control::Passed { by: "its node".to_owned() };
        }
        let tried: Vec<String> = others().map(|(_, f)| self.plan.actors[f.source].id()).collect();
        match tried.as_slice() {
            [] => Control::Missing,
            [only] => Control::Failed { by: only.clone() },
            many => Control::Failed { by: format!("{} pods", many.len()) },
        }
    }

    fn observed(&self, number: usize) -> Observed {
        let target = self.target(&self.plan.flows[number]);
        let track = &self.tracks[number];
        let looks = self.looks.of(target.probe.protocol());
        match observed(track.answer, target.kind, &self.control(number), looks) {
            Observed::Blocked { .. } if !self.proven => {
                Observed::Unknown { reason: Reason::NotEnforced }
            }
            observed => observed,
        }
    }

    /// The evidence of every flow of the matrix, and of what could not be probed.
    #[must_use]
    pub fn reports(&self) -> Vec<FlowReport> {
        let flows = 0..self.plan.flows.len();
        let mut reports: Vec<FlowReport> = flows.filter_map(|flow| self.report(flow)).collect();
        reports.extend(self.plan.gaps.iter().map(|gap| {
            let reason = gap.reason.clone();
            FlowReport {
                from: gap.from,
                to: gap.to,
                source: gap.from.name().to_owned(),
                via: Via::Nothing,
                target: gap.to.name().to_owned(),
                address: String::new(),
                address_kind: Address::Outside,
                protocol: "TCP",
                port: 0,
                expected: Wanted::Closed,
                says: Tri::Maybe(Why::UnknownAddress).into(),
                static_why: None,
                answer: None,
                milliseconds: None,
                asked: 0,
                observed: Observed::Unknown { reason: reason.clone() },
                control: Control::Missing,
                verdict: FlowVerdict::Unknown { reason },
            }
        }));
        reports
    }

    fn report(&self, number: usize) -> Option<FlowReport> {
        let flow = &self.plan.flows[number];
        let wanted = flow.wanted?;
        let (target, track) = (self.target(flow), &self.tracks[number]);
        let source = &self.plan.actors[flow.source];
        let control = self.control(number);
        let observed = if self.unsettled(number) {
            Observed::Unknown { reason: Reason::Unsettled }
        } else {
            self.observed(number)
        };
        let verdict = judge(wanted, flow.says, &observed, target.kind, &control);
        let why = match flow.says {
            Tri::Maybe(why) => Some(why),
            Tri::Yes | Tri::No => None,
        };
        Some(FlowReport {
            from: source.party,
            to: target.to,
            source: source.id(),
            via: source.via,
            target: target.name.clone(),
            address: std::net::SocketAddr::new(target.address, target.port).to_string(),
            address_kind: target.kind,
            protocol: target.probe.protocol().name(),
            port: target.seen_port,
            expected: wanted,
            says: flow.says.into(),
            static_why: why,
            answer: track.answer,
            milliseconds: track.milliseconds,
            asked: track.asked,
            observed,
            control,
            verdict,
        })
    }

    /// Flows of the matrix that are probed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.plan.flows.iter().filter(|f| f.wanted.is_some()).count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The parties of a matrix that probe or are probed.
#[must_use]
pub fn parties(matrix: &crate::matrix::Matrix) -> Vec<Party> {
    let mut all: Vec<Party> = matrix.cells.iter().flat_map(|c| [c.from, c.to]).collect();
    all.sort_unstable();
    all.dedup();
    all
}
