//! Two objects to the fields in which they differ, on untyped JSON.

use serde_json::{Map, Value};

use super::lists::{self, ListType};
use super::path::{Path, Segment};
use super::quantity;
use manifest::Kind;

/// The annotation in which `kubectl apply` keeps the whole manifest: on Secrets, in plain text.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Which fields are compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scope {
    /// All of both. Right where both come from the server, with its defaults.
    Whole,
    /// Those that the new side sets. Right where the new side is a manifest: what the server would
    /// add to it is no difference, nor is the way in which a quantity is written.
    Ours,
}

/// A field that differs; `None` where a side lacks it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    pub path: Path,
    pub old: Option<Value>,
    pub new: Option<Value>,
}

/// The object without what the server keeps for itself and without [`LAST_APPLIED`].
#[must_use]
pub(super) fn without_noise(object: &Value) -> Value {
    let Some(fields) = object.as_object() else { return object.clone() };
    let mut kept = Map::new();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("status", _) => {}
            ("metadata", Value::Object(metadata)) => {
                kept.insert(name.clone(), Value::Object(metadata_without_noise(metadata)));
            }
            _ => {
                kept.insert(name.clone(), value.clone());
            }
        }
    }
    Value::Object(kept)
}

fn metadata_without_noise(metadata: &Map<String, Value>) -> Map<String, Value> {
    const NOISE: [&str; 6] =
        ["managedFields", "generation", "resourceVersion", "uid", "creationTimestamp", "selfLink"];
    let mut kept = Map::new();
    for (name, value) in metadata {
        match (name.as_str(), value) {
            (name, _) if NOISE.contains(&name) => {}
            ("annotations", Value::Object(annotations)) => {
                let rest: Map<_, _> = annotations
                    .iter()
                    .filter(|(key, _)| *key != LAST_APPLIED)
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                if !rest.is_empty() {
                    kept.insert(name.clone(), Value::Object(rest));
                }
            }
            _ => {
                kept.insert(name.clone(), value.clone());
            }
        }
    }
    kept
}

/// The fields in which two objects of a kind differ, sorted by path. Neither side may hold noise
/// ([`without_noise`]).
pub(super) fn diff(kind: Kind, old: &Value, new: &Value, scope: Scope) -> Vec<Difference> {
    let mut walk = Walk { kind, scope, found: Vec::new() };
    walk.values(&Path::default(), Some(old), Some(new));
    walk.found.sort_by(|a, b| a.path.cmp(&b.path));
    walk.found
}

struct Walk {
    kind: Kind,
    scope: Scope,
    found: Vec<Difference>,
}

impl Walk {
    fn values(&mut self, path: &Path, old: Option<&Value>, new: Option<&Value>) {
        let old = old.filter(|value| !value.is_null());
        let new = new.filter(|value| !value.is_null());
        match (old, new) {
            (None, None) => {}
            (Some(old), Some(new)) => self.both(path, old, new),
            // The server drops empty values of most fields, so their absence is no difference.
            (None, Some(new)) if self.scope == Scope::Ours && is_empty(new) => {}
            (Some(_), None) if self.scope == Scope::Ours => {}
            (None, Some(new)) => self.one_side(path, new, Side::New),
            (Some(old), None) => self.one_side(path, old, Side::Old),
        }
    }

    fn both(&mut self, path: &Path, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Object(a), Value::Object(b)) => {
                for (name, value) in b {
                    self.values(&path.join(Segment::Field(name.clone())), a.get(name), Some(value));
                }
                for (name, value) in a.iter().filter(|(name, _)| !b.contains_key(*name)) {
                    self.values(&path.join(Segment::Field(name.clone())), Some(value), None);
                }
            }
            (Value::Array(a), Value::Array(b)) => self.lists(path, a, b),
            _ if old == new => {}
            _ if quantity::is_quantity(path) && quantity::same_quantity(old, new) => {}
            _ => self.push(path, Some(old), Some(new)),
        }
    }

    fn lists(&mut self, path: &Path, old: &[Value], new: &[Value]) {
        let kind = lists::list_type(self.kind, path);
        let (Some(a), Some(b)) = (lists::items(kind, old), lists::items(kind, new)) else {
            self.atomic(path, old, new);
            return;
        };
        for (segment, value) in &b {
            let before = a.iter().find(|(other, _)| other == segment).map(|(_, value)| *value);
            self.values(&path.join(segment.clone()), before, Some(value));
        }
        for (segment, value) in a.iter().filter(|(s, _)| !b.iter().any(|(other, _)| other == s)) {
            self.values(&path.join(segment.clone()), Some(value), None);
        }
        if matches!(kind, ListType::Keyed(_)) && self.scope == Scope::Whole {
            self.order(path, &a, &b);
        }
    }

    /// The order of a keyed list is part of the object: another one rolls the pods.
    fn order(&mut self, path: &Path, a: &[(Segment, &Value)], b: &[(Segment, &Value)]) {
        let common = |of: &[(Segment, &Value)], other: &[(Segment, &Value)]| -> Vec<Value> {
            of.iter()
                .filter(|(segment, _)| other.iter().any(|(s, _)| s == segment))
                .map(|(segment, _)| Value::String(Path(vec![segment.clone()]).to_string()))
                .collect()
        };
        let (before, after) = (common(a, b), common(b, a));
        if before != after {
            self.push(path, Some(&Value::Array(before)), Some(&Value::Array(after)));
        }
    }

    /// A list that is owned as a whole: items are paired by position once equal ones at both ends
    /// are set aside, so that one inserted rule does not show as a change of all that follow.
    fn atomic(&mut self, path: &Path, old: &[Value], new: &[Value]) {
        let scalar = |list: &[Value]| !list.iter().any(|v| v.is_object() || v.is_array());
        if scalar(old) && scalar(new) {
            if old != new {
                let whole = |list: &[Value]| Value::Array(list.to_vec());
                self.push(path, Some(&whole(old)), Some(&whole(new)));
            }
            return;
        }
        let same = |a: &Value, b: &Value| self.equal(path, a, b);
        let head = old.iter().zip(new).take_while(|(a, b)| same(a, b)).count();
        let tail = old[head..]
            .iter()
            .rev()
            .zip(new[head..].iter().rev())
            .take_while(|(a, b)| same(a, b))
            .count();
        let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
        if a.len() == b.len() {
            for (at, (before, after)) in a.iter().zip(b).enumerate() {
                self.both(&path.join(Segment::Index(head + at)), before, after);
            }
            return;
        }
        for (at, before) in a.iter().enumerate() {
            self.push(&path.join(Segment::Index(head + at)), Some(before), None);
        }
        for (at, after) in b.iter().enumerate() {
            self.push(&path.join(Segment::Index(head + at)), None, Some(after));
        }
    }

    fn equal(&self, path: &Path, old: &Value, new: &Value) -> bool {
        let mut walk = Self { kind: self.kind, scope: self.scope, found: Vec::new() };
        walk.both(&path.join(Segment::Index(0)), old, new);
        walk.found.is_empty()
    }

    /// A field that only one side has, down to its leaves.
    fn one_side(&mut self, path: &Path, value: &Value, side: Side) {
        let below: Vec<(Segment, &Value)> = match value {
            Value::Object(fields) if !fields.is_empty() => {
                let keys: &[(String, String)] = match path.0.last() {
                    Some(Segment::Key(keys)) => keys,
                    _ => &[],
                };
                fields
                    .iter()
                    .filter(|(name, _)| !keys.iter().any(|(key, _)| key == *name))
                    .map(|(name, value)| (Segment::Field(name.clone()), value))
                    .collect()
            }
            Value::Array(list) if !list.is_empty() => {
                lists::items(lists::list_type(self.kind, path), list).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        if below.is_empty() {
            match side {
                Side::Old => self.push(path, Some(value), None),
                Side::New => self.push(path, None, Some(value)),
            }
            return;
        }
        for (segment, value) in below {
            match side {
                Side::Old => self.values(&path.join(segment), Some(value), None),
                Side::New => self.values(&path.join(segment), None, Some(value)),
            }
        }
    }

    fn push(&mut self, path: &Path, old: Option<&Value>, new: Option<&Value>) {
        self.found.push(Difference { path: path.clone(), old: old.cloned(), new: new.cloned() });
    }
}

#[derive(Clone, Copy)]
enum Side {
    Old,
    New,
}

/// What the API's `omitempty` drops of strings, lists and maps.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
        _ => false,
    }
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
