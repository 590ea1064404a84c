//! The values file: from bytes to checked [`Values`]. Pure: the caller reads the file.
//!
//! | step | module |
//! |---|---|
//! | bytes → assignments with line numbers | `scan` |
//! | several files and `--set` → one text per key | `merge` |
//! | texts → typed values | `check`, `parse`, `placeholder` |
//! | what deserves a sentence all the same | `warn` |
//!
//! No error, report or `Debug` output ever holds a value: the types in `problem` and `reason`
//! have no room for one.

mod check;
pub mod keys;
mod merge;
mod model;
mod parse;
mod placeholder;
mod problem;
mod reason;
mod scan;
pub mod template;
#[cfg(test)]
mod tests;
mod warn;

use std::collections::BTreeMap;

pub use keys::{KEYS, Key};
pub use merge::Source;
pub use model::{
    CodingBackend, Database, EgressAllow, Image, Images, Ingress, Relay, SandboxKey, SecretName,
    Values,
};
pub use parse::url::{compose as database_url, database as parse_database_url, written_password};
pub use problem::{Place, Problem, Report};
pub use reason::{Quote, Reason, Severity};
pub use scan::MAX_BYTES;

use crate::render::Profile;

/// Values that passed every check.
#[derive(Debug)]
pub struct Checked {
    /// The values.
    pub values: Values,
    /// What deserves a sentence all the same.
    pub warnings: Vec<Problem>,
    /// Where each given key's value stands.
    pub origin: BTreeMap<Key, Place>,
}

/// Reads `sources` in order, later ones over earlier ones, then `sets` (`KEY=VALUE` of keys that
/// are no secrets), and checks the result for an installation with `profile`.
///
/// # Errors
/// Every problem of every source at once, in the order of sources and lines.
pub fn load(sources: &[Source], sets: &[String], profile: Profile) -> Result<Checked, Report> {
    let mut merged = merge::merge(sources, sets);
    let values = check::check(&mut merged, profile);
    let mut problems = std::mem::take(&mut merged.problems);
    if let Some(values) = &values {
        problems.extend(warn::warnings(values, &merged, profile));
    }
    // A file without any value says so; that every key is missing follows from it.
    if problems.iter().any(|p| p.reason == Reason::NoValues) && merged.given.is_empty() {
        problems.retain(|problem| problem.reason != Reason::Missing);
    }
    problems.sort_by_cached_key(|problem| {
        let place = problem.place.as_ref();
        let file = place.and_then(|at| merged.order.iter().position(|name| *name == at.file));
        (file.unwrap_or(usize::MAX), place.and_then(|at| at.line), problem.entry)
    });
    let (errors, warnings): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(|problem| problem.severity() == Severity::Error);
    match values {
        Some(values) if errors.is_empty() => {
            let origin = merged.given.into_iter().map(|(key, given)| (key, given.place)).collect();
            Ok(Checked { values, warnings, origin })
        }
        _ => Err(Report { errors, warnings }),
    }
}

/// What is wrong with `value` for `key` by itself; `None` where nothing is.
#[must_use]
pub fn problem_of(key: Key, value: &str) -> Option<Problem> {
    let name = key.name();
    let line = match template::quote(value) {
        Some(literal) => format!("{name}={literal}"),
        None => {
            let key = Some(name.to_owned());
            let reason = Reason::ControlCharacter;
            return Some(Problem { place: None, key, entry: None, reason });
        }
    };
    let report = load(&[Source::new("", line)], &[], Profile::default()).err()?;
    let mut of_key = report.errors.into_iter().filter(|p| p.key.as_deref() == Some(name));
    of_key.find(|p| p.reason.severity() == Severity::Error).map(|p| Problem { place: None, ..p })
}
