//! Counts requests in the API server's audit log.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The log of an API server that writes each line before it ends the response.
#[derive(Debug)]
pub struct AuditLog(PathBuf);

impl AuditLog {
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where the log ends now.
    pub fn end(&self) -> Result<u64> {
        match self.0.metadata() {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error).context("cannot read the audit log"),
        }
    }

    /// How many requests the program that calls itself `agent` made after `mark`.
    pub fn requests_of(&self, agent: &str, mark: u64) -> Result<usize> {
        let mut file = File::open(&self.0).context("cannot read the audit log")?;
        file.seek(SeekFrom::Start(mark))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(count(&text, agent))
    }
}

/// A watch has several lines, so requests are told by their number.
fn count(lines: &str, agent: &str) -> usize {
    let events = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = events
        .filter(|event| event["userAgent"].as_str().is_some_and(|found| found.starts_with(agent)));
    ours.filter_map(|event| event["auditID"].as_str().map(str::to_owned))
        .collect::<BTreeSet<_>>()
        .len()
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn requests_are_counted_once_and_by_agent() {
        let line = |id: &str, agent: &str| format!(r#"{{"auditID":"{id}","userAgent":"{agent}"}}"#);
        let log =
            [line("1", "Helm/4"), line("1", "Helm/4"), line("2", "Helm/4"), line("3", "kwok")];
        assert_eq!(count(&log.join("\n"), "Helm/"), 2);
    }
}
