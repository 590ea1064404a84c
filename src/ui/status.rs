//! What runs, as a table.

use jiff::Timestamp;
use serde::Serialize;

use super::Style;
use crate::diagnose::{ComponentStatus, JobStatus};
use crate::health::Verdict;

/// The whole answer of `status`. Its JSON form only ever grows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `openhive.io/status/v1`
    pub schema: &'static str,
    /// In one word.
    pub state: State,
    /// The kubeconfig's context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The API server.
    pub server: String,
    /// One for each workload, gateway first.
    pub components: Vec<ComponentStatus>,
    /// Workloads that belong to the platform and are not there.
    pub missing: Vec<String>,
    /// The last migration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migration: Option<JobStatus>,
}

/// The state of the platform.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Every workload is ready.
    Healthy,
    /// Some are not.
    Degraded,
    /// There is none.
    Absent,
}

/// The table, with a trailing newline.
#[must_use]
pub fn table(report: &Report, now: Timestamp, style: Style) -> String {
    let place = report.context.as_deref().unwrap_or("in-cluster");
    let word = match report.state {
        State::Healthy => style.good("healthy"),
        State::Degraded => style.bad("degraded"),
        State::Absent => style.bad("not installed"),
    };
    let mut text = format!("OpenHive on {place} ({}): {word}\n", report.server);
    if report.state == State::Absent {
        text.push_str("  install it:  kubectl openhive install -f values.env\n");
        return text;
    }
    let width = report.components.iter().map(|c| c.image.chars().count()).max().unwrap_or(5);
    let width = width.max(5);
    text.push_str(&format!(
        "\n    {:<12}{:<7}{:<7}{:<10}{:<width$}\n",
        "COMPONENT", "READY", "AGE", "RESTARTS", "IMAGE"
    ));
    for component in &report.components {
        row(&mut text, component, width, style);
    }
    for missing in &report.missing {
        text.push_str(&format!("  {} {missing:<12}not there\n", style.bad("✗")));
    }
    if let Some(job) = &report.migration {
        migration(&mut text, job, now, style);
    }
    if report.state == State::Degraded {
        text.push_str("\n  repair it:  kubectl openhive install -f values.env\n");
    }
    text
}

fn row(text: &mut String, component: &ComponentStatus, width: usize, style: Style) {
    let good = component.verdict.is_ready();
    let sign = if good { style.good("✓") } else { style.bad("✗") };
    let age = component.age_seconds.map_or_else(|| "-".to_owned(), age);
    text.push_str(&format!(
        "  {sign} {:<12}{:<7}{age:<7}{:<10}{:<width$}",
        component.component,
        format!("{}/{}", component.ready, component.desired),
        component.restarts,
        component.image
    ));
    let trimmed = text.trim_end().len();
    text.truncate(trimmed);
    text.push('\n');
    if let Some(finding) = &component.first_finding {
        text.push_str(&format!("      {}\n", finding.cause));
        text.push_str(&format!("      fix: {}\n", finding.advice));
    } else if !good {
        text.push_str(&format!("      {}\n", component.verdict));
    }
}

fn migration(text: &mut String, job: &JobStatus, now: Timestamp, style: Style) {
    let (sign, word) = match &job.verdict {
        verdict if verdict.is_ready() => (style.good("✓"), "succeeded".to_owned()),
        Verdict::Failed(_) => (style.bad("✗"), "failed".to_owned()),
        verdict => (style.warn("~"), verdict.to_string()),
    };
    let when = job
        .finished
        .or(job.started)
        .map(|at| format!("  {} ago", age(now.duration_since(at).as_secs().max(0))));
    let when = when.unwrap_or_default();
    text.push_str(&format!("  {sign} {:<12}{word}{when}  {}\n", "migration", job.image));
    if let Some(finding) = &job.first_finding {
        text.push_str(&format!("      {}\n      fix: {}\n", finding.cause, finding.advice));
    }
}

/// As kubectl writes ages: the largest unit that is not zero, two of them while they are small.
fn age(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        ..120 => format!("{seconds}s"),
        120..600 if seconds % 60 != 0 => format!("{minutes}m{}s", seconds % 60),
        120..10800 => format!("{minutes}m"),
        10800..172_800 => format!("{hours}h"),
        _ => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn ages_read_as_kubectls() {
        for (seconds, text) in
            [(5, "5s"), (119, "119s"), (125, "2m5s"), (3600, "60m"), (10800, "3h"), (200_000, "2d")]
        {
            assert_eq!(age(seconds), text);
        }
    }
}
