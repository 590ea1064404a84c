//! Which pods a policy of Cilium may select (`docs.cilium.io`, *Layer 3 policies*, *Kubernetes
//! constructs*).

use serde_json::{Map, Value, json};

use super::foreign::pods;
use crate::cluster::Foreign;
use crate::labels::{Requirement, Selector};

/// The namespace of a pod, as a label of its own.
const NAMESPACE: &str = "io.kubernetes.pod.namespace";

/// Labels that Cilium makes up for a pod: its namespace and its labels, account, and cluster.
const DERIVED: [&str; 2] = ["io.cilium.", "io.kubernetes."];

/// What each rule of a policy may select: that of `spec` and those of `specs`.
pub(super) fn selected(manifest: &Value, policy: &Foreign) -> Vec<Foreign> {
    let rules = manifest.get("specs").and_then(Value::as_array).into_iter().flatten();
    let rules = manifest.get("spec").into_iter().chain(rules).filter(|rule| !rule.is_null());
    let found: Vec<Foreign> = rules.map(|rule| of_rule(rule, policy)).collect();
    if found.is_empty() { vec![policy.clone()] } else { found }
}

fn of_rule(rule: &Value, policy: &Foreign) -> Foreign {
    let selector = |key: &str| rule.get(key).filter(|value| !value.is_null());
    let endpoints = match (selector("endpointSelector"), selector("nodeSelector")) {
        (Some(endpoints), None) => endpoints,
        (None, Some(_)) => return Foreign { nodes: true, ..policy.clone() },
        // Cilium refuses it: nothing is made of it.
        (None, None) | (Some(_), Some(_)) => return policy.clone(),
    };
    let mut labels = PodLabels::default();
    let Some(written) = labels.of(endpoints).and_then(|value| pods(&value)) else {
        return Foreign { namespace: None, ..policy.clone() };
    };
    // A label that Cilium leaves out of a pod's identity is absent there.
    let certain = |r: &&Requirement| matches!(r, Requirement::In(..) | Requirement::Exists(_));
    Foreign {
        selector: Selector::new(written.requirements().iter().filter(certain).cloned()),
        namespace: policy.namespace.clone().filter(|_| !labels.names_namespaces),
        ..policy.clone()
    }
}

/// The part of a selector that reads labels of pods.
#[derive(Default)]
struct PodLabels {
    names_namespaces: bool,
}

impl PodLabels {
    /// The selector without the conditions on anything else; `None` where it is not built like one.
    fn of(&mut self, selector: &Value) -> Option<Value> {
        let mut labels = Map::new();
        for (key, value) in list(selector, "matchLabels", Value::as_object)?.into_iter().flatten() {
            if let Some(key) = self.key(key) {
                // One label under two sources is two conditions.
                if labels.insert(key.to_owned(), value.clone()).is_some() {
                    return None;
                }
            }
        }
        let mut expressions = Vec::new();
        for expression in list(selector, "matchExpressions", Value::as_array)?.into_iter().flatten()
        {
            if let Some(key) = self.key(expression.get("key")?.as_str()?) {
                let mut expression = expression.clone();
                expression["key"] = key.into();
                expressions.push(expression);
            }
        }
        Some(json!({"matchLabels": labels, "matchExpressions": expressions}))
    }

    /// The label that a key reads, where it is one of the pod. A source stands before a colon; without
    /// one it is any.
    fn key<'k>(&mut self, key: &'k str) -> Option<&'k str> {
        let label = match key.split_once(':') {
            Some(("k8s" | "any", label)) => label,
            Some(_) => return None,
            None => key,
        };
        self.names_namespaces |= label == NAMESPACE;
        (!DERIVED.iter().any(|prefix| label.starts_with(prefix))).then_some(label)
    }
}

/// A member that may be absent or null; the outer `None` where it is of another type.
fn list<'a, T>(at: &'a Value, key: &str, of: impl Fn(&'a Value) -> Option<T>) -> Option<Option<T>> {
    match at.get(key).filter(|value| !value.is_null()) {
        None => Some(None),
        Some(value) => of(value).map(Some),
    }
}
