//! Who takes part: the real pods that can probe, and the pods that are made.

use std::collections::BTreeMap;

use futures::future::join_all;

use super::ProbeError;
use super::exec::exec;
use super::pods::{Material, Running, Wish};
use super::prober::place;
use super::rights::Missing;
use super::run::{EXEC, Stage};
use super::wire::Tool;
use netpol::Pod;
use netpol::labels::Labels;
use netpol::matrix::Party;
use netpol::observe::Via;
use netpol::observe::actor::{Actor, Stand};
use netpol::observe::scene::ScenePod;

impl Stage<'_> {
    pub(super) fn wish(&self, stand: &Stand, number: usize) -> Wish {
        let party = match stand.party {
            Party::AgentMade => "agent",
            other => other.name(),
        };
        Wish {
            namespace: stand.namespace.clone(),
            name: format!("{}-{party}-{number}", self.objects.name()),
            role: party.to_owned(),
            labels: stand.labels.clone(),
            node: stand.node.clone(),
            listens: stand.listens.clone(),
        }
    }

    /// What each real pod can run; those that can run nothing do not probe.
    pub(super) async fn tools(
        &self,
        actors: &mut [Actor],
        missing: &Missing,
    ) -> BTreeMap<String, Tool> {
        let nonce = format!("openhive-{}", self.objects.run);
        let client = &self.objects.cluster.client;
        let found = join_all(actors.iter().map(async |actor| {
            if missing.for_exec(&actor.namespace).is_some() {
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
    pub(super) fn material(&self, actors: &[Actor]) -> Result<Material, ProbeError> {
        let seen = |party: Party| {
            let actor = actors.iter().find(|a| a.party == party)?;
            let is = |p: &&ScenePod| p.namespace == actor.namespace && p.name == actor.name;
            self.scene.pods.iter().find(is)
        };
        let pod = seen(Party::Agent).or_else(|| seen(Party::Sandbox));
        let user = pod.and_then(|p| p.user).filter(|user| *user > 0).unwrap_or(1000);
        let image = self.options.image.clone().or_else(|| pod.map(|p| p.image.clone()));
        Ok(Material { image: image.ok_or(ProbeError::NoImage)?, user })
    }
}

/// The pod that runs, as somebody who takes part.
pub(super) fn stand_in(stand: &Stand, wish: &Wish, running: &Running) -> Actor {
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
        // The node asks the first port, on which the process listens last (`scripts/listener.py`).
        reached_by_node: if running.started { stand.listens.clone() } else { Vec::new() },
        probes: true,
    }
}

#[cfg(test)]
mod tests {
    use super::{Party, Running, Stand, Wish, stand_in};

    #[test]
    fn whom_its_node_reaches_it_reaches_on_every_port() {
        let stand = Stand {
            party: Party::Elsewhere,
            namespace: "n".into(),
            labels: Vec::new(),
            node: None,
            listens: vec![8080, 5432, 6443],
        };
        let wish = Wish {
            namespace: "n".into(),
            name: "p".into(),
            role: "elsewhere".into(),
            labels: Vec::new(),
            node: None,
            listens: stand.listens.clone(),
        };
        let reached = |started| {
            let running = Running { node: "m".into(), address: None, started };
            stand_in(&stand, &wish, &running).reached_by_node
        };
        assert_eq!(reached(true), [8080, 5432, 6443]);
        assert!(reached(false).is_empty(), "nothing was asked");
    }
}
