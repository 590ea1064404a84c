//! What a text is that cannot be read.

/// What a text seems to be that is not YAML as Kubernetes reads it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unreadable {
    /// It has actions of a template language, such as those of a Helm chart, that nobody carried out.
    Template,
    /// Somebody means it for Kubernetes: it says which API it is of, and what kind.
    Manifest,
    /// Anything else: settings of an editor, or YAML with the tags of another program.
    Other,
}

impl Unreadable {
    /// What a text seems to be, by its words alone: it cannot be read. A manifest is rather seen where there is
    /// none than overlooked.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if has_actions(text) {
            return Self::Template;
        }
        let text = text.trim_start_matches('\u{feff}');
        let manifest = if text.trim_start().starts_with(['{', '[']) {
            ["\"apiVersion\"", "\"kind\""].iter().all(|key| text.contains(key))
        } else {
            ["apiVersion", "kind"].iter().all(|key| text.lines().any(|line| is_key(line, key)))
        };
        if manifest { Self::Manifest } else { Self::Other }
    }
}

/// Whether a text has actions of Go's or Jinja's templates.
#[must_use]
pub fn has_actions(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Whether a line sets a key of a document, or of an entry of its list.
fn is_key(line: &str, key: &str) -> bool {
    let line = line.strip_prefix("- ").or_else(|| line.strip_prefix("  ")).unwrap_or(line);
    let line = line.trim_start_matches(['"', '\'']);
    let rest = line.strip_prefix(key).map(|rest| rest.trim_start_matches(['"', '\'', ' ']));
    rest.is_some_and(|rest| rest.starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_that_are_broken_are_told_from_the_files_of_other_programs() {
        for (text, seems) in [
            ("apiVersion: v1\nkind: Pod\nkind: Pod\n", Unreadable::Manifest),
            ("# x\n---\n\"apiVersion\": v1\n'kind' : Pod\na: [", Unreadable::Manifest),
            ("- apiVersion: v1\n  kind: Pod\n  a: [", Unreadable::Manifest),
            ("{// one\n\"kind\": \"Pod\", \"apiVersion\": \"v1\"}", Unreadable::Manifest),
            ("apiVersion: v2\nname: a\nname: b\n", Unreadable::Other),
            ("job:\n    apiVersion: v1\n    kind: Pod\n    x: !reference [a]\n", Unreadable::Other),
            ("{// one\n\"version\": 1,}", Unreadable::Other),
            ("apiVersion: v1\nkind: {{ .Values.kind }}\n", Unreadable::Template),
            ("{% if on %}\na: 1\n", Unreadable::Template),
        ] {
            assert_eq!(Unreadable::of(text), seems, "{text}");
        }
    }
}
