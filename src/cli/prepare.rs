//! From a values file and a cluster to a plan: what `plan` and `install` have in common.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Exit;
use super::connection::ConnectionArgs;
use super::failure::cluster_failure;
use super::values_args::ValuesArgs;
use crate::cluster::snapshot::NAMESPACES;
use crate::cluster::survey::{self, Questions, Survey};
use crate::cluster::{Cluster, connect};
use crate::plan::{self, Against, DatabaseAddress, DryRun, Extras, Head, Live, Plan};
use crate::render::{
    ClusterFacts, DigestKey, Profile, RenderOptions, Rendered, installer_secret, render,
};
use crate::ui::{Failure, Ui};
use crate::values::{Database, Values, written_password};
use manifest::{Kind, Object, ObjectRef};

/// How a plan is made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Choices {
    pub profile: Profile,
    pub force_conflicts: bool,
    pub recreate: bool,
}

/// Everything that `install` needs to go on.
pub(crate) struct Prepared {
    pub values: Values,
    pub cluster: Cluster,
    pub plan: Plan,
}

/// Reads the values, asks the cluster, and compares. Writes nothing.
pub(crate) async fn prepare(
    ui: &Ui,
    values: &ValuesArgs,
    connection: &ConnectionArgs,
    choices: Choices,
) -> Result<Prepared, Failure> {
    let checked = values.check(ui, choices.profile).map_err(|mut failure| {
        failure.now = vec!["nothing was changed".to_owned()];
        failure
    })?;
    let notes = checked.warnings.iter().map(ToString::to_string).collect();
    let values = checked.values;
    let cluster = open(ui, connection).await?;
    // The names do not depend on the facts: so everything can be asked at once.
    let defaults = ClusterFacts::resolve(&values, None);
    let probe = DigestKey::new([0; 32]);
    let options = options(Some(&probe), None);
    let names = rendered(&values, &defaults, choices.profile, &options)?;
    let mut objects: Vec<ObjectRef> =
        names.objects.into_iter().map(|object| object.reference).collect();
    objects.extend(NAMESPACES.map(|namespace| ObjectRef::cluster(Kind::Namespace, namespace)));
    let questions = Questions {
        objects,
        database: &values.database,
        pull_secret: values.image_pull_secret.as_ref(),
    };
    let survey =
        survey::survey(&cluster.rest, &questions).await.map_err(|error| cluster_failure(&error))?;
    learn_secrets(ui, survey.live.iter().filter_map(|(r, live)| Some((r, live.as_ref()?))));
    if let Some(secret) = &survey.pull_secret {
        learn_registries(ui, secret);
    }
    supported(&survey)?;
    let plan = compare(&cluster, &values, choices, survey, notes).await?;
    Ok(Prepared { values, cluster, plan })
}

/// Connects without asking anything, and teaches the redactor the kubeconfig's credentials.
pub(crate) async fn open(ui: &Ui, connection: &ConnectionArgs) -> Result<Cluster, Failure> {
    let cluster = connect(connection).await.map_err(|error| cluster_failure(&error))?;
    ui.with_redactor(|redactor| redactor.learn_all(&cluster.credentials));
    Ok(cluster)
}

async fn compare(
    cluster: &Cluster,
    values: &Values,
    choices: Choices,
    survey: Survey,
    mut notes: Vec<String>,
) -> Result<Plan, Failure> {
    let facts = ClusterFacts::resolve(values, Some(survey.facts.clone()));
    let new_key;
    let key = match &survey.digest_key {
        Some(key) => key,
        None => {
            new_key = new_digest_key()?;
            &new_key
        }
    };
    let options = options(Some(key), survey.pull_secret.as_ref());
    let Rendered { mut objects, warnings, .. } =
        rendered(values, &facts, choices.profile, &options)?;
    objects.push(installer_secret(key));
    objects.sort_by(|a, b| a.reference.cmp(&b.reference));
    let live = |reference: &ObjectRef| survey.live.get(reference).cloned().flatten();
    let targets: BTreeSet<ObjectRef> = survey.scaled.iter().cloned().collect();
    plan::leave_replicas_to_autoscalers(&mut objects, &targets, live);
    plan::keep_stricter_pod_security(&mut objects, live);
    let mut compared = survey::dry_run(&cluster.rest, &objects, &survey)
        .await
        .map_err(|error| cluster_failure(&error))?;
    add_labelled(&mut compared, survey.labelled.as_deref());
    notes.extend(warnings.iter().map(ToString::to_string));
    if survey.labelled.is_none() {
        notes.push(
            "objects of an earlier installation that are no longer part of it were not looked for: \
             the account may not list all of our kinds"
                .to_owned(),
        );
    }
    for fact in &survey.unreadable {
        notes.push(format!("{fact} cannot be read: the policies assume the usual"));
    }
    let extras = Extras {
        head: Head {
            profile: choices.profile,
            against: Against::Cluster {
                context: cluster.context.clone().unwrap_or_else(|| "in-cluster".to_owned()),
                server: cluster.server.clone(),
                server_version: Some(survey.version),
            },
            facts: Some(facts),
        },
        database: Some(database_address(&values.database)),
        force_conflicts: choices.force_conflicts,
        recreate: choices.recreate,
        policies: survey.policies,
        ingress_controller_namespace: values.ingress_controller_namespace.clone(),
        warnings: notes,
    };
    Ok(plan::build(&objects, &compared, &extras))
}

/// What carries our label and is not desired any more, for the planner to judge.
fn add_labelled(compared: &mut BTreeMap<ObjectRef, Live>, labelled: Option<&[Object]>) {
    for object in labelled.into_iter().flatten() {
        compared.entry(object.reference.clone()).or_insert_with(|| Live {
            object: Some(object.manifest.clone()),
            dry_run: DryRun::NotAsked,
        });
    }
}

/// What an installation renders.
pub(crate) fn options<'a>(
    digest_key: Option<&'a DigestKey>,
    pull_secret: Option<&'a Value>,
) -> RenderOptions<'a> {
    RenderOptions { digest_key, pull_secret, migration_job: true }
}

/// Where the database is, without the password.
pub(crate) fn database_address(database: &Database) -> DatabaseAddress {
    DatabaseAddress {
        host: database.host.clone(),
        port: database.port,
        user: database.user.clone(),
        name: database.name.clone(),
    }
}

pub(crate) fn rendered(
    values: &Values,
    facts: &ClusterFacts,
    profile: Profile,
    options: &RenderOptions<'_>,
) -> Result<Rendered, Failure> {
    render(values, facts, profile, options).map_err(|error| {
        Failure::new(Exit::Values, "the values do not give valid manifests")
            .cause(error.to_string())
    })
}

fn new_digest_key() -> Result<DigestKey, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(Exit::Error, "the system gives no random numbers").cause(error.to_string())
    })?;
    Ok(DigestKey::new(bytes))
}

/// The values that are there now must not be printed either.
pub(crate) fn learn_secrets<'a>(
    ui: &Ui,
    objects: impl Iterator<Item = (&'a ObjectRef, &'a Value)>,
) {
    use base64::Engine as _;
    let secrets = objects.filter(|(reference, _)| reference.kind == Kind::Secret);
    for (key, value) in secrets.filter_map(|(_, secret)| secret["data"].as_object()).flatten() {
        let decoded =
            base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap_or_default());
        let (true, Ok(decoded)) = (is_credential(key), decoded) else { continue };
        ui.with_redactor(|redactor| {
            if let Some(password) = std::str::from_utf8(&decoded).ok().and_then(written_password) {
                redactor.learn(password);
            }
            redactor.learn(decoded);
        });
    }
}

/// The Secret that is copied: the whole document, and each credential in it.
fn learn_registries(ui: &Ui, secret: &Value) {
    use base64::Engine as _;
    for value in secret["data"].as_object().into_iter().flat_map(|data| data.values()) {
        let decoded =
            base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap_or_default());
        let Ok(decoded) = decoded else { continue };
        let document: Value = serde_json::from_slice(&decoded).unwrap_or_default();
        ui.with_redactor(|redactor| {
            redactor.learn_all(registry_credentials(&document));
            redactor.learn(decoded);
        });
    }
}

/// Of `.dockerconfigjson`, whose registries stand under `auths`, and of `.dockercfg`, which is that.
fn registry_credentials(document: &Value) -> Vec<&str> {
    let registries = document.get("auths").unwrap_or(document).as_object();
    let secret = ["auth", "password", "identitytoken", "registrytoken"];
    registries
        .into_iter()
        .flat_map(|registries| registries.values())
        .flat_map(|registry| secret.iter().filter_map(|key| registry[*key].as_str()))
        .collect()
}

/// A user name and the settings of Codex live in the Secrets, but are no credentials: to redact
/// `admin` and `true` would make every other text unreadable.
fn is_credential(key: &str) -> bool {
    key != "admin-username" && !key.starts_with("codex-")
}

/// Clusters before 1.30 do not know fields that the manifests use.
fn supported(survey: &Survey) -> Result<(), Failure> {
    let mut numbers = survey.version.trim_start_matches('v').split('.').map(|part| {
        part.trim_end_matches(|c: char| !c.is_ascii_digit()).parse::<u32>().unwrap_or(u32::MAX)
    });
    let (major, minor) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(u32::MAX));
    if (major, minor) >= (1, 30) {
        return Ok(());
    }
    Err(Failure::new(Exit::Preflight, format!("Kubernetes {} is too old", survey.version))
        .cause("OpenHive needs Kubernetes 1.30 or newer")
        .fix("upgrade the cluster, or name another one with --context")
        .now("nothing was changed"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::registry_credentials;

    #[test]
    fn the_credentials_of_every_registry_are_known() {
        let registries = json!({"ghcr.io": {"username": "me", "password": "p", "auth": "a"},
            "docker.io": {"identitytoken": "t"}});
        for document in [json!({"auths": registries}), registries] {
            let mut known = registry_credentials(&document);
            known.sort_unstable();
            assert_eq!(known, ["a", "p", "t"]);
        }
    }
}
