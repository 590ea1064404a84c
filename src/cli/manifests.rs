//! Manifests from files: a folder, a file, or standard input.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;

use super::Exit;
use super::passed;
use super::texts::{self, Passed, Texts, What};
use crate::ui::{Failure, Ui};
use manifest::yaml::{self, Unreadable};
use manifest::{Object, ObjectError, ObjectRef};

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

/// Reads every object of the platform's kinds: from one file, from a folder, or from standard input for `-`. Lists are
/// taken apart, other kinds left out. Warns of what of a folder is no manifest.
///
/// # Errors
/// A file cannot be read, or is no YAML; a manifest without name or namespace; an object that is
/// there twice; a kustomization that would change what it lists; nothing that could be compared.
pub(crate) fn read(ui: &Ui, path: &Path) -> Result<Vec<Object>, Failure> {
    let Texts { texts, mut passed } = texts::read(&[path.to_owned()]).map_err(unreadable)?;
    if let Some(failure) = passed.iter().find_map(changing) {
        return Err(failure);
    }
    let mut found: BTreeMap<ObjectRef, (Object, Place)> = BTreeMap::new();
    for text in texts {
        let name = shown(Path::new(&text.name));
        let documents = match yaml::read(&text.text) {
            Ok(documents) => documents,
            Err(error) => {
                let place = match error.line {
                    Some(line) => format!("{name}:{line}"),
                    None => name,
                };
                match Unreadable::of(&text.text) {
                    Unreadable::Template if text.found => {
                        passed.push(Passed { place, what: What::Template });
                    }
                    Unreadable::Other if text.found => {
                        passed.push(Passed { place, what: What::Foreign(error.reason) });
                    }
                    _ => {
                        return Err(
                            invalid(&place, error.reason).fix("correct it, or name another file")
                        );
                    }
                }
                continue;
            }
        };
        for document in documents {
            let place = Place { file: name.clone(), line: document.line };
            for manifest in flatten(document.value) {
                if text.found && manifest.get("kind").is_none() {
                    let what = What::Foreign("it has no kind".to_owned());
                    passed.push(Passed { place: place.to_string(), what });
                    continue;
                }
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
    passed::tell(ui, &passed);
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

/// A kustomization that only lists files says nothing that the files do not.
fn changing(passed: &Passed) -> Option<Failure> {
    let What::Kustomization(fields) = &passed.what else { return None };
    let folder = &passed.place;
    let what = format!("its kustomization changes what it lists ({})", fields.join(", "));
    Some(
        invalid(folder, what)
            .fix("compare with what it makes of them:")
            .fix(format!("kubectl kustomize {folder} | kubectl openhive plan --against -")),
    )
}

/// A `List` or an array as its items; their kind may stand on the list alone.
fn flatten(mut manifest: Value) -> Vec<Value> {
    if let Value::Array(items) = manifest {
        return items.into_iter().flat_map(flatten).collect();
    }
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

fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

fn invalid(place: &str, what: String) -> Failure {
    Failure::new(Exit::Usage, format!("{place} cannot be compared with"))
        .cause(what)
        .now("nothing was changed")
}

fn unreadable(texts::Unreadable { path, why }: texts::Unreadable) -> Failure {
    Failure::new(Exit::Usage, format!("cannot read {}", shown(&path)))
        .cause(why.to_string())
        .now("nothing was changed")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;
    use std::path::Path;

    use crate::ui::{ColorChoice, Failure, Ui};
    use manifest::Object;

    fn read(path: &Path) -> Result<Vec<Object>, Failure> {
        super::read(&Ui::new(ColorChoice::Never, true), path)
    }

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
