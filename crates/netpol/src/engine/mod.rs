//! Who reaches whom, for everyone at once.
//!
//! The semantics are those of [`Cluster::decide`](super::evaluate): here it is asked once for each
//! pair of behaviours instead of each pair of pods. Pods, pods that are not in the input, and pieces
//! of the address space are numbered; each distinct selector is evaluated once, to a set; whoever no
//! set tells apart is one class; whoever the same policies select shares one answer for each class of
//! peers.

mod bits;
mod classes;
mod compile;
mod connections;
mod representative;
mod sides;
mod universe;

pub use connections::{Connections, Edge, End, Outside, Ports};
pub use representative::{Asked, Origin, PodPattern, Representative};
pub use universe::edges;
pub(crate) use universe::{Index, Universe, Unlisted};
