//! A container that can probe: one exec for all that it is asked.

use std::collections::BTreeMap;

use super::exec::{Place, exec};
use super::run::EXEC;
use super::wire::{Order, Tool, words};
use netpol::observe::actor::Actor;

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

/// Where an actor's probes run.
pub(super) fn place(actor: &Actor) -> Place<'_> {
    Place { namespace: &actor.namespace, pod: &actor.name, container: &actor.container }
}
