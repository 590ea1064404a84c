//! Sends packets: the proof that policies are enforced, then every flow of the matrix
//! (`docs/live.md`). What they mean is decided in `netpol::observe`.

mod abandoned;
mod ask;
mod deletion;
mod exec;
mod participants;
mod pods;
mod prober;
mod proof;
mod rights;
mod run;
mod run_objects;
pub mod wire;

use std::time::Duration;

pub use run::{Options, run};

use super::Signal;
use crate::cluster::ClusterError;
use netpol::observe::{FlowReport, Sent};

/// What was observed.
#[derive(Clone, Debug)]
pub struct Live {
    /// What the run says of itself.
    pub sent: Sent,
    /// Every flow, with its evidence. Empty where policies are not enforced.
    pub flows: Vec<FlowReport>,
}

/// Why nothing could be observed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// A request failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A signal ended the run; what it created is deleted.
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
