//! Annotations of GitHub Actions: workflow commands on standard output.

use super::model::{Judged, Level, Report};

/// GitHub shows so many annotations of a level and drops the rest without a word.
const SHOWN: usize = 10;

impl Report {
    /// A line for each finding, at most ten of a level, the last of which then says how many more
    /// there are; and one with the total.
    #[must_use]
    pub fn github(&self) -> String {
        let mut lines = Vec::new();
        for (level, command) in
            [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "notice")]
        {
            let all: Vec<&Judged> = self.of_level(level).collect();
            // One notice is kept for the total.
            let room = if level == Level::Note { SHOWN - 1 } else { SHOWN };
            let shown = if all.len() > room { room - 1 } else { all.len() };
            lines.extend(all[..shown].iter().map(|judged| annotation(command, judged)));
            if all.len() > shown {
                let more = all.len() - shown;
                lines.push(format!(
                    "::{command} title=verify-netpol::and {more} more of {} findings of level {}; all of them are in the other reports",
                    all.len(),
                    level.name(),
                ));
            }
        }
        let totals = self.totals();
        let words = format!(
            "{} flows, {} as intended; {} findings, {} of them fail; strict is {} ({}){}",
            totals.checks,
            totals.as_intended,
            self.findings.len(),
            totals.failing,
            if self.strict.on { "on" } else { "off" },
            self.strict.why,
            self.enforcement().map(|proof| format!("; {proof}")).unwrap_or_default(),
        );
        lines.push(format!("::notice title=verify-netpol::{}", data(&words)));
        lines.join("\n") + "\n"
    }
}

fn annotation(command: &str, judged: &Judged) -> String {
    let place = judged.finding.because.iter().find_map(|cause| cause.place.as_ref());
    let mut properties = Vec::new();
    if let Some(place) = place.filter(|place| place.file != "-") {
        properties.push(format!("file={}", property(super::relative(&place.file))));
        if let Some(line) = place.line {
            properties.push(format!("line={line}"));
        }
    }
    properties.push(format!("title={}", property(&format!("verify-netpol {}", judged.rule()))));
    let text: Vec<String> = std::iter::once(judged.sentence()).chain(judged.details()).collect();
    format!("::{command} {}::{}", properties.join(","), data(&text.join("\n")))
}

/// The text behind the second pair of colons.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which a comma or a colon would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
