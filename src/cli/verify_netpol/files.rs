//! Manifests from files, folders, and standard input.

use std::path::PathBuf;

use super::load::{Broken, add_all};
use super::taken::Texts;
use super::texts::texts;
use crate::cli::Exit;
use crate::ui::Failure;
use netpol::read::Reader;

/// As they are named on the line.
pub(super) fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" + ")
}

/// Reads all of them; what was read is kept in `kept`.
///
/// # Errors
/// One cannot be read, or is no YAML.
pub(super) fn read(
    reader: &mut Reader,
    paths: &[PathBuf],
    kept: &mut Texts,
) -> Result<(), Failure> {
    let texts = texts(paths)?;
    let borrowed: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    add_all(reader, &borrowed).map_err(not_yaml)?;
    texts.into_iter().for_each(|(name, text)| kept.keep(name, text));
    Ok(())
}

fn not_yaml(Broken { file, error }: Broken) -> Failure {
    let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
    Failure::new(Exit::Input, format!("{file}{line} is not valid YAML")).cause(error.reason)
}
