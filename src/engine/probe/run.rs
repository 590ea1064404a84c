//! One run: rights, pods, proof, observations, and everything away again.

use std::time::Duration;

use tokio::time::Instant;

use super::abandoned::Others;
use super::cast::stand_in;
use super::pods::{Wish, make};
use super::proof::PAIR;
use super::rights::Missing;
use super::run_objects::RunObjects;
use super::{Live, ProbeError, seconds};
use crate::cluster::Cluster;
use crate::cluster::snapshot::NAMESPACES;
use crate::engine::Cancel;
use netpol::Input;
use netpol::matrix::{Matrix, Party, Platform};
use netpol::observe::actor::{Absent, Actor, elsewhere, real, stands};
use netpol::observe::plan::{PROOF_PORT, plan};
use netpol::observe::rounds::parties;
use netpol::observe::run_object::{PROBE_NAMESPACE, is_prepared};
use netpol::observe::scene::Scene;
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
pub(super) struct Stage<'a> {
    pub objects: RunObjects<'a>,
    pub input: &'a Input,
    pub scene: &'a Scene,
    pub platform: &'a Platform,
    pub matrix: &'a Matrix,
    pub options: &'a Options,
    pub say: &'a dyn Fn(&str),
}

/// Observes the flows of a matrix. Whatever happens, what was made is taken away.
///
/// # Errors
/// [`ProbeError`].
#[allow(clippy::too_many_arguments)] // one call
pub async fn run(
    cluster: &Cluster,
    input: &Input,
    scene: &Scene,
    platform: &Platform,
    matrix: &Matrix,
    options: &Options,
    say: &dyn Fn(&str),
    cancel: &Cancel,
) -> Result<Live, ProbeError> {
    let objects = RunObjects::new(cluster, random()?);
    let stage = Stage { objects, input, scene, platform, matrix, options, say };
    let probed = stage.probed();
    let others = Others::look(cluster, &probed).await;
    let result = tokio::select! {
        biased;
        signal = cancel.cancelled() => Err(ProbeError::Cancelled(signal)),
        never = stage.objects.keep() => match never {},
        result = stage.observe(&probed) => result,
    };
    let ended = Instant::now();
    for left in stage.objects.delete(say).await {
        say(&format!("not deleted: {left}"));
    }
    let result = result.map(|mut live| {
        live.sent.seconds.clean_up = seconds(ended.elapsed());
        live
    });
    if result.is_ok() {
        others.delete(&stage.objects, &probed, say).await;
    }
    result
}

impl Stage<'_> {
    /// Where pods may be created: in the platform's namespaces, and in the one that an administrator
    /// prepared.
    fn probed(&self) -> Vec<&'static str> {
        let there = |name: &str| self.scene.namespaces.iter().any(|known| known == name);
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
        let mut actors = real(self.input, self.scene, self.platform);
        let mut places: Vec<String> = actors.iter().map(|a| a.namespace.clone()).collect();
        places.sort_unstable();
        places.dedup();
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        let missing = Missing::ask(&cluster.rest, probed, &places).await;
        let tools = self.tools(&mut actors, &missing).await;
        let material = self.material(&actors)?;
        let wanted = parties(self.matrix);
        let (mut made, mut absent) = stands(&wanted, &actors, self.input, self.scene);
        let of_right = |right: String| Reason::MissingRight(right).to_string();
        made.retain(|stand| {
            let why = missing.in_namespace(&stand.namespace).map(of_right);
            absent.extend(why.iter().map(|why| Absent { party: stand.party, why: why.clone() }));
            why.is_none()
        });
        let no_proof = self.prepared().map(|reason| reason.to_string());
        let no_proof = no_proof.or_else(|| missing.in_namespace(PROBE_NAMESPACE).map(of_right));
        let nodes = self.nodes(&actors);
        let node = nodes.first().map(|node| (*node).to_owned());
        // Where the image is already, and beside a pod without policies.
        made.iter_mut().for_each(|stand| stand.node.clone_from(&node));
        match &no_proof {
            Some(why) => {
                (self.say)(&format!("policies cannot be shown to be enforced: {why}"));
                absent.push(Absent { party: Party::Elsewhere, why: why.clone() });
            }
            None => {
                let free = nodes.iter().take(NODES);
                made.extend(free.map(|node| elsewhere(node, self.platform)));
            }
        }
        let mut wishes: Vec<Wish> =
            made.iter().enumerate().map(|(i, stand)| self.wish(stand, i)).collect();
        if no_proof.is_none() {
            wishes.extend(["proof-a", "proof-b"].map(|name| Wish {
                namespace: PROBE_NAMESPACE.to_owned(),
                name: format!("{}-{name}", self.objects.name()),
                role: PAIR.to_owned(),
                labels: Vec::new(),
                node: node.clone(),
                listens: vec![PROOF_PORT],
            }));
        }
        let started = Instant::now();
        let mut pods = Vec::new();
        if !wishes.is_empty() {
            (self.say)(&format!("starting {}", crate::ui::count(wishes.len(), "probe pod")));
            pods = make(&self.objects, &material, &wishes).await;
        }
        let mut timings = Timings { pod_start: seconds(started.elapsed()), ..Timings::default() };
        for ((stand, wish), pod) in made.iter().zip(&wishes).zip(&pods) {
            match pod {
                Ok(running) => actors.push(stand_in(stand, wish, running)),
                Err(why) => absent.push(Absent { party: stand.party, why: why.clone() }),
            }
        }
        let proving = Instant::now();
        let nonce = format!("openhive-{}", self.objects.run);
        let proof = match no_proof {
            Some(why) => Proof::inconclusive(why),
            None => self.prove(&wishes[made.len()..], &pods[made.len()..], &actors, &nonce).await,
        };
        timings.proof = seconds(proving.elapsed());
        if proof.is_refuted() {
            let run = self.objects.run.clone();
            return Ok(Live { sent: Sent { run, proof, seconds: timings }, flows: Vec::new() });
        }
        let outward = self.resolve(&actors, &nonce).await;
        let plan =
            plan(self.matrix, self.input, self.scene, self.platform, &outward, actors, &absent);
        self.rounds(&plan, &tools, proof, timings).await
    }

    /// The nodes that packets are sent from, the agent's first, whose image probe pods run.
    fn nodes<'b>(&'b self, actors: &'b [Actor]) -> Vec<&'b str> {
        let agents = actors.iter().filter(|a| a.party == Party::Agent);
        let mut nodes: Vec<&str> = Vec::new();
        for node in agents.chain(actors).map(|a| a.node.as_str()) {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        if nodes.is_empty() {
            // Nothing of the platform runs: any node that runs something.
            nodes.extend(self.scene.pods.first().map(|pod| pod.node.as_str()));
        }
        nodes
    }
}

fn random() -> Result<String, ProbeError> {
    let mut bytes = [0_u8; 4];
    getrandom::fill(&mut bytes).map_err(|error| ProbeError::Random(error.to_string()))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
