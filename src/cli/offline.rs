//! A plan without a cluster: against nothing, or against manifests in files.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::manifests;
use super::prepare::{Choices, database_address, learn_secrets, options, rendered};
use super::values_args::ValuesArgs;
use crate::plan::{self, Against, Extras, Head, Plan};
use crate::render::{
    CONFIG_DIGEST, ClusterFacts, DigestKey, MIGRATION_DIGEST, Rendered, installer_secret,
    read_installer_secret,
};
use crate::ui::{Failure, Ui};
use manifest::Kind;

/// Makes a plan from the values alone and what `against` holds. Reads no kubeconfig.
///
/// # Errors
/// The values are not usable, or the manifests cannot be read.
pub(crate) fn offline(
    ui: &Ui,
    args: &ValuesArgs,
    choices: Choices,
    against: Option<&Path>,
) -> Result<Plan, Failure> {
    let checked = args.check(ui, choices.profile)?;
    let values = checked.values;
    let mut notes: Vec<String> = checked.warnings.iter().map(ToString::to_string).collect();
    let mut live = match against {
        Some(path) => plan::against(manifests::read(ui, path)?),
        None => BTreeMap::new(),
    };
    learn_secrets(ui, live.iter().filter_map(|(r, l)| Some((r, l.object.as_ref()?))));

    let facts = ClusterFacts::resolve(&values, None);
    let installed = live.values().filter_map(|live| live.object.as_ref());
    let key = match against {
        // Nothing is compared with the digests, so that any key gives the plan of an installation.
        None => Some(DigestKey::new([0; 32])),
        Some(_) => installed.into_iter().find_map(read_installer_secret),
    };
    let options = options(key.as_ref(), None);
    let Rendered { mut objects, warnings, .. } =
        rendered(&values, &facts, choices.profile, &options)?;
    objects.extend(key.as_ref().map(installer_secret));
    objects.sort_by(|a, b| a.reference.cmp(&b.reference));
    notes.extend(warnings.iter().map(ToString::to_string));
    if let Some(path) = against {
        if key.is_none() {
            live.values_mut().filter_map(|l| l.object.as_mut()).for_each(without_digests);
        }
        if !live.keys().any(|reference| reference.kind == Kind::Secret) {
            objects.retain(|object| object.reference.kind != Kind::Secret);
            notes.push(format!("the Secrets are not compared: {} holds none", path.display()));
        }
    }
    let policies: Vec<Value> = live
        .iter()
        .filter(|(reference, _)| reference.kind == Kind::NetworkPolicy)
        .filter_map(|(_, live)| live.object.clone())
        .collect();
    plan::keep_stricter_pod_security(&mut objects, |reference| {
        live.get(reference).and_then(|live| live.object.clone())
    });
    let extras = Extras {
        head: Head {
            profile: choices.profile,
            against: match against {
                Some(path) => Against::Manifests { path: path.display().to_string() },
                None => Against::Nothing,
            },
            facts: Some(facts),
        },
        database: Some(database_address(&values.database)),
        force_conflicts: choices.force_conflicts,
        recreate: choices.recreate,
        policies: Some(policies),
        ingress_controller_namespace: values.ingress_controller_namespace.clone(),
        warnings: notes,
    };
    Ok(plan::build(&objects, &live, &extras))
}

/// Without the installation's key no digest can be computed, and none can be compared.
fn without_digests(manifest: &mut Value) {
    for place in ["/metadata/annotations", "/spec/template/metadata/annotations"] {
        if let Some(annotations) = manifest.pointer_mut(place).and_then(Value::as_object_mut) {
            annotations.shift_remove(CONFIG_DIGEST);
            annotations.shift_remove(MIGRATION_DIGEST);
        }
    }
}
