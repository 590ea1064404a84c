//! Findings that somebody accepted, with a reason and a last day (`docs/ci.md`, "Baseline").

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::model::{Judged, Report, State};
use manifest::yaml::{self, lines};

/// `apiVersion` of the file.
pub const API_VERSION: &str = "openhive.io/v1";
/// `kind` of the file.
pub const KIND: &str = "NetpolBaseline";

/// For how long a new entry holds, in days.
const DAYS: i32 = 90;

/// A baseline, as it was read.
#[derive(Clone, Debug)]
pub struct Baseline {
    entries: Vec<Entry>,
    today: Date,
}

#[derive(Clone, Debug)]
struct Entry {
    fingerprint: String,
    reason: String,
    expires: Option<Date>,
    line: u32,
}

/// What is wrong with a baseline, and on which line.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{problem}")]
pub struct BaselineError {
    /// Counted from 1.
    pub line: u32,
    /// In one sentence.
    pub problem: String,
}

impl Baseline {
    /// One that knows nothing.
    #[must_use]
    pub const fn empty(today: Date) -> Self {
        Self { entries: Vec::new(), today }
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(text: &str, today: Date) -> Result<Self, Vec<BaselineError>> {
        let wrong = |line: u32, problem: String| BaselineError { line, problem };
        let documents = yaml::read(text).map_err(|error| {
            let line = error.line.and_then(|l| u32::try_from(l).ok()).unwrap_or(1);
            vec![wrong(line, format!("no valid YAML: {}", error.reason))]
        })?;
        let [document] = documents.as_slice() else {
            return Err(vec![wrong(1, "one YAML document is needed".to_owned())]);
        };
        let first = u32::try_from(document.line).unwrap_or(1);
        let places = lines::document(text, first);
        let line_of = |field: &str| places.as_ref().map_or(first, |node| node.line_of(field));
        let mut problems = Vec::new();
        let empty = Map::new();
        let root = document.value.as_object().unwrap_or(&empty);
        for (key, wanted) in [("apiVersion", API_VERSION), ("kind", KIND)] {
            if root.get(key).and_then(Value::as_str) != Some(wanted) {
                problems.push(wrong(line_of(key), format!("{key} must be {wanted}")));
            }
        }
        unknown(root, &["apiVersion", "kind", "metadata", "findings"], first, &mut problems);
        let list = root.get("findings").and_then(Value::as_array);
        if list.is_none() {
            problems.push(wrong(first, "findings must be a list".to_owned()));
        }
        let mut entries: Vec<Entry> = Vec::new();
        for (index, entry) in list.into_iter().flatten().enumerate() {
            let line = line_of(&format!("findings[{index}]"));
            match read_entry(entry, line, &mut problems) {
                Some(entry) if entries.iter().any(|e| e.fingerprint == entry.fingerprint) => {
                    problems.push(wrong(line, format!("{} is there twice", entry.fingerprint)));
                }
                Some(entry) => entries.push(entry),
                None => {}
            }
        }
        if problems.is_empty() { Ok(Self { entries, today }) } else { Err(problems) }
    }

    /// Every entry with what is to be said where nothing matches it.
    pub(super) fn unmatched(&self) -> Vec<(String, String)> {
        let about = |e: &Entry| format!("line {}: {} ({})", e.line, e.fingerprint, e.reason);
        self.entries.iter().map(|e| (e.fingerprint.clone(), about(e))).collect()
    }

    /// What it says of a finding, which is taken off the list of what matches nothing.
    pub(super) fn state(&self, fingerprint: &str, unmatched: &mut Vec<(String, String)>) -> State {
        let Some(entry) = self.entries.iter().find(|e| e.fingerprint == fingerprint) else {
            return State::New;
        };
        unmatched.retain(|(known, _)| known != fingerprint);
        let reason = entry.reason.clone();
        match entry.expires {
            // The last day still counts.
            Some(expires) if expires < self.today => {
                State::Expired { reason, expires: expires.to_string() }
            }
            expires => State::Known { reason, expires: expires.map(|day| day.to_string()) },
        }
    }
}

fn read_entry(value: &Value, line: u32, problems: &mut Vec<BaselineError>) -> Option<Entry> {
    let mut wrong =
        |problem: &str| problems.push(BaselineError { line, problem: problem.to_owned() });
    let Some(entry) = value.as_object() else {
        wrong("an entry is a map with fingerprint, reason, and expires");
        return None;
    };
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().trim();
    let (fingerprint, reason) = (text("fingerprint"), text("reason"));
    let mut good = true;
    if fingerprint.is_empty() {
        wrong("an entry needs the fingerprint of its finding");
        good = false;
    }
    if reason.is_empty() {
        wrong("an entry needs a reason: why is the finding accepted?");
        good = false;
    }
    let expires = match entry.get("expires") {
        None | Some(Value::Null) => None,
        Some(Value::String(day)) => match day.parse::<Date>() {
            Ok(day) => Some(day),
            Err(_) => {
                wrong("expires must be a day such as 2027-01-31");
                return None;
            }
        },
        Some(_) => {
            wrong("expires must be a day such as 2027-01-31");
            return None;
        }
    };
    unknown(entry, &["fingerprint", "about", "reason", "expires"], line, problems);
    good.then(|| Entry {
        fingerprint: fingerprint.to_owned(),
        reason: reason.to_owned(),
        expires,
        line,
    })
}

fn unknown(map: &Map<String, Value>, known: &[&str], line: u32, problems: &mut Vec<BaselineError>) {
    for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
        problems.push(BaselineError { line, problem: format!("unknown field {key}") });
    }
}

/// A baseline of everything that fails now, for `today`. Each reason is left to a person: without
/// one the file is refused.
#[must_use]
pub fn baseline(report: &Report, today: Date) -> String {
    use jiff::ToSpan;
    let expires = today.saturating_add(DAYS.days()).to_string();
    let entry = |judged: &Judged| match &judged.state {
        State::Known { reason, expires } => {
            json!({"fingerprint": judged.fingerprint, "about": about(judged), "reason": reason, "expires": expires})
        }
        _ => {
            json!({"fingerprint": judged.fingerprint, "about": about(judged), "reason": "", "expires": expires})
        }
    };
    let kept = |judged: &&Judged| judged.fails || matches!(judged.state, State::Known { .. });
    let findings: Vec<Value> = report.findings.iter().filter(kept).map(entry).collect();
    let document = json!({"apiVersion": API_VERSION, "kind": KIND, "findings": findings});
    let head = "# Findings that are accepted. Fill in each reason: why, and what has to happen until\n\
                # the day on which it expires. Entries without a reason are refused.\n";
    format!("{head}{}", yaml::write_one(&document).unwrap_or_default())
}

fn about(judged: &Judged) -> String {
    let objects: Vec<&str> = judged.finding.because.iter().map(|c| c.object.as_str()).collect();
    match objects.as_slice() {
        [] => format!("{} {}", judged.rule(), judged.sentence()),
        [first, ..] => format!("{} {} ({first})", judged.rule(), judged.sentence()),
    }
}
