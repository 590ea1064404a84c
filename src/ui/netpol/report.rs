//! A verification as a table, and below it what is not as intended.

use crate::ui::{Style, count};
use netpol::finding::{Finding, Kind};
use netpol::matrix::Party;
use netpol::report::Report;
use netpol::report::model::{Check, Judged, Level, State};

/// Causes and fixes that are shown of one finding; all of them are in the JSON.
const SHOWN: usize = 4;

/// Columns beyond which a grid is no help to anyone.
const COLUMNS: usize = 16;

/// Rows are sources, columns destinations; the last block is the answer.
#[must_use]
pub fn report_table(report: &Report, style: Style) -> String {
    let mut text = format!("{}\n", headline(report));
    cluster(report, style).iter().for_each(|line| text.push_str(&format!("{line}\n")));
    text.push('\n');
    let columns = names(report, |c| &c.to.name).len();
    if (1..=COLUMNS).contains(&columns) {
        grid(report, style, &mut text);
        text.push_str("\n  ✓ open as intended   – closed as intended   ✗ wrong   ? not proven   w wider than needed   · itself\n");
    }
    text.push_str(&format!("  {}\n", summary(report)));
    let mut wide = false;
    for group in grouped(report, false) {
        // Those that are only wide stand together.
        let gap = if wide && group.0.finding.kind == Kind::Wide { "" } else { "\n" };
        wide = group.0.finding.kind == Kind::Wide;
        text.push_str(&format!("{gap}  {}\n", line(&group, style)));
        details(group.0, &mut text);
    }
    for about in &report.stale {
        text.push_str(&format!("\n  ~ baseline  {about}: matches nothing, remove it\n"));
    }
    text.push_str(&format!("\n  {}\n", strictness(report)));
    text
}

/// The cluster that was asked and when, and whether it enforces policies, where packets showed it.
#[must_use]
pub fn cluster(report: &Report, style: Style) -> Vec<String> {
    let Some(cluster) = &report.cluster else { return Vec::new() };
    let named = cluster.context.as_ref().map(|context| format!("context {context}"));
    let mut known = vec![named.unwrap_or_else(|| cluster.server.clone())];
    known.extend(cluster.version.as_ref().map(|version| format!("Kubernetes {version}")));
    known.extend([&cluster.cni, &cluster.time].into_iter().flatten().cloned());
    let proof = cluster.live.as_ref().map(|sent| &sent.proof);
    let enforcement = report.enforcement().map(|line| match proof {
        Some(proof) if proof.is_refuted() => style.bad(&line),
        Some(proof) if !proof.enforced => style.warn(&line),
        _ => line,
    });
    std::iter::once(known.join("  ")).chain(enforcement).collect()
}

/// `values.env, rendered: 3 namespaces, 0 pods, 5 workloads, 14 policies; expectations: profile platform`.
#[must_use]
pub fn headline(report: &Report) -> String {
    report.head.clone()
}

/// `62 cells of 940 flows: 60 as intended (1 wide), 1 bypass, 1 unknown; 2 findings known`.
#[must_use]
pub fn summary(report: &Report) -> String {
    let totals = report.totals();
    let checked = match totals.flows {
        0 => count(totals.checks, "flow"),
        flows => format!("{} of {}", count(totals.checks, "cell"), count(flows, "flow")),
    };
    let mut text = format!("{checked}: {} as intended", totals.as_intended);
    if totals.wide > 0 {
        text.push_str(&format!(" ({} wide)", totals.wide));
    }
    for (number, word) in [
        (totals.bypass, "bypass"),
        (totals.overblock, "overblock"),
        (totals.unknown, "unknown"),
        (totals.cni_dependent, "cni-dependent"),
        (totals.unreachable_baseline, "unreachable"),
        (totals.lint, "lint"),
    ] {
        if number > 0 {
            text.push_str(&format!(", {number} {word}"));
        }
    }
    if totals.known > 0 {
        text.push_str(&format!("; {} known by the baseline", count(totals.known, "finding")));
    }
    text
}

/// What `--strict` does in this run, and why it is on or off.
#[must_use]
pub fn strictness(report: &Report) -> String {
    let strict = report.strict;
    let what = if strict.on {
        "strict: what is not proven fails"
    } else {
        "not strict: what is not proven does not fail"
    };
    format!("{what} ({})", strict.why)
}

fn grid(report: &Report, style: Style, text: &mut String) {
    let (rows, columns) = (names(report, |c| &c.from.name), names(report, |c| &c.to.name));
    let first = rows.iter().map(|name| name.chars().count()).max().unwrap_or_default().max(9);
    text.push_str(&format!("{:1$}", "", first + 2));
    columns.iter().for_each(|column| text.push_str(&format!("  {column}")));
    text.push('\n');
    for row in rows {
        text.push_str(&format!("  {row:first$}"));
        for column in &columns {
            let width = column.chars().count() + 2;
            let check = report.checks.iter().find(|c| c.from.name == row && c.to.name == *column);
            let found = check.and_then(|check| report.about(check));
            let symbol = match check {
                Some(check) => symbol(check, found),
                None if row == *column => "·",
                None => "",
            };
            let painted = match found.map(|judged| judged.finding.kind) {
                Some(Kind::NotEnforcing | Kind::Bypass | Kind::Overblock) => style.bad(symbol),
                Some(Kind::Unknown | Kind::CniDependent | Kind::UnreachableBaseline) => {
                    style.warn(symbol)
                }
                _ => symbol.to_owned(),
            };
            let pad = width.saturating_sub(symbol.chars().count());
            let left = pad / 2 + pad % 2;
            text.push_str(&format!("{:left$}{painted}{:right$}", "", "", right = pad / 2));
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
}

/// Each name once: parties of the platform in the order of every report, others as they come.
fn names(report: &Report, of: fn(&Check) -> &String) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for check in &report.checks {
        let name = of(check).as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let place = |name: &str| Party::ALL.iter().position(|p| p.name() == name);
    names.sort_by_key(|name| place(name).unwrap_or(usize::MAX));
    names
}

/// The sign of a cell.
#[must_use]
pub fn symbol(check: &Check, found: Option<&Judged>) -> &'static str {
    match (found.map(|judged| judged.finding.kind), check.expected_open) {
        (None | Some(Kind::Lint), true) => "✓",
        (None | Some(Kind::Lint), false) => "–",
        (Some(Kind::Wide), true) => "✓ w",
        (Some(Kind::Wide), false) => "– w",
        (Some(Kind::Unknown | Kind::CniDependent | Kind::UnreachableBaseline), _) => "?",
        (Some(Kind::NotEnforcing | Kind::Bypass | Kind::Overblock), _) => "✗",
    }
}

/// Findings of which the same is to be said: the first of them, who connects, and to whom.
pub(super) type Group<'r> = (&'r Judged, Vec<&'r str>, Vec<&'r str>);

/// One entry for all flows of which the same is to be said; `causes`: also why.
pub(super) fn grouped(report: &Report, causes: bool) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for judged in &report.findings {
        let Some(flow) = &judged.finding.flow else {
            groups.push((judged, Vec::new(), Vec::new()));
            continue;
        };
        let same = |(first, from, _): &&mut Group<'_>| {
            *from == [flow.from.as_str()] && alike(first, judged, causes)
        };
        match groups.iter_mut().find(same) {
            Some((_, _, to)) => to.push(&flow.to),
            None => groups.push((judged, vec![&flow.from], vec![&flow.to])),
        }
    }
    let mut merged: Vec<Group<'_>> = Vec::new();
    for (judged, from, to) in groups {
        let same = |(first, _, other): &&mut Group<'_>| {
            !to.is_empty() && *other == to && alike(first, judged, causes)
        };
        match merged.iter_mut().find(same) {
            Some((_, all, _)) => all.extend(from),
            None => merged.push((judged, from, to)),
        }
    }
    merged
}

fn alike(a: &Judged, b: &Judged, causes: bool) -> bool {
    let objects = |finding: &Finding| -> Vec<_> {
        finding.because.iter().map(|c| (c.object.clone(), c.field.clone())).collect()
    };
    let (x, y) = (&a.finding, &b.finding);
    (x.kind, x.code, &x.message, &x.fix, &a.state) == (y.kind, y.code, &y.message, &y.fix, &b.state)
        && (x.kind == Kind::Wide && !causes || objects(x) == objects(y))
}

fn line((judged, from, to): &Group<'_>, style: Style) -> String {
    let finding = &judged.finding;
    let known = matches!(judged.state, State::Known { .. });
    let sign = match finding.kind {
        Kind::Wide => "w",
        Kind::Unknown | Kind::CniDependent | Kind::UnreachableBaseline => "?",
        _ if judged.fails => "✗",
        _ => "~",
    };
    let head = format!("{sign} {}", judged.rule());
    let head = match judged.level() {
        _ if known => style.dim(&head),
        Level::Error if sign == "?" => style.warn(&head),
        Level::Error => style.bad(&head),
        Level::Warning => style.warn(&head),
        Level::Note => head,
    };
    let flow = if to.is_empty() {
        String::new()
    } else {
        format!("{} → {}: ", from.join(", "), to.join(", "))
    };
    let state = match &judged.state {
        State::New => String::new(),
        State::Known { reason, expires: Some(day) } => format!("  known until {day}: {reason}"),
        State::Known { reason, expires: None } => format!("  known: {reason}"),
        State::Expired { reason, expires } => {
            format!("  was known until {expires}, which is over: {reason}")
        }
    };
    // Of what is only wider than needed, the key that narrows it says enough.
    let narrow = if finding.kind == Kind::Wide { finding.fix.join("; ") } else { String::new() };
    let narrow = if narrow.is_empty() { narrow } else { format!("; {narrow}") };
    format!("{head}  {flow}{}{narrow}{state}", finding.message)
}

fn details(judged: &Judged, text: &mut String) {
    let finding = &judged.finding;
    if finding.kind == Kind::Wide {
        return;
    }
    let mut push = |line: &str| text.push_str(&format!("      {line}\n"));
    for cause in finding.because.iter().take(SHOWN) {
        let place = cause.place.as_ref().map(|p| format!("  {p}")).unwrap_or_default();
        push(&format!("{}{place}", cause.words()));
    }
    match finding.because.len().saturating_sub(SHOWN) {
        0 => {}
        more => push(&format!("and {more} more")),
    }
    finding.fix.iter().take(SHOWN).for_each(|fix| push(fix));
}
