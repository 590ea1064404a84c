//! The plan as a comment on a pull request.

use std::fmt::Write as _;

use super::unified::{self, Tag};
use super::{PlanView, flows, words};
use crate::plan::{Action, Change, Plan};
use crate::ui::markup::{BUDGET, cell_code, code, fenced, html, text};

/// The plan as Markdown, with a trailing newline: the totals, a table, and each object's change
/// folded away.
#[must_use]
pub fn markdown(plan: &Plan, view: &PlanView<'_>) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "### {}\n", text(&words::headline(plan)));
    let _ = writeln!(out, "**{}**", text(&words::totals(plan)));
    obstacles(&mut out, plan);
    changes(&mut out, plan);
    reachability(&mut out, plan);
    migration(&mut out, plan);
    let doubts = words::doubts(plan);
    for (title, list) in [("Warnings", &plan.warnings), ("Not verified", &doubts)] {
        if !list.is_empty() {
            let _ = writeln!(out, "\n#### {title}\n");
            for item in list {
                let _ = writeln!(out, "- {}", text(item));
            }
        }
    }
    facts(&mut out, plan);
    details(&mut out, plan);
    if let Some(next) = view.next
        && plan.obstacles().next().is_none()
    {
        let _ = writeln!(out, "\nTo carry it out: {}", code(next));
    }
    out
}

fn obstacles(out: &mut String, plan: &Plan) {
    let mut list = plan.obstacles().peekable();
    if list.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "\n#### This plan cannot be carried out\n");
    for (change, obstacle) in list {
        let _ = writeln!(
            out,
            "- {}: {}. {}",
            code(&change.reference.to_string()),
            text(&obstacle.to_string()),
            text(obstacle.hint())
        );
    }
}

fn changes(out: &mut String, plan: &Plan) {
    let listed: Vec<&Change> = plan.changes.iter().filter(|c| words::is_listed(c)).collect();
    if listed.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n| | object | what happens |\n|---|---|---|");
    for change in listed {
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            verb(change.action),
            cell_code(&change.reference.to_string()),
            cell(change)
        );
    }
    if plan.counts.keep > 0 {
        let _ = writeln!(out, "\n{} unchanged", plan.counts.keep);
    }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "add",
        Action::Update => "change",
        Action::Adopt => "adopt",
        Action::Replace => "replace",
        Action::Run => "run",
        Action::Keep => "keep",
        Action::Orphaned => "left in place",
        Action::Delete => "remove",
    }
}

fn cell(change: &Change) -> String {
    const LISTED: usize = 3;
    let (fields, more) = words::field_lines(change, LISTED);
    let mut parts: Vec<String> = words::headword(change).iter().map(|w| text(w)).collect();
    parts.extend(fields.iter().map(|field| cell_code(field)));
    if more > 0 {
        parts.push(words::more_fields(more));
    }
    parts.extend(words::effect(change).iter().map(|effect| text(effect)));
    parts.extend(words::notes(change).iter().map(|note| text(note)));
    parts.join("<br>")
}

fn reachability(out: &mut String, plan: &Plan) {
    let Some(reachability) = &plan.reachability else { return };
    let lines = flows::lines(reachability);
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n#### Reachability\n");
    for (opens, line) in lines {
        let _ = writeln!(out, "- {} {}", if opens { "opens" } else { "closes" }, code(&line));
    }
    if !reachability.complete {
        let _ = writeln!(
            out,
            "- policies of others could not be listed: one of them may open what closes here"
        );
    }
}

fn migration(out: &mut String, plan: &Plan) {
    let Some(migration) = &plan.migration else { return };
    let Some(backup) = &migration.backup else { return };
    let command = code(&migration.command.join(" "));
    let _ = writeln!(out, "\n#### The migration runs ({command}); take a backup first\n");
    fenced(out, "sh", backup);
}

fn facts(out: &mut String, plan: &Plan) {
    let Some(facts) = &plan.head.facts else { return };
    let _ = writeln!(out, "\n<details><summary>Facts of the cluster</summary>\n");
    for line in facts.to_string().lines() {
        let _ = writeln!(out, "- {}", text(line));
    }
    let _ = writeln!(out, "\n</details>");
}

fn details(out: &mut String, plan: &Plan) {
    let mut left_out = 0;
    for change in plan.changes.iter().filter(|c| c.action != Action::Keep) {
        let lines = unified::lines(change);
        if lines.is_empty() {
            continue;
        }
        let mut diff = String::new();
        for line in lines {
            let sign = match line.tag {
                Tag::Added => "+ ",
                Tag::Removed => "- ",
                Tag::Context => "  ",
                Tag::Gap => "",
            };
            let _ = writeln!(diff, "{sign}{}", line.text);
        }
        let mut block = String::new();
        let name = html(&change.reference.to_string());
        let _ = writeln!(block, "\n<details><summary><code>{name}</code></summary>\n");
        fenced(&mut block, "diff", diff.trim_end_matches('\n'));
        let _ = writeln!(block, "\n</details>");
        if out.len() + block.len() > BUDGET {
            left_out += 1;
        } else {
            out.push_str(&block);
        }
    }
    if left_out > 0 {
        let _ =
            writeln!(out, "\nThe details of {left_out} more objects do not fit into a comment.");
    }
}
