//! Lints, short: by code, the worst first.

use crate::ui::{Style, count};
use netpol::finding::{Finding, Severity};

/// Findings that are shown of one code; the rest is counted.
const SHOWN: usize = 3;

/// The lints among the findings, each code with its first findings, and a line that counts them.
/// Empty where there are none.
#[must_use]
pub fn lint(findings: &[Finding], style: Style) -> String {
    let lints: Vec<&Finding> = findings.iter().filter(|f| f.code.is_some()).collect();
    if lints.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    for of_code in lints.chunk_by(|a, b| a.code == b.code) {
        let (Some(code), first) = (of_code[0].code, of_code[0]) else { continue };
        let severity = format!("{:7}", first.severity());
        let severity = match first.severity() {
            Severity::Error => style.bad(&severity),
            Severity::Warning => style.warn(&severity),
            Severity::Note => severity,
        };
        let number = match of_code.len() {
            1 => String::new(),
            n => format!(" ({n})"),
        };
        text.push_str(&format!("{severity} {code}  {}{number}\n", code.title()));
        for finding in of_code.iter().take(SHOWN) {
            text.push_str(&one(finding));
        }
        if let more @ 1.. = of_code.len().saturating_sub(SHOWN) {
            text.push_str(&format!("    and {more} more\n"));
        }
    }
    text.push_str(&format!("lint: {}\n", tally(&lints)));
    text
}

fn one(finding: &Finding) -> String {
    let mut text = String::new();
    for cause in finding.because.iter().take(1) {
        let field = cause.field.as_ref().map(|f| format!(" {f}")).unwrap_or_default();
        let place = cause.place.as_ref().map(|p| format!("  ({p})")).unwrap_or_default();
        text.push_str(&format!("    {}{field}{place}\n", cause.object));
    }
    text.push_str(&format!("      {}\n", finding.message));
    finding.fix.iter().for_each(|fix| text.push_str(&format!("      fix: {fix}\n")));
    text
}

/// `1 error, 2 warnings, 5 notes`.
fn tally(lints: &[&Finding]) -> String {
    let number = |s: Severity| lints.iter().filter(|f| f.severity() == s).count();
    [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter(|s| number(*s) > 0)
        .map(|s| count(number(s), s.name()))
        .collect::<Vec<_>>()
        .join(", ")
}
