//! What a run found: tables of figures, and the limits that they are held to.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::measure::{Sample, Spread, cpu, peak, wall};

/// A promise, and what was measured.
#[derive(Debug)]
pub struct Limit {
    /// What is promised.
    pub what: String,
    /// What was found, in the limit's own unit.
    pub measured: f64,
    /// The largest figure that keeps the promise.
    pub limit: f64,
    /// What nothing can be better than: a figure below it is noise, and keeps no promise.
    pub floor: f64,
    /// What the figures count.
    pub unit: &'static str,
}

impl Limit {
    /// Whether the promise is kept. A figure that is no number keeps none.
    pub fn met(&self) -> bool {
        self.measured <= self.limit && !self.noisy()
    }

    fn noisy(&self) -> bool {
        self.measured < self.floor
    }
}

/// Figures side by side.
#[derive(Debug)]
pub struct Table {
    pub title: String,
    pub columns: &'static [&'static str],
    pub rows: Vec<Vec<String>>,
    /// What the reader must know of how it was measured.
    pub note: String,
}

/// Everything that a run found.
#[derive(Debug, Default)]
pub struct Report {
    pub limits: Vec<Limit>,
    pub tables: Vec<Table>,
}

impl Report {
    /// The promises that were not kept.
    pub fn missed(&self) -> impl Iterator<Item = &Limit> {
        self.limits.iter().filter(|limit| !limit.met())
    }

    /// As Markdown.
    pub fn markdown(&self, head: &str) -> String {
        let mut text = format!("{head}\n");
        if !self.limits.is_empty() {
            let rows = self.limits.iter().map(|limit| {
                let verdict = match limit.met() {
                    true => "kept",
                    false if limit.noisy() => "**cannot be told**: the machine is too busy",
                    false => "**missed**",
                };
                let unit = limit.unit;
                vec![
                    limit.what.clone(),
                    format!("{}{unit}", figure(limit.limit)),
                    format!("{}{unit}", figure(limit.measured)),
                    verdict.to_owned(),
                ]
            });
            text.push('\n');
            table(&mut text, &["limit", "at most", "measured", ""], rows);
        }
        for Table { title, columns, rows, note } in &self.tables {
            let _ = writeln!(text, "\n### {title}\n\n{note}\n");
            table(&mut text, columns, rows.iter().cloned());
        }
        text
    }
}

fn table(text: &mut String, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let _ = writeln!(text, "| {} |", columns.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(columns.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}

/// The columns of [`figures`].
pub const FIGURES: [&str; 4] = ["", "wall, ms", "CPU, ms", "peak memory, MB"];

/// A row of what a program cost: least / **median** / most.
pub fn figures(name: &str, samples: &[Sample]) -> Vec<String> {
    vec![name.to_owned(), spread(wall(samples)), spread(cpu(samples)), spread(peak(samples))]
}

/// Least / **median** / most.
pub fn spread(spread: Spread) -> String {
    let Spread { min, median, max } = spread;
    format!("{} / **{}** / {}", figure(min), figure(median), figure(max))
}

/// Three digits, or all before the point.
pub fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

const BEGIN: &str = "<!-- figures: written by cargo xtask bench -->";
const END: &str = "<!-- end of figures -->";

/// Puts the figures into a page, between its two marks.
pub fn write(page: &Path, figures: &str) -> Result<()> {
    let text =
        fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    let text = replace(&text, figures)
        .with_context(|| format!("{} has no lines {BEGIN} and {END}", page.display()))?;
    fs::write(page, text).with_context(|| format!("cannot write {}", page.display()))
}

fn replace(text: &str, figures: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", figures.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(measured: f64) -> Limit {
        Limit { what: "time".to_owned(), measured, limit: 2.0, floor: 1.0, unit: "×" }
    }

    #[test]
    fn a_limit_is_kept_up_to_itself() {
        assert!(limit(1.9).met() && limit(2.0).met());
        assert!(!limit(2.01).met() && !limit(f64::NAN).met());
    }

    #[test]
    fn what_is_too_good_to_be_true_keeps_no_limit() {
        assert!(!limit(0.9).met());
        let report = Report { limits: vec![limit(0.9)], tables: Vec::new() };
        assert!(report.markdown("").contains("cannot be told"));
    }

    #[test]
    fn a_missed_limit_shows() {
        let report = Report { limits: vec![limit(1.0), limit(3.0)], tables: Vec::new() };
        assert_eq!(report.missed().count(), 1);
        let text = report.markdown("head");
        assert!(text.contains("| time | 2× | 3× | **missed** |"), "{text}");
    }

    #[test]
    fn a_page_keeps_what_is_around_its_figures() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = replace(&page, "new\n").expect("marks");
        assert_eq!(new, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(replace("no marks", "new"), None);
    }

    #[test]
    fn figures_have_three_digits() {
        let texts = [0.0614, 1.234, 12.34, 1234.5, 2.0].map(figure);
        assert_eq!(texts, ["0.061", "1.23", "12.3", "1234", "2"]);
    }
}
