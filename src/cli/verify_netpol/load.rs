//! Reads texts on all cores: nearly all the time of a check goes into YAML.

use std::num::NonZero;
use std::sync::mpsc::sync_channel;
use std::thread;

use manifest::yaml::parts::{Part, parts};
use manifest::yaml::{self, Document, YamlError};
use netpol::Place;
use netpol::read::{Manifest, Reader};

/// A text and its name.
pub(super) type Text<'a> = (&'a str, &'a str);

/// A text that is not YAML.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) file: String,
    pub(super) error: YamlError,
}

/// Less than this is read before a second thread has started.
const SMALL: usize = 128 << 10;

/// More threads would wait for the one that collects.
const THREADS: usize = 4;

/// Adds the objects of all texts in their order.
///
/// # Errors
/// The first place that is not YAML.
pub(super) fn add_all(reader: &mut Reader, texts: &[Text<'_>]) -> Result<(), Broken> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let size = texts.iter().map(|(_, text)| text.len()).sum::<usize>();
    add_on(if size < SMALL { 1 } else { cores.min(THREADS) }, size, reader, texts)
}

fn add_on(
    threads: usize,
    size: usize,
    reader: &mut Reader,
    texts: &[Text<'_>],
) -> Result<(), Broken> {
    // Some parts for each, so that all of them end at about the same time.
    let size = if threads > 1 { (size / threads / 8).max(1) } else { usize::MAX };
    let all: Vec<(&str, Part<'_>)> = texts
        .iter()
        .flat_map(|(file, text)| parts(text, size).into_iter().map(|part| (*file, part)))
        .collect();
    if threads == 1 {
        return all.iter().try_for_each(|(file, part)| add(reader, file, read(*part)));
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
        for (nth, (file, _)) in all.iter().enumerate() {
            // Only a thread that panicked sends nothing, and a panic ends the program.
            let Ok(read) = read[nth % threads].recv() else { break };
            add(reader, file, read)?;
        }
        Ok(())
    })
}

type Read = Result<Vec<Document<Manifest>>, YamlError>;

fn read(part: Part<'_>) -> Read {
    let moved = |line: &mut u64| *line += part.before;
    match yaml::read_as::<Manifest>(part.text) {
        Ok(mut documents) => {
            documents.iter_mut().for_each(|document| moved(&mut document.line));
            Ok(documents)
        }
        Err(mut error) => {
            error.line.iter_mut().for_each(moved);
            Err(error)
        }
    }
}

fn add(reader: &mut Reader, file: &str, read: Read) -> Result<(), Broken> {
    for document in read.map_err(|error| Broken { file: file.to_owned(), error })? {
        let place = Place { file: file.to_owned(), line: u32::try_from(document.line).ok() };
        reader.add(&document.value.0, Some(&place));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read_on(threads: usize, texts: &[Text<'_>]) -> Result<String, (String, Option<u64>)> {
        let mut reader = Reader::new("default");
        let size = texts.iter().map(|(_, text)| text.len()).sum();
        add_on(threads, size, &mut reader, texts)
            .map(|()| format!("{:?}", reader.finish()))
            .map_err(|broken| (broken.file, broken.error.line))
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
        let texts = [("one", &*one), ("two", &*two), ("none", "")];
        let alone = read_on(1, &texts).unwrap();
        // Problems of single objects and objects that are there twice, with their places.
        assert!(alone.contains("two") && alone.contains("Twice"), "{alone}");
        for threads in 2..6 {
            assert_eq!(read_on(threads, &texts).unwrap(), alone, "{threads} threads");
        }
    }

    #[test]
    fn the_first_place_that_is_not_yaml_is_told() {
        let good = pods(0);
        let broken = format!("{good}---\na: [\n---\n{good}");
        let worse = format!("a: ]\n{broken}");
        let texts = [("good", &*good), ("broken", &*broken), ("worse", &*worse)];
        let alone = read_on(1, &texts).unwrap_err();
        assert_eq!(alone.0, "broken");
        for threads in 2..6 {
            assert_eq!(read_on(threads, &texts).unwrap_err(), alone, "{threads} threads");
        }
    }
}
