//! Only what decides is kept of an object while it is read: of a pod as a cluster shows it that is a
//! twentieth, and an input of ten thousand of them has to fit into memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::{Map, Value};

use super::node::tells_addresses;

/// An object without the parts that never bear on connections: annotations but those of nodes, what pods mount and
/// run, conditions, the contents of Secrets and ConfigMaps. Whatever is kept is kept as it is
/// written, so that what the API server would refuse is still seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest(pub Value);

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Part::Object.deserialize(deserializer).map(Self)
    }
}

/// Where in an object a value stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    /// An object, or an item of a list.
    Object,
    Items,
    Metadata,
    Annotations,
    /// Of any kind but Pod.
    Spec,
    /// `jobTemplate` of a CronJob.
    JobTemplate,
    /// What has `metadata` and `spec` of a pod.
    Template,
    PodSpec,
    Containers,
    PodStatus,
    /// Everything below.
    Whole,
}

impl Part {
    /// What stands below a key; `None`: nothing that is needed. The kind may not be known yet.
    fn below(self, key: &str, kind: Option<&str>) -> Option<Self> {
        let content = || matches!(key, "data" | "stringData" | "binaryData");
        match self {
            Self::Object => match (key, kind) {
                ("metadata", _) => Some(Self::Metadata),
                ("items", _) => Some(Self::Items),
                ("spec", Some("Pod")) => Some(Self::PodSpec),
                ("spec", _) => Some(Self::Spec),
                ("status", Some("Pod")) => Some(Self::PodStatus),
                (_, Some("Secret" | "ConfigMap")) if content() => None,
                _ => Some(Self::Whole),
            },
            Self::Metadata => match key {
                "annotations" => Some(Self::Annotations),
                "managedFields" => None,
                _ => Some(Self::Whole),
            },
            Self::Annotations => tells_addresses(key).then_some(Self::Whole),
            Self::Spec => match key {
                "template" => Some(Self::Template),
                "jobTemplate" => Some(Self::JobTemplate),
                _ => Some(Self::Whole),
            },
            Self::JobTemplate => match key {
                "spec" => Some(Self::Spec),
                _ => Some(Self::Whole),
            },
            Self::Template => match key {
                "metadata" => Some(Self::Metadata),
                "spec" => Some(Self::PodSpec),
                _ => Some(Self::Whole),
            },
            Self::PodSpec => match key {
                "containers" | "initContainers" => Some(Self::Containers),
                "hostNetwork" | "nodeName" => Some(Self::Whole),
                _ => None,
            },
            Self::Containers => {
                matches!(key, "name" | "ports" | "restartPolicy").then_some(Self::Whole)
            }
            Self::PodStatus => matches!(key, "phase" | "podIP" | "podIPs" | "hostIP" | "hostIPs")
                .then_some(Self::Whole),
            Self::Items | Self::Whole => Some(Self::Whole),
        }
    }

    /// What an entry of a list is.
    const fn entry(self) -> Self {
        match self {
            // An array of objects is one of manifests.
            Self::Items | Self::Object => Self::Object,
            Self::Containers => Self::Containers,
            _ => Self::Whole,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self == Self::Whole {
            return Value::deserialize(deserializer);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element_seed(self.entry())? {
            entries.push(entry);
        }
        Ok(entries.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        loop {
            let kind = members.get("kind").and_then(Value::as_str);
            match map.next_key_seed(Key { within: self, kind })? {
                None => return Ok(members.into()),
                Some(None) => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(Some((key, part))) => {
                    let value = map.next_value_seed(part)?;
                    if part != Self::Annotations || value.as_object().is_some_and(|v| !v.is_empty())
                    {
                        members.insert(key, value);
                    }
                }
            }
        }
    }
}

/// Reads a key, and whether its value is wanted.
struct Key<'a> {
    within: Part,
    kind: Option<&'a str>,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<(String, Part)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<(String, Part)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.within.below(key, self.kind).map(|part| (key.to_owned(), part)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Value {
        serde_json::from_value::<Manifest>(value.clone()).unwrap().0
    }

    #[test]
    fn what_decides_is_kept() {
        let pod = json!({"metadata": {"labels": {"app": "web"}, "annotations": {"note": "x"}},
            "spec": {"hostNetwork": true, "nodeName": "n", "volumes": [{"name": "v"}],
                "containers": [{"name": "main", "image": "i", "ports": [{"containerPort": 80}]}],
                "initContainers": [{"name": "side", "restartPolicy": "Always", "env": []}]}});
        let kept = json!({"metadata": {"labels": {"app": "web"}},
            "spec": {"hostNetwork": true, "nodeName": "n",
                "containers": [{"name": "main", "ports": [{"containerPort": 80}]}],
                "initContainers": [{"name": "side", "restartPolicy": "Always"}]}});
        let with = |outer: &Value, inner: &Value| {
            let mut object = outer.clone();
            object.as_object_mut().unwrap().extend(inner.as_object().unwrap().clone());
            object
        };
        let head = json!({"apiVersion": "v1", "kind": "Pod"});
        assert_eq!(read(&with(&head, &pod)), with(&head, &kept));
        for (kind, template) in [("Deployment", "template"), ("CronJob", "jobTemplate")] {
            let wrap = |pod: &Value| match template {
                "template" => json!({"kind": kind, "spec": {"replicas": 2, "template": pod}}),
                _ => json!({"kind": kind, "spec": {"jobTemplate": {"spec": {"template": pod}}}}),
            };
            assert_eq!(read(&wrap(&pod)), wrap(&kept));
        }
        let list = |pod: &Value| json!({"kind": "List", "items": [with(&head, pod), null, 3]});
        assert_eq!(read(&list(&pod)), list(&kept));
    }

    #[test]
    fn addresses_are_kept_of_a_nodes_annotations() {
        let told = "projectcalico.org/IPv4IPIPTunnelAddr";
        let node =
            json!({"kind": "Node", "metadata": {"annotations": {"note": "x", told: "10.9.0.1"}}});
        let kept = json!({"kind": "Node", "metadata": {"annotations": {told: "10.9.0.1"}}});
        assert_eq!(read(&node), kept);
    }

    #[test]
    fn policies_are_kept_whole() {
        let policy = json!({"kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": 7},
            "spec": {"podSelector": {"matchLabels": {"a": true}}, "containers": 1.5, "x": -3}});
        assert_eq!(read(&policy), policy);
    }

    #[test]
    fn contents_of_secrets_are_not_kept() {
        for kind in ["Secret", "ConfigMap"] {
            let object = json!({"kind": kind, "metadata": {"name": "s"}, "type": "Opaque",
                "data": {"k": "canary"}, "stringData": {"k": "canary"}});
            assert!(!read(&object).to_string().contains("canary"));
        }
    }
}
