//! Where a cause is written: the line of the rule, not only that of its object.

use crate::finding::Cause;
use crate::invalid::Place;
use manifest::yaml::lines::{self, Node};

/// Looks up the lines of the fields of these causes. `text` gives the text of a file that was read.
pub fn resolve<'t>(causes: &mut [Cause], text: &dyn Fn(&str) -> Option<&'t str>) {
    for cause in causes {
        let Some(place) = &mut cause.place else { continue };
        if let Some(line) = line(place, &cause.object, cause.field.as_deref(), text) {
            place.line = Some(line);
        }
    }
}

/// The line of a field of an object, of the object where it has no such field.
fn line<'t>(
    place: &Place,
    object: &str,
    field: Option<&str>,
    text: &dyn Fn(&str) -> Option<&'t str>,
) -> Option<u32> {
    let document = lines::document(text(&place.file)?, place.line?)?;
    let (kind, id) = object.split_once(' ')?;
    let (namespace, name) = match id.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, id),
    };
    let found = find(&document, kind, namespace, name)?;
    Some(field.map_or(found.line, |field| found.line_of(field)))
}

/// The document itself, or an item of the list that it is.
fn find<'n>(node: &'n Node, kind: &str, namespace: Option<&str>, name: &str) -> Option<&'n Node> {
    let of_list = node.get("kind").and_then(Node::text).unwrap_or_default();
    match node.get("items") {
        Some(items) if of_list.ends_with("List") => {
            let of = of_list.trim_end_matches("List");
            items.items().iter().find_map(|item| {
                let item_kind = item.get("kind").and_then(Node::text).unwrap_or(of);
                if item_kind.ends_with("List") {
                    return find(item, kind, namespace, name);
                }
                is(item, item_kind, kind, namespace, name).then_some(item)
            })
        }
        _ => is(node, of_list, kind, namespace, name).then_some(node),
    }
}

fn is(node: &Node, found: &str, kind: &str, namespace: Option<&str>, name: &str) -> bool {
    let metadata = |key: &str| node.get("metadata")?.get(key)?.text();
    found.eq_ignore_ascii_case(kind)
        && metadata("name") == Some(name)
        // Without a namespace it is in the one that the command line names.
        && metadata("namespace").is_none_or(|found| Some(found) == namespace)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const TEXT: &str = "\
kind: NetworkPolicyList
items:
- metadata: {name: a, namespace: x}
  spec: {egress: [{}]}
- metadata: {name: a, namespace: w}
  spec:
    egress:
    - {}
    - ports: []
- kind: Deployment
  metadata: {name: a}
";

    #[test]
    fn a_rule_is_found_in_an_item_of_a_list() {
        let line_of = |object: &str, field: Option<&str>| {
            let place = Place { file: "f".to_owned(), line: Some(1) };
            let field = field.map(str::to_owned);
            let object = object.to_owned();
            let mut causes = [Cause { object, field, place: Some(place), ..Cause::default() }];
            resolve(&mut causes, &|_| Some(TEXT));
            causes[0].place.as_ref().unwrap().line.unwrap()
        };
        assert_eq!(line_of("networkpolicy w/a", Some("spec.egress[1]")), 9);
        assert_eq!(line_of("networkpolicy x/a", Some("spec.egress[0]")), 4);
        assert_eq!(line_of("networkpolicy w/a", None), 5);
        assert_eq!(line_of("deployment default/a", None), 10);
        // One that is not there keeps the line of its document.
        assert_eq!(line_of("networkpolicy z/a", None), 1);
    }
}
