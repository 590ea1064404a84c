//! Owns every byte that is printed: data on stdout, everything for people on stderr.
//!
//! Whatever leaves the program passes the [`Redactor`] here, so that no other module can forget it.

mod failure;
pub(crate) mod log;
mod markup;
pub mod netpol;
pub mod plan;
mod problems;
pub mod progress;
mod prompt;
pub mod status;
mod style;

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

pub use failure::Failure;
pub use problems::{count, problem_lines};
pub use prompt::PromptError;
pub use style::{ColorChoice, Style};

use crate::redact::Redactor;

/// The program's output.
#[derive(Clone)]
pub struct Ui {
    redactor: Arc<Mutex<Redactor>>,
    stdout: Style,
    stderr: Style,
    quiet: bool,
    interactive: bool,
}

/// Why data could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The reader went away: the end of the work, and no error.
    #[error("the reader of the output went away")]
    ClosedPipe,
    /// Anything else, such as a full disk.
    #[error("cannot write the output: {0}")]
    Io(io::Error),
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::ClosedPipe } else { Self::Io(error) }
    }
}

impl Ui {
    /// Decides once how to print.
    #[must_use]
    pub fn new(color: ColorChoice, quiet: bool) -> Self {
        Self {
            redactor: Arc::new(Mutex::new(Redactor::default())),
            stdout: Style::resolve(color, console::colors_enabled()),
            stderr: Style::resolve(color, console::colors_enabled_stderr()),
            quiet,
            interactive: io::stdin().is_terminal() && io::stderr().is_terminal(),
        }
    }

    /// Teaches the redactor what must never be printed.
    pub fn with_redactor<T>(&self, teach: impl FnOnce(&mut Redactor) -> T) -> T {
        teach(&mut self.redactor.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How to colour what goes to stdout.
    #[must_use]
    pub const fn stdout_style(&self) -> Style {
        self.stdout
    }

    /// How to colour what goes to stderr.
    #[must_use]
    pub const fn stderr_style(&self) -> Style {
        self.stderr
    }

    /// Whether a person can be asked.
    #[must_use]
    pub const fn interactive(&self) -> bool {
        self.interactive
    }

    /// Whether somebody reads the data on a terminal.
    #[must_use]
    pub fn stdout_is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether lines on stderr can be redrawn in place.
    #[must_use]
    pub fn live(&self) -> bool {
        console::user_attended_stderr()
    }

    /// Whether notices are wanted.
    #[must_use]
    pub const fn quiet(&self) -> bool {
        self.quiet
    }

    /// Removes what must never be printed.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        self.with_redactor(|redactor| redactor.clean_styled(text))
    }

    /// Writes data to stdout.
    ///
    /// # Errors
    /// [`OutputError`]; a closed pipe has a variant of its own.
    pub fn data(&self, text: &str) -> Result<(), OutputError> {
        self.write_stdout(&self.clean(text))
    }

    /// Writes a JSON document to stdout, its strings cleaned before they are written as JSON.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub fn json(&self, value: &serde_json::Value) -> Result<(), OutputError> {
        let mut value = value.clone();
        self.with_redactor(|redactor| redactor.clean_json(&mut value));
        self.write_stdout(&format!("{value:#}\n"))
    }

    /// Writes data to stdout that a person asked to see with its secrets.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub fn data_with_secrets(&self, text: &str) -> Result<(), OutputError> {
        self.write_stdout(text)
    }

    #[allow(clippy::unused_self)]
    fn write_stdout(&self, text: &str) -> Result<(), OutputError> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()?;
        Ok(())
    }

    /// Tells people something on stderr, one line.
    pub fn notice(&self, line: &str) {
        if !self.quiet {
            self.stderr_line(line);
        }
    }

    /// Tells people something on stderr, in several lines.
    pub fn notices(&self, text: &str) {
        text.lines().for_each(|line| self.notice(line));
    }

    /// Warns people on stderr, also when quiet.
    pub fn warn(&self, line: &str) {
        self.stderr_line(&format!("{} {line}", self.stderr.warn("warning:")));
    }

    /// Asks a person; anything but `y` or `yes` is a no.
    #[must_use]
    pub fn confirm(&self, question: &str) -> bool {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{question} [y/N] ");
        let _ = stderr.flush();
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer).is_ok();
        read && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Ends a failed command.
    pub fn fail(&self, failure: &Failure) {
        self.stderr_line(failure.to_text(self.stderr).trim_end());
    }

    /// One line of JSON on stderr, its strings cleaned before they are written as JSON.
    pub(crate) fn json_line(&self, mut value: serde_json::Value) {
        self.with_redactor(|redactor| redactor.clean_json(&mut value));
        let _ = writeln!(io::stderr().lock(), "{value}");
    }

    /// One line, or one block, on stderr. A stderr that cannot be written to has nobody to tell.
    pub(crate) fn stderr_line(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", self.clean(text));
    }
}
