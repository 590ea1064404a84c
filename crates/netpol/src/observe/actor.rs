//! Who stands at the ends of the probed flows: real pods where there are any, else probe pods.

use std::net::IpAddr;

use super::flow::Via;
use super::pod::smallest_labels;
use super::run_object::PROBE_NAMESPACE;
use super::scene::Scene;
use crate::endpoint::Pod;
use crate::input::{Input, Member};
use crate::labels::Labels;
use crate::matrix::{Party, Platform};

/// On which port a probe pod listens that stands for something without a port of its own.
pub const PORT: u16 = 8080;
/// The port of an agent.
const AGENT_PORT: u16 = 8090;
/// Pods of one party that are probed; the policies see all of them alike as a rule.
const PODS: usize = 3;

/// Somebody who can be probed, and perhaps can probe.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The row or column.
    pub party: Party,
    /// How policies see it.
    pub pod: Pod,
    /// Where it is.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// The container to run in.
    pub container: String,
    /// Real, or made by the run.
    pub via: Via,
    /// Its node.
    pub node: String,
    /// Its address.
    pub address: Option<IpAddr>,
    /// TCP ports on which something listens.
    pub listens: Vec<u16>,
    /// Those of them on which its node reaches it.
    pub reached_by_node: Vec<u16>,
    /// Whether probes can be sent from it.
    pub probes: bool,
}

impl Actor {
    /// `namespace/name`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// A probe pod to make.
#[derive(Clone, Debug)]
pub struct Stand {
    /// For whom it stands.
    pub party: Party,
    /// Where.
    pub namespace: String,
    /// Beside the run's own labels.
    pub labels: Vec<(String, String)>,
    /// On which node it has to be.
    pub node: Option<String>,
    /// On what it listens.
    pub listens: Vec<u16>,
}

/// Somebody for whom no probe pod can stand, and why.
#[derive(Clone, Debug)]
pub struct Absent {
    /// Who.
    pub party: Party,
    /// Why, in words.
    pub why: String,
}

/// The running pods of the platform, and of the Ingress controller.
#[must_use]
pub fn real(input: &Input, scene: &Scene, platform: &Platform) -> Vec<Actor> {
    let mut actors = Vec::new();
    for party in [
        Party::Gateway,
        Party::Dashboard,
        Party::Agent,
        Party::Sandbox,
        Party::AgentMade,
        Party::IngressController,
    ] {
        let of_controller = |m: &Member| {
            party == Party::IngressController
                && platform.ingress_namespace.as_ref() == Some(&m.namespace)
        };
        let members =
            input.members.iter().filter(|m| m.is_pod && (is(party, m) || of_controller(m)));
        actors.extend(members.filter_map(|m| actor(party, m, scene)).take(PODS));
    }
    actors
}

/// Whether a pod is one of this party.
fn is(party: Party, member: &Member) -> bool {
    let of = |name: &str| member.workload.as_ref().is_some_and(|w| w.name == name);
    match party {
        // Every pod there is an agent, whoever made it.
        Party::AgentMade => member.namespace == "hive-agents" && !of("hive-agent"),
        _ => party
            .workload()
            .is_some_and(|(namespace, name)| member.namespace == namespace && of(name)),
    }
}

fn actor(party: Party, member: &Member, scene: &Scene) -> Option<Actor> {
    let seen =
        scene.pods.iter().find(|p| p.namespace == member.namespace && p.name == member.pod.name)?;
    let reached = seen.asked_by_node.iter().copied().filter(|_| seen.ready);
    Some(Actor {
        party,
        pod: member.pod.clone(),
        namespace: seen.namespace.clone(),
        name: seen.name.clone(),
        container: seen.container.clone(),
        via: Via::Pod,
        node: seen.node.clone(),
        address: seen.address,
        listens: seen.ports.clone(),
        reached_by_node: reached.collect(),
        probes: true,
    })
}

/// The probe pods that the parties of a matrix need beside the real ones.
#[must_use]
pub fn stands(
    parties: &[Party],
    real: &[Actor],
    input: &Input,
    scene: &Scene,
) -> (Vec<Stand>, Vec<Absent>) {
    let (mut stands, mut absent) = (Vec::new(), Vec::new());
    for party in parties {
        let party = *party;
        let original = match party {
            Party::Gateway | Party::Dashboard | Party::Agent | Party::Sandbox
                if !real.iter().any(|a| a.party == party && a.probes) =>
            {
                input.members.iter().find(|m| is(party, m)).map(|m| m.pod.clone())
            }
            // Never from a real one: it is gone, or busy with the database.
            Party::Migration => {
                let there = input.members.iter().find(|m| is(party, m)).map(|m| m.pod.clone());
                there.or_else(|| blank(party))
            }
            Party::Pipeline | Party::AgentMade => blank(party),
            // Nothing is created among what is somebody else's.
            Party::IngressController if !real.iter().any(|a| a.party == party && a.probes) => {
                let why = "nothing is created in the Ingress controller's namespace, and no pod of it can be asked";
                absent.push(Absent { party, why: why.to_owned() });
                continue;
            }
            _ => continue,
        };
        let Some(original) = original else {
            absent.push(Absent { party, why: "there is no pod of it".to_owned() });
            continue;
        };
        match stand(party, &original, &input.cluster, scene) {
            Ok(stand) => stands.push(stand),
            Err(why) => absent.push(Absent { party, why }),
        }
    }
    (stands, absent)
}

/// A pod of a party of which there is none.
fn blank(party: Party) -> Option<Pod> {
    let labels = Labels::new(party.labels().iter().copied());
    Some(Pod::new(party.namespace()?, party.name(), labels))
}

fn stand(
    party: Party,
    original: &Pod,
    cluster: &crate::Cluster,
    scene: &Scene,
) -> Result<Stand, String> {
    let namespace = original.namespace().unwrap_or_default().to_owned();
    let Some(labels) = smallest_labels(cluster, original) else {
        return Err("a policy selects it by a label that only its controller may set".to_owned());
    };
    let map = labels.iter().cloned().collect();
    if let Some(service) = scene.services_of(&namespace, &map).find(|s| s.publishes_not_ready) {
        return Err(format!(
            "service {namespace}/{} would send its traffic to a probe pod",
            service.name
        ));
    }
    let listens = match party {
        Party::AgentMade => vec![AGENT_PORT],
        Party::Pipeline | Party::Migration => vec![PORT],
        // The real pod's address is probed, or there is none.
        _ => Vec::new(),
    };
    Ok(Stand { party, namespace, labels, node: None, listens })
}

/// The pod without policies that stands for any other namespace, one on each node: also the control
/// of everything outside.
#[must_use]
pub fn elsewhere(node: &str, platform: &Platform) -> Stand {
    let mut listens = vec![PORT];
    listens.extend(platform.database_ports.iter().chain(&platform.api_server_ports));
    // Those below cannot be listened on without a right of the node.
    listens.retain(|port| *port >= 1024);
    listens.sort_unstable();
    listens.dedup();
    // The node tries the first.
    listens.retain(|port| *port != PORT);
    listens.insert(0, PORT);
    Stand {
        party: Party::Elsewhere,
        namespace: PROBE_NAMESPACE.to_owned(),
        labels: Vec::new(),
        node: Some(node.to_owned()),
        listens,
    }
}
