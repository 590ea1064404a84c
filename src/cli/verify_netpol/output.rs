//! `-o FORMAT[=FILE]`: several reports of one run, at most one of them on standard output.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use crate::cli::Exit;
use crate::ui::Failure;

/// How the report is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// Evidence: every flow, every finding
    Json,
    /// A test case a flow
    Junit,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// For a comment on a pull request
    Markdown,
    /// A picture, for Graphviz
    Dot,
    /// A picture
    Svg,
    /// What fails now, for --baseline
    Baseline,
}

/// A format and where it goes; without a file to standard output.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Target {
    pub(super) format: Format,
    pub(super) file: Option<PathBuf>,
}

/// Reads `FORMAT[=FILE]`, and knows the formats for `--help` and completions.
#[derive(Clone)]
pub(super) struct Parser;

impl TypedValueParser for Parser {
    type Value = Target;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Target, clap::Error> {
        let text = StringValueParser::new().parse_ref(command, arg, value)?;
        let (format, file) = match text.split_once('=') {
            Some((format, file)) => (format, Some(file)),
            None => (text.as_str(), None),
        };
        let format = clap::builder::EnumValueParser::<Format>::new().parse_ref(
            command,
            arg,
            OsStr::new(format),
        )?;
        if file == Some("") {
            let name = text.trim_end_matches('=');
            return Err(clap::Error::raw(
                clap::error::ErrorKind::InvalidValue,
                format!("no file behind '{text}': write '{name}' for standard output, or '{name}=FILE'\n"),
            )
            .with_cmd(command));
        }
        Ok(Target { format, file: file.filter(|file| *file != "-").map(PathBuf::from) })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Format::value_variants().iter().filter_map(ValueEnum::to_possible_value)))
    }
}

/// Refuses targets that would overwrite each other.
///
/// # Errors
/// Two go to standard output, or to the same file.
pub(super) fn check(targets: &[Target]) -> Result<(), Failure> {
    if targets.iter().filter(|target| target.file.is_none()).count() > 1 {
        return Err(Failure::new(Exit::Usage, "two reports on standard output")
            .cause("only one -o can be without a file: they would be mixed")
            .fix("write the others to files:  -o table -o junit=junit.xml"));
    }
    let files: Vec<(PathBuf, &Path)> =
        targets.iter().filter_map(|t| t.file.as_deref()).map(|f| (real(f), f)).collect();
    for (index, (file, name)) in files.iter().enumerate() {
        if is_regular(name) && files[..index].iter().any(|(other, _)| other == file) {
            return Err(Failure::new(Exit::Usage, format!("{} is named twice", name.display()))
                .cause("one report would overwrite the other")
                .fix("give each -o a file of its own"));
        }
    }
    Ok(())
}

/// Writes a file whole or not at all; devices and pipes as they are.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = if is_regular(path) { whole(path, text) } else { fs::write(path, text) };
    written.map_err(|error| unwritable(path, &error))
}

fn whole(path: &Path, text: &str) -> io::Result<()> {
    // A link stays a link.
    let path = real(path);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".report-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask still narrows it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

/// Whether it is a file, or will be one.
fn is_regular(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |metadata| metadata.is_file())
}

/// The same for each way to write it, also where the file is not there yet.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(Exit::Error, format!("cannot write {}", path.display()));
    match error.kind() {
        io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(path).display();
            failure
                .cause(format!("there is no folder {folder}"))
                .fix(format!("make it:  mkdir -p {folder}"))
        }
        io::ErrorKind::IsADirectory => failure.cause("it is a folder").fix("name a file in it"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            failure.cause("the disk is full").fix("free some space, and run the command again")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            failure.cause("you may not write there").fix("name another file behind -o FORMAT=")
        }
        _ => failure.cause(error.to_string()),
    }
    .now("the reports before it are written, this one and those behind it are not")
}
