//! The only place that talks to an API server.
//!
//! Requests are plain HTTP on untyped JSON: no discovery, no client-side rate limit, and one retry
//! layer that can be seen.

mod connect;
mod error;
mod facts;
pub mod forward;
pub mod logs;
pub mod netpol;
mod rest;
pub mod snapshot;
pub mod survey;
pub mod watch;

pub use connect::{Cluster, connect};
pub use error::{ApiStatus, Cause, Class, ClusterError, KubeconfigProblem, Unreachable};
pub use facts::discover;
pub use rest::{DryRunMode, Raw, Rest, Retry};
