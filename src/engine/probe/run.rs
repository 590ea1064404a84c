//! One run: rights, pods, proof, observations, and everything away again.

use std::time::Duration;

use tokio::time::Instant;

use super::abandoned::Others;
use super::participants::stand_in;
use super::pods::create;
use super::proof::shut_pod;
use super::rights::Missing;
use super::run_objects::RunObjects;
use super::{Live, ProbeError, seconds};
use crate::cluster::Cluster;
use crate::cluster::snapshot::NAMESPACES;
use crate::engine::Cancel;
use netpol::Input;
use netpol::matrix::{Party, Platform};
use netpol::observe::participant::{Absent, Participant, elsewhere, needed, running};
use netpol::observe::plan::{Question, plan};
use netpol::observe::pod::{ProbePodSpec, Role};
use netpol::observe::run_object::{PROBE_NAMESPACE, is_prepared};
use netpol::observe::{Proof, Reason, Sent, Timings};

/// What an exec may take beside the probes in it.
pub(super) const EXEC: Duration = Duration::from_secs(15);
/// Nodes that get a pod without policies: each sender's control is on its own.
const NODES: usize = 5;

/// What the user says.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Something outside that has to be reached on port 443, as host and port.
    pub external: Option<(String, u16)>,
    /// The database's host and port.
    pub database: (String, u16),
    /// The image of probe pods; else the running agent's.
    pub image: Option<String>,
}

/// What a run works with.
pub(super) struct Run<'a> {
    pub objects: RunObjects<'a>,
    pub input: &'a Input,
    pub platform: &'a Platform,
    pub questions: &'a [Question],
    pub options: &'a Options,
    pub say: &'a dyn Fn(&str),
}

/// Observes the flows that are asked about. Whatever happens, what was created is deleted.
///
/// # Errors
/// [`ProbeError`].
pub async fn run(
    cluster: &Cluster,
    input: &Input,
    platform: &Platform,
    questions: &[Question],
    options: &Options,
    say: &dyn Fn(&str),
    cancel: &Cancel,
) -> Result<Live, ProbeError> {
    let objects = RunObjects::new(cluster, random()?);
    let run = Run { objects, input, platform, questions, options, say };
    let probed = run.probed();
    let others = Others::look(cluster, &probed).await;
    let result = tokio::select! {
        biased;
        signal = cancel.cancelled() => Err(ProbeError::Cancelled(signal)),
        never = run.objects.keep() => match never {},
        result = run.observe(&probed) => result,
    };
    let ended = Instant::now();
    for left in run.objects.delete(say).await {
        say(&format!("not deleted: {left}"));
    }
    let result = result.map(|mut live| {
        live.sent.seconds.clean_up = seconds(ended.elapsed());
        live
    });
    if result.is_ok() {
        others.delete(&run.objects, &probed, say).await;
    }
    result
}

impl Run<'_> {
    /// Where pods may be created: in the platform's namespaces, and in the one that an administrator
    /// prepared.
    fn probed(&self) -> Vec<&'static str> {
        let there = |name: &str| self.input.cluster.namespaces().any(|(known, _)| known == name);
        let mut namespaces: Vec<&str> = NAMESPACES.into_iter().filter(|n| there(n)).collect();
        if self.prepared().is_none() {
            namespaces.push(PROBE_NAMESPACE);
        }
        namespaces
    }

    /// Why probe pods cannot be in a namespace without policies; `None` where they can.
    fn prepared(&self) -> Option<Reason> {
        let mut namespaces = self.input.cluster.namespaces();
        match namespaces.find(|(name, _)| *name == PROBE_NAMESPACE) {
            None => Some(Reason::NoProbeNamespace),
            Some((_, labels)) if !is_prepared(labels) => Some(Reason::UnpreparedProbeNamespace),
            Some(_) => None,
        }
    }

    async fn observe(&self, probed: &[&str]) -> Result<Live, ProbeError> {
        let cluster = self.objects.cluster;
        let mut participants = running(self.input, self.platform);
        let missing = {
            let mut places: Vec<&str> = participants.iter().map(Participant::namespace).collect();
            places.sort_unstable();
            places.dedup();
            Missing::ask(&cluster.rest, probed, &places).await
        };
        let tools = self.tools(&mut participants, &missing).await;
        let image = self.image(&participants)?;
        let (mut specs, mut absent) =
            needed(self.questions, &participants, self.input, self.platform);
        let of_right = |right: String| Reason::MissingRight(right).to_string();
        specs.retain(|spec| {
            let why = missing.in_namespace(&spec.namespace).map(of_right);
            absent.extend(why.iter().filter_map(|why| absence(spec, why)));
            why.is_none()
        });
        let no_proof = self.prepared().map(|reason| reason.to_string());
        let no_proof = no_proof.or_else(|| missing.in_namespace(PROBE_NAMESPACE).map(of_right));
        let nodes = self.nodes(&participants);
        let node = nodes.first().cloned();
        // Where the image is already, and beside a pod without policies.
        specs.iter_mut().for_each(|spec| spec.node.clone_from(&node));
        match &no_proof {
            Some(why) => {
                (self.say)(&format!("policies cannot be shown to be enforced: {why}"));
                absent.push(Absent { party: Party::Elsewhere, why: why.clone() });
            }
            None => {
                specs.extend(nodes.iter().take(NODES).map(|node| elsewhere(node, self.platform)));
                specs.push(shut_pod(node));
            }
        }
        let started = Instant::now();
        let mut pods = Vec::new();
        if !specs.is_empty() {
            (self.say)(&format!("starting {}", crate::ui::count(specs.len(), "probe pod")));
            pods = create(&self.objects, &image, &specs, 0).await;
        }
        let mut timings = Timings { pod_start: seconds(started.elapsed()), ..Timings::default() };
        for (spec, pod) in specs.iter().zip(&pods) {
            match (spec.role, pod) {
                (Role::Party(party), Ok(running)) => {
                    participants.push(stand_in(party, spec, &self.objects.run, running));
                }
                (_, Err(why)) => absent.extend(absence(spec, why)),
                (Role::Proof, Ok(_)) => {}
            }
        }
        let proving = Instant::now();
        let proof = match no_proof {
            Some(why) => Proof::inconclusive(why),
            None => {
                let free = participants.iter().find(|p| p.party == Party::Elsewhere);
                match (specs.last().zip(pods.last()), free) {
                    (Some((spec, Ok(running))), Some(free)) => {
                        self.prove((spec, running), free, &image, specs.len()).await
                    }
                    (Some((_, Err(why))), _) => Proof::inconclusive(why.clone()),
                    _ => Proof::inconclusive("there is no pod without policies".to_owned()),
                }
            }
        };
        timings.proof = seconds(proving.elapsed());
        if proof.is_refuted() {
            let run = self.objects.run.clone();
            return Ok(Live { sent: Sent { run, proof, seconds: timings }, flows: Vec::new() });
        }
        let nonce = format!("openhive-{}", self.objects.run);
        let outward = self.resolve(&participants, &nonce).await;
        let plan = plan(self.questions, self.input, self.platform, &outward, participants, &absent);
        self.rounds(&plan, &tools, proof, timings).await
    }

    /// The nodes that packets are sent from, the agent's first, whose image probe pods run.
    fn nodes(&self, participants: &[Participant]) -> Vec<String> {
        let agents = participants.iter().filter(|p| p.party == Party::Agent);
        let mut nodes: Vec<String> = Vec::new();
        for node in agents.chain(participants).map(Participant::node) {
            if !node.is_empty() && !nodes.iter().any(|known| known == node) {
                nodes.push(node.to_owned());
            }
        }
        if nodes.is_empty() {
            // Nothing of the platform runs: any node that runs something.
            nodes.extend(self.input.members.iter().find_map(|member| member.pod.node.clone()));
        }
        nodes
    }
}

/// That nothing stands for the party of a probe pod, and why.
fn absence(spec: &ProbePodSpec, why: &str) -> Option<Absent> {
    match spec.role {
        Role::Party(party) => Some(Absent { party, why: why.to_owned() }),
        Role::Proof => None,
    }
}

fn random() -> Result<String, ProbeError> {
    let mut bytes = [0_u8; 4];
    getrandom::fill(&mut bytes).map_err(|error| ProbeError::Random(error.to_string()))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
