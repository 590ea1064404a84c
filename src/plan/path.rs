//! Where a field is, with list items named by their merge keys.

use std::fmt;

use serde_json::Value;

/// One step into an object.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Segment {
    /// A field of a struct or a key of a map.
    Field(String),
    /// An item of a list that is keyed by some of its fields: (field, value as JSON text), sorted.
    Key(Vec<(String, String)>),
    /// An item of a set, as JSON text.
    Item(String),
    /// An item of a list that is owned as a whole.
    Index(usize),
}

/// The steps from an object's root to a field.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Path(pub Vec<Segment>);

impl Path {
    /// A path of struct fields, written with dots.
    #[must_use]
    pub fn fields(dotted: &str) -> Self {
        Self(dotted.split('.').map(|field| Segment::Field(field.to_owned())).collect())
    }

    /// This path with one more step.
    #[must_use]
    pub fn join(&self, segment: Segment) -> Self {
        let mut path = self.clone();
        path.0.push(segment);
        path
    }

    /// Whether the path is `prefix` or leads below it.
    #[must_use]
    pub fn is_within(&self, prefix: &Self) -> bool {
        self.0.starts_with(&prefix.0)
    }

    /// The last step's name, where it is a field.
    #[must_use]
    pub fn last_field(&self) -> Option<&str> {
        match self.0.last() {
            Some(Segment::Field(name)) => Some(name),
            _ => None,
        }
    }

    /// The names of the fields on the way, the items of lists left out.
    pub fn field_names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Field(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The item's name in the list `list`: `gateway` in `…containers[gateway].image`.
    #[must_use]
    pub fn item_of(&self, list: &str) -> Option<String> {
        let at = self.0.iter().position(|s| matches!(s, Segment::Field(name) if name == list))?;
        match self.0.get(at + 1)? {
            Segment::Key(keys) => keys.first().map(|(_, value)| unquoted(value)),
            _ => None,
        }
    }

    /// The field in an object; `None` where it is not there.
    #[must_use]
    pub fn get<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(root, |value, segment| match segment {
            Segment::Field(name) => value.get(name),
            Segment::Index(index) => value.get(index),
            Segment::Item(text) => value.as_array()?.iter().find(|item| is_json(item, text)),
            Segment::Key(keys) => value.as_array()?.iter().find(|item| {
                keys.iter().all(|(name, text)| match item.get(name) {
                    Some(found) => is_json(found, text),
                    None => name == "protocol" && text == "\"TCP\"",
                })
            }),
        })
    }
}

/// `spec.template.spec.containers[gateway].env[X].value`; a key that is no plain word stands in
/// brackets as well: `metadata.labels[app.kubernetes.io/name]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Field(name) if is_word(name) => {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(name)?;
                }
                Segment::Field(name) => write!(f, "[{name}]")?,
                Segment::Key(keys) => {
                    f.write_str("[")?;
                    for (nth, (_, value)) in keys.iter().enumerate() {
                        if nth > 0 {
                            f.write_str("/")?;
                        }
                        f.write_str(&unquoted(value))?;
                    }
                    f.write_str("]")?;
                }
                Segment::Item(text) => write!(f, "[{}]", unquoted(text))?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl serde::Serialize for Path {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn is_json(value: &Value, text: &str) -> bool {
    match value {
        // What nearly every key is, without reading JSON.
        Value::String(plain) if !plain.contains(['"', '\\']) => {
            text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(plain)
        }
        other => serde_json::from_str::<Value>(text).is_ok_and(|read| read == *other),
    }
}

/// A string's content, any other value's JSON text.
fn unquoted(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Value::String(text)) => text,
        _ => json.to_owned(),
    }
}
