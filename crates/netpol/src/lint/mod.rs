//! What is likely a mistake in policies, whatever is meant to be open (`docs/lint.md`).

mod addresses;
mod code;
mod coverage;
mod dns;
mod found;
mod port_names;
mod port_numbers;
mod published;
mod selectors;
mod world;

use ipnet::IpNet;

pub use code::Code;

use super::engine::{Universe, Unlisted};
use super::finding::Finding;
use super::input::Input;
use world::World;

/// What is known besides the input.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the addresses of Services are; none: told from the Services of the input.
    pub service_cidrs: Vec<IpNet>,
    /// Whether the input is everything that there is, as that of a whole cluster is: then a
    /// selector for something that is not in it matches nothing.
    pub whole: bool,
}

/// Every lint, the worst first, then by code, then in the order of the input.
#[must_use]
pub fn lint(input: &Input, options: &Options) -> Vec<Finding> {
    let universe = Universe::new(input, Unlisted::None);
    let world = World::new(&universe, input, options);
    let mut found = Vec::new();
    selectors::lint(&world, &mut found);
    port_numbers::lint(&world, &mut found);
    port_names::lint(&world, &mut found);
    dns::lint(&world, &mut found);
    addresses::lint(&world, &mut found);
    coverage::lint(&world, &mut found);
    published::lint(&world, &mut found);
    found.sort_by_key(|f| (f.severity(), f.code));
    found
}
