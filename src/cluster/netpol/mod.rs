//! Everything of a cluster that decides about connections, read at once (`docs/network-policy.md`,
//! "Reading a cluster").
//!
//! | module | what |
//! |---|---|
//! | `lists` | the kinds that every cluster has, page by page |
//! | `kinds` | kinds of policies that only some have |
//! | `gap` | what could not be read, and what follows |
//! | `plugin` | which network plugin runs |
//! | [`rights`] | the rights that a verification needs |
//! | [`probe_namespace`] | the namespace that an administrator prepares for probe pods |
//! | `sink` | where the objects go: into a [`Reader`](netpol::read::Reader), one by one |

mod gap;
mod kinds;
mod lists;
mod plugin;
pub mod probe_namespace;
pub mod rights;
mod sink;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::net::IpAddr;

use futures::future::{try_join, try_join_all};
use ipnet::IpNet;

pub use gap::{Effect, Gap, Reason, Right};
pub use plugin::Plugin;

use super::ClusterError;
use super::rest::Rest;
use crate::render::Profile;
use netpol::{Cni, Input};
use sink::Sink;

/// What the caller knows better than the cluster tells.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The network plugin, whatever runs.
    pub cni: Option<Cni>,
    /// Where the addresses of pods are, whatever the nodes say.
    pub pod_cidrs: Vec<IpNet>,
}

/// What was read.
#[derive(Debug)]
pub struct Reading {
    /// Everyone who is asked about, and every policy. What could not be read makes it uncertain.
    pub input: Input,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// The network plugins that were recognised.
    pub plugins: Vec<Plugin>,
    /// NetworkPolicies of the platform's namespaces that do not carry the installer's labels, as
    /// `namespace/name`.
    pub not_ours: Vec<String>,
    /// The account that the Gateway's Deployment names.
    pub gateway_account: Option<String>,
}

impl Reading {
    /// How much of the platform is installed; `None`: nothing of it.
    #[must_use]
    pub fn profile(&self) -> Option<Profile> {
        let there = |name: &str| {
            self.input.members.iter().any(|m| {
                m.namespace == "openhive" && m.workload.as_ref().is_some_and(|w| w.name == name)
            })
        };
        if !there("hive-gateway") {
            None
        } else if self.gateway_account.as_deref() != Some("hive-gateway-runtime") {
            Some(Profile::Baseline)
        } else if there("hive-dashboard") {
            Some(Profile::Platform)
        } else {
            Some(Profile::Gateway)
        }
    }

    /// The API server's own addresses, as far as its EndpointSlices are readable.
    #[must_use]
    pub fn api_server_addresses(&self) -> Vec<IpAddr> {
        let slices = self.input.slices.iter();
        let own = slices.filter(|s| s.namespace == "default" && s.service == "kubernetes");
        let mut addresses: Vec<IpAddr> =
            own.flat_map(|s| &s.endpoints).flat_map(|e| e.addresses.clone()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// What could not be read and may change an answer.
    pub fn decisive_gaps(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(|gap| gap.effect != Effect::Detail)
    }
}

/// How often everything is read anew because a list ran out of time between two of its pages.
const ATTEMPTS: u32 = 3;

/// Reads the whole cluster. Every list is a consistent one: an answer out of the API server's cache
/// (`resourceVersion=0`) may miss a policy that was written a moment ago, and comes in one piece.
///
/// # Errors
/// [`ClusterError`], but for what is forbidden or not there: that is a [`Gap`], or nothing.
pub async fn read(rest: &Rest, settings: &Settings) -> Result<Reading, ClusterError> {
    let mut attempt = 1;
    loop {
        match once(rest, settings).await {
            Err(error) if error.code() == Some(410) && attempt < ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}

async fn once(rest: &Rest, settings: &Settings) -> Result<Reading, ClusterError> {
    let sink = RefCell::new(Sink::new());
    let fixed = try_join_all(lists::LISTS.iter().map(|list| lists::read(rest, list, &sink)));
    try_join(fixed, kinds::read(rest, &sink)).await?;
    let mut sink = sink.into_inner();
    let plugins = sink.plugins();
    let mode = plugin::cidr_match(rest, &plugins, &mut sink).await?;
    Ok(sink.finish(settings, plugins, mode))
}
