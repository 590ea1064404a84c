//! Texts from files, folders, and standard input, up to a size.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::ui::Failure;

/// The most that is read of one file: a dump of ten thousand pods has 30 MB.
const MAX_FILE: u64 = 256 << 20;

/// The most that is read of all files.
const MAX_TOTAL: u64 = 1 << 30;

/// The name and the text of every file, in order.
///
/// # Errors
/// One of them cannot be read, or there is too much of them.
pub(super) fn texts(paths: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let (mut found, mut left) = (Vec::new(), MAX_TOTAL);
    for path in paths {
        if path.as_os_str() == "-" {
            let text = bounded(io::stdin().lock(), MAX_FILE, &mut left)
                .map_err(|error| unreadable(path, &error))?;
            found.push(("-".to_owned(), text));
            continue;
        }
        for file in walk(path).map_err(|error| unreadable(path, &error))? {
            let text = std::fs::File::open(&file)
                .and_then(|opened| bounded(opened, MAX_FILE, &mut left))
                .map_err(|error| unreadable(&file, &error))?;
            found.push((file.display().to_string(), text));
        }
    }
    Ok(found)
}

/// A file as it is; of a folder every manifest in it, sorted.
fn walk(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !std::fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut entries = std::fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // Links are followed to files only: a link to a folder may lead in a circle.
        if entry.file_type()?.is_dir() {
            found.extend(walk(&path)?);
        } else if ["yaml", "yml", "json"].iter().any(|e| path.extension() == Some(OsStr::new(e))) {
            found.push(path);
        }
    }
    Ok(found)
}

/// A text of at most `most` bytes, taken off what is `left` of all.
fn bounded(from: impl Read, most: u64, left: &mut u64) -> io::Result<String> {
    let most = most.min(*left);
    let mut bytes = Vec::new();
    let read = from.take(most + 1).read_to_end(&mut bytes)? as u64;
    *left = left.saturating_sub(read);
    if read > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    bytes.shrink_to_fit();
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(Exit::Input, format!("cannot read {}", path.display()));
    match error.kind() {
        io::ErrorKind::NotFound => failure.cause("there is no such file or folder"),
        io::ErrorKind::InvalidData => failure.cause("it is not UTF-8 text"),
        io::ErrorKind::FileTooLarge => failure
            .cause("a file has at most 256 MiB, all of them together 1 GiB")
            .fix("name only the folders and files that matter"),
        _ => failure.cause(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn texts_are_read_up_to_a_size_each_and_together() {
        let mut left = 10;
        assert_eq!(bounded(&b"1234"[..], 4, &mut left).unwrap(), "1234");
        let too_large =
            |text: &str, left: &mut u64| bounded(text.as_bytes(), 4, left).unwrap_err().kind();
        assert_eq!(too_large("12345", &mut left), io::ErrorKind::FileTooLarge);
        assert_eq!(left, 1);
        assert_eq!(bounded(&b"1"[..], 4, &mut left).unwrap(), "1");
        assert_eq!(too_large("1", &mut left), io::ErrorKind::FileTooLarge);
        // Also where the limit cuts a character in two.
        assert_eq!(too_large("123é", &mut 10), io::ErrorKind::FileTooLarge);
        assert_eq!(
            bounded(&b"\xff"[..], 4, &mut 10).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}
