//! Rendered manifests as text and as files. Pure: the caller writes them.

use serde_json::{Value, json};

use super::Rendered;
use manifest::yaml;
use manifest::{Kind, Object};
use yaml::YamlError;

/// How manifests are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// A stream of YAML documents.
    #[default]
    Yaml,
    /// One JSON object of kind `List`.
    Json,
}

/// A file of `render --output-dir`. No `Debug`: it may hold a Secret.
#[derive(Clone, Eq, PartialEq)]
pub struct File {
    /// Relative to the folder, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Whether it holds a Secret: nobody but its owner may read it.
    pub secret: bool,
}

/// The name of the file that lists the others. Its first line tells a folder of ours from any other.
pub const KUSTOMIZATION: &str = "kustomization.yaml";

/// The first line of [`KUSTOMIZATION`].
pub const MARK: &str = "# Written by kubectl openhive render.";

impl Rendered {
    /// All objects, or all but the Secrets.
    ///
    /// A Secret with masked values would destroy the live one as soon as somebody applies it, so
    /// that a Secret is shown as it is or not at all.
    pub fn shown(&self, show_secrets: bool) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(move |o| show_secrets || o.reference.kind != Kind::Secret)
    }

    /// What the reader must know besides the objects: the facts that were used, and which Secrets
    /// are left out, with their keys. One line each.
    #[must_use]
    pub fn notes(&self, show_secrets: bool) -> Vec<String> {
        let mut notes: Vec<String> = self.facts.to_string().lines().map(str::to_owned).collect();
        for object in self.objects.iter().filter(|o| o.reference.kind == Kind::Secret) {
            if show_secrets {
                continue;
            }
            let data = object.manifest["data"].as_object();
            let keys: Vec<_> =
                data.into_iter().flat_map(|d| d.keys().map(String::as_str)).collect();
            notes.push(format!(
                "left out: {} ({}); --show-secrets includes it",
                object.reference,
                keys.join(", ")
            ));
        }
        notes
    }

    /// The whole as one text. JSON has no comments: there the caller prints [`Self::notes`].
    ///
    /// # Errors
    /// As [`yaml::write`].
    pub fn to_text(&self, format: Format, show_secrets: bool) -> Result<String, YamlError> {
        let objects: Vec<&Value> = self.shown(show_secrets).map(|o| &o.manifest).collect();
        match format {
            Format::Yaml => Ok(comment(&self.notes(show_secrets)) + &yaml::write(objects)?),
            Format::Json => {
                Ok(pretty(&json!({ "apiVersion": "v1", "kind": "List", "items": objects })))
            }
        }
    }

    /// One file an object, in a folder for each namespace, and [`KUSTOMIZATION`], which lists all
    /// of them but the Secrets: a folder of manifests is made to be committed.
    ///
    /// # Errors
    /// As [`yaml::write`].
    pub fn to_files(&self, format: Format, show_secrets: bool) -> Result<Vec<File>, YamlError> {
        let mut files = Vec::new();
        for object in self.shown(show_secrets) {
            files.push(File {
                path: path(object, format),
                text: match format {
                    Format::Yaml => yaml::write_one(&object.manifest)?,
                    Format::Json => pretty(&object.manifest),
                },
                secret: object.reference.kind == Kind::Secret,
            });
        }
        let resources: Vec<_> = files.iter().filter(|f| !f.secret).map(|f| &f.path).collect();
        let kustomization = json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": resources,
        });
        let head = format!("{MARK}\n{}", comment(&self.notes(show_secrets)));
        let text = head + &yaml::write_one(&kustomization)?;
        files.push(File { path: KUSTOMIZATION.to_owned(), text, secret: false });
        Ok(files)
    }
}

/// `openhive/deployment-hive-gateway.yaml`; a Namespace lies in its own folder.
fn path(object: &Object, format: Format) -> String {
    let extension = match format {
        Format::Yaml => "yaml",
        Format::Json => "json",
    };
    let reference = &object.reference;
    match &reference.namespace {
        Some(namespace) => {
            format!("{namespace}/{}-{}.{extension}", reference.kind, reference.name)
        }
        None => format!("{}/{}.{extension}", reference.name, reference.kind),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Comment lines. Whatever could end a line in some reader becomes a space.
fn comment(lines: &[String]) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    lines.iter().map(|line| format!("# {}\n", line.replace(breaks, " "))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;
    use crate::render::{ClusterFacts, Profile, RenderOptions, render, testkit};

    fn rendered() -> Rendered {
        let values = testkit::values();
        let facts = ClusterFacts::resolve(&values, None);
        render(&values, &facts, Profile::Platform, &RenderOptions::default()).unwrap()
    }

    fn manifests(text: &str) -> Vec<Value> {
        yaml::read(text).unwrap().into_iter().map(|d| d.value).collect()
    }

    #[test]
    fn yaml_reads_back_as_the_objects() {
        let rendered = rendered();
        for show in [false, true] {
            let text = rendered.to_text(Format::Yaml, show).unwrap();
            let expected: Vec<_> = rendered.shown(show).map(|o| o.manifest.clone()).collect();
            assert_eq!(manifests(&text), expected);
        }
    }

    #[test]
    fn json_is_a_list_of_the_same_objects() {
        let rendered = rendered();
        let list: Value =
            serde_json::from_str(&rendered.to_text(Format::Json, false).unwrap()).unwrap();
        let text = rendered.to_text(Format::Yaml, false).unwrap();
        assert_eq!((&list["apiVersion"], &list["kind"]), (&json!("v1"), &json!("List")));
        assert_eq!(list["items"].as_array().unwrap(), &manifests(&text));
    }

    #[test]
    fn secrets_are_left_out_and_named_with_their_keys() {
        let rendered = rendered();
        let text = rendered.to_text(Format::Yaml, false).unwrap();
        assert!(manifests(&text).iter().all(|m| m["kind"] != "Secret"));
        assert!(text.contains(
            "# left out: secret/openhive-platform-secrets -n openhive (database-url, \
             dashboard-session-secret, gateway-internal-secret, admin-username, admin-password); \
             --show-secrets includes it\n"
        ));
        let shown = rendered.to_text(Format::Yaml, true).unwrap();
        assert!(!shown.contains("left out"));
        assert_eq!(manifests(&shown).iter().filter(|m| m["kind"] == "Secret").count(), 2);
    }

    #[test]
    fn the_facts_are_said_in_comments() {
        let text = rendered().to_text(Format::Yaml, false).unwrap();
        assert!(text.starts_with("# API server ports: 443, 6443 (assumed)\n"), "{text}");
        assert!(
            text.contains("# DNS pods: namespace kube-system (assumed), labels k8s-app=kube-dns")
        );
    }

    #[test]
    fn the_kustomization_lists_everything_but_the_secrets() {
        let rendered = rendered();
        for show in [false, true] {
            let files = rendered.to_files(Format::Yaml, show).unwrap();
            let (last, others) = files.split_last().unwrap();
            assert_eq!(last.path, KUSTOMIZATION);
            assert!(last.text.starts_with(MARK));
            let listed: BTreeSet<_> = manifests(&last.text)[0]["resources"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r.as_str().unwrap().to_owned())
                .collect();
            let plain: BTreeSet<_> =
                others.iter().filter(|f| !f.secret).map(|f| f.path.clone()).collect();
            assert_eq!(listed, plain);
            let secret: Vec<_> = others.iter().filter(|f| f.secret).map(|f| &f.path).collect();
            assert_eq!(secret.len(), if show { 2 } else { 0 });
            assert!(secret.iter().all(|p| p.ends_with("/secret-openhive-platform-secrets.yaml")));
            for file in others {
                assert_eq!(file.secret, manifests(&file.text)[0]["kind"] == "Secret");
            }
        }
    }

    #[test]
    fn output_is_the_same_each_time() {
        for format in [Format::Yaml, Format::Json] {
            assert_eq!(
                rendered().to_text(format, true).unwrap(),
                rendered().to_text(format, true).unwrap()
            );
        }
    }
}
