//! Questions to a person on a terminal.

use std::io::{self, BufRead, Write};

use secrecy::SecretString;

use super::Ui;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// Ctrl-D, or the terminal is gone.
    #[error("the input ended")]
    Ended,
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The terminal cannot be read or written.
    #[error("the terminal cannot be used: {0}")]
    Io(#[from] io::Error),
}

const LINE_FEED: u8 = b'\n';
const CTRL_C: u8 = 3;

impl Ui {
    /// Asks for a line; an empty one means `default`.
    ///
    /// # Errors
    /// There is no answer.
    pub fn ask(&self, question: &str, default: Option<&str>) -> Result<String, PromptError> {
        let offer = match default {
            None | Some("") => String::new(),
            Some(default) => format!(" [{default}]"),
        };
        self.prompt(&format!("{question}{offer}: "))?;
        let answer = read_line()?;
        let answer = answer.trim();
        Ok(if answer.is_empty() { default.unwrap_or_default() } else { answer }.to_owned())
    }

    /// Asks for a line that is not shown while it is typed.
    ///
    /// # Errors
    /// There is no answer.
    pub fn ask_secret(&self, question: &str) -> Result<SecretString, PromptError> {
        let answer = {
            // Before the question is seen, or the first characters could be.
            let _hidden = Hidden::new()?;
            self.prompt(&format!("{question}: "))?;
            read_line()
        };
        // The line break that was typed was hidden too.
        writeln!(io::stderr().lock())?;
        Ok(answer?.into())
    }

    fn prompt(&self, text: &str) -> io::Result<()> {
        let mut stderr = io::stderr().lock();
        write!(stderr, "{}", self.clean(text))?;
        stderr.flush()
    }
}

/// A line without its end, also where Ctrl-C ends it.
fn read_line() -> Result<String, PromptError> {
    let mut stdin = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        let available = stdin.fill_buf()?;
        if available.is_empty() {
            return Err(PromptError::Ended);
        }
        let end = available.iter().position(|byte| matches!(*byte, LINE_FEED | CTRL_C));
        let used = end.map_or(available.len(), |end| end + 1);
        line.extend_from_slice(&available[..used]);
        stdin.consume(used);
        if end.is_some() {
            break;
        }
    }
    if line.pop() == Some(CTRL_C) {
        return Err(PromptError::Interrupted);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line)
        .map_err(|_| PromptError::Io(io::Error::new(io::ErrorKind::InvalidData, "not UTF-8")))
}

/// The terminal shows nothing that is typed while this lives.
///
/// Ctrl-C ends the line instead of the process, which would leave the terminal without echo.
#[cfg(unix)]
struct Hidden(rustix::termios::Termios);

#[cfg(unix)]
impl Hidden {
    fn new() -> io::Result<Self> {
        use rustix::termios::{
            LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr,
        };
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
        tcsetattr(io::stdin(), OptionalActions::Drain, &hidden)?;
        Ok(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Hidden {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
    }
}

#[cfg(not(unix))]
struct Hidden;

#[cfg(not(unix))]
impl Hidden {
    fn new() -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "secrets can only be typed on Unix"))
    }
}
