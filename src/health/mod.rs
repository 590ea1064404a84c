//! Is an object healthy? A pure function of the object: `docs/health.md`.

mod verdict;

pub use verdict::{Reason, Verdict};
