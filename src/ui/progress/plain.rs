//! One line for each event that matters, for logs.

use super::words;
use crate::engine::{Event, Step};
use crate::ui::Ui;

/// Plain lines with the time of day in UTC. Under GitHub Actions the steps are folded groups.
pub struct Plain {
    ui: Ui,
    groups: bool,
    open: bool,
    last: Option<String>,
}

impl Plain {
    pub(super) fn new(ui: Ui) -> Self {
        let groups = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        Self { ui, groups, open: false, last: None }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::StepStarted { step } => self.started(*step),
            Event::StepFinished { step, detail, elapsed } => {
                let (name, detail) = (words::step(*step), words::detail(detail));
                self.line(&format!("✓ {name:<18}  {detail}  {}", words::seconds(*elapsed)));
                self.close();
            }
            Event::Waiting { what, .. } => self.once(format!("  waiting for {what}")),
            Event::Workload { object, ready, desired, note, .. } => {
                let note = note.as_deref().map(|note| format!("  {note}")).unwrap_or_default();
                self.once(format!("  {}  {ready}/{desired} ready{note}", object.name));
            }
            Event::Retrying { error, elapsed } => {
                self.line(&format!("  trying again since {}: {error}", words::seconds(*elapsed)));
            }
            Event::Object { .. } => {}
        }
    }

    pub(super) fn finish(&mut self) {
        self.close();
    }

    fn started(&mut self, step: Step) {
        if self.groups {
            self.ui.stderr_line(&format!("::group::{}", words::step(step)));
            self.open = true;
        }
    }

    fn close(&mut self) {
        if self.open {
            self.ui.stderr_line("::endgroup::");
            self.open = false;
        }
    }

    /// The same line twice in a row says nothing new.
    fn once(&mut self, line: String) {
        if self.last.as_ref() != Some(&line) {
            self.line(&line);
            self.last = Some(line);
        }
    }

    fn line(&self, line: &str) {
        let now = jiff::Timestamp::now().strftime("%H:%M:%S");
        // What a cluster said may have several lines, and a line of its own could be taken for ours.
        self.ui.stderr_line(&format!("{now} {}", words::one_line(line)));
    }
}
