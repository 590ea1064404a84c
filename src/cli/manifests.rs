//! Manifests from files: a folder, a file, or standard input.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Exit;
use crate::render::{KUSTOMIZATION, MARK};
use crate::ui::Failure;
use manifest::yaml;
use manifest::{Object, ObjectError, ObjectRef};

/// Folders within folders that are entered; more of them are a mistake.
const DEPTH: usize = 16;

/// Where a manifest stands.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Place {
    file: String,
    line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Reads every object of the platform's kinds: from one file, from all `.yaml`, `.yml` and `.json`
/// files below a folder, or from standard input for `-`. Lists are taken apart, other kinds left
/// out.
///
/// # Errors
/// A file cannot be read, or is no YAML; a manifest without name or namespace; an object that is
/// there twice; a kustomization that would change what it lists; nothing that could be compared.
pub(crate) fn read(path: &Path) -> Result<Vec<Object>, Failure> {
    let mut found: BTreeMap<ObjectRef, (Object, Place)> = BTreeMap::new();
    for (name, text) in texts(path)? {
        let documents = yaml::read(&text).map_err(|error| {
            let place = match error.line {
                Some(line) => format!("{name}:{line}"),
                None => name.clone(),
            };
            invalid(&place, error.reason.clone()).fix("correct it, or name another file")
        })?;
        for document in documents {
            let place = Place { file: name.clone(), line: document.line };
            for manifest in flatten(document.value) {
                let Some(object) = object(manifest, &place)? else { continue };
                if let Some((_, first)) = found.get(&object.reference) {
                    return Err(invalid(
                        &place.to_string(),
                        format!("{} is there twice", object.reference),
                    )
                    .seen(format!("first at {first}"))
                    .fix("which of the two counts is not known: leave one out"));
                }
                found.insert(object.reference.clone(), (object, place.clone()));
            }
        }
    }
    if found.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            format!("nothing to compare with in {}", shown(path)),
        )
        .cause("it holds no manifest of a kind that the platform is made of")
        .fix("name manifests:  kubectl openhive render -f FILE --output-dir DIR")
        .fix("or none, for a plan against nothing:  --offline")
        .now("nothing was changed"));
    }
    Ok(found.into_values().map(|(object, _)| object).collect())
}

/// A `List` as its items; their kind may stand on the list alone.
fn flatten(mut manifest: Value) -> Vec<Value> {
    let kind = manifest["kind"].as_str().unwrap_or_default().to_owned();
    let Some(item_kind) = kind.strip_suffix("List") else { return vec![manifest] };
    let version = manifest["apiVersion"].clone();
    let Some(items) = manifest["items"].as_array_mut() else { return vec![manifest] };
    items
        .drain(..)
        .flat_map(|mut item| {
            if item.is_object() && item.get("kind").is_none() && !item_kind.is_empty() {
                item["kind"] = item_kind.into();
                item["apiVersion"] = version.clone();
            }
            flatten(item)
        })
        .collect()
}

fn object(manifest: Value, place: &Place) -> Result<Option<Object>, Failure> {
    if !manifest.get("kind").is_some_and(Value::is_string) {
        return Err(invalid(&place.to_string(), "this is no manifest: it has no kind".to_owned())
            .fix("leave the file out, or name the manifests alone"));
    }
    let object = match Object::from_manifest(manifest) {
        Ok(object) => object,
        Err(ObjectError::UnknownKind { .. }) => return Ok(None),
        Err(error @ ObjectError::NoName { .. }) => {
            return Err(invalid(&place.to_string(), error.to_string()));
        }
    };
    if object.reference.kind.namespaced() && object.reference.namespace.is_none() {
        let what = format!("{} has no namespace", object.reference);
        return Err(invalid(&place.to_string(), what).fix("add metadata.namespace"));
    }
    Ok(Some(object))
}

/// Every text with the name under which it is told.
fn texts(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let mut files = Vec::new();
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes);
        read.map_err(|error| unreadable(path, &error))?;
        return Ok(vec![(shown(path), utf8(path, bytes)?)]);
    }
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if metadata.is_dir() {
        walk(path, 0, &mut files)?;
    } else {
        files.push(path.to_owned());
    }
    let mut texts = Vec::new();
    for file in files {
        let bytes = fs::read(&file).map_err(|error| unreadable(&file, &error))?;
        let text = utf8(&file, bytes)?;
        if metadata.is_dir() && file.file_name().is_some_and(|name| name == KUSTOMIZATION) {
            unchanging(&file, &text)?;
        } else {
            texts.push((shown(&file), text));
        }
    }
    Ok(texts)
}

/// The manifests below a folder in the order of their names; hidden ones are left out, and links to
/// folders, which may lead back.
fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut entries: Vec<_> =
        entries.collect::<Result<_, _>>().map_err(|error| unreadable(folder, &error))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
        if hidden {
            continue;
        }
        if kind.is_dir() {
            if depth < DEPTH {
                walk(&path, depth + 1, files)?;
            }
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json")
            && !path.is_dir()
        {
            files.push(path);
        }
    }
    Ok(())
}

/// A kustomization that only lists files says nothing that the files do not.
fn unchanging(file: &Path, text: &str) -> Result<(), Failure> {
    const HARMLESS: [&str; 4] = ["apiVersion", "kind", "resources", "metadata"];
    let ours = text.starts_with(MARK);
    let documents = yaml::read(text).map_err(|error| invalid(&shown(file), error.to_string()))?;
    let keys =
        documents.iter().filter_map(|d| d.value.as_object()).flat_map(|fields| fields.keys());
    let changing: Vec<&str> =
        keys.map(String::as_str).filter(|key| !ours && !HARMLESS.contains(key)).collect();
    if changing.is_empty() {
        return Ok(());
    }
    let folder = file.parent().unwrap_or(file);
    Err(invalid(&shown(file), format!("it changes what it lists ({})", changing.join(", ")))
        .fix("compare with what it makes of them:")
        .fix(format!("kubectl kustomize {} | kubectl openhive plan --against -", folder.display())))
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        invalid(&shown(path), format!("it is not UTF-8, from byte {at} on"))
    })
}

fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

fn invalid(place: &str, what: String) -> Failure {
    Failure::new(Exit::Usage, format!("{place} cannot be compared with"))
        .cause(what)
        .now("nothing was changed")
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("cannot read {}", shown(path)));
    match error.kind() {
        io::ErrorKind::NotFound => failure.cause("there is no such file or folder"),
        _ => failure.cause(error.to_string()),
    }
    .now("nothing was changed")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::read;

    const SERVICE: &str =
        "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: openhive}\n";

    #[test]
    fn folders_are_walked_and_lists_taken_apart() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("a/service.yaml", SERVICE);
        write(
            "list.json",
            r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "openhive"}},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "y"}}]}"#,
        );
        write(
            "typed.yml",
            "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: b, namespace: c}\n",
        );
        write("notes.txt", "no manifest");
        write(".hidden.yaml", "a: [");
        let names: Vec<_> =
            read(folder.path()).unwrap().iter().map(|o| o.reference.to_string()).collect();
        assert_eq!(names, ["namespace/openhive", "deployment/b -n c", "service/a -n openhive"]);
    }

    #[test]
    fn errors_name_the_place_and_show_no_text() {
        let folder = tempfile::tempdir().unwrap();
        for (text, cause) in [
            (format!("{SERVICE}---\n{SERVICE}"), "is there twice"),
            ("a: canary".to_owned(), "no kind"),
            ("a: canary: canary\n".to_owned(), ""),
            ("kind: Service\napiVersion: v1\nmetadata: {name: a}".to_owned(), "has no namespace"),
            (
                "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}".to_owned(),
                "no manifest of a kind",
            ),
        ] {
            let path = folder.path().join("x.yaml");
            fs::write(&path, text).unwrap();
            let failure = read(&path).unwrap_err();
            assert!(failure.headline.contains("x.yaml"), "{failure:?}");
            assert!(failure.cause.as_deref().unwrap().contains(cause), "{failure:?}");
            assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        }
        assert!(read(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn a_kustomization_that_changes_what_it_lists_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.yaml"), SERVICE).unwrap();
        let kustomization = folder.path().join("kustomization.yaml");
        fs::write(&kustomization, "resources: [a.yaml]\n").unwrap();
        assert_eq!(read(folder.path()).unwrap().len(), 1);
        fs::write(&kustomization, "resources: [a.yaml]\nnamespace: openhive\n").unwrap();
        let failure = read(folder.path()).unwrap_err();
        assert!(failure.cause.unwrap().contains("namespace"));
    }
}
