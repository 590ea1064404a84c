//! Desired objects and live objects to a [`Plan`]. Pure: `docs/plan.md`.
//!
//! | file | what |
//! |---|---|
//! | `model` | the plan as it is printed, serialised and executed |
//! | `build` | every object to its change |
//! | `outcome` | what an object would be after the write |
//! | `diff`, `lists`, `path`, `quantity` | two objects to the fields in which they differ |
//! | `defaults` | what the server sets by itself |
//! | `fieldset`, `managers` | who owns which field |
//! | `patch` | what has to precede an apply |
//! | `immutable` | what cannot change in place |
//! | `policy` | what a policy is until the rollouts are done |
//! | `restart`, `migration`, `consequence` | what follows for the running platform |
//! | `against`, `autoscale` | other sources of live objects, other owners of replicas |
//! | `reach`, `flow` | which flows open and close |
//! | `sensitive` | what may be shown |

mod against;
mod autoscale;
mod build;
mod consequence;
mod defaults;
mod diff;
mod fieldset;
mod flow;
mod immutable;
mod lists;
mod live;
mod managers;
mod migration;
mod model;
mod outcome;
mod patch;
mod path;
mod pod_security;
mod policy;
mod quantity;
mod reach;
mod restart;
mod sensitive;

pub use against::against;
pub use autoscale::leave_replicas_to_autoscalers;
pub use build::{Extras, build};
pub use consequence::{Consequence, Obstacle, RestartReason};
pub use diff::LAST_APPLIED;
pub use fieldset::{FieldSet, FieldSetError};
pub use flow::{FlowChange, FlowDiff, Party};
pub use live::{DryRun, FieldConflict, Live};
pub use managers::{FIELD_MANAGER, Manager, Managers, Operation, has_last_applied, needs_takeover};
pub use migration::{DatabaseAddress, quoted};
pub use model::{
    Action, Against, Change, Counts, FieldChange, FieldValue, Head, Migration, Plan, SCHEMA,
    Verification,
};
pub use outcome::{Question, question};
pub use patch::{JsonPatch, strategy_patch, takeover_patch};
pub use path::{Path, Segment};
pub use pod_security::keep_stricter_pod_security;
pub use policy::{INTERIM_ANNOTATION, Interim, interim};
pub use reach::Reachability;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod flow_tests;
#[cfg(test)]
mod patch_tests;
#[cfg(test)]
mod platform_tests;
