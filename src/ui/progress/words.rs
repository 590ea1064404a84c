//! The words for steps and their results, the same in every view.

use std::time::Duration;

use crate::engine::{Detail, Step};

/// A step's name.
pub(super) const fn step(step: Step) -> &'static str {
    match step {
        Step::Preflight => "Preflight",
        Step::Namespaces => "Namespaces",
        Step::Foundation => "Secrets, policies",
        Step::Migration => "Migration",
        Step::Runtime => "Workloads",
        Step::Rollout => "Rollout",
        Step::Health => "Health",
        Step::Policies => "Policies narrowed",
    }
}

/// What a step did.
pub(super) fn detail(detail: &Detail) -> String {
    match detail {
        Detail::Checks { count } => format!("{count} checks"),
        Detail::Objects { changed: 0, unchanged } => format!("{unchanged} unchanged"),
        Detail::Objects { changed, unchanged: 0 } => format!("{changed} written"),
        Detail::Objects { changed, unchanged } => {
            format!("{changed} written, {unchanged} unchanged")
        }
        Detail::Migration { head: None, .. } => "alembic upgrade head".to_owned(),
        Detail::Migration { head: Some(head), applied: 0 } => {
            format!("alembic upgrade head: already at {head}")
        }
        Detail::Migration { head: Some(head), applied } => {
            let plural = if *applied == 1 { "revision" } else { "revisions" };
            format!("alembic upgrade head → {head} ({applied} new {plural})")
        }
        Detail::Ready { count } => format!("{count}/{count} ready"),
        Detail::Answered { endpoints } => endpoints.join(", "),
        Detail::Nothing => "nothing to do".to_owned(),
    }
}

/// Seconds with one decimal.
pub(super) fn seconds(elapsed: Duration) -> String {
    format!("{:.1}s", elapsed.as_secs_f64())
}

/// The text without line breaks.
pub(super) fn one_line(text: &str) -> String {
    text.trim_end().replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_line_of_progress_stays_one_line() {
        assert_eq!(one_line("pulling\n::error::forged\n"), "pulling ::error::forged");
    }
}
