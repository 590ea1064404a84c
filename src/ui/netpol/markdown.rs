//! A verification as a comment on a pull request.

use std::fmt::Write as _;

use super::report::{Group, cluster, grouped, headline, strictness, summary, symbol};
use crate::ui::Style;
use crate::ui::markup::{BUDGET, cell_code, code, text};
use netpol::report::Report;
use netpol::report::model::State;

/// The verdict, what fails, and folded away everything else.
#[must_use]
pub fn report_markdown(report: &Report) -> String {
    let mut out = String::new();
    let result = match report.worst() {
        None => "✓ as intended".to_owned(),
        Some(kind) if kind.is_unproven() => format!("? {kind}"),
        Some(kind) => format!("✗ {kind}"),
    };
    let _ = writeln!(out, "### verify-netpol: {}\n", text(&result));
    let _ = writeln!(out, "{}\n", text(&headline(report)));
    for line in cluster(report, Style::PLAIN) {
        let _ = writeln!(out, "{}\n", text(&line));
    }
    let _ = writeln!(out, "**{}**, {}", text(&summary(report)), text(&strictness(report)));
    let groups = grouped(report, true);
    let (failing, others): (Vec<_>, Vec<_>) = groups.iter().partition(|(judged, ..)| judged.fails);
    let mut left_out = 0;
    for group in failing {
        add(&mut out, &finding(group), &mut left_out);
    }
    if !others.is_empty() {
        let mut block = format!(
            "\n<details><summary>{} more that {} not fail</summary>\n",
            others.len(),
            if others.len() == 1 { "does" } else { "do" }
        );
        for group in others {
            block.push_str(&finding(group));
        }
        block.push_str("\n</details>\n");
        add(&mut out, &block, &mut left_out);
    }
    add(&mut out, &table(report), &mut left_out);
    if left_out > 0 {
        let _ = writeln!(out, "\n{left_out} more parts do not fit into a comment.");
    }
    out
}

fn add(out: &mut String, block: &str, left_out: &mut usize) {
    if out.len() + block.len() > BUDGET {
        *left_out += 1;
    } else {
        out.push_str(block);
    }
}

fn finding((judged, from, to): &Group<'_>) -> String {
    let finding = &judged.finding;
    let mut block = format!("\n- **{}** ", text(judged.rule()));
    if !to.is_empty() {
        let _ = write!(block, "{} → {}: ", code(&from.join(", ")), code(&to.join(", ")));
    }
    let _ = writeln!(block, "{}", text(&finding.message));
    for cause in &finding.because {
        let place = cause.place.as_ref().map(|p| format!(" {}", code(&p.to_string())));
        let _ = writeln!(block, "  - {}{}", text(&cause.words()), place.unwrap_or_default());
    }
    for fix in &finding.fix {
        match fix.split_once(":  ") {
            Some((what, command)) => {
                let _ = writeln!(block, "  - {}: {}", text(what), code(command));
            }
            None => {
                let _ = writeln!(block, "  - {}", text(fix));
            }
        }
    }
    let state = match &judged.state {
        State::New => return block,
        State::Known { reason, expires: None } => format!("known: {reason}"),
        State::Known { reason, expires: Some(day) } => format!("known until {day}: {reason}"),
        State::Expired { reason, expires } => {
            format!("was known until {expires}, which is over: {reason}")
        }
    };
    let _ = writeln!(block, "  - {}", text(&state));
    block
}

fn table(report: &Report) -> String {
    if report.checks.is_empty() {
        return String::new();
    }
    let mut block = String::from(
        "\n<details><summary>All flows</summary>\n\n| from | to | | |\n|---|---|---|---|\n",
    );
    for check in &report.checks {
        let found = report.about(check);
        let words = found.map(|judged| text(&judged.finding.message)).unwrap_or_default();
        let _ = writeln!(
            block,
            "| {} | {} | {} | {words} |",
            cell_code(&check.from.name),
            cell_code(&check.to.name),
            symbol(check, found)
        );
    }
    block.push_str("\n</details>\n");
    block
}
