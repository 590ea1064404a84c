//! The cache of what a testbed runs: built once, kept under a key of everything it was built from.
//!
//! The cache lies outside the checkout, so that a `cargo clean` or a second checkout costs nothing:
//! `$OPENHIVE_TESTBED_CACHE`, else `$XDG_CACHE_HOME/openhive-testbed`, else `~/.cache/openhive-testbed`.
//! Within it `artefacts/NAME/KEY/` is one finished artefact. It is made in a folder beside it and renamed into place,
//! so an interrupted build leaves nothing that looks finished; a lock per name lets one process build while others wait.

use std::env;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::error::{Attempt as _, Error, Result};
use crate::{files, progress};

pub(crate) mod debian;
pub(crate) mod go;
pub(crate) mod infra;
pub(crate) mod modules;

/// Where everything that outlives a build lies.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache of the environment. Its folder is created when something is put there.
    ///
    /// # Errors
    /// When no folder can be told from the environment.
    pub fn open() -> Result<Self> {
        let root = env::var_os("OPENHIVE_TESTBED_CACHE").map(PathBuf::from).or_else(|| {
            let base =
                env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
            let base =
                base.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
            base.map(|base| base.join("openhive-testbed"))
        });
        let root = root.filter(|root| root.is_absolute()).ok_or_else(|| Error::Unsupported {
            missing: "there is no folder for its cache".into(),
            hint: "set OPENHIVE_TESTBED_CACHE to an absolute path".into(),
        })?;
        Ok(Self { root })
    }

    /// The folder of the cache.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of an artefact, built by `build` first where the cache does not have it under this key.
    ///
    /// `build` fills the empty folder that it is given. Only one process builds an artefact at a time.
    ///
    /// # Errors
    /// What `build` returns, or a failed file operation.
    pub fn artefact(
        &self,
        recipe: &Recipe<'_>,
        build: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let home = self.root.join("artefacts").join(recipe.name);
        let place = home.join(recipe.key.short());
        if place.is_dir() {
            return Ok(place);
        }
        files::create_dir(&home)?;
        let _lock = lock(&home.join("lock"), &format!("builds {}", recipe.what))?;
        if place.is_dir() {
            return Ok(place);
        }
        let took = home.join("took");
        let last = fs::read_to_string(&took)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .map(Duration::from_secs);
        progress::say(&match last {
            Some(last) => {
                format!("building {} (took {} last time)", recipe.what, progress::span(last))
            }
            None => format!(
                "building {} (first time; about {} on two cores)",
                recipe.what, recipe.estimate
            ),
        });
        let start = Instant::now();
        let draft = home.join("draft");
        files::remove_dir(&draft)?;
        files::create_dir(&draft)?;
        build(&draft)?;
        fs::rename(&draft, &place).attempt(|| format!("create {}", place.display()))?;
        files::write(&took, start.elapsed().as_secs().max(1).to_string())?;
        progress::say(&format!("built {} in {}", recipe.what, progress::span(start.elapsed())));
        Ok(place)
    }
}

/// What an artefact is called and made from.
pub struct Recipe<'a> {
    /// The folder name in the cache.
    pub name: &'a str,
    /// The artefact in words, for progress lines and errors.
    pub what: &'a str,
    /// How long it takes when nothing is cached, in words.
    pub estimate: &'a str,
    /// A key of all inputs.
    pub key: Key,
}

/// A digest of the inputs of an artefact.
#[derive(Clone, Default)]
pub struct Key(Sha256);

impl Key {
    /// Adds one input. Its length goes in as well, so that two inputs never read as one.
    #[must_use]
    pub fn with(mut self, input: impl AsRef<[u8]>) -> Self {
        let input = input.as_ref();
        self.0.update((input.len() as u64).to_le_bytes());
        self.0.update(input);
        self
    }

    /// Adds the names and contents of all files below a folder.
    ///
    /// # Errors
    /// When a file or folder cannot be read.
    pub fn with_folder(self, folder: &Path) -> Result<Self> {
        let failed = || format!("read {}", folder.display());
        let mut entries: Vec<_> =
            fs::read_dir(folder).attempt(failed)?.collect::<Result<_, _>>().attempt(failed)?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        let mut key = self;
        for entry in entries {
            let path = entry.path();
            key = key.with(entry.file_name().as_encoded_bytes());
            key = if path.is_dir() {
                key.with_folder(&path)?
            } else {
                key.with(fs::read(&path).attempt(|| format!("read {}", path.display()))?)
            };
        }
        Ok(key)
    }

    /// One byte of it: a number that differs between inputs more often than not.
    pub(crate) fn byte(&self) -> u8 {
        self.0.clone().finalize()[0]
    }

    pub(crate) fn short(&self) -> String {
        self.0.clone().finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Takes an exclusive lock, saying on standard error when another process holds it and what that one does. It is free
/// when the file is closed, thus also when its holder is killed.
///
/// # Errors
/// When the file cannot be made or locked.
pub fn lock(path: &Path, does: &str) -> Result<File> {
    let failed = || format!("lock {}", path.display());
    let file = OpenOptions::new().create(true).append(true).open(path).attempt(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            progress::say(&format!("waiting for another process, which {does}"));
            file.lock().attempt(failed)?;
        }
        Err(TryLockError::Error(error)) => return Err(error).attempt(failed),
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn recipe(key: Key) -> Recipe<'static> {
        Recipe { name: "thing", what: "a thing", estimate: "no time", key }
    }

    #[test]
    fn an_artefact_is_built_once_for_a_key_and_anew_for_another() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { root: folder.path().to_owned() };
        let fill = |text: &'static str| move |draft: &Path| files::write(&draft.join("file"), text);
        let first = cache.artefact(&recipe(Key::default().with("a")), fill("1")).unwrap();
        let again =
            cache.artefact(&recipe(Key::default().with("a")), |_| panic!("built twice")).unwrap();
        assert_eq!(first, again);
        let other = cache.artefact(&recipe(Key::default().with("b")), fill("2")).unwrap();
        assert_ne!(first, other);
        assert_eq!(fs::read_to_string(other.join("file")).unwrap(), "2");
    }

    #[test]
    fn a_failed_build_leaves_nothing_that_looks_finished() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { root: folder.path().to_owned() };
        let fail = |draft: &Path| {
            files::write(&draft.join("half"), "1")?;
            Err(Error::Build { what: "a thing".into(), cause: "no".into() })
        };
        assert!(cache.artefact(&recipe(Key::default()), fail).is_err());
        let place = cache.artefact(&recipe(Key::default()), |_| Ok(())).unwrap();
        assert!(!place.join("half").exists());
    }

    #[test]
    fn inputs_do_not_run_into_each_other() {
        let one = Key::default().with("ab").with("c").short();
        assert_ne!(one, Key::default().with("a").with("bc").short());
    }
}
