//! How a plan is shown. Each form is a pure function of the [`Plan`], so that what is printed is
//! what is executed.

mod flows;
mod markdown;
mod table;
mod unified;
mod words;

pub use markdown::markdown;
pub use table::table;

use super::Style;
use crate::plan::Plan;

/// How to show a plan.
#[derive(Clone, Debug)]
pub struct PlanView<'a> {
    /// Colours.
    pub style: Style,
    /// Whether every changed object is shown line by line (`--diff`).
    pub diff: bool,
    /// The command that carries the plan out, for the last line.
    pub next: Option<&'a str>,
}

impl Default for PlanView<'_> {
    fn default() -> Self {
        Self { style: Style::PLAIN, diff: false, next: None }
    }
}

/// The whole plan as JSON, with a trailing newline.
#[must_use]
pub fn json(plan: &Plan) -> String {
    let mut text =
        serde_json::to_string_pretty(plan).expect("a plan has only string keys and finite numbers");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
