//! Who takes part: the running pods that can probe, and the pods that are created.

use std::collections::BTreeMap;

use futures::future::join_all;

use super::ProbeError;
use super::exec::exec;
use super::pods::Running;
use super::prober::place;
use super::rights::Missing;
use super::run::{EXEC, Run};
use super::wire::Tool;
use netpol::input::Container;
use netpol::matrix::Party;
use netpol::observe::Via;
use netpol::observe::participant::Participant;
use netpol::observe::pod::ProbePodSpec;

/// What probe pods are made of.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub name: String,
    pub user: i64,
}

impl Run<'_> {
    /// What each running pod can run; those that can run nothing do not probe.
    pub(super) async fn tools(
        &self,
        participants: &mut [Participant],
        missing: &Missing,
    ) -> BTreeMap<String, Tool> {
        let nonce = format!("openhive-{}", self.objects.run);
        let client = &self.objects.cluster.client;
        let found = join_all(participants.iter().map(async |participant| {
            if missing.for_exec(participant.namespace()).is_some() {
                return None;
            }
            for tool in Tool::ALL {
                let script = tool.hello(&nonce);
                let command = tool.command(script.len());
                let output = exec(client, place(participant), command, &script, EXEC).await;
                if output.lines().any(|line| line.trim() == nonce) {
                    return Some(tool);
                }
            }
            None
        }))
        .await;
        let mut tools = BTreeMap::new();
        for (participant, tool) in participants.iter_mut().zip(found) {
            participant.probes = tool.is_some();
            tools.extend(tool.map(|tool| (participant.id(), tool)));
        }
        tools
    }

    /// Image and user of the running agent, which has Python and is on its node already.
    pub(super) fn image(&self, participants: &[Participant]) -> Result<Image, ProbeError> {
        let container = |party: Party| -> Option<&Container> {
            let participant = participants.iter().find(|p| p.party == party)?;
            let is = |m: &&netpol::Member| m.id() == participant.id();
            self.input.members.iter().find(is)?.container.as_ref()
        };
        let container = container(Party::Agent).or_else(|| container(Party::Sandbox));
        let user = container.and_then(|c| c.user).filter(|user| *user > 0).unwrap_or(1000);
        let image = self.options.image.clone().or_else(|| container.map(|c| c.image.clone()));
        Ok(Image { name: image.ok_or(ProbeError::NoImage)?, user })
    }
}

/// The probe pod that runs, as somebody who takes part.
pub(super) fn stand_in(
    party: Party,
    spec: &ProbePodSpec,
    run: &str,
    running: &Running,
) -> Participant {
    let mut pod = spec.pod(run);
    pod.name.clone_from(&running.name);
    pod.addresses.extend(running.address);
    pod.node = Some(running.node.clone());
    Participant {
        party,
        pod,
        container: "probe".to_owned(),
        via: Via::ProbePod,
        listens: spec.listens.clone(),
        probes: true,
        sends: spec.sends,
    }
}
