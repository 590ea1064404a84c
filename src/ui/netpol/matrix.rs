//! The platform's matrix as a table, and below it what is not as intended.

use crate::netpol::matrix::{Cell, Matrix, Party, Verdict};
use crate::ui::{Style, count};

/// Rows are sources, columns destinations.
#[must_use]
pub fn matrix_table(matrix: &Matrix, style: Style) -> String {
    let of = |has: fn(&Cell) -> Party| -> Vec<Party> {
        Party::ALL.into_iter().filter(|p| matrix.cells.iter().any(|c| has(c) == *p)).collect()
    };
    let (rows, columns) = (of(|c| c.from), of(|c| c.to));
    let mut text = format!("{:11}", "");
    columns.iter().for_each(|column| text.push_str(&format!("  {column}")));
    text.push('\n');
    for row in rows {
        text.push_str(&format!("  {row:9}"));
        for column in &columns {
            let width = column.name().len() + 2;
            let cell = matrix.cells.iter().find(|c| c.from == row && c.to == *column);
            let symbol = match cell {
                Some(cell) => symbol(cell),
                None if row == *column => "·",
                None => "",
            };
            let painted = match cell.map(|c| &c.verdict) {
                Some(Verdict::Bypass { .. } | Verdict::Overblock { .. }) => style.bad(symbol),
                Some(
                    Verdict::Unknown { .. }
                    | Verdict::Unobserved { .. }
                    | Verdict::CniDependent { .. }
                    | Verdict::UnreachableBaseline { .. },
                ) => style.warn(symbol),
                _ => symbol.to_owned(),
            };
            let pad = width - symbol.chars().count();
            text.push_str(&format!(
                "{:left$}{painted}{:right$}",
                "",
                "",
                left = pad / 2 + pad % 2,
                right = pad / 2
            ));
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text.push_str("\n  ✓ open as intended   – closed as intended   ✗ wrong   ? not proven   w wider than needed   · itself\n");
    text.push_str(&format!("  {}\n", summary(matrix)));
    let mut found: Vec<&Cell> =
        matrix.cells.iter().filter(|c| c.verdict != Verdict::Match).collect();
    found.sort_by_key(|c| (c.verdict.rank(), c.from, c.to));
    // One line for all destinations of which the same is to be said.
    let mut lines: Vec<(&Cell, Vec<&str>)> = Vec::new();
    for cell in found {
        let same = |(first, _): &&mut (&Cell, Vec<&str>)| {
            first.from == cell.from
                && first.verdict == cell.verdict
                && first.expected_open == cell.expected_open
        };
        match lines.iter_mut().find(same) {
            Some((_, to)) => to.push(cell.to.name()),
            None => lines.push((cell, vec![cell.to.name()])),
        }
    }
    for (cell, to) in lines {
        text.push_str(&format!("\n  {}", finding(cell, &to.join(", "), style)));
    }
    text.push('\n');
    text
}

/// `62 cells: 60 as intended (1 wide), 1 bypass, 1 unknown`.
#[must_use]
fn summary(matrix: &Matrix) -> String {
    let totals = matrix.totals();
    let wrong = totals.bypass + totals.overblock + totals.unknown + totals.unreachable_baseline;
    let mut text = format!("{}: {} as intended", count(totals.cells, "cell"), totals.cells - wrong);
    if totals.wide > 0 {
        text.push_str(&format!(" ({} wide)", totals.wide));
    }
    for (number, word) in [
        (totals.bypass, "bypass"),
        (totals.overblock, "overblock"),
        (totals.unknown, "unknown"),
        (totals.unreachable_baseline, "unreachable"),
    ] {
        if number > 0 {
            text.push_str(&format!(", {number} {word}"));
        }
    }
    text
}

const fn symbol(cell: &Cell) -> &'static str {
    match (&cell.verdict, cell.expected_open) {
        (Verdict::Match, true) => "✓",
        (Verdict::Match, false) => "–",
        (Verdict::Wide { .. }, true) => "✓ w",
        (Verdict::Wide { .. }, false) => "– w",
        (
            Verdict::Unknown { .. }
            | Verdict::Unobserved { .. }
            | Verdict::CniDependent { .. }
            | Verdict::UnreachableBaseline { .. },
            _,
        ) => "?",
        (Verdict::Bypass { .. } | Verdict::Overblock { .. }, _) => "✗",
    }
}

fn finding(cell: &Cell, to: &str, style: Style) -> String {
    let flow = format!("{} → {to}", cell.from);
    match &cell.verdict {
        Verdict::Bypass { ports } => {
            format!("{}  {flow}: expected closed, policies allow {ports}", style.bad("✗ bypass"))
        }
        Verdict::Overblock { ports } => {
            format!("{}  {flow}: expected open, no policy allows {ports}", style.bad("✗ overblock"))
        }
        Verdict::Unknown { ports, why, wanted } => {
            let meant = if *wanted { "open" } else { "closed" };
            format!(
                "{}  {flow}: expected {meant} on {ports}, not decidable ({why})",
                style.warn("? unknown")
            )
        }
        Verdict::Unobserved { ports, reason } => {
            format!("{}  {flow} on {ports}: {reason}", style.warn("? unknown"))
        }
        Verdict::CniDependent { ports } => format!(
            "{}  {flow} on {ports}: left to the network plugin, and not observed",
            style.warn("? cni-dependent")
        ),
        Verdict::UnreachableBaseline { ports } => format!(
            "{}  {flow} on {ports}: nobody reaches the target, so nothing is proven",
            style.warn("? unreachable")
        ),
        Verdict::Wide { ports, narrow } => {
            let key = match narrow.as_slice() {
                [] => String::new(),
                keys => format!("; narrow it with {}", keys.join(" and ")),
            };
            format!("w wide  {flow}: {ports} is open beyond the need{key}")
        }
        Verdict::Match => flow,
    }
}
