//! One probed flow as evidence, and the matrix with its flows.

use serde::Serialize;

use super::answer::{Address, Answer, Control, Observed, Reason};
use super::judge::{FlowVerdict, Wanted};
use super::plan::Question;
use crate::explain::Answer as Says;
use crate::matrix::{Cell, Expected, Matrix, Party, Platform, Verdict};
use crate::ports::{PortRange, PortSet, Protocol};
use crate::verdict::Why;

/// From what a flow was probed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// The pod itself.
    Pod,
    /// A pod of the run that stands for it.
    ProbePod,
    /// Nothing.
    Nothing,
}

/// One flow: what is meant, what the policies say, what a packet did, and what shows that this
/// means something.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowReport {
    /// The row.
    #[serde(skip)]
    pub from: Party,
    /// The column.
    #[serde(skip)]
    pub to: Party,
    /// `openhive/hive-gateway-…`.
    pub source: String,
    /// From what it was probed.
    pub via: Via,
    /// `service hive-agents/hive-agent`, `pod …`, `203.0.113.7`.
    pub target: String,
    /// `10.96.0.1:443`.
    pub address: String,
    /// What kind of address.
    pub address_kind: Address,
    /// `TCP`, `UDP`.
    pub protocol: &'static str,
    /// The port that policies see: of the pod behind a Service.
    pub port: u16,
    /// What is meant.
    pub expected: Wanted,
    /// What the policies say.
    #[serde(rename = "static")]
    pub says: Says,
    /// Why that is not certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub static_why: Option<Why>,
    /// What the probe said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// How long that took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
    /// How often it was asked.
    pub asked: u32,
    /// What that means.
    pub observed: Observed,
    /// What shows that the target could be reached.
    pub control: Control,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: FlowVerdict,
}

impl Matrix {
    /// What is asked about its cells by packets.
    #[must_use]
    pub fn questions(&self, platform: &Platform) -> Vec<Question> {
        let sent = self.cells.iter().filter(|cell| is_sent(cell.from, cell.to));
        let question = |cell: &Cell| {
            let Expected { open, wide, .. } = platform.expected(cell.from, cell.to);
            Question { from: cell.from, to: cell.to, open, wide }
        };
        sent.map(question).collect()
    }

    /// Adds what was observed. Of what the policies say and what was seen, the worse counts; what
    /// the policies leave to the plugin is settled by what was seen.
    pub fn observe(&mut self, flows: Vec<FlowReport>) {
        for flow in flows {
            if let Some(cell) =
                self.cells.iter_mut().find(|c| c.from == flow.from && c.to == flow.to)
            {
                cell.flows.push(flow);
            }
        }
        for cell in &mut self.cells {
            let says = cell.verdict.clone();
            cell.verdict = match &says {
                // What the policies alone judge is not sent.
                says if !is_sent(cell.from, cell.to) => says.clone(),
                says if cell.flows.is_empty() => {
                    let ports = PortSet::all().to_string();
                    let reason = Reason::NothingSent.to_string();
                    worse(says.clone(), Verdict::Unobserved { ports, reason })
                }
                // All that the plugin decides was tried.
                Verdict::Unknown { why: Why::CniDependent, wanted: true, .. } => {
                    observed_verdict(&cell.flows, Verdict::Match)
                }
                says => observed_verdict(&cell.flows, says.clone()),
            };
            cell.says = Some(Box::new(says));
        }
    }
}

/// The worst of the flows and of what the policies say.
fn observed_verdict(flows: &[FlowReport], says: Verdict) -> Verdict {
    let Some(rank) = flows.iter().map(|f| f.verdict.rank()).min() else { return says };
    let of_rank = || flows.iter().filter(|f| f.verdict.rank() == rank);
    let probed = of_rank().filter_map(|f| {
        let protocol = Protocol::of(f.protocol).filter(|_| f.port > 0)?;
        Some(PortSet::of(protocol, PortRange::one(f.port)))
    });
    let ports = probed.reduce(|all, one| all.union(&one)).unwrap_or_else(PortSet::all).to_string();
    let worst = match of_rank().next().map(|f| &f.verdict) {
        Some(FlowVerdict::Bypass) => Verdict::Bypass { ports },
        Some(FlowVerdict::Overblock) => Verdict::Overblock { ports },
        Some(FlowVerdict::Unknown { reason }) => {
            Verdict::Unobserved { ports, reason: reason.to_string() }
        }
        Some(FlowVerdict::CniDependent) => Verdict::CniDependent { ports },
        Some(FlowVerdict::UnreachableBaseline) => Verdict::UnreachableBaseline { ports },
        Some(FlowVerdict::Wide | FlowVerdict::Match) | None => return says,
    };
    worse(says, worst)
}

/// The worse of two; the first of two that are as bad.
fn worse(first: Verdict, second: Verdict) -> Verdict {
    if first.rank() <= second.rank() { first } else { second }
}

/// Whether packets are sent from one party to another. Connections from the internet cannot be sent
/// from inside of a cluster, and nobody names an address of every private network.
fn is_sent(from: Party, to: Party) -> bool {
    from != Party::External && to != Party::Private
}
