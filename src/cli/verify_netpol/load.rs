//! Reads texts on all cores: nearly all the time of a check goes into YAML.

use std::num::NonZero;
use std::sync::mpsc::sync_channel;
use std::thread;

use manifest::yaml::parts::{Part, parts};
use manifest::yaml::{self, Document, YamlError, has_actions};
use netpol::Place;
use netpol::read::{Manifest, Reader};
use serde_json::Value;

/// A text and its name.
pub(super) type Text<'a> = (&'a str, &'a str);

/// What of a text is not read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Unread {
    /// The text's number.
    pub(super) text: usize,
    pub(super) line: Option<u64>,
    pub(super) why: Why,
}

/// Why not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Why {
    /// It is not YAML from here on.
    Yaml(YamlError),
    /// The document's name is a template's action.
    Template,
}

/// Less than this is read before a second thread has started.
const SMALL: usize = 128 << 10;

/// More threads would wait for the one that collects.
const THREADS: usize = 4;

/// Adds the objects of all texts in their order. Tells what could not be read of them.
pub(super) fn add_all(reader: &mut Reader, texts: &[Text<'_>]) -> Vec<Unread> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let size = texts.iter().map(|(_, text)| text.len()).sum::<usize>();
    add_on(if size < SMALL { 1 } else { cores.min(THREADS) }, size, reader, texts)
}

fn add_on(threads: usize, size: usize, reader: &mut Reader, texts: &[Text<'_>]) -> Vec<Unread> {
    // Some parts for each, so that all of them end at about the same time.
    let size = if threads > 1 { (size / threads / 8).max(1) } else { usize::MAX };
    let all: Vec<(usize, Part<'_>)> = texts
        .iter()
        .enumerate()
        .flat_map(|(nth, (_, text))| parts(text, size).into_iter().map(move |part| (nth, part)))
        .collect();
    let mut adding = Adding { reader, texts, unread: Vec::new() };
    if threads == 1 {
        all.iter().for_each(|(text, part)| adding.add(*text, || read(*part)));
        return adding.unread;
    }
    thread::scope(|scope| {
        let every = |nth: usize| all.iter().skip(nth).step_by(threads).map(|(_, part)| read(*part));
        // Each reads two parts ahead at most: what is read takes more room than its text.
        let read: Vec<_> = (0..threads)
            .map(|nth| {
                let (send, receive) = sync_channel(1);
                scope.spawn(move || every(nth).try_for_each(|read| send.send(read)));
                receive
            })
            .collect();
        for (nth, (text, _)) in all.iter().enumerate() {
            // Only a thread that panicked sends nothing, and a panic ends the program.
            let Ok(read) = read[nth % threads].recv() else { break };
            adding.add(*text, || read);
        }
    });
    adding.unread
}

/// The documents of a part, up to the first that is no YAML.
type Read = (Vec<Document<Manifest>>, Option<YamlError>);

fn read(part: Part<'_>) -> Read {
    match documents(part) {
        Ok(documents) => (documents, None),
        // One document after the other: what is read of a text does not depend on its parts.
        Err(error) => {
            let mut read = Vec::new();
            for Part { text, before } in parts(part.text, 1) {
                match documents(Part { text, before: part.before + before }) {
                    Ok(mut documents) => read.append(&mut documents),
                    Err(error) => return (read, Some(error)),
                }
            }
            (read, Some(error))
        }
    }
}

fn documents(part: Part<'_>) -> Result<Vec<Document<Manifest>>, YamlError> {
    let mut read = yaml::read_as::<Manifest>(part.text).map_err(|mut error| {
        error.line.iter_mut().for_each(|line| *line += part.before);
        error
    })?;
    read.iter_mut().for_each(|document| document.line += part.before);
    Ok(read)
}

struct Adding<'a> {
    reader: &'a mut Reader,
    texts: &'a [Text<'a>],
    unread: Vec<Unread>,
}

impl Adding<'_> {
    /// Adds the documents of the next part, unless the text is no YAML before it.
    fn add(&mut self, text: usize, read: impl FnOnce() -> Read) {
        let is_over = |unread: &Unread| unread.text == text && unread.why != Why::Template;
        if self.unread.last().is_some_and(is_over) {
            return;
        }
        let (documents, error) = read();
        documents.iter().for_each(|document| self.document(text, document));
        if let Some(error) = error {
            self.unread.push(Unread { text, line: error.line, why: Why::Yaml(error) });
        }
    }

    fn document(&mut self, text: usize, document: &Document<Manifest>) {
        if is_template(&document.value.0) {
            self.unread.push(Unread { text, line: Some(document.line), why: Why::Template });
            return;
        }
        let file = self.texts[text].0.to_owned();
        let place = Place { file, line: u32::try_from(document.line).ok() };
        self.reader.add(&document.value.0, Some(&place));
    }
}

/// Whether an object gets its name when it is rendered: a template whose actions stand in quotes is
/// YAML, too. Elsewhere in an object they may be meant for a program of its own.
fn is_template(manifest: &Value) -> bool {
    let parts = ["/kind", "/metadata/name", "/metadata/namespace"];
    let mut texts = parts.iter().filter_map(|part| manifest.pointer(part)?.as_str());
    texts.any(has_actions)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read_on(threads: usize, texts: &[Text<'_>]) -> (String, Vec<(usize, Option<u64>)>) {
        let mut reader = Reader::new("default");
        let size = texts.iter().map(|(_, text)| text.len()).sum();
        let unread = add_on(threads, size, &mut reader, texts);
        let places = unread.iter().map(|unread| (unread.text, unread.line)).collect();
        (format!("{:?}", reader.finish()), places)
    }

    fn pods(from: usize) -> String {
        (from..from + 40)
            .map(|n| {
                let labels = if n % 7 == 0 { "{app: 1}" } else { "{app: web}" };
                format!(
                    "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{}, labels: {labels}}}\n\
                     spec: {{containers: []}}\n",
                    n % 60
                )
            })
            .collect()
    }

    #[test]
    fn threads_change_nothing() {
        let [one, two] = [0, 40].map(pods);
        let texts = [("one", one.as_str()), ("two", two.as_str()), ("none", "")];
        let (alone, unread) = read_on(1, &texts);
        assert_eq!(unread, []);
        // Problems of single objects and objects that are there twice, with their places.
        assert!(alone.contains("two") && alone.contains("Twice"), "{alone}");
        for threads in 2..6 {
            assert_eq!(read_on(threads, &texts).0, alone, "{threads} threads");
        }
    }

    #[test]
    fn of_a_text_that_is_not_yaml_the_first_place_is_told_and_what_stands_before_is_read() {
        let good = pods(0);
        let broken = format!("{good}---\na: [\n---\n{}---\nb: [\n", pods(40));
        let worse = format!("a: ]\n{broken}");
        let texts =
            [("good", good.as_str()), ("broken", &broken), ("worse", &worse), ("two", &good)];
        let (alone, unread) = read_on(1, &texts);
        assert_eq!(unread.iter().map(|(text, _)| *text).collect::<Vec<_>>(), [1, 2]);
        assert!(alone.contains("broken") && !alone.contains("worse"), "{alone}");
        for threads in 2..6 {
            assert_eq!(
                read_on(threads, &texts),
                (alone.clone(), unread.clone()),
                "{threads} threads"
            );
        }
    }

    #[test]
    fn a_document_whose_name_is_an_action_is_a_template() {
        let policy = |name: &str| {
            format!(
                "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
                 metadata: {{name: '{name}', annotations: {{a: '{{{{ x }}}}'}}}}\nspec: {{podSelector: {{}}}}\n"
            )
        };
        let text = [policy("a"), policy("{{ .Release.Name }}-b"), policy("c")].concat();
        let mut reader = Reader::new("default");
        let unread = add_all(&mut reader, &[("file", &text)]);
        assert_eq!(unread, [Unread { text: 0, line: Some(7), why: Why::Template }]);
        assert_eq!(reader.finish().counts.policies, 2);
    }
}
