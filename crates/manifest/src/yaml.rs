//! The only reader and writer of YAML.
//!
//! Documents are decoded through [`serde_json::Value`]: what is compared, sent and printed is the
//! same untyped JSON. Duplicate keys, unknown tags and non-finite numbers are refused.

pub mod lines;
pub mod parts;
mod unreadable;

pub use unreadable::{Unreadable, has_actions};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_saphyr::{DuplicateKeyPolicy, Options, Spanned};

/// A document of a stream and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<T = Value> {
    /// Its content; never null.
    pub value: T,
    /// The line of its first node, counted from 1.
    pub line: u64,
}

/// A text that is not YAML as Kubernetes reads it. Holds no line of the text: the text may be secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason}{}", at(*line, *column))]
pub struct YamlError {
    /// What is wrong.
    pub reason: String,
    /// Counted from 1; absent where the place is not known.
    pub line: Option<u64>,
    /// Counted from 1; absent where the place is not known.
    pub column: Option<u64>,
}

fn at(line: Option<u64>, column: Option<u64>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!(" at line {line}, column {column}"),
        _ => String::new(),
    }
}

/// Reads every document of a stream. Empty documents are left out.
///
/// The library's budgets are made for small configuration files and refuse the dump of a large
/// cluster; these admit 100 000 documents and 256 MiB of text, and still bound what aliases can do.
///
/// # Errors
/// The first place that is not valid.
pub fn read(text: &str) -> Result<Vec<Document>, YamlError> {
    read_as(text)
}

/// As [`read`], into a type that keeps only a part of each document.
///
/// # Errors
/// The first place that is not valid, or that the type does not take.
pub fn read_as<T: DeserializeOwned>(text: &str) -> Result<Vec<Document<T>>, YamlError> {
    read_stream(text).or_else(|error| {
        // Several JSON values one behind the other are no YAML.
        let Some(values) = json_values(text) else { return Err(error) };
        let mut all = Vec::new();
        for (value, before) in values {
            let mut documents = read_stream(value).map_err(|mut error| {
                error.line = error.line.map(|line| line + before);
                error
            })?;
            documents.iter_mut().for_each(|document| document.line += before);
            all.append(&mut documents);
        }
        Ok(all)
    })
}

/// The JSON values of a text that holds nothing else, each with the number of lines before it: what
/// `jq -c` prints, for one. kubectl reads such texts, too.
fn json_values(text: &str) -> Option<Vec<(&str, u64)>> {
    let text = text.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let (mut found, mut start, mut before) = (Vec::new(), 0, 0);
    while let Some(value) = values.next() {
        value.ok()?;
        let value = &text[start..values.byte_offset()];
        found.push((value, before));
        before += value.bytes().filter(|byte| *byte == b'\n').count() as u64;
        start = values.byte_offset();
    }
    (found.len() <= MAX_DOCUMENTS).then_some(found)
}

fn read_stream<T: DeserializeOwned>(text: &str) -> Result<Vec<Document<T>>, YamlError> {
    let documents: Vec<Spanned<T>> =
        serde_saphyr::from_multiple_with_options(text, options()).map_err(|e| error(&e))?;
    Ok(documents
        .into_iter()
        .map(|d| Document { value: d.value, line: d.referenced.line() })
        .collect())
}

/// Writes documents as one stream, each behind `---`.
///
/// Strings that a YAML 1.1 reader would take for something else (`yes`, `1_000`, `12:30`) are quoted.
///
/// # Errors
/// None that a JSON value can cause; the library's signature has them.
pub fn write<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<String, YamlError> {
    let mut text = String::new();
    for value in values {
        text.push_str("---\n");
        text.push_str(&write_one(value)?);
    }
    Ok(text)
}

/// Writes one document, without `---`.
///
/// # Errors
/// As [`write`](fn@write).
pub fn write_one(value: &Value) -> Result<String, YamlError> {
    // Folded and literal blocks would carry control characters through unescaped.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let text = serde_saphyr::to_string_with_options(value, options).map_err(|e| YamlError {
        reason: e.to_string(),
        line: None,
        column: None,
    })?;
    Ok(text)
}

const MAX_DOCUMENTS: usize = 100_000;
const MAX_DEPTH: usize = 64;

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: MAX_DOCUMENTS,
            max_depth: MAX_DEPTH,
            max_events: 100_000_000,
            max_nodes: 50_000_000,
            max_total_scalar_bytes: 256 * 1024 * 1024,
            max_aliases: 10_000,
            max_anchors: 10_000,
            max_buffered_comment_events: 100_000,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 100_000 },
        duplicate_keys: DuplicateKeyPolicy::Error,
        reject_unsupported_tags: true,
        // Errors would otherwise print the lines around the place.
        with_snippet: false,
    }
}

fn error(error: &serde_saphyr::Error) -> YamlError {
    let error = error.without_snippet();
    let location = error.location();
    // The message ends with its own place, which callers print in their own way.
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or_default();
    // Advice for callers of the library, not for the author of the text.
    let reason = reason.split(", set DuplicateKeyPolicy").next().unwrap_or_default();
    YamlError {
        reason: too_much(error).unwrap_or_else(|| reason.to_owned()),
        line: location.map(|l| l.line()),
        column: location.map(|l| l.column()),
    }
}

/// What there is too much of, where that is what is wrong.
fn too_much(error: &serde_saphyr::Error) -> Option<String> {
    use serde_saphyr::Error as E;
    use serde_saphyr::budget::BudgetBreach as B;
    let aliases = || Some("aliases repeat too much of it".to_owned());
    match error {
        // Where it went wrong inside of what an alias stands for.
        E::AliasError { error, .. } => too_much(error),
        E::Budget { breach, .. } => match breach {
            B::Documents { .. } => Some(format!("it has more than {MAX_DOCUMENTS} documents")),
            B::Depth { .. } => Some(format!("it is nested more than {MAX_DEPTH} levels deep")),
            B::Events { .. } | B::Nodes { .. } | B::ScalarBytes { .. } | B::CommentBytes { .. } => {
                Some("it is too large".to_owned())
            }
            B::Aliases { .. }
            | B::Anchors { .. }
            | B::AliasAnchorRatio { .. }
            | B::MergeKeys { .. }
            | B::RecordedAnchorEvents { .. }
            | B::RecordedAnchorBytes { .. } => aliases(),
            _ => None,
        },
        E::AliasReplayLimitExceeded { .. }
        | E::AliasExpansionLimitExceeded { .. }
        | E::AliasReplayStackDepthExceeded { .. } => aliases(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn documents_come_with_their_lines() {
        let documents = read("# head\na: 1\n---\n---\n# more\nb: 2\n").unwrap();
        let lines: Vec<_> = documents.iter().map(|d| (d.line, d.value.clone())).collect();
        assert_eq!(lines, [(2, json!({ "a": 1 })), (6, json!({ "b": 2 }))]);
    }

    #[test]
    fn errors_name_the_place_and_show_nothing_of_the_text() {
        for (text, line) in [
            ("a: 1\na: canary\n", 2),
            ("a: [canary\nb: canary\n", 1),
            ("a: !canary canary\n", 1),
            ("a: canary: canary\n", 1),
            ("a: \"canary\n", 1),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.line.unwrap() >= line, "{error}");
            assert!(!error.to_string().contains("canary") || text.contains("!canary"), "{error}");
        }
    }

    #[test]
    fn json_values_one_behind_the_other_come_with_their_lines() {
        let read = |text: &str| {
            read(text).map(|all| all.into_iter().map(|d| (d.line, d.value)).collect::<Vec<_>>())
        };
        let pair = Ok(vec![(1, json!({ "a": 1 })), (3, json!([2]))]);
        for text in ["{\"a\": 1}\n\n[2]\n", "\u{feff}{\"a\": 1}\n\n[2]", "{\"a\":\t1}\n\n\t[2]\n"] {
            assert_eq!(read(text), pair, "{text:?}");
        }
        assert_eq!(read("{\"a\": 1}{\"b\": 2}").unwrap().len(), 2);
        // What YAML refuses is refused in each of them, at its place.
        let error = read("{\"a\": 1}\n{\"b\": 1,\n\"b\": 2}\n").unwrap_err();
        assert_eq!((error.line, error.reason.as_str()), (Some(3), "duplicate mapping key: b"));
        assert!(read("{\"a\": 1}\nb: 2\n").is_err());
    }

    #[test]
    fn large_streams_are_read() {
        let text = "---\na: 1\n".repeat(5_000);
        assert_eq!(read(&text).unwrap().len(), 5_000);
    }

    #[test]
    fn aliases_cannot_explode() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let previous = format!("*a{}, ", i - 1).repeat(8);
            text += &format!("a{i}: &a{i} [{}]\n", previous.trim_end_matches(", "));
        }
        let error = read(&text).unwrap_err();
        assert_eq!(error.reason, "aliases repeat too much of it");
    }

    #[test]
    fn what_there_is_too_much_of_is_said() {
        let deep: String = (0..70).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
        let many = "---\na: 1\n".repeat(MAX_DOCUMENTS + 1);
        for (text, reason) in [
            (deep, "it is nested more than 64 levels deep"),
            (many, "it has more than 100000 documents"),
        ] {
            assert_eq!(read(&text).unwrap_err().reason, reason);
        }
    }
}
