//! JUnit XML: a test case for each flow, and one for each other finding.

use std::fmt::Write;

use super::escape::xml;
use super::model::{Check, Judged, Report, State};

impl Report {
    /// What CI systems show as tests. What is not proven is never a pass: it fails under strict, and
    /// is skipped otherwise.
    #[must_use]
    pub fn junit(&self) -> String {
        let others: Vec<&Judged> = self
            .findings
            .iter()
            .enumerate()
            .filter(|(index, _)| !self.checks.iter().any(|c| c.finding == Some(*index)))
            .map(|(_, judged)| judged)
            .collect();
        let mut cases = String::new();
        let mut counts = Counts::default();
        for check in &self.checks {
            let name = format!("{} → {}", check.from.name, check.to.name);
            case(&mut cases, &mut counts, &check.from.name, &name, self.about(check), Some(check));
        }
        for judged in others {
            case(&mut cases, &mut counts, judged.rule(), &judged.sentence(), Some(judged), None);
        }
        let Counts { tests, failures, skipped } = counts;
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            r#"<testsuites name="verify-netpol" tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}">"#
        );
        let _ = writeln!(
            out,
            r#"<testsuite name="{}" tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}">"#,
            xml(&self.source.name)
        );
        let strict = if self.strict.on { "on" } else { "off" };
        let strict = format!("{strict} ({})", self.strict.why);
        let mut properties = vec![
            ("version", self.version.as_str()),
            ("digest", &self.source.digest),
            ("expectations", &self.expectations),
            ("strict", &strict),
        ];
        let proof = self.enforcement();
        properties.extend(proof.as_deref().map(|proof| ("enforcement", proof)));
        out.push_str("<properties>\n");
        for (name, value) in properties {
            let _ = writeln!(out, r#"<property name="{name}" value="{}"/>"#, xml(value));
        }
        out.push_str("</properties>\n");
        out.push_str(&cases);
        out.push_str("</testsuite>\n</testsuites>\n");
        out
    }
}

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    skipped: usize,
}

fn case(
    out: &mut String,
    counts: &mut Counts,
    class: &str,
    name: &str,
    found: Option<&Judged>,
    check: Option<&Check>,
) {
    counts.tests += 1;
    let file = found
        .and_then(|judged| judged.finding.because.iter().find_map(|c| c.place.as_ref()))
        .map(|place| format!(" file=\"{}\"", xml(&place.file)))
        .unwrap_or_default();
    let _ = write!(
        out,
        r#"<testcase classname="verify-netpol.{}" name="{}" time="0"{file}"#,
        xml(class),
        xml(name)
    );
    let Some(judged) = found else {
        out.push_str("/>\n");
        return;
    };
    out.push_str(">\n");
    let (kind, message) = (judged.rule(), judged.sentence());
    let text = judged.details().join("\n");
    let unproven = judged.finding.kind.is_unproven();
    match &judged.state {
        _ if judged.fails => {
            counts.failures += 1;
            let _ = writeln!(
                out,
                r#"<failure type="{kind}" message="{}">{}</failure>"#,
                xml(&message),
                xml(&text)
            );
        }
        State::Known { reason, .. } => {
            counts.skipped += 1;
            let message = format!("known: {message} ({reason})");
            let _ = writeln!(out, r#"<skipped message="{}"/>"#, xml(&message));
        }
        _ if unproven => {
            counts.skipped += 1;
            let _ = writeln!(out, r#"<skipped message="{}"/>"#, xml(&message));
        }
        _ => {
            debug_assert!(check.is_some() || !judged.fails);
            let _ =
                writeln!(out, "<system-out>{}</system-out>", xml(&format!("{message}\n{text}")));
        }
    }
    out.push_str("</testcase>\n");
}
