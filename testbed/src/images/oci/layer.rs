//! One layer: a set of files, written as a reproducible tar.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tar::{Builder, EntryType, Header};

/// The files of one layer, by path inside the image (no leading slash).
///
/// A later entry at the same path replaces an earlier one.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
enum Entry {
    Dir { mode: u32 },
    Bytes { content: Vec<u8>, mode: u32 },
    Copy { from: PathBuf, mode: u32 },
    Symlink { target: PathBuf },
}

impl Layer {
    /// An empty layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds everything below the folder `from`, at the folder `at` of the image.
    ///
    /// Permissions are kept, but for set-user and set-group bits; owners and times are not.
    /// Device nodes, sockets and pipes are left out: a container runtime makes its own.
    ///
    /// # Errors
    /// When a file cannot be listed, or its name is not UTF-8.
    pub fn tree(mut self, from: &Path, at: &str) -> Result<Self> {
        self.add_tree(from, at)?;
        Ok(self)
    }

    fn add_tree(&mut self, from: &Path, at: &str) -> Result<()> {
        let listing =
            fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))?;
        for item in listing {
            let item = item.with_context(|| format!("cannot list {}", from.display()))?;
            let path = item.path();
            let name = item.file_name();
            let Some(name) = name.to_str() else {
                bail!("{} has a name that is not UTF-8", path.display());
            };
            let inside = format!("{at}/{name}");
            let meta = fs::symlink_metadata(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let mode = meta.permissions().mode() & 0o1777;
            if meta.is_dir() {
                self.insert(&inside, Entry::Dir { mode });
                self.add_tree(&path, &inside)?;
            } else if meta.is_symlink() {
                let target = fs::read_link(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                self.insert(&inside, Entry::Symlink { target });
            } else if meta.is_file() {
                self.insert(&inside, Entry::Copy { from: path, mode });
            }
        }
        Ok(())
    }

    /// Adds one file with the given permissions.
    pub fn file(mut self, at: &str, content: impl Into<Vec<u8>>, mode: u32) -> Self {
        let content = content.into();
        self.insert(at, Entry::Bytes { content, mode });
        self
    }

    /// Adds an empty folder, or sets the permissions of one.
    pub fn dir(mut self, at: &str, mode: u32) -> Self {
        self.insert(at, Entry::Dir { mode });
        self
    }

    /// Adds a symbolic link.
    pub fn symlink(mut self, at: &str, target: impl Into<PathBuf>) -> Self {
        let target = target.into();
        self.insert(at, Entry::Symlink { target });
        self
    }

    /// Hides a file or folder that a layer below has put at this path (a whiteout).
    pub fn remove(self, at: &str) -> Self {
        let at = at.trim_matches('/');
        let whiteout = match at.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/.wh.{name}"),
            None => format!(".wh.{at}"),
        };
        self.file(&whiteout, [], 0o644)
    }

    /// Gives every folder and file the permissions that version control would: readable by all, and
    /// executable by all where the owner may execute it. A checkout's own depend on its umask.
    pub fn plain_modes(mut self) -> Self {
        for entry in self.entries.values_mut() {
            match entry {
                Entry::Dir { mode } => *mode = 0o755,
                Entry::Bytes { mode, .. } | Entry::Copy { mode, .. } => {
                    *mode = if *mode & 0o100 == 0 { 0o644 } else { 0o755 };
                }
                Entry::Symlink { .. } => {}
            }
        }
        self
    }

    /// Keeps only the entries whose path satisfies `keep`.
    pub fn retain(mut self, keep: impl Fn(&str) -> bool) -> Self {
        self.entries.retain(|path, _| keep(path));
        self
    }

    fn insert(&mut self, at: &str, entry: Entry) {
        self.entries.insert(at.trim_matches('/').to_owned(), entry);
    }

    /// Writes the layer as an uncompressed tar: entries in order of their paths, owner 0:0, time 0.
    ///
    /// # Errors
    /// When a file of the layer cannot be read, or `out` cannot be written.
    pub fn write(&self, out: impl Write) -> Result<()> {
        let mut tar = Builder::new(out);
        for (path, entry) in &self.entries {
            append(&mut tar, path, entry)
                .with_context(|| format!("cannot add {path} to a layer"))?;
        }
        tar.into_inner()?.flush()?;
        Ok(())
    }
}

fn append(tar: &mut Builder<impl Write>, path: &str, entry: &Entry) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    match entry {
        Entry::Dir { mode } => {
            header.set_entry_type(EntryType::Directory);
            header.set_mode(*mode);
            tar.append_data(&mut header, format!("{path}/"), io::empty())
        }
        Entry::Bytes { content, mode } => {
            header.set_mode(*mode);
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, path, content.as_slice())
        }
        Entry::Copy { from, mode } => {
            let file = fs::File::open(from)?;
            header.set_mode(*mode);
            header.set_size(file.metadata()?.len());
            tar.append_data(&mut header, path, file)
        }
        Entry::Symlink { target } => {
            header.set_entry_type(EntryType::Symlink);
            header.set_mode(0o777);
            tar.append_link(&mut header, path, target)
        }
    }
}
