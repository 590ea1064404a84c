//! What is asked of the pods, round by round.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep_until};

use super::prober::{Prober, place};
use super::run::{EXEC, Run};
use super::wire::{Request, Tool, addresses, answer};
use super::{Live, ProbeError, seconds};
use netpol::matrix::Party;
use netpol::observe::participant::Participant;
use netpol::observe::plan::Plan;
use netpol::observe::rounds::{Rounds, Word};
use netpol::observe::target::{Outward, Resolved};
use netpol::observe::{Proof, Sent, Timings};

/// One try of a flow, and how many there are (`docs/live.md`).
const TRY: Duration = Duration::from_secs(2);
const TRIES: u32 = 3;
/// How long answers that differ from what is expected are asked again.
const SETTLE: Duration = Duration::from_secs(60);

impl Run<'_> {
    /// The hosts that are named, with the addresses of those that are addresses.
    pub(super) fn named(&self) -> Outward {
        let named = |pair: &(String, u16)| Resolved {
            host: pair.0.clone(),
            port: pair.1,
            addresses: pair.0.parse().ok().into_iter().collect(),
        };
        Outward {
            database: named(&self.options.database),
            external: self.options.external.as_ref().map(named).unwrap_or_default(),
        }
    }

    /// Asks the cluster's DNS for the names that are probed, from the pod without policies.
    pub(super) async fn resolve(&self, participants: &[Participant], nonce: &str) -> Outward {
        let mut outward = self.named();
        let Some(free) = participants.iter().find(|p| p.party == Party::Elsewhere) else {
            return outward;
        };
        let client = &self.objects.cluster.client;
        let prober = Prober { client, place: place(free), tool: Tool::Python, nonce };
        let mut hosts = [&mut outward.database, &mut outward.external];
        let requests: Vec<Request> = hosts
            .iter()
            .enumerate()
            .filter(|(_, host)| host.addresses.is_empty() && !host.host.is_empty())
            .map(|(number, host)| Request {
                number,
                kind: "resolve",
                host: host.host.clone(),
                port: 0,
                tries: 1,
                limit: EXEC,
            })
            .collect();
        if requests.is_empty() {
            return outward;
        }
        for (number, (text, _)) in prober.ask(&requests).await {
            if let Some(host) = hosts.get_mut(number) {
                let found: BTreeSet<IpAddr> = addresses(&text).into_iter().collect();
                host.addresses = found.into_iter().take(2).collect();
            }
        }
        outward
    }

    pub(super) async fn rounds(
        &self,
        plan: &Plan,
        tools: &BTreeMap<String, Tool>,
        proof: Proof,
        mut timings: Timings,
    ) -> Result<Live, ProbeError> {
        let started = Instant::now();
        let mut rounds = Rounds::new(plan, proof.looks());
        rounds.proven(proof.enforced);
        (self.say)(&format!("sending packets: {}", crate::ui::count(rounds.len(), "flow")));
        let all: Vec<usize> = (0..plan.flows.len()).collect();
        rounds.take(self.round(plan, tools, &all, TRIES).await);
        let mut told = false;
        while !rounds.is_settled() && started.elapsed() < SETTLE {
            let questions = rounds.open_questions();
            if !told {
                (self.say)(&format!(
                    "asking again: {} not as expected",
                    crate::ui::count(rounds.unsettled_flows(), "flow")
                ));
                told = true;
            }
            let next = Instant::now() + Duration::from_secs(1);
            rounds.take(self.round(plan, tools, &questions, 1).await);
            sleep_until(next).await;
        }
        let closed = rounds.closed_ones();
        rounds.once_more(self.round(plan, tools, &closed, 1).await);
        timings.matrix = seconds(started.elapsed());
        let run = self.objects.run.clone();
        Ok(Live { sent: Sent { run, proof, seconds: timings }, flows: rounds.reports() })
    }

    /// Sends these flows, one exec a source, all at once.
    async fn round(
        &self,
        plan: &Plan,
        tools: &BTreeMap<String, Tool>,
        flows: &[usize],
        tries: u32,
    ) -> Vec<(usize, Word)> {
        let nonce = format!("openhive-{}", self.objects.run);
        let mut by_source: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for flow in flows {
            by_source.entry(plan.flows[*flow].source).or_default().push(*flow);
        }
        let asked = by_source.iter().map(async |(source, flows)| {
            let participant = &plan.participants[*source];
            let requests: Vec<Request> = flows
                .iter()
                .map(|flow| {
                    let target = &plan.targets[plan.flows[*flow].target];
                    Request {
                        number: *flow,
                        kind: target.probe.word(),
                        host: target.address.to_string(),
                        port: target.port,
                        tries,
                        limit: TRY,
                    }
                })
                .collect();
            let tool = tools.get(&participant.id()).copied().unwrap_or(Tool::Python);
            let client = &self.objects.cluster.client;
            let prober = Prober { client, place: place(participant), tool, nonce: &nonce };
            let answers = prober.ask(&requests).await;
            flows.iter().map(|f| (*f, answers.get(f).and_then(answer))).collect::<Vec<_>>()
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}
