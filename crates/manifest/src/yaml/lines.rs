//! Lines of fields. A document is read again for them, and only where something is reported in it:
//! keeping the line of every field of every object would cost more than all the rest.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::options;

/// A value and the line on which it starts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// Counted from 1.
    pub line: u32,
    /// What it holds.
    pub content: Content,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Content {
    /// Keys with their values.
    Map(Vec<(String, Node)>),
    /// Items.
    List(Vec<Node>),
    /// A string.
    Text(String),
    /// Any other scalar.
    Other,
}

/// The document of `text` that starts on line `first`. `None` where there is none.
#[must_use]
pub fn document(text: &str, first: u32) -> Option<Node> {
    let skip = usize::try_from(first).ok()?.checked_sub(1)?;
    let start: usize = text.split_inclusive('\n').take(skip).map(str::len).sum();
    let rest = text.get(start..)?;
    let marker = |line: &str| line.starts_with("---") || line.starts_with("...");
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if end > 0 && marker(line) {
            break;
        }
        end += line.len();
    }
    let mut read: Vec<Spanned<Content>> =
        serde_saphyr::from_multiple_with_options(&rest[..end], options()).ok()?;
    let mut node = Node::from(if read.is_empty() { return None } else { read.swap_remove(0) });
    node.shift(first - 1);
    Some(node)
}

impl Node {
    /// The member of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Content::Map(members) = &self.content else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The items of a list; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        if let Content::List(items) = &self.content { items } else { &[] }
    }

    /// The string that it is.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Content::Text(text) = &self.content { Some(text) } else { None }
    }

    /// The line of a field such as `spec.egress[0].to`, else of the last part of it that is there.
    #[must_use]
    pub fn line_of(&self, field: &str) -> u32 {
        let mut at = self;
        for step in field.split(['.', '[']).filter(|step| !step.is_empty()) {
            let next = match step.strip_suffix(']') {
                Some(index) => index.parse().ok().and_then(|i: usize| at.items().get(i)),
                None => at.get(step),
            };
            let Some(next) = next else { break };
            at = next;
        }
        at.line
    }

    fn shift(&mut self, by: u32) {
        self.line += by;
        match &mut self.content {
            Content::Map(members) => members.iter_mut().for_each(|(_, node)| node.shift(by)),
            Content::List(items) => items.iter_mut().for_each(|node| node.shift(by)),
            Content::Text(_) | Content::Other => {}
        }
    }
}

impl From<Spanned<Content>> for Node {
    fn from(read: Spanned<Content>) -> Self {
        let line = u32::try_from(read.referenced.line()).unwrap_or(1);
        Self { line, content: read.value }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Content;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Spanned<Content>>()? {
            members.push((key, value.into()));
        }
        Ok(Content::Map(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<Spanned<Content>>()? {
            items.push(item.into());
        }
        Ok(Content::List(items))
    }

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_any(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::document;
    use crate::yaml;

    const TEXT: &str = "\
# head
kind: A
---
kind: NetworkPolicy
metadata: {name: web, labels: {1: 2, x: null}}
spec:
  ingress:
  - from:
    - podSelector: {}
  # between
  - ports:
    - port: 80
    - port: !!int 81
---
{\"kind\": \"B\",
 \"spec\": {\"egress\": [{},
   {\"to\": []}]}}
";

    #[test]
    fn fields_have_the_lines_on_which_they_stand() {
        let starts: Vec<_> = yaml::read(TEXT).unwrap().into_iter().map(|d| d.line).collect();
        assert_eq!(starts, [2, 4, 15]);
        let node = document(TEXT, 4).unwrap();
        assert_eq!(node.get("kind").unwrap().text(), Some("NetworkPolicy"));
        for (field, line) in [
            ("spec.ingress[0]", 8),
            ("spec.ingress[0].from[0]", 9),
            ("spec.ingress[1]", 11),
            ("spec.ingress[1].ports[1].port", 13),
            ("spec.ingress[7]", 8),
            ("spec.egress[0]", 7),
            ("metadata.name", 5),
        ] {
            assert_eq!(node.line_of(field), line, "{field}");
        }
        let json = document(TEXT, 15).unwrap();
        assert_eq!(json.line_of("spec.egress[1]"), 17);
        assert!(document(TEXT, 99).is_none());
        assert!(document("a: [", 1).is_none());
    }
}
