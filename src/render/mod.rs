//! Embedded templates and checked values to manifests. Pure, and the only reader and writer of YAML.
//!
//! Start at [`render`]. What is rendered, and why, is described in `docs/platform.md`.

mod annotate;
mod context;
mod digest;
mod error;
mod facts;
mod network;
mod output;
mod profile;
mod templates;
#[cfg(test)]
pub(crate) mod testkit;
mod warning;

pub use annotate::{CONFIG_DIGEST, MIGRATION_DIGEST, installer_secret, read_installer_secret};
pub use digest::DigestKey;
pub use error::RenderError;
pub use facts::{ClusterFacts, DiscoveredFacts, Fact, Source};
pub use output::{File, Format, KUSTOMIZATION, MARK};
pub use profile::Profile;
pub use warning::Warning;

use std::fmt;

use serde_json::Value;

use crate::values::Values;
use context::Context;
use manifest::{Kind, Object};
use templates::Template;

/// The copies of the Secret that `OPENHIVE_IMAGE_PULL_SECRET` names, one in each namespace.
///
/// A name of its own: the source may be in one of the three namespaces, and is not touched.
pub const PULL_SECRET_NAME: &str = "openhive-image-pull";

/// What is rendered besides values, facts and profile.
#[derive(Clone, Copy, Default)]
pub struct RenderOptions<'a> {
    /// The installation's key. Without it the annotations with digests are left out.
    pub digest_key: Option<&'a DigestKey>,
    /// The live Secret that `OPENHIVE_IMAGE_PULL_SECRET` names. Without it the accounts name the
    /// copies, and the copies themselves are left out.
    pub pull_secret: Option<&'a Value>,
    /// Whether the migration Job is rendered beside the profile, as an installation does. The
    /// profile [`Profile::Migration`] always has it.
    pub migration_job: bool,
}

/// The manifests of one profile. `Debug` names the objects and shows none: Secrets are among them.
#[derive(Clone)]
pub struct Rendered {
    /// Which profile.
    pub profile: Profile,
    /// Every object, Secrets included, in the order of [`manifest::ObjectRef`].
    pub objects: Vec<Object>,
    /// What the policies were made for.
    pub facts: ClusterFacts,
    /// What the reader should know about them.
    pub warnings: Vec<Warning>,
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let objects: Vec<_> = self.objects.iter().map(|o| o.reference.to_string()).collect();
        f.debug_struct("Rendered")
            .field("profile", &self.profile)
            .field("objects", &objects)
            .finish_non_exhaustive()
    }
}

/// Renders a profile's objects.
///
/// # Errors
/// The platform profile without an ingress host; a pull secret that is none.
pub fn render(
    values: &Values,
    facts: &ClusterFacts,
    profile: Profile,
    options: &RenderOptions<'_>,
) -> Result<Rendered, RenderError> {
    render_templates(&templates::embedded(), values, facts, profile, options)
}

fn render_templates(
    templates: &[Template],
    values: &Values,
    facts: &ClusterFacts,
    profile: Profile,
    options: &RenderOptions<'_>,
) -> Result<Rendered, RenderError> {
    let context = Context::new(values, facts, profile, options)?.into_variables();
    let env = templates::environment();
    let mut objects = Vec::new();
    for template in templates {
        let job = options.migration_job && template.name == templates::JOB;
        if (template.when)(profile) || job {
            let text = templates::evaluate(&env, template, &context)?;
            objects.extend(parse(template.name, &text)?);
        }
    }
    finish(objects, values, facts, profile, options)
}

/// A template's output to objects.
fn parse(name: &str, text: &str) -> Result<Vec<Object>, RenderError> {
    let documents = manifest::yaml::read(text)
        .map_err(|source| RenderError::Yaml { name: name.to_owned(), source })?;
    documents
        .into_iter()
        .map(|d| {
            Object::from_manifest(d.value)
                .map_err(|source| RenderError::Object { name: name.to_owned(), source })
        })
        .collect()
}

/// Order, checks and digests.
fn finish(
    mut objects: Vec<Object>,
    values: &Values,
    facts: &ClusterFacts,
    profile: Profile,
    options: &RenderOptions<'_>,
) -> Result<Rendered, RenderError> {
    objects.sort_by(|a, b| a.reference.cmp(&b.reference));
    for pair in objects.windows(2) {
        if pair[0].reference == pair[1].reference {
            return Err(RenderError::DuplicateObject(pair[0].reference.clone()));
        }
    }
    for object in &objects {
        if let Some(path) = null(&object.manifest) {
            return Err(RenderError::Null { reference: object.reference.clone(), path });
        }
        unique_env(object)?;
    }
    if let Some(key) = options.digest_key {
        annotate::annotate(&mut objects, key, &values.database);
    }
    let warnings = warning::warnings(values, facts, profile, options);
    Ok(Rendered { profile, objects, facts: facts.clone(), warnings })
}

/// The JSON pointer of the first field without a value. In a NetworkPolicy such a field means
/// "everything", and a template's empty loop must not.
fn null(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(i, item)| null(item).map(|rest| format!("/{i}{rest}"))),
        Value::Object(fields) => {
            fields.iter().find_map(|(k, field)| null(field).map(|rest| format!("/{k}{rest}")))
        }
        _ => None,
    }
}

fn unique_env(object: &Object) -> Result<(), RenderError> {
    if !matches!(object.reference.kind, Kind::Deployment | Kind::Job) {
        return Ok(());
    }
    for container in annotate::containers(&object.manifest) {
        let env = container["env"].as_array().into_iter().flatten();
        let mut names: Vec<_> = env.filter_map(|e| e["name"].as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RenderError::DuplicateEnv {
                reference: object.reference.clone(),
                container: container["name"].as_str().unwrap_or_default().to_owned(),
                name: pair[0].to_owned(),
            });
        }
    }
    Ok(())
}

/// SHA-256 over the names and texts of all embedded templates, in hexadecimal: which templates this
/// program has, whatever its version says.
#[must_use]
pub fn template_digest() -> String {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    for template in templates::embedded() {
        for part in [template.name, &template.source] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod contracts;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod interpolation_tests;
#[cfg(test)]
mod tests;
