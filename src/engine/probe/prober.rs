//! A container that can probe: one exec for all that it is asked.

use std::collections::BTreeMap;

use super::exec::{Place, exec};
use super::run::EXEC;
use super::wire::{Request, Tool, answers};
use netpol::observe::participant::Participant;

/// The answers of a source, by the number of their request.
pub(super) type Answers = BTreeMap<usize, (String, u64)>;

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
    pub(super) async fn ask(&self, requests: &[Request]) -> Answers {
        let script = self.tool.script(self.nonce, requests);
        let longest = requests.iter().map(|r| r.limit * r.tries).max().unwrap_or_default();
        let command = self.tool.command(script.len());
        let output = exec(self.client, self.place, command, &script, longest + EXEC).await;
        answers(self.nonce, &output)
    }
}

/// Where a participant's probes run.
pub(super) fn place(participant: &Participant) -> Place<'_> {
    Place {
        namespace: participant.namespace(),
        pod: &participant.pod.name,
        container: &participant.container,
    }
}
