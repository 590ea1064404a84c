//! Texts of manifests from files, folders, and standard input, up to a size.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::kustomization::{Kustomization, is_kustomization};

/// The most that is read of one file: a dump of ten thousand pods has 30 MB.
const MAX_FILE: u64 = 256 << 20;

/// The most that is read of all files.
const MAX_TOTAL: u64 = 1 << 30;

/// What is read.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// In the order of the paths, those of a folder in the order of their names.
    pub(crate) texts: Vec<Text>,
    /// What of the folders is not read.
    pub(crate) passed: Vec<Passed>,
}

/// A text of manifests.
#[derive(Debug)]
pub(crate) struct Text {
    /// The file, `-` for standard input.
    pub(crate) name: String,
    pub(crate) text: String,
    /// Whether it was found in a folder, where anything may lie, and not named on the line.
    pub(crate) found: bool,
}

/// Something in a folder that is no manifest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Passed {
    /// The file or folder, with the line where one matters.
    pub(crate) place: String,
    pub(crate) what: What,
}

/// What it is instead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum What {
    /// The templates of a Helm chart, which is a folder.
    Chart,
    /// A kustomization that changes what it lists, by these fields.
    Kustomization(Vec<String>),
    /// A part of an object that a kustomization lays over it.
    Patch,
    /// A template that nobody rendered.
    Template,
    /// A file of another program, which is no YAML as Kubernetes reads it.
    Foreign(String),
    /// A manifest that is no YAML.
    Broken(String),
    /// A link that leads nowhere, or to a folder.
    Link(PathBuf),
    /// Not UTF-8.
    Encoding(&'static str),
}

/// What cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) path: PathBuf,
    pub(crate) why: Why,
}

/// Why not.
#[derive(Debug)]
pub(crate) enum Why {
    Missing,
    TooLarge,
    Encoding(&'static str),
    Io(io::Error),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no such file or folder"),
            Self::TooLarge => f.write_str("a file has at most 256 MiB, all of them together 1 GiB"),
            Self::Encoding(encoding) => write!(f, "it is {encoding}, and not UTF-8"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Why {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

/// Reads files as they are, `-` as standard input, and of a folder every `.yaml`, `.yml` and `.json` file below it
/// that may be a manifest.
///
/// # Errors
/// One of them cannot be read, or there is too much of them.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Texts, Unreadable> {
    let (mut all, mut left) = (Texts::default(), MAX_TOTAL);
    for path in paths {
        let failed = |why| Unreadable { path: path.clone(), why };
        if path.as_os_str() == "-" {
            let text = bounded(io::stdin().lock(), &mut left).map_err(failed)?;
            all.texts.push(Text { name: "-".to_owned(), text, found: false });
        } else if fs::metadata(path).map_err(|error| failed(error.into()))?.is_dir() {
            all.folder(path, &mut left)?;
        } else {
            let text = open(path, &mut left).map_err(failed)?;
            all.texts.push(Text { name: path.display().to_string(), text, found: false });
        }
    }
    Ok(all)
}

impl Texts {
    fn folder(&mut self, folder: &Path, left: &mut u64) -> Result<(), Unreadable> {
        let mut files = Vec::new();
        self.walk(folder, &mut files)?;
        once_each(&mut files);
        let mut read = Vec::new();
        let mut patches = HashSet::new();
        for file in files {
            let text = match open(&file, left) {
                Ok(text) => text,
                Err(Why::Encoding(encoding)) => {
                    self.pass(&file, What::Encoding(encoding));
                    continue;
                }
                Err(why) => return Err(Unreadable { path: file, why }),
            };
            let within = file.parent().unwrap_or(folder);
            match is_kustomization(&file).then(|| Kustomization::read(within, &text)).flatten() {
                Some(found) => {
                    if !found.changing.is_empty() {
                        self.pass(within, What::Kustomization(found.changing));
                    }
                    patches
                        .extend(found.patches.iter().filter_map(|patch| patch.canonicalize().ok()));
                }
                None => read.push((file, text)),
            }
        }
        for (file, text) in read {
            if !patches.is_empty() && file.canonicalize().is_ok_and(|file| patches.contains(&file))
            {
                self.pass(&file, What::Patch);
            } else {
                self.texts.push(Text { name: file.display().to_string(), text, found: true });
            }
        }
        Ok(())
    }

    fn pass(&mut self, path: &Path, what: What) {
        self.passed.push(Passed { place: path.display().to_string(), what });
    }

    /// Every file in a folder that may be a manifest, in the order of names.
    fn walk(&mut self, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Unreadable> {
        let failed = |error: io::Error| Unreadable { path: folder.to_owned(), why: error.into() };
        let entries = fs::read_dir(folder).map_err(failed)?;
        let mut entries = entries.collect::<io::Result<Vec<_>>>().map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        let is_chart = entries.iter().any(|entry| entry.file_name() == "Chart.yaml");
        if is_chart {
            self.pass(folder, What::Chart);
        }
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            // What the kubelet swaps below the links of a mounted ConfigMap.
            let swapped = name.as_encoded_bytes().starts_with(b"..");
            if swapped
                || (is_chart && ["Chart.yaml", "templates", "charts"].iter().any(|of| name == *of))
            {
                continue;
            }
            let kind = entry.file_type().map_err(failed)?;
            let named =
                ["yaml", "yml", "json"].iter().any(|e| path.extension() == Some(OsStr::new(e)));
            if kind.is_dir() {
                self.walk(&path, files)?;
            } else if kind.is_symlink() {
                match fs::metadata(&path) {
                    Ok(end) if !end.is_dir() && named => files.push(path),
                    Ok(end) if !end.is_dir() => {}
                    // Links to folders are not followed: they may lead in a circle.
                    Err(_) if !named => {}
                    _ => {
                        let end = fs::read_link(&path).unwrap_or_default();
                        self.pass(&path, What::Link(end));
                    }
                }
            } else if named {
                files.push(path);
            }
        }
        Ok(())
    }
}

/// Drops links to files that are there themselves, or by another link.
fn once_each(files: &mut Vec<PathBuf>) {
    if !files.iter().any(|file| file.is_symlink()) {
        return;
    }
    let mut ends: HashMap<PathBuf, &PathBuf> = HashMap::new();
    for file in files.iter() {
        let Ok(end) = file.canonicalize() else { continue };
        let kept = ends.entry(end).or_insert(file);
        if kept.is_symlink() && !file.is_symlink() {
            *kept = file;
        }
    }
    let kept: HashSet<PathBuf> = ends.into_values().cloned().collect();
    files.retain(|file| kept.contains(file));
}

fn open(file: &Path, left: &mut u64) -> Result<String, Why> {
    bounded(fs::File::open(file)?, left)
}

/// A text of at most [`MAX_FILE`] bytes, taken off what is `left` of all.
fn bounded(from: impl Read, left: &mut u64) -> Result<String, Why> {
    at_most(from, MAX_FILE, left)
}

fn at_most(from: impl Read, most: u64, left: &mut u64) -> Result<String, Why> {
    let most = most.min(*left);
    let mut bytes = Vec::new();
    let read = from.take(most + 1).read_to_end(&mut bytes)? as u64;
    *left = left.saturating_sub(read);
    if read > most {
        return Err(Why::TooLarge);
    }
    bytes.shrink_to_fit();
    String::from_utf8(bytes).map_err(|error| Why::Encoding(encoding(error.as_bytes())))
}

/// The encoding of a text that is not UTF-8, by its byte order mark.
fn encoding(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16",
        _ => "in another encoding",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn texts_are_read_up_to_a_size_each_and_together() {
        let mut left = 10;
        assert_eq!(at_most(&b"1234"[..], 4, &mut left).unwrap(), "1234");
        let too_large = |text: &str, left: &mut u64| {
            matches!(at_most(text.as_bytes(), 4, left), Err(Why::TooLarge))
        };
        assert!(too_large("12345", &mut left));
        assert_eq!(left, 1);
        assert_eq!(at_most(&b"1"[..], 4, &mut left).unwrap(), "1");
        assert!(too_large("1", &mut left));
        // Also where the limit cuts a character in two.
        assert!(too_large("123é", &mut 10));
        for (bytes, name) in [(&b"\xff"[..], "in another encoding"), (b"\xff\xfea\0", "UTF-16")] {
            assert!(
                matches!(at_most(bytes, 4, &mut 10), Err(Why::Encoding(found)) if found == name)
            );
        }
    }

    #[test]
    fn a_file_is_read_once_by_its_own_name() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| fs::write(folder.path().join(name), "a: 1\n").unwrap();
        let link = |name: &str, end: &str| {
            std::os::unix::fs::symlink(end, folder.path().join(name)).unwrap();
        };
        fs::create_dir(folder.path().join("..data")).unwrap();
        for file in ["b.yaml", "..data/c.yaml", "..data/d.yaml", "e.txt"] {
            write(file);
        }
        for file in ["c.yaml", "d.yaml"] {
            link(file, &format!("..data/{file}"));
        }
        for (file, end) in [
            ("a.yaml", "b.yaml"),
            ("f.yaml", "f.yaml"),
            ("g.yaml", "nowhere"),
            ("h", "."),
            ("i", "nowhere"),
        ] {
            link(file, end);
        }
        let read = read(&[folder.path().to_owned()]).unwrap();
        let name = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let names: Vec<_> = read.texts.iter().map(|text| name(&text.name)).collect();
        assert_eq!(names, ["b.yaml", "c.yaml", "d.yaml"]);
        let passed: Vec<_> = read.passed.iter().map(|passed| name(&passed.place)).collect();
        assert_eq!(passed, ["f.yaml", "g.yaml", "h"]);
    }
}
