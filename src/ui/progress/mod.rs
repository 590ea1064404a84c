//! How a run's events are shown while it goes on.

mod json;
mod plain;
mod terminal;
mod words;

use super::Ui;
use crate::engine::Event;

/// `--progress`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum ProgressMode {
    /// A live view on a terminal, plain lines elsewhere.
    #[default]
    Auto,
    /// One line for each event that matters, with the time.
    Plain,
    /// One JSON object for each event, on standard error.
    Json,
    /// Nothing.
    None,
}

/// Consumes events.
pub enum Reporter {
    /// For a person at a terminal.
    Terminal(terminal::Terminal),
    /// For a log.
    Plain(plain::Plain),
    /// For a program.
    Json(json::Json),
    /// For nobody.
    Silent,
}

impl Reporter {
    /// The reporter for a mode and an output.
    #[must_use]
    pub fn new(ui: &Ui, mode: ProgressMode) -> Self {
        match mode {
            ProgressMode::None => Self::Silent,
            ProgressMode::Json => Self::Json(json::Json::new(ui.clone())),
            _ if ui.quiet() => Self::Silent,
            ProgressMode::Auto if ui.live() => Self::Terminal(terminal::Terminal::new(ui.clone())),
            ProgressMode::Auto | ProgressMode::Plain => Self::Plain(plain::Plain::new(ui.clone())),
        }
    }

    /// Shows an event.
    pub fn event(&mut self, event: &Event) {
        match self {
            Self::Terminal(reporter) => reporter.event(event),
            Self::Plain(reporter) => reporter.event(event),
            Self::Json(reporter) => reporter.event(event),
            Self::Silent => {}
        }
    }

    /// Ends the view before the closing block is printed.
    pub fn finish(&mut self) {
        match self {
            Self::Terminal(reporter) => reporter.finish(),
            Self::Plain(reporter) => reporter.finish(),
            Self::Json(_) | Self::Silent => {}
        }
    }
}
