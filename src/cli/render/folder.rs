//! `--output-dir`: a folder that is ours to write.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use crate::cli::Exit;
use crate::render::{File, KUSTOMIZATION, MARK};
use crate::ui::Failure;
use manifest::yaml;

/// A folder that is missing, empty, or written by an earlier `render`.
pub(super) struct Folder {
    path: PathBuf,
    /// What the earlier kustomization lists.
    listed: BTreeSet<String>,
}

impl Folder {
    /// Looks at the folder and changes nothing.
    ///
    /// # Errors
    /// It holds files of somebody else, or cannot be read.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let folder = |listed| Self { path: path.to_owned(), listed };
        let mut entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(folder(BTreeSet::new()));
            }
            Err(error) => return Err(unusable(path, &error)),
        };
        if entries.next().is_none() {
            return Ok(folder(BTreeSet::new()));
        }
        match fs::read_to_string(path.join(KUSTOMIZATION)) {
            Ok(text) if text.starts_with(MARK) => Ok(folder(resources(&text))),
            _ => Err(Failure::new(Exit::Error, format!("{} is not empty", path.display()))
                .cause(format!("it has no {KUSTOMIZATION} that an earlier render wrote"))
                .fix("name a new or an empty folder with --output-dir")
                .now("nothing was written")),
        }
    }

    /// Whether a file is there.
    pub(super) fn has(&self, file: &str) -> bool {
        self.path.join(file).exists()
    }

    /// Writes the files, each whole or not at all, and removes those of an earlier run that are no
    /// longer part of it.
    ///
    /// # Errors
    /// A file cannot be written; those before it are.
    pub(super) fn write(&self, files: &[File]) -> Result<(), Failure> {
        for file in files {
            let path = self.path.join(&file.path);
            write(&path, file).map_err(|error| unusable(&path, &error))?;
        }
        let new: BTreeSet<&str> = files.iter().map(|f| f.path.as_str()).collect();
        for old in self.listed.iter().filter(|old| !new.contains(old.as_str())) {
            let path = self.path.join(old);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(unusable(&path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Paths below the folder that a kustomization lists; anything else in it is not ours to remove.
fn resources(text: &str) -> BTreeSet<String> {
    let documents = yaml::read(text).unwrap_or_default();
    let list = documents.first().and_then(|d| d.value["resources"].as_array());
    list.into_iter()
        .flatten()
        .filter_map(|r| r.as_str())
        .filter(|r| Path::new(r).components().all(|c| matches!(c, Component::Normal(_))))
        .map(str::to_owned)
        .collect()
}

fn write(path: &Path, file: &File) -> io::Result<()> {
    let parent = path.parent().expect("every file lies in the folder");
    fs::create_dir_all(parent)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".render-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = if file.secret { 0o600 } else { 0o666 };
        // The umask still narrows it.
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    let mut temporary = builder.tempfile_in(parent)?;
    temporary.write_all(file.text.as_bytes())?;
    temporary.persist(path)?;
    Ok(())
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Error, format!("cannot write to {}", path.display()))
        .cause(error.to_string())
        .fix("name another folder with --output-dir, or make it writable")
}
