//! Plain paths into JSON: `$.credential.access_token`, `$.items[0]['a name']`.
//!
//! kube-client needs the crate of this name for one thing: `token-key` and `expiry-key` of the auth
//! provider `gcp`, which kubectl itself dropped in 1.26. Whoever still has one writes such a path.
//! The whole of JSONPath brings two engines for patterns with their tables, half a megabyte of a
//! binary. So this stands in its place (`[patch.crates-io]`): the same names, plain paths, and an
//! error that says so for all others.

use serde_json::Value;

/// A path that is not plain.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("only plain paths are read, such as $.credential.access_token")]
pub struct NotPlain;

/// Values that paths lead into.
pub trait JsonPath {
    /// What stands at the end of a path; empty where nothing does.
    ///
    /// # Errors
    /// The path is not plain.
    fn query(&self, path: &str) -> Result<Vec<&Self>, NotPlain>;
}

impl JsonPath for Value {
    fn query(&self, path: &str) -> Result<Vec<&Self>, NotPlain> {
        let mut rest = path.strip_prefix('$').ok_or(NotPlain)?;
        let mut at = Some(self);
        while !rest.is_empty() {
            let (step, behind) = step(rest).ok_or(NotPlain)?;
            at = at.and_then(|value| match step {
                Step::Name(name) => value.get(name),
                Step::Index(index) => value.get(index),
            });
            rest = behind;
        }
        Ok(at.into_iter().collect())
    }
}

enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

/// The first step of a path, and what is behind it.
fn step(path: &str) -> Option<(Step<'_>, &str)> {
    if let Some(rest) = path.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        return (!name.is_empty() && name.chars().all(plain)).then_some((Step::Name(name), behind));
    }
    let rest = path.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(rest) = rest.strip_prefix(quote) {
            let (name, behind) = rest.split_once(quote)?;
            return (!name.contains('\\')).then_some((Step::Name(name), behind.strip_prefix(']')?));
        }
    }
    let (index, behind) = rest.split_once(']')?;
    index.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    Some((Step::Index(index.parse().ok()?), behind))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{JsonPath, NotPlain};

    #[test]
    fn plain_paths_are_followed() {
        let value = json!({
            "credential": { "access_token": "a", "token-expiry": "b" },
            "items": [{ "a.name": "c" }, "d"],
        });
        for (path, found) in [
            ("$.credential.access_token", Some("a")),
            ("$.credential.token-expiry", Some("b")),
            ("$['credential'][\"access_token\"]", Some("a")),
            ("$.items[0]['a.name']", Some("c")),
            ("$.items[1]", Some("d")),
            ("$.items[2]", None),
            ("$.items.credential", None),
            ("$.credential[0]", None),
        ] {
            let found: Vec<_> = found.into_iter().map(|text| json!(text)).collect();
            assert_eq!(value.query(path), Ok(found.iter().collect()), "{path}");
        }
        assert_eq!(value.query("$"), Ok(vec![&value]));
    }

    #[test]
    fn all_others_are_refused() {
        let value = json!({ "a": [1] });
        for path in [
            "",
            "a",
            "$a",
            "$.",
            "$..a",
            "$.a.",
            "$.*",
            "$.a[*]",
            "$.a[-1]",
            "$.a[0:1]",
            "$.a[",
            "$.a[]",
            "$.a[+0]",
            "$['a",
            "$['a'",
            "$['\\u0061']",
            "$[?@.a]",
            "$.a b",
            "$.length()",
            "$.a[99999999999999999999]",
        ] {
            assert_eq!(value.query(path), Err(NotPlain), "{path}");
        }
    }
}
