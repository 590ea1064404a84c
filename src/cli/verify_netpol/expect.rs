//! `--expect FILE`: somebody's own intent instead of the platform's table.

use std::path::Path;

use jiff::civil::Date;

use crate::cli::Exit;
use crate::ui::Failure;
use manifest::yaml;
use netpol::expect::{Expectation, Wanted, check, read};
use netpol::finding::Finding;
use netpol::report::model::{Check, End};
use netpol::{Input, Invalid, Place};

/// Every entry, and what the input has that is not expected.
///
/// # Errors
/// The file cannot be read, or is not valid; an entry is over, or about nobody in the input.
pub(super) fn findings(
    path: &Path,
    input: &Input,
    today: Date,
) -> Result<(Vec<Check>, Vec<Finding>), Failure> {
    let name = path.display().to_string();
    let failed = |headline: String| Failure::new(Exit::Input, headline);
    let text = std::fs::read_to_string(path)
        .map_err(|error| failed(format!("cannot read {name}")).cause(error.to_string()))?;
    let documents = yaml::read(&text).map_err(|error| {
        let line = error.line.map(|l| format!(":{l}")).unwrap_or_default();
        failed(format!("{name}{line} is not valid YAML")).cause(error.reason)
    })?;
    let [document] = documents.as_slice() else {
        return Err(failed(format!("{name} must hold one document, not {}", documents.len())));
    };
    let place = Place { file: name.clone(), line: u32::try_from(document.line).ok() };
    let refused = |problems: Vec<Invalid>| {
        let number = crate::ui::count(problems.len(), "problem");
        problems.iter().fold(failed(format!("{name}: {number}")), |failure, problem| {
            let place = problem.place.as_ref().map(|p| format!("{p}  ")).unwrap_or_default();
            failure.seen(format!("{place}{}: {}", problem.field, problem.problem))
        })
    };
    let expectations = read(&document.value, Some(&place)).map_err(refused)?;
    let found = check(input, &expectations, today).map_err(refused)?;
    Ok((expectations.flows.iter().map(checked).collect(), found))
}

fn checked(entry: &Expectation) -> Check {
    let end = |name: String| End { name, namespace: None };
    Check {
        from: end(entry.from.to_string()),
        to: end(entry.to.to_string()),
        expected_open: entry.verdict == Wanted::Allow,
        pairs: 0,
        evidence: serde_json::json!({"ports": entry.ports.to_string(), "reason": entry.reason}),
        finding: None,
    }
}
