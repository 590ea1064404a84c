//! What was answered so far, and what has to be asked again.

use super::answer::{Address, Answer, Control, Denials, Observed, Reason, observed};
use super::flow::{FlowReport, Via};
use super::judge::{FlowVerdict, Wanted, disagrees, judge};
use super::plan::{Flow, Plan};
use super::target::Target;
use crate::verdict::{Tri, Why};

/// So many equal answers in a row settle what was in doubt.
const EQUAL: u32 = 3;

/// The attempts at one flow.
#[derive(Clone, Debug, Default)]
struct Attempts {
    /// The last answer that counts, and in which round it came.
    answer: Option<Answer>,
    milliseconds: Option<u64>,
    round: u32,
    asked: u32,
    equal: u32,
    doubted: bool,
    /// Each round in which it was asked, and whether it got through then.
    through: Vec<(u32, bool)>,
}

impl Attempts {
    /// Whether it got through in a round; `None` where it was not asked then.
    fn in_round(&self, round: u32) -> Option<bool> {
        self.through.iter().find(|(number, _)| *number == round).map(|(_, through)| *through)
    }
}

/// All observations of a plan.
#[derive(Debug)]
pub struct Rounds<'a> {
    plan: &'a Plan,
    looks: Denials,
    proven: bool,
    attempts: Vec<Attempts>,
    /// How many rounds there were.
    round: u32,
}

/// What a flow gave in one round; `None` where its probe ended without a word.
pub type Word = Option<(Answer, u64)>;

impl<'a> Rounds<'a> {
    /// Nothing was asked yet.
    #[must_use]
    pub fn new(plan: &'a Plan, looks: Denials) -> Self {
        let attempts = vec![Attempts::default(); plan.flows.len()];
        Self { plan, looks, proven: false, attempts, round: 0 }
    }

    /// Whether policies were shown to be enforced: otherwise nothing is blocked by them.
    pub fn proven(&mut self, proven: bool) {
        self.proven = proven;
    }

    /// Takes one more round at the end: what has to be closed and is open now was open, and what gives
    /// no answer any more is not known. A denial is as good as the one before, with its control.
    pub fn once_more(&mut self, words: impl IntoIterator<Item = (usize, Word)>) {
        self.round += 1;
        for (number, word) in words {
            let closed = self.plan.flows[number].wanted == Some(Wanted::Closed);
            let answer = word.map(|(answer, _)| answer);
            let attempts = &mut self.attempts[number];
            attempts.asked += 1;
            attempts.through.push((self.round, answer == Some(Answer::Open)));
            if closed && matches!(answer, None | Some(Answer::Open)) {
                attempts.answer = answer;
                attempts.milliseconds = word.map(|(_, milliseconds)| milliseconds);
                attempts.round = self.round;
                // Open once is open.
                attempts.equal = EQUAL;
            }
        }
    }

    /// How many flows have to be asked again.
    #[must_use]
    pub fn unsettled_flows(&self) -> usize {
        (0..self.attempts.len()).filter(|flow| self.unsettled(*flow)).count()
    }

    /// Takes the answers of one round, each with the number of its flow.
    pub fn take(&mut self, words: impl IntoIterator<Item = (usize, Word)>) {
        self.round += 1;
        for (flow, word) in words {
            let attempts = &mut self.attempts[flow];
            let answer = word.map(|(answer, _)| answer);
            let same = attempts.asked > 0 && attempts.answer == answer;
            attempts.equal = if same { attempts.equal + 1 } else { 1 };
            attempts.asked += 1;
            attempts.answer = answer;
            attempts.milliseconds = word.map(|(_, milliseconds)| milliseconds);
            attempts.round = self.round;
            attempts.through.push((self.round, answer == Some(Answer::Open)));
        }
        for flow in 0..self.attempts.len() {
            let doubted = self.disagrees(flow);
            self.attempts[flow].doubted |= doubted;
        }
    }

    fn disagrees(&self, number: usize) -> bool {
        let flow = &self.plan.flows[number];
        let Some(wanted) = flow.wanted else { return false };
        disagrees(wanted, flow.says, &self.observed(number))
    }

    fn unsettled(&self, number: usize) -> bool {
        let attempts = &self.attempts[number];
        // Without the proof another answer would say no more.
        self.proven && attempts.doubted && attempts.equal < EQUAL
    }

    /// Whether anything has to be asked again.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !(0..self.attempts.len()).any(|flow| self.unsettled(flow))
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
        let chosen: Vec<usize> = all.clone().filter(|flow| asked(*flow)).collect();
        let targets: std::collections::BTreeSet<usize> =
            chosen.iter().map(|flow| self.plan.flows[*flow].target).collect();
        // Of the others only who gets through says something.
        let helps = |flow: usize| {
            targets.iter().any(|target| self.is_about(flow, *target))
                && (self.plan.flows[flow].wanted.is_none()
                    || self.attempts[flow].answer == Some(Answer::Open))
        };
        all.filter(|flow| chosen.contains(flow) || helps(*flow)).collect()
    }

    /// Whether a flow that gets through shows that a target can be reached: it goes to the same, or
    /// from a pod behind a Service to itself.
    fn is_about(&self, flow: usize, target: usize) -> bool {
        let flow = &self.plan.flows[flow];
        let (to, about) = (self.target(flow), &self.plan.targets[target]);
        flow.target == target
            || (flow.wanted.is_none()
                && to.kind == Address::Pod
                && about.ready.contains(&(to.address, to.port)))
    }

    fn target(&self, flow: &Flow) -> &Target {
        &self.plan.targets[flow.target]
    }

    /// Whether a proxy beside a pod takes every connection: it got through where nobody listens.
    fn has_proxy(&self, participant: usize) -> bool {
        self.plan.flows.iter().zip(&self.attempts).any(|(flow, attempts)| {
            flow.source == participant
                && Some(flow.target) == self.plan.closed
                && attempts.through.iter().any(|(_, through)| *through)
        })
    }

    /// Who else reached the target in the round that a flow's answer is of.
    #[must_use]
    pub fn control(&self, number: usize) -> Control {
        let flow = &self.plan.flows[number];
        let target = self.target(flow);
        let node = self.plan.participants[flow.source].node();
        let round = self.attempts[number].round;
        let mut tried = Vec::new();
        for (other, f) in self.plan.flows.iter().enumerate() {
            let source = &self.plan.participants[f.source];
            let counts = if target.outside {
                f.target == flow.target && f.wanted.is_none() && source.node() == node
            } else {
                self.is_about(other, flow.target) && f.source != flow.source
            };
            if other == number || !counts || self.has_proxy(f.source) {
                continue;
            }
            match self.attempts[other].in_round(round) {
                Some(true) => return Control::Passed { by: source.id() },
                Some(false) => tried.push(source.id()),
                None => {}
            }
        }
        match tried.as_slice() {
            [] => Control::Missing,
            [only] => Control::Failed { by: only.clone() },
            many => Control::Failed { by: format!("{} pods", many.len()) },
        }
    }

    fn observed(&self, number: usize) -> Observed {
        let flow = &self.plan.flows[number];
        let target = self.target(flow);
        let answer = self.attempts[number].answer;
        let looks = self.looks.of(target.probe.protocol());
        match observed(answer, target.kind, &self.control(number), looks) {
            Observed::Open if self.has_proxy(flow.source) => {
                Observed::Unknown { reason: Reason::ProxyAnswers }
            }
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
        let (target, attempts) = (self.target(flow), &self.attempts[number]);
        let source = &self.plan.participants[flow.source];
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
            answer: attempts.answer,
            milliseconds: attempts.milliseconds,
            asked: attempts.asked,
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
