//! The one block in which a failed command ends.

use crate::cli::Exit;

/// What happened, why, and what to type next.
///
/// ```text
/// ✗ Migration failed after 3.1s
///
///   Cause   …
///   Seen    …
///   Fix     …
///   Now     …
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened, without a full stop.
    pub headline: String,
    /// Why, in one sentence.
    pub cause: Option<String>,
    /// The evidence, line by line.
    pub seen: Vec<String>,
    /// What to do, line by line; commands on lines of their own.
    pub fix: Vec<String>,
    /// In which state everything is left.
    pub now: Vec<String>,
}

impl Failure {
    /// A failure of which only the headline is known so far.
    #[must_use]
    pub fn new(exit: Exit, headline: impl Into<String>) -> Self {
        Self {
            exit,
            headline: headline.into(),
            cause: None,
            seen: Vec::new(),
            fix: Vec::new(),
            now: Vec::new(),
        }
    }

    /// Adds the cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds a line of evidence.
    #[must_use]
    pub fn seen(mut self, line: impl Into<String>) -> Self {
        self.seen.push(line.into());
        self
    }

    /// Adds a line of advice.
    #[must_use]
    pub fn fix(mut self, line: impl Into<String>) -> Self {
        self.fix.push(line.into());
        self
    }

    /// Adds a line on the state that is left behind.
    #[must_use]
    pub fn now(mut self, line: impl Into<String>) -> Self {
        self.now.push(line.into());
        self
    }

    /// The block as text, with a trailing newline.
    #[must_use]
    pub fn to_text(&self, style: super::Style) -> String {
        let mut text = format!("{} {}\n", style.bad("✗"), style.bold(&self.headline));
        let cause: Vec<String> = self.cause.iter().cloned().collect();
        let sections =
            [("Cause", &cause), ("Seen", &self.seen), ("Fix", &self.fix), ("Now", &self.now)];
        let mut first = true;
        for (label, lines) in sections {
            for (index, line) in lines.iter().flat_map(|l| l.split('\n')).enumerate() {
                if first {
                    text.push('\n');
                    first = false;
                }
                let label = if index == 0 { label } else { "" };
                let row = format!("  {label:<7} {}", inert(line));
                text.push_str(row.trim_end());
                text.push('\n');
            }
        }
        if self.exit != Exit::Error {
            text.push_str(&style.dim(&format!("  exit code {}", self.exit.code())));
            text.push('\n');
        }
        text
    }
}

/// A line of a log or of a message that GitHub Actions would carry out as a command: it looks behind
/// leading blanks.
fn inert(line: &str) -> String {
    let text = line.trim_start();
    if text.starts_with("::") || text.starts_with("##[") {
        format!("| {line}")
    } else {
        line.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;
    use crate::cli::Exit;
    use crate::ui::Style;

    #[test]
    fn a_line_of_a_log_is_no_command_for_the_pipeline() {
        let failure = Failure::new(Exit::Migration, "Migration failed")
            .seen("the last lines of its log:")
            .seen("  ::add-mask::x")
            .seen("##[error]y");
        let text = failure.to_text(Style::PLAIN);
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("##[")), "{text}");
    }
}
