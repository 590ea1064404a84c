//! Several sources to one value per key, remembering where each comes from.

use std::collections::{BTreeMap, HashMap};

use secrecy::SecretString;

use super::keys::{Key, Secrecy};
use super::problem::{Place, Problem};
use super::reason::Reason;
use super::scan::scan;

/// A values file that the caller has read.
pub struct Source {
    /// As the user named it; `-` for standard input.
    pub name: String,
    /// The content. Read at most one byte more than [`super::MAX_BYTES`].
    pub bytes: Vec<u8>,
    /// Whether the file's mode lets others than its owner read it.
    pub readable_by_others: bool,
}

impl Source {
    /// A source that only its owner can read.
    #[must_use]
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into(), readable_by_others: false }
    }
}

/// The value of a key that won.
pub struct Given {
    /// Where it stands.
    pub place: Place,
    /// `None` where it could not be read, which is already reported.
    pub value: Option<SecretString>,
}

/// What the sources say together.
#[derive(Default)]
pub struct Merged {
    /// One value per key: the last source's.
    pub given: BTreeMap<Key, Given>,
    /// Everything wrong so far.
    pub problems: Vec<Problem>,
    /// Known keys that an unknown one was most likely meant to be.
    pub meant: Vec<Key>,
    /// The sources' names in order, to sort by.
    pub order: Vec<String>,
}

/// Reads every source, later ones over earlier ones, and then `--set` arguments.
pub fn merge(sources: &[Source], sets: &[String]) -> Merged {
    let mut merged = Merged::default();
    for source in sources {
        merged.file(source);
    }
    merged.sets(sets);
    merged
}

impl Merged {
    fn file(&mut self, source: &Source) {
        let file: String = source.name.as_str().into();
        self.order.push(file.clone());
        if source.readable_by_others {
            self.report(Place { file: file.clone(), line: None }, None, Reason::ReadableByOthers);
        }
        let scan = scan(&source.bytes);
        if scan.assignments.is_empty() && scan.faults.is_empty() {
            self.report(Place { file: file.clone(), line: None }, None, Reason::NoValues);
        }
        for (line, reason) in scan.faults {
            self.report(Place { file: file.clone(), line }, None, reason);
        }
        let mut first: HashMap<Key, u32> = HashMap::new();
        for assignment in scan.assignments {
            let place = Place { file: file.clone(), line: Some(assignment.line) };
            let Some(key) = Key::from_name(&assignment.name) else {
                self.unknown(place, &assignment.name);
                continue;
            };
            if let Some(first) = first.get(&key) {
                self.report(place, Some(key), Reason::Duplicate { first: *first });
                continue;
            }
            first.insert(key, assignment.line);
            let value = match assignment.value {
                Ok(value) => Some(value),
                Err(reason) => {
                    self.report(place.clone(), Some(key), reason);
                    None
                }
            };
            self.given.insert(key, Given { place, value });
        }
    }

    fn sets(&mut self, sets: &[String]) {
        let file: String = "--set".into();
        self.order.push(file.clone());
        let mut seen = Vec::new();
        for set in sets {
            let place = Place { file: file.clone(), line: None };
            let Some((name, value)) = set.split_once('=') else {
                self.report(place, None, Reason::NotASet);
                continue;
            };
            let Some(key) = Key::from_name(name) else {
                self.unknown(place, name);
                continue;
            };
            if key.spec().secrecy != Secrecy::Public {
                self.report(place, Some(key), Reason::SecretOnCommandLine);
                continue;
            }
            if seen.contains(&key) {
                self.report(place, Some(key), Reason::DuplicateSet);
                continue;
            }
            seen.push(key);
            let value = if value.contains(char::is_control) {
                self.report(place.clone(), Some(key), Reason::ControlCharacter);
                None
            } else {
                Some(value.into())
            };
            self.given.insert(key, Given { place, value });
        }
    }

    fn unknown(&mut self, place: Place, name: &str) {
        let nearest = Key::nearest(name);
        self.meant.extend(nearest);
        let reason = Reason::UnknownKey { nearest: nearest.map(Key::name) };
        let key = (nearest.is_some() || looks_like_a_key(name)).then(|| name.to_owned());
        self.problems.push(Problem { place: Some(place), key, entry: None, reason });
    }

    fn report(&mut self, place: Place, key: Option<Key>, reason: Reason) {
        let key = key.map(|key| key.name().to_owned());
        self.problems.push(Problem { place: Some(place), key, entry: None, reason });
    }
}

/// Whether an unknown name may be shown. The rest of a secret that was broken over two lines can
/// read as an assignment (`bm9wZQ==`), and its "name" must not be printed.
fn looks_like_a_key(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    words.len() > 1
        && name.len() <= 64
        && words.iter().all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        })
        && words[0].bytes().all(|b| b.is_ascii_uppercase())
}
