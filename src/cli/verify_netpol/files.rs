//! Manifests from files, folders, and standard input.

use std::path::PathBuf;

use super::load::{Unread, Why, add_all};
use super::taken::Texts;
use crate::cli::Exit;
use crate::cli::passed;
use crate::cli::texts::{self, Passed, Text, What};
use crate::ui::{Failure, Ui};
use manifest::yaml::Unreadable;
use netpol::read::Reader;

/// As they are named on the line.
pub(super) fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" + ")
}

/// Reads all of them, and warns of what of the folders is not read; what was read is kept in `kept`.
///
/// # Errors
/// One cannot be read, or is a manifest that is no YAML, unless these are put up with.
pub(super) fn read(
    ui: &Ui,
    reader: &mut Reader,
    paths: &[PathBuf],
    skip_invalid: bool,
    kept: &mut Texts,
) -> Result<Vec<Passed>, Failure> {
    let texts::Texts { texts, mut passed } = texts::read(paths).map_err(unreadable)?;
    let borrowed: Vec<_> =
        texts.iter().map(|text| (text.name.as_str(), text.text.as_str())).collect();
    let mut broken = Vec::new();
    for unread in add_all(reader, &borrowed) {
        let text = &texts[unread.text];
        let what = what(text, &unread);
        let place = match unread.line {
            Some(line) => format!("{}:{line}", text.name),
            None => text.name.clone(),
        };
        let is_meant = !text.found || matches!(what, What::Broken(_));
        let into = if is_meant && !skip_invalid { &mut broken } else { &mut passed };
        into.push(Passed { place, what });
    }
    passed::tell(ui, &passed);
    if !broken.is_empty() {
        return Err(not_yaml(&broken));
    }
    texts.into_iter().for_each(|text| kept.keep(text.name, text.text));
    Ok(passed)
}

/// What a text is that cannot be read.
fn what(text: &Text, unread: &Unread) -> What {
    let Why::Yaml(error) = &unread.why else { return What::Template };
    match Unreadable::of(&text.text) {
        Unreadable::Template => What::Template,
        Unreadable::Other if text.found => What::Foreign(error.reason.clone()),
        _ => What::Broken(error.reason.clone()),
    }
}

fn not_yaml(broken: &[Passed]) -> Failure {
    let failure = match broken {
        [Passed { place, what: What::Template }] => {
            Failure::new(Exit::Input, format!("{place} is a template that is not rendered"))
        }
        [Passed { place, what: What::Broken(reason) }] => {
            Failure::new(Exit::Input, format!("{place} is not valid YAML")).cause(reason)
        }
        several => {
            let number = crate::ui::count(several.len(), "file");
            let failure = Failure::new(Exit::Input, format!("{number} cannot be read"));
            several.iter().fold(failure, |failure, Passed { place, what }| match what {
                What::Broken(reason) => failure.seen(format!("{place}  not valid YAML: {reason}")),
                _ => failure.seen(format!("{place}  a template that is not rendered")),
            })
        }
    };
    let failure = if broken.iter().any(|passed| passed.what == What::Template) {
        failure
            .fix("name what it renders to:  helm template CHART | kubectl openhive … --manifests -")
    } else {
        failure.fix("correct it")
    };
    failure.fix("or go on without it:  --skip-invalid")
}

fn unreadable(texts::Unreadable { path, why }: texts::Unreadable) -> Failure {
    let failure =
        Failure::new(Exit::Input, format!("cannot read {}", path.display())).cause(why.to_string());
    match why {
        texts::Why::TooLarge => failure.fix("name only the folders and files that matter"),
        texts::Why::Encoding("UTF-16") => {
            failure.fix(format!("convert it:  iconv -f UTF-16 -t UTF-8 {}", path.display()))
        }
        _ => failure,
    }
}
