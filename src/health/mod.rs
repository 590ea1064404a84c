//! Is an object healthy? A pure function of the object: `docs/health.md`.

mod deployment;
mod gate;
mod job;
mod verdict;

#[cfg(test)]
mod tests;

pub use deployment::deployment;
pub use gate::Expected;
pub use job::job;
pub use verdict::{Reason, Replicas, Verdict};
