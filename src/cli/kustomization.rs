//! Kustomizations beside manifests: what they list is not always what is applied.

use std::path::{Path, PathBuf};

use manifest::yaml;
use serde_json::Value;

use crate::render::MARK;

/// What a kustomization makes of the files that it lists.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Kustomization {
    /// The fields by which it changes them.
    pub(crate) changing: Vec<String>,
    /// The files that are parts of objects and no objects.
    pub(crate) patches: Vec<PathBuf>,
}

/// Fields that change nothing of what is listed.
const LISTING: [&str; 4] = ["apiVersion", "kind", "metadata", "resources"];

/// Whether a file is a kustomization, by its name.
pub(crate) fn is_kustomization(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "kustomization.yaml" || name == "kustomization.yml")
}

impl Kustomization {
    /// Reads the one in a folder; `None`: it is no YAML.
    pub(crate) fn read(folder: &Path, text: &str) -> Option<Self> {
        if text.starts_with(MARK) {
            return Some(Self::default());
        }
        let mut found = Self::default();
        for document in yaml::read(text).ok()? {
            let Some(fields) = document.value.as_object() else { continue };
            for (field, value) in
                fields.iter().filter(|(field, _)| !LISTING.contains(&field.as_str()))
            {
                found.changing.push(field.clone());
                let files = value.as_array().into_iter().flatten();
                found.patches.extend(
                    files.filter_map(|entry| patch(field, entry)).map(|file| folder.join(file)),
                );
            }
        }
        Some(found)
    }
}

/// The file of a patch; a patch may also stand in the kustomization itself.
fn patch<'a>(field: &str, entry: &'a Value) -> Option<&'a str> {
    match field {
        "patches" | "patchesJson6902" | "replacements" => entry.get("path")?.as_str(),
        "patchesStrategicMerge" => entry.as_str().filter(|text| !text.contains('\n')),
        _ => None,
    }
}
