//! What packets show, beside what the policies say: one verdict over three opinions
//! (`docs/live.md`). Pure: the packets are sent by `engine::probe`.
//!
//! | module | what |
//! |---|---|
//! | [`answer`] | what a probe says, and what that means here |
//! | [`mod@judge`] | expected × static × observed to a verdict |
//! | [`flow`] | one probed flow as evidence, and the matrix with its flows |
//! | [`target`] | addresses and ports that can be probed |
//! | [`participant`] | which pods take part |
//! | [`plan`] | who probes what |
//! | [`rounds`] | what was answered, and what is asked again |
//! | [`pod`] | the pod that stands for another |
//! | [`run_object`] | what a run creates, and what it may delete |
//! | [`proof`] | whether policies are enforced, and what a run says of itself |

pub mod answer;
pub mod flow;
pub mod judge;
pub mod participant;
pub mod plan;
pub mod pod;
pub mod proof;
pub mod rounds;
pub mod run_object;
pub mod target;

#[cfg(test)]
mod tests;

pub use answer::{Address, Answer, Control, Denials, How, Looks, Observed, Reason};
pub use flow::{FlowReport, Via};
pub use judge::{FlowVerdict, Wanted, judge};
pub use proof::{Denial, Proof, Sent, Timings};
