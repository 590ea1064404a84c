//! Label selectors out of untyped objects.

use std::collections::BTreeSet;

use super::cursor::Cursor;
use crate::invalid::Problem;
use crate::labels::{Requirement, Selector};

/// Reads a `LabelSelector`. `{}` matches everything.
pub(crate) fn selector(at: &Cursor<'_>) -> Selector {
    at.only(&["matchLabels", "matchExpressions"]);
    let mut requirements = Vec::new();
    if let Some(labels) = at.get("matchLabels") {
        for (key, value) in labels.members() {
            check_key(&value, key);
            if let Some(text) = value.string() {
                check_value(&value, text);
                requirements
                    .push(Requirement::In(key.to_owned(), BTreeSet::from([text.to_owned()])));
            }
        }
    }
    if let Some(expressions) = at.get("matchExpressions") {
        requirements.extend(expressions.items().filter_map(|e| expression(&e)));
    }
    Selector::new(requirements)
}

fn expression(at: &Cursor<'_>) -> Option<Requirement> {
    at.only(&["key", "operator", "values"]);
    let key = at.require("key").and_then(|k| {
        let key = k.string()?;
        check_key(&k, key);
        Some(key.to_owned())
    });
    let values: BTreeSet<String> = at
        .get("values")
        .map(|list| {
            let text = |v: Cursor<'_>| {
                let text = v.string()?;
                check_value(&v, text);
                Some(text.to_owned())
            };
            list.items().filter_map(text).collect()
        })
        .unwrap_or_default();
    let has_values =
        at.get("values").is_some_and(|v| v.value().as_array().is_some_and(|a| !a.is_empty()));
    let operator = at.require("operator")?;
    let key = key?;
    let set = |name, make: fn(String, BTreeSet<String>) -> Requirement, key, values| {
        if !has_values {
            at.report_at("values", Problem::NoValues(name));
        }
        make(key, values)
    };
    let presence = |name, make: fn(String) -> Requirement, key| {
        if has_values {
            at.report_at("values", Problem::Values(name));
        }
        make(key)
    };
    Some(match operator.string()? {
        "In" => set("In", Requirement::In, key, values),
        "NotIn" => set("NotIn", Requirement::NotIn, key, values),
        "Exists" => presence("Exists", Requirement::Exists, key),
        "DoesNotExist" => presence("DoesNotExist", Requirement::DoesNotExist, key),
        other => {
            operator.report(Problem::NotOneOf {
                found: other.to_owned(),
                allowed: "In, NotIn, Exists, DoesNotExist",
            });
            return None;
        }
    })
}

fn check_key(at: &Cursor<'_>, key: &str) {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let valid = prefix.is_none_or(is_subdomain) && !name.is_empty() && is_label_value(name);
    if !valid {
        at.report(Problem::LabelKey(key.to_owned()));
    }
}

fn check_value(at: &Cursor<'_>, value: &str) {
    if !is_label_value(value) {
        at.report(Problem::LabelValue(value.to_owned()));
    }
}

/// `IsValidLabelValue` of `apimachinery/pkg/util/validation`.
fn is_label_value(value: &str) -> bool {
    let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    let bytes = value.as_bytes();
    value.len() <= 63
        && bytes.iter().copied().all(inner)
        && bytes.first().is_none_or(u8::is_ascii_alphanumeric)
        && bytes.last().is_none_or(u8::is_ascii_alphanumeric)
}

/// `IsDNS1123Subdomain` of `apimachinery/pkg/util/validation`.
pub(crate) fn is_subdomain(name: &str) -> bool {
    let part = |p: &str| {
        let edge = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let bytes = p.as_bytes();
        edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == b'-')
    };
    name.len() <= 253 && name.split('.').all(part)
}
