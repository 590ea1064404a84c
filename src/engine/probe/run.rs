//! One run: rights, pods, proof, observations, and everything away again.

use std::time::Duration;

use tokio::time::Instant;

use super::camp::{Camp, HOME, LIFETIME};
use super::cast::stand_in;
use super::pods::{Wish, make};
use super::proof::PAIR;
use super::rights::Missing;
use super::sweep::Others;
use super::{Live, ProbeError, seconds};
use crate::cluster::Cluster;
use crate::engine::Cancel;
use netpol::Input;
use netpol::labels::Labels;
use netpol::matrix::{Matrix, Party, Platform};
use netpol::observe::actor::{Absent, Actor, elsewhere, real, stands};
use netpol::observe::plan::{Outward, PROOF_PORT, Plan, plan};
use netpol::observe::rounds::parties;
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
    /// What everything made carries; RFC 3339, by the local clock.
    pub expires: String,
}

/// How long a run's objects are of use to it.
pub const LIFE: Duration = Duration::from_secs(LIFETIME as u64);

/// What a run works with.
pub(super) struct Stage<'a> {
    pub camp: Camp<'a>,
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
    let id = random()?;
    let camp = Camp::new(cluster, id.clone(), options.expires.clone());
    let stage = Stage { camp, input, scene, platform, matrix, options, say };
    let namespaces = stage.namespaces();
    let others = Others::look(cluster, &namespaces, &id).await;
    let result = tokio::select! {
        biased;
        signal = cancel.cancelled() => Err(ProbeError::Cancelled(signal)),
        never = stage.camp.beat() => match never {},
        result = stage.observe(&namespaces) => result,
    };
    let ended = Instant::now();
    if !stage.camp.is_empty() {
        say("taking the probe pods away");
    }
    for left in stage.camp.strike().await {
        say(&format!("not taken away: {left}"));
    }
    let result = result.map(|mut live| {
        live.sent.seconds.clean_up = seconds(ended.elapsed());
        live
    });
    if result.is_ok() {
        let buried = others.bury(cluster, &namespaces, &id).await;
        if buried > 0 {
            say(&format!("took away what {} left", crate::ui::count(buried, "earlier run")));
        }
    }
    result
}

impl Stage<'_> {
    /// Where pods may be made, beside the run's own namespace.
    fn namespaces(&self) -> Vec<&str> {
        let mut namespaces: Vec<&str> = vec![HOME, "hive-agents", "hive-sandbox"];
        namespaces.extend(self.platform.ingress_namespace.as_deref());
        namespaces.retain(|n| self.scene.namespaces.iter().any(|known| known == n));
        namespaces
    }

    async fn observe(&self, namespaces: &[&str]) -> Result<Live, ProbeError> {
        let cluster = self.camp.cluster;
        let missing = Missing::ask(&cluster.rest, namespaces).await;
        let mut absent: Vec<Absent> = Vec::new();
        let mut actors = real(self.input, self.scene);
        let tools = self.tools(&mut actors, &missing).await;
        let material = self.material(&actors)?;
        let wanted = parties(self.matrix);
        let (mut made, not) = stands(&wanted, &actors, self.input, self.scene, self.platform);
        absent.extend(not);
        made.retain(|stand| {
            let why = stand.namespace.as_deref().and_then(|n| missing.in_namespace(n));
            absent.extend(why.iter().map(|right| Absent {
                party: stand.party,
                why: Reason::MissingRight(right.clone()).to_string(),
            }));
            why.is_none()
        });
        if let Some(right) = missing.in_namespace(HOME).or_else(|| missing.everywhere()) {
            // Without a sign of life nothing may be made.
            let why = Reason::MissingRight(right).to_string();
            (self.say)(&format!("no probe pods: {why}"));
            absent.push(Absent { party: Party::Elsewhere, why: why.clone() });
            absent.extend(made.drain(..).map(|s| Absent { party: s.party, why: why.clone() }));
            let plan = self.plan(self.input, &self.named(), actors, &absent);
            let proof = Proof::inconclusive(why);
            return self.rounds(&plan, &tools, proof, Timings::default()).await;
        }
        let started = Instant::now();
        self.camp.pitch().await?;
        let own = self.camp.own_namespace().await?;
        let nodes = self.nodes(&actors);
        let node = nodes.first().map(|node| (*node).to_owned());
        // Where the image is already, and beside a pod without policies.
        made.iter_mut().for_each(|stand| stand.node.clone_from(&node));
        made.extend(nodes.iter().take(NODES).map(|node| elsewhere(node, self.platform)));
        let mut wishes: Vec<Wish> =
            made.iter().enumerate().map(|(i, stand)| self.wish(stand, i, &own)).collect();
        wishes.extend(["proof-a", "proof-b"].map(|name| Wish {
            namespace: own.clone(),
            name: format!("{}-{name}", self.camp.name()),
            role: PAIR.to_owned(),
            labels: Vec::new(),
            node: node.clone(),
            listens: vec![PROOF_PORT],
        }));
        (self.say)(&format!("starting {}", crate::ui::count(wishes.len(), "probe pod")));
        let pods = make(&self.camp, &material, &wishes).await;
        let mut timings = Timings { pod_start: seconds(started.elapsed()), ..Timings::default() };
        for ((stand, wish), pod) in made.iter().zip(&wishes).zip(&pods) {
            match pod {
                Ok(running) => actors.push(stand_in(stand, wish, running)),
                Err(why) => absent.push(Absent { party: stand.party, why: why.clone() }),
            }
        }
        let proving = Instant::now();
        let nonce = format!("openhive-{}", self.camp.run);
        let proof = self.prove(&wishes[made.len()..], &pods[made.len()..], &actors, &nonce).await;
        timings.proof = seconds(proving.elapsed());
        if proof.is_refuted() {
            let run = self.camp.run.clone();
            return Ok(Live { sent: Sent { run, proof, seconds: timings }, flows: Vec::new() });
        }
        let outward = self.resolve(&actors, &nonce).await;
        // It was not there when the cluster was read.
        let mut input = self.input.clone();
        input.cluster.add_namespace(&own, Labels::new(self.camp.namespace_labels()));
        let plan = self.plan(&input, &outward, actors, &absent);
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

    fn plan(
        &self,
        input: &Input,
        outward: &Outward,
        actors: Vec<Actor>,
        absent: &[Absent],
    ) -> Plan {
        plan(self.matrix, input, self.scene, self.platform, outward, actors, absent)
    }
}

fn random() -> Result<String, ProbeError> {
    let mut bytes = [0_u8; 4];
    getrandom::fill(&mut bytes).map_err(|error| ProbeError::Random(error.to_string()))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
