//! One run: rights, pods, proof, observations, and everything away again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep_until};

use super::camp::{Camp, HOME, LIFETIME};
use super::exec::{Place, exec};
use super::pods::{Material, Running, Wish, make};
use super::proof::{PAIR, Pair, Proof, prove};
use super::rights::{Missing, OF_THE_CLUSTER, OF_THE_PROOF, RIGHTS};
use super::sweep::Others;
use super::wire::{Order, Tool, addresses, answer, words};
use super::{Live, ProbeError, Timings, seconds};
use crate::cluster::Cluster;
use crate::engine::Cancel;
use crate::netpol::Input;
use crate::netpol::Pod;
use crate::netpol::labels::Labels;
use crate::netpol::matrix::{Matrix, Party, Platform};
use crate::netpol::observe::actor::{Absent, Actor, Stand, elsewhere, real, stands};
use crate::netpol::observe::plan::{Outward, PROOF_PORT, Plan, Resolved, plan};
use crate::netpol::observe::rounds::{Rounds, Word, parties};
use crate::netpol::observe::scene::Scene;
use crate::netpol::observe::{Reason, Via};

/// One try of a flow, and how many there are (`docs/live.md`, "What is sent").
const TRY: Duration = Duration::from_secs(2);
const TRIES: u32 = 3;
/// How long answers that differ from what is expected are asked again.
const SETTLE: Duration = Duration::from_secs(60);
/// What an exec may take beside the probes in it.
const EXEC: Duration = Duration::from_secs(15);
/// Sources on different nodes that get a control of their own.
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

/// The words of a source, by the number of their order.
pub(super) type Words = BTreeMap<usize, (String, u64)>;

/// A container that can probe.
#[derive(Clone, Copy)]
pub(super) struct Prober<'a> {
    pub client: &'a kube::Client,
    pub place: Place<'a>,
    pub tool: Tool,
    pub nonce: &'a str,
}

impl Prober<'_> {
    /// Tries all of it at once, in one exec.
    pub(super) async fn ask(&self, orders: &[Order]) -> Words {
        let script = self.tool.script(self.nonce, orders);
        let longest = orders.iter().map(|o| o.limit * o.tries).max().unwrap_or_default();
        let command = self.tool.command(script.len());
        let output = exec(self.client, self.place, command, &script, longest + EXEC).await;
        words(self.nonce, &output)
    }
}

/// What a run works with.
struct Stage<'a> {
    camp: Camp<'a>,
    input: &'a Input,
    scene: &'a Scene,
    platform: &'a Platform,
    matrix: &'a Matrix,
    options: &'a Options,
    say: &'a dyn Fn(&str),
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
    say("taking the probe pods away");
    for left in stage.camp.strike().await {
        say(&format!("not taken away: {left}"));
    }
    let result = result.map(|mut live| {
        live.timings.clean_up = seconds(ended.elapsed());
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
            let why = missing.any(stand.namespace.as_deref(), &RIGHTS);
            absent.extend(why.iter().map(|right| Absent {
                party: stand.party,
                why: Reason::MissingRight(right.clone()).to_string(),
            }));
            why.is_none()
        });
        let everywhere = [&OF_THE_CLUSTER[..], &OF_THE_PROOF, &RIGHTS].concat();
        let own = missing.any(None, &everywhere);
        let home = missing.any(Some(HOME), &RIGHTS).or(own.clone());
        if let Some(right) = &home {
            // Without a sign of life nothing may be made.
            let why = Reason::MissingRight(right.clone()).to_string();
            (self.say)(&format!("no probe pods: {why}"));
            absent.push(Absent { party: Party::Elsewhere, why: why.clone() });
            absent.extend(made.drain(..).map(|s| Absent { party: s.party, why: why.clone() }));
            let plan = self.plan(self.input, &Outward::default(), actors, &absent);
            let proof = Proof::inconclusive(why);
            return self.rounds(&plan, &tools, proof, Timings::default()).await;
        }
        let started = Instant::now();
        self.camp.pitch().await?;
        let own = self.camp.own_namespace().await?;
        let mut nodes: Vec<&str> = actors.iter().map(|a| a.node.as_str()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        made.extend(nodes.iter().take(NODES).map(|node| elsewhere(node, self.platform)));
        let mut wishes: Vec<Wish> =
            made.iter().enumerate().map(|(i, stand)| self.wish(stand, i, &own)).collect();
        let node = nodes.first().map(|node| (*node).to_owned());
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
        if proof.conclusive && !proof.enforced {
            return Ok(Live { proof, flows: Vec::new(), timings, run: self.camp.run.clone() });
        }
        let outward = self.resolve(&actors, &nonce).await;
        // It was not there when the cluster was read.
        let mut input = self.input.clone();
        input.cluster.add_namespace(&own, Labels::new(self.camp.namespace_labels()));
        let plan = self.plan(&input, &outward, actors, &absent);
        self.rounds(&plan, &tools, proof, timings).await
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

    fn wish(&self, stand: &Stand, number: usize, own: &str) -> Wish {
        let party = match stand.party {
            Party::AgentMade => "agent",
            other => other.name(),
        };
        Wish {
            namespace: stand.namespace.clone().unwrap_or_else(|| own.to_owned()),
            name: format!("{}-{party}-{number}", self.camp.name()),
            role: party.to_owned(),
            labels: stand.labels.clone(),
            node: stand.node.clone(),
            listens: stand.listens.clone(),
        }
    }

    /// What each real pod can run; those that can run nothing do not probe.
    async fn tools(&self, actors: &mut [Actor], missing: &Missing) -> BTreeMap<String, Tool> {
        let nonce = format!("openhive-{}", self.camp.run);
        let client = &self.camp.cluster.client;
        let found = join_all(actors.iter().map(async |actor| {
            let exec_rights: Vec<_> =
                RIGHTS.iter().filter(|r| r.resource == "pods/exec").copied().collect();
            if missing.any(Some(&actor.namespace), &exec_rights).is_some() {
                return None;
            }
            for tool in Tool::ALL {
                let script = tool.hello(&nonce);
                let command = tool.command(script.len());
                let output = exec(client, place(actor), command, &script, EXEC).await;
                if output.lines().any(|line| line.trim() == nonce) {
                    return Some(tool);
                }
            }
            None
        }))
        .await;
        let mut tools = BTreeMap::new();
        for (actor, tool) in actors.iter_mut().zip(found) {
            actor.probes = tool.is_some();
            tools.extend(tool.map(|tool| (actor.id(), tool)));
        }
        tools
    }

    /// Image and user of the running agent, which has Python and is on its node already.
    fn material(&self, actors: &[Actor]) -> Result<Material, ProbeError> {
        let seen = |party: Party| {
            let actor = actors.iter().find(|a| a.party == party)?;
            let is = |p: &&crate::netpol::observe::scene::ScenePod| {
                p.namespace == actor.namespace && p.name == actor.name
            };
            self.scene.pods.iter().find(is)
        };
        let pod = seen(Party::Agent).or_else(|| seen(Party::Sandbox));
        let user = pod.and_then(|p| p.user).filter(|user| *user > 0).unwrap_or(1000);
        let image = self.options.image.clone().or_else(|| pod.map(|p| p.image.clone()));
        Ok(Material { image: image.ok_or(ProbeError::NoImage)?, user })
    }

    async fn prove(
        &self,
        wishes: &[Wish],
        pods: &[Result<Running, String>],
        actors: &[Actor],
        nonce: &str,
    ) -> Proof {
        let free = actors.iter().find(|a| a.party == Party::Elsewhere && a.address.is_some());
        let (first, second) = match pods {
            [Ok(first), Ok(second)] => (first, second),
            [Err(why), _] | [_, Err(why)] => return Proof::inconclusive(why.clone()),
            _ => return Proof::inconclusive("no pods".to_owned()),
        };
        let (Some(free), Some(second), Some(_)) = (free, second.address, first.address) else {
            return Proof::inconclusive("there is no pod without policies".to_owned());
        };
        let Some(free_address) = free.address else {
            return Proof::inconclusive("there is no pod without policies".to_owned());
        };
        let client = &self.camp.cluster.client;
        let tool = Tool::Python;
        let own =
            Place { namespace: &wishes[0].namespace, pod: &wishes[0].name, container: "probe" };
        let pair = Pair {
            first: Prober { client, place: own, tool, nonce },
            second,
            free: Prober { client, place: place(free), tool, nonce },
            free_address,
            port: PROOF_PORT,
        };
        (self.say)("proving that policies are enforced");
        prove(&self.camp, &pair).await
    }

    /// Asks the cluster's DNS for the names that are probed, from the pod without policies.
    async fn resolve(&self, actors: &[Actor], nonce: &str) -> Outward {
        let (database, external) = (&self.options.database, &self.options.external);
        let named = |pair: &(String, u16)| Resolved {
            host: pair.0.clone(),
            port: pair.1,
            addresses: pair.0.parse().ok().into_iter().collect(),
        };
        let mut outward = Outward {
            database: named(database),
            external: external.as_ref().map(named).unwrap_or_default(),
        };
        let Some(free) = actors.iter().find(|a| a.party == Party::Elsewhere) else {
            return outward;
        };
        let client = &self.camp.cluster.client;
        let prober = Prober { client, place: place(free), tool: Tool::Python, nonce };
        let mut hosts = [&mut outward.database, &mut outward.external];
        let orders: Vec<Order> = hosts
            .iter()
            .enumerate()
            .filter(|(_, host)| host.addresses.is_empty() && !host.host.is_empty())
            .map(|(number, host)| Order {
                number,
                kind: "resolve",
                host: host.host.clone(),
                port: 0,
                tries: 1,
                limit: EXEC,
            })
            .collect();
        if orders.is_empty() {
            return outward;
        }
        for (number, (word, _)) in prober.ask(&orders).await {
            if let Some(host) = hosts.get_mut(number) {
                let found: BTreeSet<IpAddr> = addresses(&word).into_iter().collect();
                host.addresses = found.into_iter().take(2).collect();
            }
        }
        outward
    }

    async fn rounds(
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
        Ok(Live { proof, flows: rounds.reports(), timings, run: self.camp.run.clone() })
    }

    /// Sends these flows, one exec a source, all at once.
    async fn round(
        &self,
        plan: &Plan,
        tools: &BTreeMap<String, Tool>,
        flows: &[usize],
        tries: u32,
    ) -> Vec<(usize, Word)> {
        let nonce = format!("openhive-{}", self.camp.run);
        let mut by_source: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for flow in flows {
            by_source.entry(plan.flows[*flow].source).or_default().push(*flow);
        }
        let asked = by_source.iter().map(async |(source, flows)| {
            let actor = &plan.actors[*source];
            let orders: Vec<Order> = flows
                .iter()
                .map(|flow| {
                    let target = &plan.targets[plan.flows[*flow].target];
                    Order {
                        number: *flow,
                        kind: target.probe.word(),
                        host: target.address.to_string(),
                        port: target.port,
                        tries,
                        limit: TRY,
                    }
                })
                .collect();
            let tool = tools.get(&actor.id()).copied().unwrap_or(Tool::Python);
            let client = &self.camp.cluster.client;
            let prober = Prober { client, place: place(actor), tool, nonce: &nonce };
            let words = prober.ask(&orders).await;
            flows.iter().map(|f| (*f, words.get(f).and_then(answer))).collect::<Vec<_>>()
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}

fn place(actor: &Actor) -> Place<'_> {
    Place { namespace: &actor.namespace, pod: &actor.name, container: &actor.container }
}

fn stand_in(stand: &Stand, wish: &Wish, running: &Running) -> Actor {
    let labels = Labels::new(stand.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    let mut pod = Pod::new(&wish.namespace, &wish.name, labels);
    pod.addresses.extend(running.address);
    pod.node = Some(running.node.clone());
    Actor {
        party: stand.party,
        pod,
        namespace: wish.namespace.clone(),
        name: wish.name.clone(),
        container: "probe".to_owned(),
        via: Via::ProbePod,
        node: running.node.clone(),
        address: running.address,
        listens: stand.listens.clone(),
        reached_by_node: stand
            .listens
            .iter()
            .copied()
            .take(1)
            .filter(|_| running.started)
            .collect(),
        probes: true,
    }
}

fn random() -> Result<String, ProbeError> {
    let mut bytes = [0_u8; 4];
    getrandom::fill(&mut bytes).map_err(|error| ProbeError::Random(error.to_string()))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
