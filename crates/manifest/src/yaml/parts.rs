//! A stream in parts that can be read side by side.

use memchr::{memchr_iter, memmem};

use super::MAX_DOCUMENTS;

/// Some documents of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part<'a> {
    /// With their markers.
    pub text: &'a str,
    /// How many lines stand before it.
    pub before: u64,
}

/// Parts one behind the other, each but the last at least `size` bytes long. What they are read as is
/// what the whole is read as.
#[must_use]
pub fn parts(text: &str, size: usize) -> Vec<Part<'_>> {
    let whole = vec![Part { text, before: 0 }];
    // How many documents a stream may have, counts for all of it.
    if text.len() <= size || !can_be_parted(text) || documents(text).nth(MAX_DOCUMENTS).is_some() {
        return whole;
    }
    let (mut parts, mut start, mut end, mut before) = (Vec::new(), 0, 0, 0);
    for document in documents(text) {
        end += document.len();
        if end - start >= size || end == text.len() {
            let part = Part { text: &text[start..end], before };
            before += memchr_iter(b'\n', part.text.as_bytes()).count() as u64;
            start = end;
            parts.push(part);
        }
    }
    parts
}

/// Whether every document begins at a line with three dashes, and says all that is to be known of it.
fn can_be_parted(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Directives belong to the document behind them. Three dots end a document, too.
    let odd = ["%", "..."].iter().any(|odd| {
        text.starts_with(odd) || memmem::find(bytes, format!("\n{odd}").as_bytes()).is_some()
    });
    // Lone, it would be a line break.
    let lone = || memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'));
    !(odd || text.starts_with('\u{feff}') || lone())
}

/// Every document with its marker. Three dashes at the start of a line are one wherever they stand.
fn documents(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let marked = move |at: &usize| bytes.get(at + 3).is_none_or(|b| b" \t\r\n".contains(b));
    let starts = memmem::find_iter(bytes, b"\n---").map(|line_break| line_break + 1).filter(marked);
    let ends = starts.chain([text.len()]);
    ends.scan(0, |start, end| Some(&text[std::mem::replace(start, end)..end]))
        .filter(|document| !document.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::yaml::read;

    const TEXT: &str = "# head\na: |+\n  text\n\n---\n---\nb: ----\n--- c\n---x: 1\n";

    #[test]
    fn a_document_begins_at_its_marker() {
        let found: Vec<_> = documents(TEXT).collect();
        assert_eq!(
            found,
            ["# head\na: |+\n  text\n\n", "---\n", "---\nb: ----\n", "--- c\n---x: 1\n"]
        );
    }

    #[test]
    fn parts_have_a_size() {
        let text = "---\na: 1\n".repeat(10);
        let sizes = |size| parts(&text, size).iter().map(|p| p.text.len()).collect::<Vec<_>>();
        assert_eq!(sizes(27), [27, 27, 27, 9]);
        assert_eq!(sizes(28), [36, 36, 18]);
        assert_eq!(sizes(1000), [90]);
        assert_eq!(parts(&text, 27)[2].before, 12);
    }

    #[test]
    fn what_cannot_be_parted_stays_whole() {
        let document = "---\na: 1\n";
        for odd in ["...\n", "%YAML 1.2\n", "# \r\n# \r"] {
            let text = format!("{document}{odd}{}", document.repeat(3));
            assert_eq!(parts(&text, 1).len(), 1, "{odd:?}");
        }
        assert_eq!(parts(&document.repeat(MAX_DOCUMENTS), 1).len(), MAX_DOCUMENTS);
        assert_eq!(parts(&document.repeat(MAX_DOCUMENTS + 1), 1).len(), 1);
    }

    proptest! {
        #[test]
        fn parts_are_read_as_the_whole(
            lines in prop::collection::vec(
                prop::sample::select(vec![
                    "---", "--- ", "--- # x", "--- {a: 1}", "a: 1", "b: |+", "  text", "", "c: '", "'",
                    "d: \"", "\"", "e: [", "]", "- x", "# x", "...", "%YAML 1.2", "x", "---\r",
                ]),
                0..12,
            ),
            size in 1usize..40,
        ) {
            let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let side_by_side = parts(&text, size).iter().try_fold(Vec::new(), |mut all, part| {
                for mut document in read(part.text)? {
                    document.line += part.before;
                    all.push(document);
                }
                Ok::<_, crate::yaml::YamlError>(all)
            });
            let whole = read(&text);
            prop_assert_eq!(side_by_side.ok(), whole.ok(), "{}", text);
        }
    }
}
