//! Fields that cannot change once an object exists, decided by kind and never by an error's text.

use std::cmp::Ordering;

use serde_json::Value;

use super::consequence::{Consequence, Obstacle};
use manifest::{Kind, Quantity};

/// What a change of an immutable field means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Immutable {
    /// Delete and create.
    Replace {
        /// The field.
        field: &'static str,
        /// What it costs.
        cost: String,
        /// Whether it has to be asked for, since pods stop.
        stops_pods: bool,
    },
    /// It cannot be had.
    Never(Obstacle),
}

/// The first immutable field in which the two differ.
pub(super) fn immutable(kind: Kind, live: &Value, desired: &Value) -> Option<Immutable> {
    match kind {
        Kind::Deployment => selector(live, desired),
        Kind::RoleBinding => role_ref(live, desired),
        Kind::Secret => secret(live, desired),
        Kind::PersistentVolumeClaim => claim(live, desired),
        _ => None,
    }
}

fn differs(live: &Value, desired: &Value, pointer: &str) -> bool {
    let value = desired.pointer(pointer).filter(|value| !value.is_null());
    value.is_some_and(|value| live.pointer(pointer) != Some(value))
}

fn selector(live: &Value, desired: &Value) -> Option<Immutable> {
    let part = |object: &Value, part: &str| {
        let value = object.pointer("/spec/selector").and_then(|selector| selector.get(part));
        value.filter(|v| !v.is_null() && v.as_array().is_none_or(|l| !l.is_empty())).cloned()
    };
    let same =
        ["matchLabels", "matchExpressions"].iter().all(|p| part(live, p) == part(desired, p));
    (!same).then(|| Immutable::Replace {
        field: "spec.selector",
        cost: "its pods stop, and it is down until the new ones are ready".to_owned(),
        stops_pods: true,
    })
}

fn role_ref(live: &Value, desired: &Value) -> Option<Immutable> {
    let changed = ["/roleRef/kind", "/roleRef/name"].iter().any(|p| differs(live, desired, p));
    changed.then(|| Immutable::Replace {
        field: "roleRef",
        cost: "its subjects are without the role for a moment".to_owned(),
        stops_pods: false,
    })
}

fn secret(live: &Value, desired: &Value) -> Option<Immutable> {
    let replace = |field| {
        Some(Immutable::Replace {
            field,
            cost: "pods that start in that moment wait for it".to_owned(),
            stops_pods: false,
        })
    };
    let kind =
        |object: &Value| object.get("type").and_then(Value::as_str).unwrap_or("Opaque").to_owned();
    if kind(live) != kind(desired) {
        return replace("type");
    }
    let sealed = live.get("immutable").and_then(Value::as_bool) == Some(true);
    let open = desired.get("immutable").and_then(Value::as_bool) != Some(true);
    if sealed && (open || differs(live, desired, "/data")) {
        return replace("data");
    }
    None
}

fn claim(live: &Value, desired: &Value) -> Option<Immutable> {
    const FIXED: [&str; 7] = [
        "accessModes",
        "storageClassName",
        "volumeMode",
        "volumeName",
        "selector",
        "dataSource",
        "dataSourceRef",
    ];
    let changed = FIXED.into_iter().find(|f| differs(live, desired, &format!("/spec/{f}")));
    if let Some(field) = changed {
        let field = format!("spec.{field}");
        return Some(Immutable::Never(Obstacle::Immutable { field }));
    }
    let (from, to) = (storage(live)?, storage(desired)?);
    (compare(from, to) == Some(Ordering::Greater))
        .then(|| Immutable::Never(Obstacle::Shrinks { from: plain(from), to: plain(to) }))
}

/// What a larger claim means.
pub(super) fn expansion(kind: Kind, live: &Value, desired: &Value) -> Option<Consequence> {
    if kind != Kind::PersistentVolumeClaim {
        return None;
    }
    let (from, to) = (storage(live)?, storage(desired)?);
    (compare(from, to) == Some(Ordering::Less))
        .then(|| Consequence::Expands { from: plain(from), to: plain(to) })
}

/// How two quantities compare; `None` where one is none.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    Some(Quantity::read(a).ok()?.cmp(&Quantity::read(b).ok()?))
}

fn storage(claim: &Value) -> Option<&Value> {
    claim.pointer("/spec/resources/requests/storage")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(kind: Kind, live: &Value, desired: &Value) -> Option<&'static str> {
        match immutable(kind, live, desired) {
            Some(Immutable::Replace { field, .. }) => Some(field),
            Some(Immutable::Never(_)) => Some("never"),
            None => None,
        }
    }

    #[test]
    fn selectors_and_role_references_replace() {
        let deployment = |app: &str| json!({"spec": {"selector": {"matchLabels": {"app": app}}}});
        assert_eq!(field(Kind::Deployment, &deployment("a"), &deployment("a")), None);
        assert_eq!(
            field(Kind::Deployment, &deployment("a"), &deployment("b")),
            Some("spec.selector")
        );
        let wider = json!({"spec": {"selector": {"matchLabels": {"app": "a", "b": "c"}}}});
        assert_eq!(field(Kind::Deployment, &wider, &deployment("a")), Some("spec.selector"));
        let binding = |name: &str| json!({"roleRef": {"kind": "Role", "name": name}});
        assert_eq!(field(Kind::RoleBinding, &binding("a"), &binding("b")), Some("roleRef"));
    }

    #[test]
    fn sealed_secrets_and_other_types_replace() {
        let sealed = json!({"type": "Opaque", "immutable": true, "data": {"a": "MQ=="}});
        let plain = json!({"data": {"a": "MQ=="}});
        assert_eq!(field(Kind::Secret, &sealed, &plain), Some("data"));
        assert_eq!(field(Kind::Secret, &plain, &plain), None);
        assert_eq!(field(Kind::Secret, &json!({"type": "x"}), &plain), Some("type"));
    }

    #[test]
    fn claims_only_grow() {
        let claim = |size: &str, mode: &str| {
            json!({"spec": {"accessModes": [mode],
            "resources": {"requests": {"storage": size}}}})
        };
        let live = claim("1Gi", "ReadWriteOnce");
        let never = |desired: Value| immutable(Kind::PersistentVolumeClaim, &live, &desired);
        assert_eq!(never(claim("1024Mi", "ReadWriteOnce")), None);
        assert_eq!(never(claim("2Gi", "ReadWriteOnce")), None);
        assert!(matches!(
            never(claim("512Mi", "ReadWriteOnce")),
            Some(Immutable::Never(Obstacle::Shrinks { .. }))
        ));
        assert!(matches!(
            never(claim("1Gi", "ReadWriteMany")),
            Some(Immutable::Never(Obstacle::Immutable { .. }))
        ));
        let grown = expansion(Kind::PersistentVolumeClaim, &live, &claim("2Gi", "ReadWriteOnce"));
        assert_eq!(grown, Some(Consequence::Expands { from: "1Gi".into(), to: "2Gi".into() }));
    }
}
