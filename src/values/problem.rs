//! Problems of values files: where, which key, why. Nothing here can hold a value, so that every
//! message may be printed.

use std::fmt;

use serde::Serialize;

use super::keys::Key;
use super::reason::{Reason, Severity};

/// Where something stands.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Place {
    /// The file's name as the user typed it, `-` for standard input, or `--set`.
    pub file: String,
    /// Counted from 1; absent where no line can be named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// Something to correct, or to know.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// Where; absent for a key that is missing everywhere.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// The key, where one is known and its name may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The entry of a list, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<usize>,
    /// Why.
    #[serde(flatten)]
    pub reason: Reason,
}

impl Problem {
    /// Whether the file can be used all the same.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.reason.severity()
    }

    /// What is wrong, in one sentence without place and key.
    #[must_use]
    pub fn message(&self) -> String {
        match self.entry {
            Some(entry) => format!("entry {entry}: {}", self.reason),
            None => self.reason.to_string(),
        }
    }

    /// What to do: the reason's own advice, else what a good value looks like.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.reason.advice().map(String::from).or_else(|| {
            let spec = Key::from_name(self.key.as_deref()?)?.spec();
            Some(format!("expected {}", spec.form))
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.message())?;
        match self.hint() {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Every problem of one reading, in the order of files and lines; what has no place comes last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// At least one.
    pub errors: Vec<Problem>,
    /// What else was seen.
    pub warnings: Vec<Problem>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}
