//! Which values a plan may show. Decided by type and place, before and beside the redactor, which
//! knows values.

use serde_json::{Map, Value};

use super::diff::Difference;
use super::model::{FieldChange, FieldValue};
use super::path::{Path, Segment};
use manifest::Kind;

/// What stands in a shown object in place of a secret that stays as it is.
const HIDDEN: &str = "(hidden)";
/// In place of a secret before it changes.
const HIDDEN_OLD: &str = "(hidden, old value)";
/// In place of a secret after it has changed.
const HIDDEN_NEW: &str = "(hidden, new value)";

/// Foreign annotations may hold whole manifests; ours are shorter than this many bytes.
const LONG_ANNOTATION: usize = 256;

/// A difference as it may be shown.
pub(super) fn field_change(kind: Kind, difference: Difference) -> FieldChange {
    let path = &difference.path;
    let hide = is_secret(kind, path, difference.old.as_ref())
        || is_secret(kind, path, difference.new.as_ref());
    let show = |value: Option<Value>| match value {
        None => FieldValue::Absent,
        Some(_) if hide => FieldValue::Secret,
        Some(value) => FieldValue::Plain(masked(&value)),
    };
    FieldChange {
        path: path.to_string(),
        old: show(difference.old),
        new: show(difference.new),
        changed_by: None,
    }
}

/// Whether the value at `path` is kept back.
fn is_secret(kind: Kind, path: &Path, value: Option<&Value>) -> bool {
    let names: Vec<&str> = path.field_names().collect();
    if kind == Kind::Secret && matches!(names.first(), Some(&"data" | &"stringData")) {
        return true;
    }
    if let [.., "annotations", key] = names[..] {
        let long = value.and_then(Value::as_str).is_some_and(|v| v.len() > LONG_ANNOTATION);
        return is_digest(key) || long;
    }
    let in_env = names.contains(&"env") && path.last_field() == Some("value");
    in_env && path.item_of("env").is_some_and(|name| is_credential_name(&name))
}

/// Whether an annotation holds a digest of what pods read.
pub(super) fn is_digest(annotation: &str) -> bool {
    annotation.contains("digest") || annotation.contains("checksum")
}

/// Whether an environment variable's name says that its value is a credential.
fn is_credential_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL", "DATABASE_URL", "_DSN", "PRIVATE"]
        .iter()
        .any(|part| name.contains(part))
        || name.ends_with("_KEY")
}

/// The value with the password of every URL in it, and every value of a credential-like
/// environment variable, replaced.
fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_userinfo(text)),
        Value::Array(list) => Value::Array(list.iter().map(masked).collect()),
        Value::Object(fields) => {
            let credential =
                fields.get("name").and_then(Value::as_str).is_some_and(is_credential_name);
            let mask = |(name, value): (&String, &Value)| {
                let value = match value {
                    Value::String(_) if credential && name == "value" => HIDDEN.into(),
                    _ => masked(value),
                };
                (name.clone(), value)
            };
            Value::Object(fields.iter().map(mask).collect())
        }
        _ => value.clone(),
    }
}

/// `scheme://user:password@host` with the password replaced.
fn without_userinfo(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        // Not up to the first slash: a password that should be percent-encoded may hold one.
        let end = after.find([' ', '\n', '"', '\'']).unwrap_or(after.len());
        let authority = &after[..end];
        match authority.rsplit_once('@') {
            Some((userinfo, host)) => {
                let user = userinfo.split(':').next().unwrap_or_default();
                shown.push_str(user);
                if userinfo.len() > user.len() {
                    shown.push_str(":***");
                }
                shown.push('@');
                shown.push_str(host);
            }
            None => shown.push_str(authority),
        }
        rest = &after[end..];
    }
    shown.push_str(rest);
    shown
}

/// Both sides of a change as they may be shown: where a secret differs, so do the words that stand
/// in its place.
pub(super) fn shown(
    kind: Kind,
    old: Option<&Value>,
    new: Option<&Value>,
) -> (Option<Value>, Option<Value>) {
    let side = |value: Option<&Value>, other: Option<&Value>, word: &str| {
        value.map(|value| hide(kind, &Path::default(), value, other, word))
    };
    (side(old, new, HIDDEN_OLD), side(new, old, HIDDEN_NEW))
}

fn hide(kind: Kind, path: &Path, value: &Value, other: Option<&Value>, word: &str) -> Value {
    let substitute = || Value::from(if other == Some(value) { HIDDEN } else { word });
    match value {
        Value::Object(fields) => {
            let mut shown = Map::new();
            for (name, below) in fields {
                let path = path.join(Segment::Field(name.clone()));
                let other = other.and_then(|other| other.get(name));
                shown.insert(name.clone(), hide(kind, &path, below, other, word));
            }
            Value::Object(shown)
        }
        Value::Array(list) => {
            let items = super::lists::items(super::lists::list_type(kind, path), list);
            let counterpart = |at: usize, segment: &Segment| match segment {
                Segment::Index(_) => other.and_then(|other| other.get(at)),
                _ => other.and_then(|other| Path(vec![segment.clone()]).get(other)),
            };
            let items = items.unwrap_or_else(|| {
                list.iter().enumerate().map(|(at, item)| (Segment::Index(at), item)).collect()
            });
            let shown = items.into_iter().enumerate().map(|(at, (segment, item))| {
                let other = counterpart(at, &segment);
                hide(kind, &path.join(segment), item, other, word)
            });
            Value::Array(shown.collect())
        }
        _ if is_secret(kind, path, Some(value)) => substitute(),
        _ => masked(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn passwords_in_urls_go() {
        for (text, shown) in [
            ("postgres://u:p@h:5432/d", "postgres://u:***@h:5432/d"),
            ("a https://u:p%40x@h b http://v:q@i", "a https://u:***@h b http://v:***@i"),
            ("https://user@host/", "https://user@host/"),
            ("http://hive-gateway.openhive.svc:8080", "http://hive-gateway.openhive.svc:8080"),
            ("x://a:b@c@host", "x://a:***@host"),
            ("x://a:b/c@host", "x://a:***@host"),
        ] {
            assert_eq!(without_userinfo(text), shown);
        }
    }

    #[test]
    fn a_changed_secret_shows_that_it_changed_and_no_more() {
        let secret = |a: &str, b: &str| json!({"data": {"a": a, "b": b}, "type": "Opaque"});
        let (old, new) = (secret("b25l", "c2FtZQ=="), secret("dHdv", "c2FtZQ=="));
        let (old, new) = shown(Kind::Secret, Some(&old), Some(&new));
        assert_eq!(old, Some(secret("(hidden, old value)", "(hidden)")));
        assert_eq!(new, Some(secret("(hidden, new value)", "(hidden)")));
    }

    #[test]
    fn credentials_of_environments_are_hidden_by_name() {
        let pod = json!({"spec": {"containers": [{"name": "c", "env": [
            {"name": "DB_PASSWORD", "value": "canary"}, {"name": "MODE", "value": "check"}]}]}});
        let (_, shown) = shown(Kind::Deployment, None, Some(&pod));
        let shown = shown.map(|v| v.to_string()).unwrap_or_default();
        assert!(!shown.contains("canary") && shown.contains("check"), "{shown}");
        assert_eq!(
            masked(&json!([{"name": "API_KEY", "value": "canary"}]))[0]["value"],
            json!(HIDDEN)
        );
    }
}
