//! `connections --against -o markdown`: fits a comment of a pull request.

use super::label;
use crate::diff::{Change, InputDiff};

/// Rows of one list that are written; the rest is counted. A comment holds 65 536 characters.
const ROWS: usize = 200;
/// Members of a group that are named; the rest is counted.
const MEMBERS: usize = 40;

/// What opens and closes; `gaps`: what could not be read of a cluster.
#[must_use]
pub fn diff_markdown(diff: &InputDiff, gaps: &[String]) -> String {
    let mut text = format!("### Connections: {}\n", label::totals(diff, !gaps.is_empty()));
    for gap in gaps {
        text.push_str(&format!("\n> {}\n", code(gap)));
    }
    for (title, changes) in [("Opened", &diff.opened), ("Closed", &diff.closed)] {
        if changes.is_empty() {
            continue;
        }
        text.push_str(&format!("\n**{title}**\n\n| from | to | ports |\n|---|---|---|\n"));
        changes.iter().take(ROWS).for_each(|change| text.push_str(&row(diff, change)));
        if let Some(more) = changes.len().checked_sub(ROWS).filter(|more| *more > 0) {
            text.push_str(&format!("\nand {more} more\n"));
        }
    }
    let groups: Vec<String> = label::groups(diff)
        .map(|(name, members)| {
            let named: Vec<String> = members.iter().take(MEMBERS).map(|m| code(m)).collect();
            let more = members.len().saturating_sub(MEMBERS);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("- {name}: {}{more}\n", named.join(", "))
        })
        .collect();
    if !groups.is_empty() {
        text.push_str("\n<details><summary>Groups</summary>\n\n");
        groups.iter().for_each(|group| text.push_str(group));
        text.push_str("\n</details>\n");
    }
    text
}

fn row(diff: &InputDiff, change: &Change) -> String {
    let [from, to] = [&change.from, &change.to].map(|end| code(&label::diff_end(diff, end)));
    let why = change.why.map(|why| format!(" (perhaps: {why})")).unwrap_or_default();
    format!("| {from} | {to} | {}{why} |\n", change.ports)
}

/// Names of others, so that nothing in them is markup or ends the cell.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|").replace(['\n', '\r'], " "))
}
