//! Labels and label selectors (`k8s.io/apimachinery/pkg/apis/meta/v1`, `LabelSelector`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::verdict::{Tri, Why};

/// The label that the API server sets on every namespace, always to its name.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// What is known of an object's labels.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Labels {
    /// `None`: the key is there, its value is not known (a controller makes it up).
    known: BTreeMap<String, Option<String>>,
    /// Whether other keys may be there as well.
    open: bool,
}

/// What is known of one label.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Label<'a> {
    /// There, with this value.
    Is(&'a str),
    /// There, with a value that is not known.
    Some,
    /// Not there.
    Absent,
    /// Not known whether it is there.
    Unknown,
}

impl Labels {
    /// Exactly these.
    pub fn new<K: Into<String>, V: Into<String>>(labels: impl IntoIterator<Item = (K, V)>) -> Self {
        let known = labels.into_iter().map(|(k, v)| (k.into(), Some(v.into()))).collect();
        Self { known, open: false }
    }

    /// The labels of a namespace that is not in the input: its name, and whatever else.
    #[must_use]
    pub fn of_unlisted_namespace(name: &str) -> Self {
        Self { open: true, ..Self::new([(NAMESPACE_NAME, name)]) }
    }

    /// Sets a label.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.known.insert(key.into(), Some(value.into()));
    }

    /// Notes that a key will be there with a value that nobody knows yet. A known value stays.
    pub fn insert_unknown(&mut self, key: impl Into<String>) {
        self.known.entry(key.into()).or_insert(None);
    }

    /// Notes that others may add keys that are not listed.
    pub fn open(&mut self) {
        self.open = true;
    }

    /// Whether keys that are not listed may be there.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// What is known of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Label<'_> {
        match self.known.get(key) {
            Some(Some(value)) => Label::Is(value),
            Some(None) => Label::Some,
            None if self.open => Label::Unknown,
            None => Label::Absent,
        }
    }

    /// The keys that are there, with the values that are known.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.known.iter().map(|(k, v)| (k.as_str(), v.as_deref()))
    }
}

/// One condition of a selector. All of them must hold.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Requirement {
    /// The key is there, with one of the values.
    In(String, BTreeSet<String>),
    /// The key is absent, or has none of the values.
    NotIn(String, BTreeSet<String>),
    /// The key is there.
    Exists(String),
    /// The key is absent.
    DoesNotExist(String),
}

impl Requirement {
    /// The key that it reads.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::In(key, _)
            | Self::NotIn(key, _)
            | Self::Exists(key)
            | Self::DoesNotExist(key) => key,
        }
    }

    /// Whether it holds.
    pub fn matches(&self, label: Label<'_>) -> Tri {
        const UNKNOWN: Tri = Tri::Maybe(Why::UnknownLabel);
        match (self, label) {
            (Self::In(_, values), Label::Is(value)) => values.contains(value).into(),
            (Self::NotIn(_, values), Label::Is(value)) => (!values.contains(value)).into(),
            (Self::Exists(_), Label::Is(_) | Label::Some) => Tri::Yes,
            (Self::DoesNotExist(_), Label::Is(_) | Label::Some) => Tri::No,
            (Self::In(..) | Self::Exists(_), Label::Absent) => Tri::No,
            (Self::NotIn(..) | Self::DoesNotExist(_), Label::Absent) => Tri::Yes,
            (Self::In(..) | Self::NotIn(..), Label::Some) | (_, Label::Unknown) => UNKNOWN,
        }
    }
}

/// A label selector. Its conditions are sorted and free of repetition, so that selectors that say
/// the same in another order are equal.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

impl Selector {
    /// All of these conditions. None at all matches everything.
    pub fn new(requirements: impl IntoIterator<Item = Requirement>) -> Self {
        let mut requirements: Vec<_> = requirements.into_iter().collect();
        requirements.sort_unstable();
        requirements.dedup();
        Self { requirements }
    }

    /// The selector that matches everything.
    #[must_use]
    pub const fn everything() -> Self {
        Self { requirements: Vec::new() }
    }

    /// Whether it has no condition.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Its conditions.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether the labels satisfy every condition.
    pub fn matches(&self, labels: &Labels) -> Tri {
        self.requirements.iter().fold(Tri::Yes, |all, r| {
            if !all.possibly() { all } else { all.and(r.matches(labels.get(r.key()))) }
        })
    }
}

/// As kubectl writes it: `app=web,tier in (a,b),!old`; `any label` for everything.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_everything() {
            return f.write_str("any label");
        }
        for (i, requirement) in self.requirements.iter().enumerate() {
            write!(f, "{}{requirement}", if i > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |values: &BTreeSet<String>| values.iter().cloned().collect::<Vec<_>>().join(",");
        match self {
            Self::In(key, values) if values.len() == 1 => write!(f, "{key}={}", list(values)),
            Self::In(key, values) => write!(f, "{key} in ({})", list(values)),
            Self::NotIn(key, values) => write!(f, "{key} notin ({})", list(values)),
            Self::Exists(key) => f.write_str(key),
            Self::DoesNotExist(key) => write!(f, "!{key}"),
        }
    }
}

/// `{}`, or `matchLabels` for conditions with one value and `matchExpressions` for the others: a
/// form that the API accepts and that means the same.
impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Expression<'a> {
            key: &'a str,
            operator: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            values: Option<&'a BTreeSet<String>>,
        }
        let mut labels = BTreeMap::new();
        let mut expressions = Vec::new();
        for requirement in &self.requirements {
            let key = requirement.key();
            let (operator, values) = match requirement {
                Requirement::In(_, values) if values.len() == 1 && !labels.contains_key(key) => {
                    labels.insert(key, values.iter().next());
                    continue;
                }
                Requirement::In(_, values) => ("In", Some(values)),
                Requirement::NotIn(_, values) => ("NotIn", Some(values)),
                Requirement::Exists(_) => ("Exists", None),
                Requirement::DoesNotExist(_) => ("DoesNotExist", None),
            };
            expressions.push(Expression { key, operator, values });
        }
        let mut map = serializer.serialize_map(None)?;
        if !labels.is_empty() {
            map.serialize_entry("matchLabels", &labels)?;
        }
        if !expressions.is_empty() {
            map.serialize_entry("matchExpressions", &expressions)?;
        }
        map.end()
    }
}
