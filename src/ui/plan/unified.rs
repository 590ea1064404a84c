//! One changed object line by line.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::plan::{Action, Change};
use manifest::yaml;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// A line of a unified diff.
pub(super) struct Line {
    pub tag: Tag,
    pub text: String,
}

/// What a line says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tag {
    Added,
    Removed,
    Context,
    /// Lines were left out here.
    Gap,
}

/// The lines in which the object before and after differ, with their context. Secrets are already
/// words in both.
pub(super) fn lines(change: &Change) -> Vec<Line> {
    if change.action == Action::Orphaned {
        return Vec::new();
    }
    let (before, after) = (text(change.before.as_ref()), text(change.after.as_ref()));
    let diff = TextDiff::from_lines(&before, &after);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        let starts_late = group.first().is_some_and(|op| op.old_range().start > 0);
        if !lines.is_empty() || starts_late {
            lines.push(Line { tag: Tag::Gap, text: "…".to_owned() });
        }
        for part in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let tag = match part.tag() {
                ChangeTag::Insert => Tag::Added,
                ChangeTag::Delete => Tag::Removed,
                ChangeTag::Equal => Tag::Context,
            };
            lines.push(Line { tag, text: part.value().trim_end_matches('\n').to_owned() });
        }
    }
    lines
}

/// YAML with its keys in one order: the server's is not the templates'.
fn text(object: Option<&Value>) -> String {
    object.map_or_else(String::new, |object| {
        yaml::write_one(&sorted(object)).unwrap_or_else(|_| format!("{object:#}\n"))
    })
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut entries: Vec<_> = fields.iter().collect();
            // Names first: they say which item of a list it is.
            entries.sort_by_key(|(key, _)| (rank(key), *key));
            entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
        }
        Value::Array(list) => list.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn rank(key: &str) -> u8 {
    match key {
        "apiVersion" => 0,
        "kind" => 1,
        "name" => 2,
        "metadata" => 3,
        _ => 4,
    }
}
