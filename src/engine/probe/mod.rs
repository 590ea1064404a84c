//! Sends packets: the proof that policies are enforced, then every flow of the matrix
//! (`docs/live.md`). What they mean is decided in `netpol::observe`.

mod ask;
mod camp;
mod cast;
mod exec;
mod pods;
mod prober;
mod proof;
mod rights;
mod run;
mod sweep;
mod wire;

use std::time::Duration;

use serde::Serialize;

pub use proof::{Denial, Proof};
pub use rights::{RIGHTS, Right};
pub use run::{LIFE, Options, run};

use super::Signal;
use crate::cluster::ClusterError;
use crate::netpol::observe::FlowReport;

/// What was observed.
#[derive(Clone, Debug)]
pub struct Live {
    /// Whether and how policies are enforced.
    pub proof: Proof,
    /// Every flow, with its evidence. Empty where policies are not enforced.
    pub flows: Vec<FlowReport>,
    /// How long it took.
    pub timings: Timings,
    /// The run's id.
    pub run: String,
}

/// How long the parts took, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// From the first object made until every probe pod runs.
    pub pod_start: f64,
    /// The proof that policies are enforced, from then on.
    pub proof: f64,
    /// All observations of the matrix.
    pub matrix: f64,
    /// Taking everything away again.
    pub clean_up: f64,
}

/// Why nothing could be observed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// A request failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A signal ended the run; what it made is taken away.
    #[error("interrupted")]
    Cancelled(Signal),
    /// There is no image for probe pods.
    #[error("there is no running agent whose image probe pods could use")]
    NoImage,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

fn seconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 10.0).round() / 10.0
}
