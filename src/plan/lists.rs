//! How lists are merged: which are keyed, which are sets, which are owned as a whole.

use serde_json::Value;

use super::path::{Path, Segment};
use manifest::Kind;

/// What the API's `x-kubernetes-list-type` says of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ListType {
    /// Items are told apart by these fields.
    Keyed(&'static [&'static str]),
    /// Items are their own keys.
    Set,
    /// One value that is replaced as a whole.
    Atomic,
}

/// The type of the list at `path`, as the `listType` and `listMapKey` markers of the API's Go types
/// give it for the kinds of [`Kind`].
pub(super) fn list_type(kind: Kind, path: &Path) -> ListType {
    let mut names = path.field_names().rev();
    let (name, parent) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let in_container = matches!(parent, "containers" | "initContainers" | "ephemeralContainers");
    match name {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "imagePullSecrets" => ListType::Keyed(&["name"]),
        "env" if in_container => ListType::Keyed(&["name"]),
        "ports" if in_container => ListType::Keyed(&["containerPort", "protocol"]),
        "ports" if kind == Kind::Service => ListType::Keyed(&["port", "protocol"]),
        "volumeMounts" => ListType::Keyed(&["mountPath"]),
        "volumeDevices" => ListType::Keyed(&["devicePath"]),
        "hostAliases" => ListType::Keyed(&["ip"]),
        "topologySpreadConstraints" => ListType::Keyed(&["topologyKey", "whenUnsatisfiable"]),
        "resourceClaims" => ListType::Keyed(&["name"]),
        "claims" if parent == "resources" => ListType::Keyed(&["name"]),
        "secrets" if kind == Kind::ServiceAccount => ListType::Keyed(&["name"]),
        "ownerReferences" => ListType::Keyed(&["uid"]),
        "finalizers" if parent == "metadata" => ListType::Set,
        _ => ListType::Atomic,
    }
}

/// The items of a list under the segments that name them; `None` where an item lacks its key or
/// two share one, so that the list can only be read by position.
pub(super) fn items(kind: ListType, list: &[Value]) -> Option<Vec<(Segment, &Value)>> {
    let mut found: Vec<(Segment, &Value)> = Vec::with_capacity(list.len());
    for item in list {
        let segment = match kind {
            ListType::Atomic => return None,
            ListType::Set => Segment::Item(item.to_string()),
            ListType::Keyed(keys) => Segment::Key(
                keys.iter()
                    .map(|key| {
                        let value = match item.get(key) {
                            Some(value) => value.to_string(),
                            None if *key == "protocol" => "\"TCP\"".to_owned(),
                            None => return None,
                        };
                        Some(((*key).to_owned(), value))
                    })
                    .collect::<Option<_>>()?,
            ),
        };
        if found.iter().any(|(other, _)| *other == segment) {
            return None;
        }
        found.push((segment, item));
    }
    Some(found)
}
