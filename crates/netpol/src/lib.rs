//! Network policies and flows to decisions. Pure: `docs/network-policy.md` has the rules.
//!
//! | module | what |
//! |---|---|
//! | [`ports`], [`address`], [`labels`] | sets and selectors |
//! | [`verdict`] | three-valued answers over sets of ports |
//! | [`policy`], [`admin`], [`endpoint`], [`cluster`] | what is evaluated |
//! | [`input`] | who is asked about |
//! | [`service`], [`resolve`] | what stands before pods, and where it leads |
//! | [`read`] | untyped objects to these types, strict |
//! | [`evaluate`] | what passes from one endpoint to another |
//! | [`engine`] | the same for everyone at once |
//! | [`pick`] | parties as people write them |
//! | [`listing`] | which connections are listed, under which names |
//! | [`finding`] | what somebody has to look at |
//! | [`findings`] | verdicts to findings, with what decides and what to do |
//! | [`lint`] | what is likely a mistake |
//! | [`report`] | findings to text |
//! | [`expect`] | what others mean to be open |
//! | [`explain`] | why one flow is allowed or denied |
//! | [`flow_end`] | the same for every kind of pod of two parties |
//! | [`reasons`] | which policies and rules decide, for all flows |
//! | [`observe`] | what packets show beside it |
//! | [`matrix`] | the platform's own flows, expected and found |
//! | [`diff`] | flows that a change of policies opens and closes |

pub mod address;
pub mod admin;
pub mod cluster;
pub mod diff;
pub mod endpoint;
pub mod engine;
pub mod evaluate;
pub mod expect;
pub mod explain;
pub mod finding;
pub mod findings;
pub mod flow_end;
pub mod input;
pub mod invalid;
pub mod labels;
pub mod lint;
pub mod listing;
mod matching;
pub mod matrix;
pub mod observe;
pub mod pick;
pub mod policy;
pub mod ports;
pub mod read;
pub mod reasons;
pub mod report;
pub mod resolve;
pub mod service;
pub mod verdict;

#[cfg(test)]
mod tests;

pub use cluster::{CidrMatch, Cluster, Cni, Foreign, Network, Node};
pub use endpoint::{Endpoint, Host, Pod};
pub use input::{Input, Member};
pub use invalid::{Invalid, Place, Problem};
pub use policy::{Direction, Policy};
pub use ports::{PortRange, PortSet, Protocol};
pub use verdict::{Tri, Verdict, Why};
