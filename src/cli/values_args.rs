//! `-f/--values`: which files, and their bytes.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Exit;
use super::validate::unusable;
use crate::render::Profile;
use crate::ui::{Failure, Ui};
use crate::values::{self, Checked, MAX_BYTES, Source};

/// Bytes that are read of one file at the most; a values file is far smaller.
const LIMIT: u64 = MAX_BYTES as u64;

/// Where the values come from.
#[derive(Clone, Debug, clap::Args)]
pub struct ValuesArgs {
    /// Values file, or - for standard input; repeat for layers, later ones win [env: OPENHIVE_VALUES]
    #[arg(short = 'f', long = "values", alias = "env-file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Set one key that is not secret, over every file; repeat for several
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl ValuesArgs {
    /// The files that are asked for: the flags, else `OPENHIVE_VALUES`.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        if !self.files.is_empty() {
            return self.files.clone();
        }
        std::env::var_os("OPENHIVE_VALUES")
            .filter(|name| !name.is_empty())
            .map(PathBuf::from)
            .into_iter()
            .collect()
    }

    /// Whether one of the files is standard input, which then cannot answer a question.
    #[must_use]
    pub fn reads_stdin(&self) -> bool {
        self.paths().iter().any(|path| path.as_os_str() == "-")
    }

    /// Reads every file once.
    ///
    /// # Errors
    /// None is named, or one cannot be read.
    pub fn read(&self) -> Result<Vec<Source>, Failure> {
        let paths = self.paths();
        if paths.is_empty() {
            return Err(Failure::new(Exit::Usage, "no values file")
                .cause("neither -f nor OPENHIVE_VALUES names one")
                .fix("name one:  -f values.env   (or set OPENHIVE_VALUES)")
                .fix("make one:  kubectl openhive init -o values.env"));
        }
        paths.iter().map(|path| read(path)).collect()
    }
}

impl ValuesArgs {
    /// Reads and checks the files, teaches the redactor their credentials, and tells the warnings.
    ///
    /// # Errors
    /// A file cannot be read, or is not valid.
    pub fn load(&self, ui: &Ui, profile: Profile) -> Result<Checked, Failure> {
        let checked = self.check(ui, profile)?;
        for warning in &checked.warnings {
            ui.warn(&warning.to_string());
        }
        Ok(checked)
    }

    /// As [`Self::load`], the warnings left to the caller.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn check(&self, ui: &Ui, profile: Profile) -> Result<Checked, Failure> {
        let sources = self.read()?;
        match values::load(&sources, &self.set, profile) {
            Ok(checked) => {
                ui.with_redactor(|redactor| redactor.learn_all(checked.values.credentials()));
                Ok(checked)
            }
            Err(report) => Err(unusable(ui, &sources, &report).now("nothing was changed")),
        }
    }
}

fn read(path: &Path) -> Result<Source, Failure> {
    let name = path.display().to_string();
    let (bytes, readable_by_others) =
        read_bytes(path).map_err(|error| unreadable(&name, &error))?;
    Ok(Source { name, bytes, readable_by_others })
}

fn read_bytes(path: &Path) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    if path.as_os_str() == OsStr::new("-") {
        io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes)?;
        return Ok((bytes, false));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let others = metadata.is_file() && others_can_read(&metadata);
    file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    Ok((bytes, others))
}

#[cfg(unix)]
fn others_can_read(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o044 != 0
}

#[cfg(not(unix))]
fn others_can_read(_: &std::fs::Metadata) -> bool {
    false
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    let failure = Failure::new(Exit::Values, format!("cannot read the values file {name}"));
    match error.kind() {
        io::ErrorKind::NotFound => failure
            .cause("there is no such file")
            .fix(format!("make one:  kubectl openhive init -o {name}")),
        io::ErrorKind::IsADirectory => {
            failure.cause("it is a directory").fix("name the file inside it")
        }
        io::ErrorKind::PermissionDenied => failure
            .cause("you are not allowed to read it")
            .fix(format!("see its owner and mode:  ls -l {name}")),
        _ => failure.cause(error.to_string()),
    }
}
