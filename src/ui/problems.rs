//! Problems of values files as people read them.

use super::Style;
use crate::values::Problem;

/// Two lines for each problem, aligned: place, key and what is wrong; below it what to do.
///
/// ```text
/// values.env:12  HIVE_ADMIN_PASSWORD: still a placeholder
///                expected a password of at least 8 bytes
/// ```
#[must_use]
pub fn problem_lines(problems: &[Problem], style: Style) -> Vec<String> {
    let places: Vec<String> = problems
        .iter()
        .map(|problem| problem.place.as_ref().map_or_else(String::new, ToString::to_string))
        .collect();
    let width = places.iter().map(|place| place.chars().count()).max().unwrap_or_default();
    let gap = if width == 0 { "" } else { "  " };
    let below = if width == 0 { 2 } else { width + gap.len() };
    let mut lines = Vec::new();
    for (problem, place) in problems.iter().zip(&places) {
        let key = problem.key.as_ref().map_or_else(String::new, |key| format!("{key}: "));
        lines.push(format!("{place:width$}{gap}{key}{}", problem.message()));
        if let Some(hint) = problem.hint() {
            lines.push(format!("{:below$}{}", "", style.dim(&hint)));
        }
    }
    lines
}

/// `1 problem`, `2 problems`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
