//! Why is it not healthy? A pure function of a snapshot: `docs/diagnosis.md`.

mod finding;

pub use finding::Finding;
