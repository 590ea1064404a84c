//! The live view: one line for each step, collapsed when it is done.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::words;
use crate::engine::{Event, Step};
use crate::ui::Ui;

/// Lines that are redrawn in place on standard error.
pub struct Terminal {
    ui: Ui,
    lines: MultiProgress,
    current: Option<(Step, ProgressBar)>,
    workloads: BTreeMap<String, ProgressBar>,
    ready: BTreeMap<String, bool>,
}

impl Terminal {
    pub(super) fn new(ui: Ui) -> Self {
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        Self { ui, lines, current: None, workloads: BTreeMap::new(), ready: BTreeMap::new() }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::StepStarted { step } => self.started(*step),
            Event::StepFinished { step, detail, elapsed } => {
                self.clear();
                let style = self.ui.stderr_style();
                let (name, detail) = (words::step(*step), words::detail(detail));
                self.above(&format!(
                    "{} {name:<18} {detail:<58} {:>6}",
                    style.good("✓"),
                    words::seconds(*elapsed)
                ));
            }
            Event::Waiting { what, .. } => self.message(&format!("waiting for {what}")),
            Event::Workload { object, ready, desired, done, note } => {
                self.workload(&object.name, *ready, *desired, *done, note.as_deref());
            }
            Event::Retrying { error, elapsed } => {
                self.message(&format!("trying again since {}: {error}", words::seconds(*elapsed)));
            }
            Event::Object { object, .. } => self.message(&object.to_string()),
        }
    }

    pub(super) fn finish(&mut self) {
        self.clear();
        let _ = self.lines.clear();
    }

    fn started(&mut self, step: Step) {
        self.clear();
        let bar = self.lines.add(ProgressBar::new_spinner());
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {prefix:<18} {wide_msg} {elapsed:>6}")
        {
            bar.set_style(
                style.tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "]),
            );
        }
        bar.set_prefix(words::step(step));
        bar.enable_steady_tick(Duration::from_millis(100));
        self.current = Some((step, bar));
    }

    fn workload(&mut self, name: &str, ready: i32, desired: i32, done: bool, note: Option<&str>) {
        self.ready.insert(name.to_owned(), done);
        let lines = &self.lines;
        let bar = self.workloads.entry(name.to_owned()).or_insert_with(|| {
            let bar = lines.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("    {wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        let note = note.unwrap_or_default();
        let line = format!("{name:<15} {ready}/{desired} ready  {note}");
        bar.set_message(words::one_line(&self.ui.clean(&line)));
        bar.tick();
        let through = self.ready.values().filter(|done| **done).count();
        let all = self.ready.len();
        self.message(&format!("{through}/{all} ready"));
    }

    fn message(&self, text: &str) {
        if let Some((_, bar)) = &self.current {
            bar.set_message(words::one_line(&self.ui.clean(text)));
        }
    }

    fn above(&self, line: &str) {
        let _ = self.lines.println(self.ui.clean(line));
    }

    fn clear(&mut self) {
        for bar in std::mem::take(&mut self.workloads).into_values() {
            bar.finish_and_clear();
        }
        if let Some((_, bar)) = self.current.take() {
            bar.finish_and_clear();
        }
    }
}
