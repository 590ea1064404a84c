//! What a changed network policy is while pods of before and after run side by side.
//!
//! Policies add up, so that a running pod loses nothing as long as its old rules are still there:
//! a policy is first written as the *union* of old and new rules, and as the new one alone once the
//! rollouts are done. A migration that fails in between has cut nobody off.
//!
//! - Each direction that the old or the new policy isolates stays isolated: leaving a direction out
//!   would drop its rules, which cuts pods off wherever another policy (our default-deny) isolates
//!   that direction as well, and to open it instead would let everything in.
//! - Where the new policy selects *other pods*, no single selector stands for both without also
//!   covering pods of neither. Then the old rules move to a second policy, the companion, which
//!   selects what the old one did; the new one is written as it is, and the companion goes after the
//!   rollouts.

use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Marks a companion with the name of the policy whose old rules it keeps.
pub const INTERIM_ANNOTATION: &str = "openhive.io/interim-for";

/// What is written before the rollouts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Interim {
    /// This in place of the desired policy, under the same name.
    Union {
        /// The manifest.
        #[serde(skip)]
        policy: Value,
    },
    /// This beside the desired policy, and deleted after the rollouts.
    Companion {
        /// Its name.
        name: String,
        /// The manifest.
        #[serde(skip)]
        policy: Value,
    },
}

/// What has to be written in place of or beside `desired` until the rollouts are done; `None` where
/// `desired` already allows what `live` allows.
#[must_use]
pub fn interim(live: &Value, desired: &Value) -> Option<Interim> {
    let (old, new) = (Spec::of(live), Spec::of(desired));
    if old.selector != new.selector {
        return Some(companion(live, desired, &old));
    }
    let union = new.clone().union(&old);
    if union == new {
        return None;
    }
    let mut policy = desired.clone();
    policy["spec"] = union.to_json();
    Some(Interim::Union { policy })
}

fn companion(live: &Value, desired: &Value, old: &Spec) -> Interim {
    let text = |pointer| desired.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = text("/metadata/name");
    let spec = old.to_json();
    let digest = Sha256::digest(spec.to_string());
    // A name of its own for each old policy: one that an interrupted run has left behind must not
    // lose its rules to the next.
    let name = format!("{name}-before-{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2]);
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": name,
            "namespace": live.pointer("/metadata/namespace").cloned().unwrap_or(Value::Null),
            "labels": desired.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({})),
            "annotations": {INTERIM_ANNOTATION: text("/metadata/name")},
        },
        "spec": spec,
    });
    Interim::Companion { name, policy }
}

/// A policy's `spec` in a form in which equal meaning is equal value.
#[derive(Clone, Debug, PartialEq)]
struct Spec {
    selector: Value,
    ingress: Option<Vec<Value>>,
    egress: Option<Vec<Value>>,
}

impl Spec {
    fn of(policy: &Value) -> Self {
        let rules = |name: &str| -> Vec<Value> {
            let list = policy.pointer("/spec").and_then(|spec| spec.get(name));
            list.and_then(Value::as_array).into_iter().flatten().map(normal_rule).collect()
        };
        let (ingress, egress) = (rules("ingress"), rules("egress"));
        let types: Vec<&str> = policy
            .pointer("/spec/policyTypes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let isolates = |name: &str, default: bool| {
            if types.is_empty() { default } else { types.contains(&name) }
        };
        let has_egress = !egress.is_empty();
        Self {
            selector: policy
                .pointer("/spec/podSelector")
                .filter(|selector| !selector.is_null())
                .map_or_else(|| json!({}), without_empties),
            ingress: isolates("Ingress", true).then_some(ingress),
            egress: isolates("Egress", has_egress).then_some(egress),
        }
    }

    fn union(self, other: &Self) -> Self {
        Self {
            selector: self.selector,
            ingress: union(self.ingress, other.ingress.as_ref()),
            egress: union(self.egress, other.egress.as_ref()),
        }
    }

    fn to_json(&self) -> Value {
        let mut types = Vec::new();
        let mut spec = Map::new();
        spec.insert("podSelector".into(), self.selector.clone());
        for (kind, field, rules) in
            [("Ingress", "ingress", &self.ingress), ("Egress", "egress", &self.egress)]
        {
            if let Some(rules) = rules {
                types.push(kind);
                spec.insert(field.into(), Value::Array(rules.clone()));
            }
        }
        spec.insert("policyTypes".into(), json!(types));
        Value::Object(spec)
    }
}

/// The rules of both, each once. `None` does not isolate.
fn union(new: Option<Vec<Value>>, old: Option<&Vec<Value>>) -> Option<Vec<Value>> {
    let Some(old) = old else { return new };
    let mut rules = new.unwrap_or_default();
    let everything = |rule: &Value| rule.as_object().is_some_and(Map::is_empty);
    if !rules.iter().any(everything) {
        for rule in old {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    Some(rules)
}

/// A rule without nulls and empty lists, which mean "everything" like their absence, and with the
/// protocol written out, as the server does.
fn normal_rule(rule: &Value) -> Value {
    let mut normal = Map::new();
    for (name, value) in rule.as_object().into_iter().flatten() {
        let Some(list) = value.as_array().filter(|list| !list.is_empty()) else { continue };
        let items = list.iter().map(|item| {
            let mut item = item.clone();
            if let Some(fields) = item.as_object_mut() {
                fields.retain(|_, value| !value.is_null());
                if name == "ports" && !fields.contains_key("protocol") {
                    fields.insert("protocol".into(), json!("TCP"));
                }
            }
            item
        });
        normal.insert(name.clone(), Value::Array(items.collect()));
    }
    Value::Object(normal)
}

/// A selector without its empty parts, which select nothing away.
fn without_empties(selector: &Value) -> Value {
    let mut kept = Map::new();
    for (name, value) in selector.as_object().into_iter().flatten() {
        let empty = match value {
            Value::Null => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        if !empty {
            kept.insert(name.clone(), value.clone());
        }
    }
    Value::Object(kept)
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
