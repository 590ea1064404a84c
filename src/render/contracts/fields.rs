//! Only fields that Kubernetes 1.30, the oldest supported release, knows.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Case, cases};

/// Every field that is sent, one path a line: `Kind.field.field`, `*` for an element of a list or
/// the key of a map. Each was looked up in the API reference of 1.30.
const LIST: &str = include_str!("fields-1.30.txt");

/// Maps whose keys are data: labels, annotations, and what a Secret holds.
const MAPS: [&str; 6] = ["labels", "annotations", "matchLabels", "data", "requests", "limits"];

fn paths(prefix: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                let map = prefix.rsplit('.').next().is_some_and(|last| MAPS.contains(&last));
                // A Service's selector is a map of labels; the selectors of others are objects.
                let key = if map || prefix == "Service.spec.selector" { "*" } else { key };
                paths(&format!("{prefix}.{key}"), field, found);
            }
            if fields.is_empty() {
                found.insert(prefix.to_owned());
            }
        }
        Value::Array(items) => {
            for item in items {
                paths(&format!("{prefix}.*"), item, found);
            }
        }
        _ => {
            found.insert(prefix.to_owned());
        }
    }
}

fn sent(case: &Case) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for object in &case.objects {
        paths(object.reference.kind.name(), &object.manifest, &mut found);
    }
    found
}

#[test]
fn only_fields_of_kubernetes_1_30_are_sent() {
    let known: BTreeSet<&str> = LIST.lines().filter(|l| !l.starts_with('#')).collect();
    for case in cases() {
        for path in sent(&case) {
            assert!(known.contains(path.as_str()), "{path} is not in the list of 1.30's fields");
        }
    }
}

#[test]
fn the_list_has_no_field_that_is_never_sent() {
    let all: BTreeSet<String> = cases().flat_map(|case| sent(&case)).collect();
    let listed: BTreeSet<String> =
        LIST.lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect();
    assert_eq!(listed, all);
}
