//! `connections --against` for people.

use crate::ui::Style;
use netpol::diff::{Change, InputDiff};
use netpol::report::label;

/// Groups with their members, one line for each flow that opens or closes, and how many.
#[must_use]
pub fn diff_table(diff: &InputDiff, has_gaps: bool, style: Style) -> String {
    let mut text = String::new();
    for (name, members) in label::groups(diff) {
        text.push_str(&format!("{name} = {}\n", members.join(", ")));
    }
    let line = |change: &Change| {
        let [from, to] = [&change.from, &change.to].map(|end| label::diff_end(diff, end));
        let why = change.why.map(|why| format!("  ? {why}")).unwrap_or_default();
        format!("{from} → {to}  {}{why}", change.ports)
    };
    for change in &diff.opened {
        text.push_str(&style.good(&format!("+ {}", line(change))));
        text.push('\n');
    }
    for change in &diff.closed {
        text.push_str(&style.bad(&format!("- {}", line(change))));
        text.push('\n');
    }
    text.push_str(&format!("{}\n", label::totals(diff, has_gaps)));
    text
}
