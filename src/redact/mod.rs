//! Removes every known credential from what leaves the program, and what a cluster could use to
//! fool a terminal. Pure.
//!
//! What a cluster sent passes [`Redactor::clean`] (text) or [`Redactor::clean_json`] (data) before
//! it is cut or wrapped, since half a credential is not recognised. Everything printed passes
//! [`Redactor::text`] once more.

mod forms;
mod sanitize;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde_json::{Map, Value};

pub use sanitize::{sanitize, sanitize_styled};

use crate::values::keys::MIN_CREDENTIAL_BYTES;

/// What stands in a credential's place.
pub const MARKER: &str = "[redacted]";

/// Knows credentials in every form in which they may turn up: raw, base64, percent-encoded,
/// JSON-escaped.
///
/// More can be learnt on the way: those of the live Secrets and of the kubeconfig. Credentials
/// under eight bytes are left alone, or every `admin` and `true` would vanish.
#[derive(Default)]
pub struct Redactor {
    patterns: BTreeSet<Vec<u8>>,
    /// Finds all patterns and [`MARKER`]; made when first needed after a change.
    searcher: OnceLock<AhoCorasick>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// Learns a credential; bytes, since the data of a Secret need not be text.
    pub fn learn(&mut self, credential: impl AsRef<[u8]>) {
        let forms = forms::of(credential.as_ref());
        self.patterns.extend(forms.into_iter().filter(|form| form.len() >= MIN_CREDENTIAL_BYTES));
        self.searcher = OnceLock::new();
    }

    /// Learns several, such as [`crate::values::Values::credentials`].
    pub fn learn_all<C: AsRef<[u8]>>(&mut self, credentials: impl IntoIterator<Item = C>) {
        credentials.into_iter().for_each(|credential| self.learn(credential));
    }

    /// The text without credentials and without control characters: what a cluster sent, ready to
    /// be shown.
    #[must_use]
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        // In this order: an escape sequence inside a credential would hide it.
        match sanitize(text) {
            Cow::Borrowed(text) => self.text(text),
            Cow::Owned(text) => Cow::Owned(self.text(&text).into_owned()),
        }
    }

    /// [`Self::clean`] that lets the program's own colours stay. Text of a cluster passes
    /// [`Self::clean`] before it is styled: a colour inside a credential would hide it here.
    #[must_use]
    pub fn clean_styled(&self, text: &str) -> String {
        self.text(&sanitize_styled(text)).into_owned()
    }

    /// [`Self::clean`] on every string of `value`, names of fields included.
    pub fn clean_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(cleaned) = self.clean(text) {
                    *text = cleaned;
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.clean_json(value)),
            Value::Object(map) => {
                map.values_mut().for_each(|value| self.clean_json(value));
                if map.keys().any(|name| matches!(self.clean(name), Cow::Owned(_))) {
                    *map = self.clean_names(std::mem::take(map));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Two names that become the same are numbered, so that no field is lost.
    fn clean_names(&self, map: Map<String, Value>) -> Map<String, Value> {
        let mut cleaned = Map::new();
        for (name, value) in map {
            let name = self.clean(&name).into_owned();
            let mut unique = name.clone();
            let mut number = 2;
            while cleaned.contains_key(&unique) {
                unique = format!("{name}-{number}");
                number += 1;
            }
            cleaned.insert(unique, value);
        }
        cleaned
    }

    /// The text without credentials.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.patterns.is_empty() {
            return Cow::Borrowed(text);
        }
        let searcher = self.searcher.get_or_init(|| {
            let patterns = self.patterns.iter().map(Vec::as_slice).chain([MARKER.as_bytes()]);
            // A table of every transition would take longer to make than most output to search.
            AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build(patterns)
                .expect("far fewer patterns than an automaton can hold")
        });
        let mut text = Cow::Borrowed(text);
        // A replacement can complete a credential that holds part of the marker. Each round that
        // changes anything removes a character outside markers, or joins markers: so this ends.
        while let Some(output) = replaced(&text, &found(searcher, &text)) {
            text = Cow::Owned(output);
        }
        text
    }
}

/// The parts of `text` that are credentials, overlapping ones as one.
fn found(searcher: &AhoCorasick, text: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<_> =
        searcher.find_overlapping_iter(text).map(|hit| hit.start()..hit.end()).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// `None` where nothing changes.
fn replaced(text: &str, ranges: &[Range<usize>]) -> Option<String> {
    if ranges.iter().all(|range| text.get(range.clone()) == Some(MARKER)) {
        return None;
    }
    let mut output = String::with_capacity(text.len());
    let mut end = 0;
    for range in ranges {
        output.push_str(text.get(end..range.start).unwrap_or_default());
        output.push_str(MARKER);
        end = range.end;
    }
    output.push_str(text.get(end..).unwrap_or_default());
    Some(output)
}
