//! What an object would be after the write, and in which fields that differs from what it is.

use serde_json::{Map, Value, json};

use super::defaults;
use super::diff::{self, Difference, Scope};
use super::immutable::{self, Immutable};
use super::live::DryRun;
use super::managers::{self, Managers};
use super::model::Verification;
use super::patch;
use super::path::{Path, Segment};
use manifest::{Kind, Object};

/// The comparison of a manifest with the live object.
pub(super) struct Outcome {
    pub differences: Vec<Difference>,
    /// The object afterwards, without noise.
    pub after: Value,
    pub verification: Verification,
}

/// How the server is asked what it would make of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// A server-side apply with `dryRun=All`.
    Apply(Value),
    /// A POST with `dryRun=All`: the manifest carries another name, since an apply onto the live
    /// object would be refused for a field that cannot change.
    Create(Value),
}

/// The dry run that answers for `desired` while `live` is there.
#[must_use]
pub fn question(desired: &Object, live: Option<&Value>) -> Question {
    let kind = desired.reference.kind;
    let manifest = &desired.manifest;
    let replaces = live.is_some_and(|live| immutable::immutable(kind, live, manifest).is_some());
    if kind == Kind::Job || replaces {
        let mut renamed = manifest.clone();
        renamed["metadata"]["name"] = json!(format!("{}-dry-run", desired.reference.name));
        return Question::Create(renamed);
    }
    let mut manifest = manifest.clone();
    if live.is_some_and(|live| patch::strategy_patch(kind, live, &manifest).is_some())
        && let Some(spec) = manifest.get_mut("spec").and_then(Value::as_object_mut)
    {
        spec.shift_remove("strategy");
    }
    Question::Apply(manifest)
}

/// Compares, given the answer to the [`question`].
pub(super) fn outcome(desired: &Object, live: &Value, dry_run: &DryRun) -> Outcome {
    let kind = desired.reference.kind;
    let released = managers::released(live, &desired.manifest, &Managers::of(live));
    let before = diff::without_noise(live);
    let fixed = immutable::immutable(kind, live, &desired.manifest);
    let (answer, verification) = answer(dry_run);
    // A Job and whatever is replaced were asked for under another name: what the server adds to a
    // new object (generated selectors and labels) says nothing of the live one.
    let answer = answer.filter(|_| kind != Kind::Job && fixed.is_none());
    if let Some(answer) = answer {
        let mut after = diff::without_noise(answer);
        if patch::strategy_patch(kind, live, &desired.manifest).is_some() {
            after["spec"]["strategy"] = desired.manifest["spec"]["strategy"].clone();
        }
        remove_all(&mut after, &released);
        let differences = diff::diff(kind, &before, &after, Scope::Whole);
        return Outcome { differences, after, verification };
    }
    let wanted = diff::without_noise(&desired.manifest);
    let mut differences = diff::diff(kind, &before, &wanted, Scope::Ours);
    let after = if let Some(Immutable::Replace { field, .. }) = &fixed {
        // Created anew, it has nothing of the old one's left in it.
        let field = Path::fields(field);
        let whole = diff::diff(kind, &before, &wanted, Scope::Whole);
        differences.extend(whole.into_iter().filter(|d| d.path.is_within(&field)));
        wanted
    } else if kind == Kind::Job {
        wanted
    } else {
        let mut kept = before.clone();
        remove_all(&mut kept, &released);
        differences.extend(diff::diff(kind, &before, &kept, Scope::Whole));
        if differences.is_empty() { kept } else { overlay(&kept, &wanted) }
    };
    differences.sort_by(|a, b| a.path.cmp(&b.path));
    differences.dedup_by(|a, b| a.path == b.path);
    Outcome { differences, after, verification }
}

/// The object that the server answered with, and what that is worth.
pub(super) fn answer(dry_run: &DryRun) -> (Option<&Value>, Verification) {
    match dry_run {
        DryRun::Verified(answer) => (Some(answer), Verification::Server),
        DryRun::Conflict { forced: Some(answer), .. } => (Some(answer), Verification::Server),
        DryRun::Conflict { forced: None, .. } => (None, Verification::Conflict),
        DryRun::NamespaceMissing => (None, Verification::NamespaceMissing),
        DryRun::RoleMissing => (None, Verification::RoleMissing),
        DryRun::Forbidden => (None, Verification::Forbidden),
        DryRun::WebhookRefused { .. } => (None, Verification::WebhookRefused),
        DryRun::Rejected { .. } => (None, Verification::Rejected),
        DryRun::NotAsked => (None, Verification::Offline),
    }
}

/// Whether our field set after the write would be another one than it is.
pub(super) fn ownership_changes(live: &Value, dry_run: &DryRun) -> bool {
    if managers::needs_takeover(live) {
        return true;
    }
    let ours = |object: &Value| Managers::of(object).ours().map(|m| m.fields.clone());
    let listed = |object: &Value| object.pointer("/metadata/managedFields").is_some();
    match answer(dry_run).0 {
        Some(answer) if listed(answer) => ours(live) != ours(answer),
        // A manifest from a file names no managers: nothing can be said of them.
        _ => listed(live) && ours(live).is_none(),
    }
}

/// Removes fields as an apply that no longer sets them would; an item of a list and a struct go
/// whole once the manifest has nothing of them.
fn remove_all(object: &mut Value, paths: &[Path]) {
    for path in paths {
        if path.get(object).is_some_and(|value| !defaults::is_default(path, value)) {
            remove(object, &path.0);
        }
    }
}

fn remove(value: &mut Value, path: &[Segment]) {
    let Some((first, rest)) = path.split_first() else { return };
    match (value, first) {
        (Value::Object(fields), Segment::Field(name)) => {
            if rest.is_empty() {
                fields.shift_remove(name);
            } else if let Some(below) = fields.get_mut(name) {
                remove(below, rest);
            }
        }
        (Value::Array(list), segment) => {
            let single = Path(vec![segment.clone()]);
            let at = list
                .iter()
                .position(|item| single.get(&Value::Array(vec![item.clone()])).is_some());
            let Some(at) = at else { return };
            if rest.is_empty() {
                list.remove(at);
            } else {
                remove(&mut list[at], rest);
            }
        }
        _ => {}
    }
}

/// The live object with the manifest laid over it, for display where the server gave no answer.
fn overlay(base: &Value, over: &Value) -> Value {
    match (base, over) {
        (Value::Object(a), Value::Object(b)) => {
            let mut merged: Map<String, Value> = a.clone();
            for (name, value) in b {
                let value = merged.get(name).map_or_else(|| value.clone(), |a| overlay(a, value));
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            Value::Array(a.iter().zip(b).map(|(a, b)| overlay(a, b)).collect())
        }
        _ => over.clone(),
    }
}
