//! What a document is about, told from a few of its lines: reading a document whole takes twenty
//! times as long as passing over it.
//!
//! Only documents in the form that people and `kubectl get -o yaml` write are told. Of everything
//! that could mean something else than it seems to (anchors, quotes over several lines, keys in
//! quotes, JSON) nothing is told, and the document has to be read.

use std::borrow::Cow;

use super::parts::{can_be_parted, documents};

/// What a document is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head<'a> {
    /// `apiVersion`.
    pub api_version: &'a str,
    /// `kind`.
    pub kind: &'a str,
    /// `metadata.namespace`.
    pub namespace: &'a str,
    /// `metadata.name`.
    pub name: &'a str,
}

/// Empties the documents that are certainly not `needed`, and says how many. What is left stands on
/// the lines on which it stood.
pub fn needed<'a>(text: &'a str, needed: impl Fn(&Head<'_>) -> bool) -> (Cow<'a, str>, usize) {
    if text.contains('\r') || !can_be_parted(text) {
        return (text.into(), 0);
    }
    let (mut left, mut emptied) = (String::new(), 0);
    for document in documents(text) {
        let (marker, body) = match document.strip_prefix("---") {
            Some(rest) => document.split_at(3 + rest.find('\n').map_or(rest.len(), |end| end + 1)),
            None => ("", document),
        };
        let certain = marker.is_empty() || marker.trim_end() == "---";
        if certain && head(body).is_some_and(|head| !needed(&head)) {
            left.push_str(marker);
            left.extend(body.bytes().filter(|byte| *byte == b'\n').map(char::from));
            emptied += 1;
        } else {
            left.push_str(document);
        }
    }
    if emptied == 0 { (text.into(), 0) } else { (left.into(), emptied) }
}

/// What a document is about; `None`: not certain.
fn head(document: &str) -> Option<Head<'_>> {
    let (mut api_version, mut kind, mut name, mut namespace) = (None, None, None, None);
    let mut metadata = Metadata::Before;
    // The indentation of the last line that counts: what is deeper would go on with its value.
    let mut flat = None;
    for line in document.lines() {
        let line = line.trim_end_matches(' ');
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if flat.take().is_some_and(|flat| indent > flat) || !is_closed(content) {
            return None;
        }
        let within = matches!(metadata, Metadata::Open | Metadata::Members(_));
        let slot = if indent == 0 {
            if is_item(content) {
                // A list may stand as far left as its key.
                if within { return None } else { continue }
            }
            let (key, value) = member(content)?;
            if within {
                metadata = Metadata::Behind;
            }
            match key {
                "apiVersion" => Some((&mut api_version, value)),
                "kind" => Some((&mut kind, value)),
                "metadata" if metadata == Metadata::Before && value.is_empty() => {
                    metadata = Metadata::Open;
                    None
                }
                "metadata" | "items" => return None,
                _ => None,
            }
        } else if within {
            if metadata == Metadata::Open {
                metadata = Metadata::Members(indent);
            }
            let Metadata::Members(members) = metadata else { return None };
            if indent < members {
                return None;
            }
            if indent > members || is_item(content) {
                continue;
            }
            match member(content)? {
                ("name", value) => Some((&mut name, value)),
                ("namespace", value) => Some((&mut namespace, value)),
                _ => None,
            }
        } else {
            None
        };
        if let Some((slot, value)) = slot {
            if slot.replace(plain(value)?).is_some() {
                return None;
            }
            flat = Some(indent);
        }
    }
    Some(Head { api_version: api_version?, kind: kind?, namespace: namespace?, name: name? })
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Metadata {
    Before,
    Open,
    /// With the indentation of its members.
    Members(usize),
    Behind,
}

/// Whether nothing begins on the line that could end on another one, and every character is what it
/// seems to be. Refuses more than it has to.
fn is_closed(line: &str) -> bool {
    let [mut double, mut single, mut open, mut close] = [0usize; 4];
    for byte in line.bytes() {
        match byte {
            b'"' => double += 1,
            b'\'' => single += 1,
            b'{' | b'[' => open += 1,
            b'}' | b']' => close += 1,
            b'\\' | b'\t' | 0x80.. => return false,
            _ => {}
        }
    }
    let kinds = [double, single, open + close].into_iter().filter(|count| *count > 0).count();
    kinds <= 1 && double % 2 == 0 && single % 2 == 0 && open == close
}

fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// A key and its value on the same line.
fn member(content: &str) -> Option<(&str, &str)> {
    let (key, value) = content.split_once(':')?;
    let word = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let apart = value.is_empty() || value.starts_with(' ');
    (word && apart).then_some((key, value.trim_start_matches(' ')))
}

/// A value that is a string and nothing else.
fn plain(value: &str) -> Option<&str> {
    let inner = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    let text = inner('"').or_else(|| inner('\'')).unwrap_or(value);
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./-".contains(&byte))
        && !text.eq_ignore_ascii_case("null");
    plain.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: shop\n  \
                       labels: {app: web}\n  ownerReferences:\n  - kind: ReplicaSet\n    name: x\nspec:\n  \
                       containers:\n  - name: \"main\"\n";

    #[test]
    fn documents_as_people_write_them_are_told() {
        let told = Head { api_version: "v1", kind: "Pod", namespace: "shop", name: "web" };
        for text in [
            POD.to_owned(),
            POD.replace(": web", ": 'web'").replace("{app: 'web'}", "{}"),
            POD.replace("  ", "    "),
            POD.replace("kind: Pod", "# a comment\n\nkind: Pod   "),
            POD.replace("spec:\n", "finalizers:\n- a\nspec:\n"),
        ] {
            assert_eq!(head(&text), Some(told), "{text}");
        }
    }

    #[test]
    fn of_what_could_mean_something_else_nothing_is_told() {
        for (from, to) in [
            ("name: web", "name: web\n   more"),
            ("name: web", "name: web # comment"),
            ("name: web", "name: 12"),
            ("name: web", "name : web"),
            ("name: web", "name:\n    web"),
            ("name: web", "<<: *web"),
            ("name: web", "name: &web web"),
            ("name: web", "\"name\": web"),
            ("name: web", "name: web\n  name: two"),
            ("name: web", "name: wéb"),
            ("namespace: shop", "namespace: null"),
            ("namespace: shop", "namespace: \"sh\\x6fp\""),
            ("namespace: shop", "namespace: ~"),
            ("  namespace: shop\n", ""),
            ("metadata:\n", "metadata:\n- a\n"),
            ("metadata:\n", "metadata: {name: web, namespace: shop}\n"),
            ("metadata:\n", "metadata:\n    annotations: {}\n"),
            ("metadata:\n", "metadata: {}\nmetadata:\n"),
            ("metadata:\n", "metadata: &anchor\n"),
            ("kind: Pod", "kind: Pod\nkind: Job"),
            ("kind: Pod", "\"kind\": Pod"),
            ("kind: Pod", "? kind\n: Pod"),
            ("kind: Pod", "kind:\tPod"),
            ("kind: Pod", "kind: List\nitems:"),
            ("kind: Pod", "text: \"\nkind: Pod\n\""),
            ("kind: Pod", "text: 'a\nkind: Pod\n'"),
            ("kind: Pod", "text: [a,\nkind: Pod\n]"),
            ("kind: Pod", "text: ['\"', \"\nkind: Pod\n\"]"),
            ("kind: Pod", "text: \"a \\\"\nkind: Pod\n\""),
            ("kind: Pod", "text: {\"}\":\nkind: Pod\n}"),
            ("apiVersion: v1\n", " apiVersion: v1\n"),
            ("\"main\"", "\"main"),
        ] {
            let text = POD.replace(from, to);
            assert_ne!(text, POD, "{from}");
            assert_eq!(head(&text), None, "{text}");
        }
        assert_eq!(head("{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}"), None);
    }

    #[test]
    fn what_is_left_stands_on_its_lines() {
        let other = POD.replace("web", "db");
        let text = format!("{POD}---\n{other}--- # last\n{POD}---\n{POD}");
        let (left, emptied) = needed(&text, |head| head.name == "db");
        assert_eq!(emptied, 2);
        assert_eq!(left.lines().count(), text.lines().count());
        let kept: Vec<_> =
            super::super::read(&left).expect("YAML").iter().map(|d| d.line).collect();
        assert_eq!(kept, [14, 27]);
        assert_eq!(needed(&text, |_| true), (Cow::Borrowed(text.as_str()), 0));
    }

    #[test]
    fn a_stream_with_directives_or_other_line_breaks_is_left_as_it_is() {
        for text in [
            format!("%YAML 1.2\n---\n{POD}"),
            format!("{POD}...\n---\n{POD}"),
            POD.replace('\n', "\r\n"),
            format!("# \r---\n{POD}"),
        ] {
            assert_eq!(needed(&text, |_| false), (Cow::Borrowed(text.as_str()), 0), "{text:?}");
        }
    }
}
