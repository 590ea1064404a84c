//! The plan for a person at a terminal.

use std::fmt::Write as _;

use super::unified::{self, Tag};
use super::{PlanView, flows, words};
use crate::plan::{Action, Change, Plan};

/// Names longer than this do not push what is behind them to the right.
const WIDEST_NAME: usize = 46;

/// What follows stands beside a change as long as both have no more bytes than this.
const ONE_LINE: usize = 96;

/// Fields of one object that are listed; `--diff` has all.
const LISTED_FIELDS: usize = 6;

/// Flows that are listed; the JSON form has all.
const LISTED_FLOWS: usize = 16;

/// The plan as text, with a trailing newline.
#[must_use]
pub fn table(plan: &Plan, view: &PlanView<'_>) -> String {
    let style = view.style;
    let mut out = String::new();
    line(&mut out, 0, &style.bold(&words::headline(plan)));
    if let Some(facts) = &plan.head.facts {
        for fact in facts.to_string().lines() {
            line(&mut out, 2, &style.dim(fact));
        }
    }
    out.push('\n');
    for name in words::sections(plan) {
        section(&mut out, plan, name, view);
    }
    if plan.counts.keep > 0 {
        line(&mut out, 2, &style.dim(&format!("{} unchanged", plan.counts.keep)));
    }
    if out.ends_with("\n\n") {
        out.pop();
    }
    reachability(&mut out, plan, view);
    migration(&mut out, plan, view);
    for (title, list) in [("Warnings", &plan.warnings), ("Not verified", &words::doubts(plan))] {
        if !list.is_empty() {
            out.push('\n');
            line(&mut out, 0, &style.warn(title));
            list.iter().for_each(|text| line(&mut out, 2, text));
        }
    }
    obstacles(&mut out, plan, view);
    out.push('\n');
    let next = match view.next {
        Some(next) if plan.obstacles().next().is_none() => format!("   {}", style.dim(next)),
        _ => String::new(),
    };
    line(&mut out, 0, &format!("{}{next}", style.bold(&words::totals(plan))));
    out
}

fn line(out: &mut String, indent: usize, text: &str) {
    let _ = writeln!(out, "{:indent$}{}", "", text.trim_end());
}

fn section(out: &mut String, plan: &Plan, name: &str, view: &PlanView<'_>) {
    let changes: Vec<&Change> = plan
        .changes
        .iter()
        .filter(|c| words::section(&c.reference) == name && words::is_listed(c))
        .collect();
    if changes.is_empty() {
        return;
    }
    line(out, 2, &view.style.bold(name));
    let widths = changes.iter().map(|c| c.reference.short().chars().count());
    let width = widths.filter(|w| *w <= WIDEST_NAME).max().unwrap_or(0);
    for change in changes {
        object(out, change, width, view);
    }
    out.push('\n');
}

fn object(out: &mut String, change: &Change, width: usize, view: &PlanView<'_>) {
    let style = view.style;
    let sign = words::sign(change.action);
    let sign = match change.action {
        _ if change.obstacle.is_some() => style.bad("✗"),
        Action::Create => style.good(sign),
        Action::Delete => style.bad(sign),
        Action::Keep | Action::Run => sign.to_owned(),
        _ => style.warn(sign),
    };
    // The widest sign begins further left, so that all names stand in one column.
    let indent = if change.action == Action::Replace && change.obstacle.is_none() { 2 } else { 4 };
    let name = change.reference.short();
    // A job that runs again shows what changes in it, but its own line says that it runs.
    let mut texts: Vec<String> = words::headword(change).into_iter().collect();
    let (fields, more) = words::field_lines(change, LISTED_FIELDS);
    texts.extend(fields);
    if let Some(effect) = words::effect(change) {
        match texts.as_mut_slice() {
            [only] if only.len() + effect.len() <= ONE_LINE => {
                *only = format!("{only}  ({effect})");
            }
            _ => texts.push(format!("({effect})")),
        }
    }
    if more > 0 && !view.diff {
        texts.push(style.dim(&format!("{} (--diff)", words::more_fields(more))));
    }
    texts.extend(words::notes(change));
    let mut texts = texts.into_iter();
    let first = texts.next().unwrap_or_default();
    line(out, indent, &format!("{sign} {name:width$}  {first}"));
    texts.for_each(|text| line(out, 8 + width, &text));
    if view.diff {
        diff(out, change, view);
    }
}

fn diff(out: &mut String, change: &Change, view: &PlanView<'_>) {
    let style = view.style;
    for part in unified::lines(change) {
        let text = match part.tag {
            Tag::Added => style.good(&format!("+ {}", part.text)),
            Tag::Removed => style.bad(&format!("- {}", part.text)),
            Tag::Context => format!("  {}", part.text),
            Tag::Gap => style.dim(&part.text),
        };
        line(out, 8, &text);
    }
    for foreign in &change.foreign {
        let text = format!("{} is set by {} and stays", foreign.field, foreign.manager);
        line(out, 8, &style.dim(&text));
    }
}

fn reachability(out: &mut String, plan: &Plan, view: &PlanView<'_>) {
    let Some(reachability) = &plan.reachability else { return };
    let lines = flows::lines(reachability);
    if lines.is_empty() {
        return;
    }
    out.push('\n');
    line(out, 0, &view.style.bold("Reachability"));
    for (opens, text) in lines.iter().take(LISTED_FLOWS) {
        let sign = if *opens { view.style.good("+") } else { view.style.bad("-") };
        let verb = if *opens { "opens " } else { "closes" };
        line(out, 2, &format!("{sign} {verb} {text}"));
    }
    if lines.len() > LISTED_FLOWS {
        let more = format!("and {} more (-o json)", lines.len() - LISTED_FLOWS);
        line(out, 4, &view.style.dim(&more));
    }
    if !reachability.complete {
        let text = "policies of others could not be listed: one of them may open what closes here";
        line(out, 2, &view.style.warn(text));
    }
}

fn migration(out: &mut String, plan: &Plan, view: &PlanView<'_>) {
    let Some(migration) = &plan.migration else { return };
    let Some(backup) = &migration.backup else { return };
    out.push('\n');
    let title =
        format!("The migration runs ({}); take a backup first", migration.command.join(" "));
    line(out, 0, &view.style.bold(&title));
    line(out, 2, backup);
}

fn obstacles(out: &mut String, plan: &Plan, view: &PlanView<'_>) {
    let list: Vec<_> = plan.obstacles().collect();
    if list.is_empty() {
        return;
    }
    out.push('\n');
    let title = "This plan cannot be carried out";
    line(out, 0, &view.style.bad(title));
    for (change, obstacle) in list {
        line(out, 2, &format!("✗ {}: {obstacle}", change.reference));
        line(out, 4, obstacle.hint());
    }
}
