//! Sets of fields as `metadata.managedFields[].fieldsV1` writes them (KEP-555).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::path::{Path, Segment};

/// A set of paths, kept as a trie.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FieldSet {
    /// Whether the path that leads here is itself in the set.
    member: bool,
    children: BTreeMap<Segment, FieldSet>,
}

impl FieldSet {
    /// Reads a `fieldsV1`.
    ///
    /// # Errors
    /// A key has none of the prefixes `f:`, `k:`, `v:`, `i:`, or what follows is malformed.
    pub fn parse(fields: &Value) -> Result<Self, FieldSetError> {
        let mut set = Self::default();
        let Some(entries) = fields.as_object() else {
            return Err(FieldSetError { key: fields.to_string() });
        };
        for (key, below) in entries {
            if key == "." {
                set.member = true;
                continue;
            }
            let mut child = Self::parse(below)?;
            // An empty object is a leaf: there the path itself is what is owned.
            if child.children.is_empty() {
                child.member = true;
            }
            set.children.insert(segment(key)?, child);
        }
        Ok(set)
    }

    /// The same set as a `fieldsV1`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut entries = Map::new();
        if self.member && !self.children.is_empty() {
            entries.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for (segment, child) in &self.children {
            entries.insert(key(segment), child.to_json());
        }
        Value::Object(entries)
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }

    /// Whether `path` itself is in the set.
    #[must_use]
    pub fn contains(&self, path: &Path) -> bool {
        self.at(path).is_some_and(|set| set.member)
    }

    /// Whether `path`, something above it that is owned as a whole, or something below it is in the
    /// set: whoever owns the set has a say in the field's value.
    #[must_use]
    pub fn touches(&self, path: &Path) -> bool {
        let mut set = self;
        for segment in &path.0 {
            match set.children.get(segment) {
                Some(child) => set = child,
                None => return set.member && set.children.is_empty(),
            }
        }
        true
    }

    fn at(&self, path: &Path) -> Option<&Self> {
        path.0.iter().try_fold(self, |set, segment| set.children.get(segment))
    }

    /// Adds a path.
    pub fn insert(&mut self, path: &Path) {
        let mut set = self;
        for segment in &path.0 {
            set = set.children.entry(segment.clone()).or_default();
        }
        set.member = true;
    }

    /// Removes a path together with everything below it.
    pub fn remove(&mut self, path: &Path) {
        self.remove_at(&path.0);
    }

    fn remove_at(&mut self, path: &[Segment]) {
        let Some((first, rest)) = path.split_first() else { return };
        if rest.is_empty() {
            self.children.remove(first);
        } else if let Some(child) = self.children.get_mut(first) {
            child.remove_at(rest);
            if child.is_empty() {
                self.children.remove(first);
            }
        }
    }

    /// Everything that is in either set.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        self.merge(other);
        self
    }

    fn merge(&mut self, other: &Self) {
        self.member |= other.member;
        for (segment, child) in &other.children {
            self.children.entry(segment.clone()).or_default().merge(child);
        }
    }

    /// The paths below which nothing else is in the set, sorted.
    #[must_use]
    pub fn leaves(&self) -> Vec<Path> {
        let mut leaves = Vec::new();
        self.collect(&mut Path::default(), &mut leaves);
        leaves
    }

    fn collect(&self, path: &mut Path, leaves: &mut Vec<Path>) {
        if self.children.is_empty() {
            if self.member {
                leaves.push(path.clone());
            }
            return;
        }
        for (segment, child) in &self.children {
            path.0.push(segment.clone());
            child.collect(path, leaves);
            path.0.pop();
        }
    }
}

/// A `fieldsV1` that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown key {key:?} in managedFields")]
pub struct FieldSetError {
    /// The key.
    pub key: String,
}

fn segment(key: &str) -> Result<Segment, FieldSetError> {
    let error = || FieldSetError { key: key.to_owned() };
    let (prefix, rest) = key.split_once(':').ok_or_else(error)?;
    match prefix {
        "f" => Ok(Segment::Field(rest.to_owned())),
        "v" => {
            let item: Value = serde_json::from_str(rest).map_err(|_| error())?;
            Ok(Segment::Item(item.to_string()))
        }
        "i" => Ok(Segment::Index(rest.parse().map_err(|_| error())?)),
        "k" => {
            let keys: BTreeMap<String, Value> = serde_json::from_str(rest).map_err(|_| error())?;
            Ok(Segment::Key(keys.into_iter().map(|(k, v)| (k, v.to_string())).collect()))
        }
        _ => Err(error()),
    }
}

fn key(segment: &Segment) -> String {
    match segment {
        Segment::Field(name) => format!("f:{name}"),
        Segment::Item(text) => format!("v:{text}"),
        Segment::Index(index) => format!("i:{index}"),
        Segment::Key(keys) => {
            let fields: Vec<String> = keys
                .iter()
                .map(|(name, value)| format!("{}:{value}", Value::String(name.clone())))
                .collect();
            format!("k:{{{}}}", fields.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn sample() -> Value {
        json!({
            "f:metadata": {"f:labels": {".": {}, "f:app.kubernetes.io/name": {}}},
            "f:spec": {
                "f:replicas": {},
                "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"gateway\"}": {
                    ".": {}, "f:image": {}, "f:name": {},
                    "f:ports": {".": {}, "k:{\"containerPort\":8080,\"protocol\":\"TCP\"}": {
                        ".": {}, "f:containerPort": {}, "f:protocol": {}}}
                }}}}
            },
            "f:metadata2": {"f:finalizers": {"v:\"x.io/y\"": {}}, "f:list": {"i:3": {}}}
        })
    }

    #[test]
    fn reads_and_writes_every_kind_of_key() {
        let set = FieldSet::parse(&sample()).unwrap();
        assert_eq!(set.to_json(), sample());
        let leaves: Vec<String> = set.leaves().iter().map(ToString::to_string).collect();
        assert!(leaves.contains(&"spec.template.spec.containers[gateway].image".to_owned()));
        assert!(leaves.contains(
            &"spec.template.spec.containers[gateway].ports[8080/TCP].protocol".to_owned()
        ));
        assert!(leaves.contains(&"metadata.labels[app.kubernetes.io/name]".to_owned()));
        assert!(leaves.contains(&"metadata2.finalizers[x.io/y]".to_owned()));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for fields in [json!({"x:y": {}}), json!({"f": {}}), json!({"k:nope": {}}), json!([])] {
            assert!(FieldSet::parse(&fields).is_err(), "{fields}");
        }
    }

    #[test]
    fn knows_members_from_the_way_to_them() {
        let set = FieldSet::parse(&sample()).unwrap();
        assert!(set.contains(&Path::fields("spec.replicas")));
        assert!(set.contains(&Path::fields("metadata.labels")), "by its dot");
        assert!(!set.contains(&Path::fields("spec.template")), "only on the way");
        assert!(set.touches(&Path::fields("spec.template")));
        assert!(set.touches(&Path::fields("spec.replicas.below")), "owned as a whole");
        assert!(!set.touches(&Path::fields("spec.paused")));
        let label = Path::fields("metadata.labels").join(Segment::Field("foreign".into()));
        assert!(!set.touches(&label), "a key of a map that others may add to");
    }

    #[test]
    fn removal_leaves_no_empty_branch() {
        let mut set = FieldSet::parse(&json!({"f:a": {"f:b": {"f:c": {}}}, "f:d": {}})).unwrap();
        set.remove(&Path::fields("a.b.c"));
        assert_eq!(set.to_json(), json!({"f:d": {}}));
    }

    fn fields() -> impl Strategy<Value = Value> {
        let key = prop_oneof!["f:[a-c]", "v:[0-9]", "i:[0-9]", "k:\\{\"name\":\"[ab]\"\\}"];
        Just(json!({})).prop_recursive(4, 24, 4, move |inner| {
            proptest::collection::btree_map(key.clone(), inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect()))
        })
    }

    proptest! {
        #[test]
        fn round_trip(fields in fields()) {
            let set = FieldSet::parse(&fields).unwrap();
            prop_assert_eq!(FieldSet::parse(&set.to_json()).unwrap(), set);
        }

        #[test]
        fn union_holds_both(a in fields(), b in fields()) {
            let (a, b) = (FieldSet::parse(&a).unwrap(), FieldSet::parse(&b).unwrap());
            let both = a.clone().union(&b);
            prop_assert_eq!(&both, &b.clone().union(&a));
            for leaf in a.leaves().into_iter().chain(b.leaves()) {
                prop_assert!(both.contains(&leaf));
            }
        }
    }
}
