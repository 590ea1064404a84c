//! Everything that a plan reads, in two rounds: all reads at once, then all dry runs at once.
//!
//! The client speaks HTTP/1.1, so requests side by side are connections side by side; the second
//! round finds the connections of the first one open. A plan therefore takes four round trips: two
//! to connect, one for each round.

use std::collections::BTreeMap;

use futures::future::{join_all, try_join_all};
use futures::try_join;
use serde_json::Value;

use super::facts;
use super::rest::{DryRunMode, Raw, Rest, Retry};
use super::{ApiStatus, ClusterError};
use crate::plan::{self, DryRun, Live, Question};
use crate::render::{DigestKey, DiscoveredFacts, read_installer_secret};
use crate::values::{Database, SecretName};
use manifest::{Kind, Object, ObjectRef};

/// The answers of the first round.
pub struct Survey {
    /// The server's version, such as `v1.36.3`.
    pub version: String,
    /// What the policies depend on.
    pub facts: DiscoveredFacts,
    /// Facts that the account may not read.
    pub unreadable: Vec<&'static str>,
    /// The installation's key, where there is an installation.
    pub digest_key: Option<DigestKey>,
    /// The Secret that `OPENHIVE_IMAGE_PULL_SECRET` names.
    pub pull_secret: Option<Value>,
    /// Each object that was asked for; `None` where it does not exist.
    pub live: BTreeMap<ObjectRef, Option<Value>>,
    /// Every object that carries our label, metadata only; `None` where they may not be listed.
    pub labelled: Option<Vec<Object>>,
    /// Deployments whose replicas an autoscaler sets.
    pub scaled: Vec<ObjectRef>,
    /// Every NetworkPolicy of the plan's namespaces, whoever made it; `None` where they may not be
    /// listed.
    pub policies: Option<Vec<Value>>,
}

/// What to read.
pub struct Questions<'a> {
    /// The objects of the plan.
    pub objects: Vec<ObjectRef>,
    /// Where the database is: it may be a Service of the cluster.
    pub database: &'a Database,
    /// The Secret to copy.
    pub pull_secret: Option<&'a SecretName>,
}

/// The Secret that holds the installation's key.
fn installer() -> ObjectRef {
    ObjectRef::namespaced(Kind::Secret, "openhive", "openhive-installer")
}

/// Reads everything at once.
///
/// # Errors
/// [`ClusterError`] where an object of the plan cannot be read, or nobody answers.
pub async fn survey(rest: &Rest, questions: &Questions<'_>) -> Result<Survey, ClusterError> {
    let once = Retry::while_busy();
    let mut references = questions.objects.clone();
    references.push(installer());
    let pull = questions
        .pull_secret
        .map(|secret| ObjectRef::namespaced(Kind::Secret, &secret.namespace, &secret.name));
    references.extend(pull.clone());
    references.sort();
    references.dedup();
    let objects = async {
        let answers = references.iter().map(|reference| rest.get(reference, once));
        existing(&references, join_all(answers).await)
    };
    let version = rest.raw("/version", Raw::Get, once);
    let facts = facts::discover(rest, questions.database);
    let labelled = labelled(rest, &references);
    let scaled = scaled(rest, &references);
    let policies = policies(rest, &references);
    let (version, objects, (facts, unreadable), labelled, scaled, policies) =
        try_join!(version, objects, facts, labelled, scaled, policies)?;
    let mut live = objects;
    let digest_key =
        live.get(&installer()).and_then(Option::as_ref).and_then(read_installer_secret);
    let pull_secret = pull.and_then(|reference| live.remove(&reference).flatten());
    Ok(Survey {
        version: version["gitVersion"].as_str().unwrap_or("unknown").to_owned(),
        facts,
        unreadable,
        digest_key,
        pull_secret,
        live,
        labelled,
        scaled,
        policies,
    })
}

/// Pairs the objects with the answers. In a namespace that does not exist there is nothing, whatever
/// the account may read: who is granted rights in a namespace has none before it is there.
fn existing(
    references: &[ObjectRef],
    answers: Vec<Result<Option<Value>, ClusterError>>,
) -> Result<BTreeMap<ObjectRef, Option<Value>>, ClusterError> {
    let missing: Vec<&str> = references
        .iter()
        .zip(&answers)
        .filter(|(reference, answer)| {
            reference.kind == Kind::Namespace && matches!(answer, Ok(None))
        })
        .map(|(reference, _)| reference.name.as_str())
        .collect();
    let nowhere = |reference: &ObjectRef| {
        reference.namespace.as_deref().is_some_and(|namespace| missing.contains(&namespace))
    };
    let pair = |(reference, answer): (&ObjectRef, Result<Option<Value>, ClusterError>)| {
        let object = match answer {
            Err(error) if error.code() == Some(403) && nowhere(reference) => None,
            answer => answer?,
        };
        Ok((reference.clone(), object))
    };
    references.iter().zip(answers).map(pair).collect()
}

/// Asks the server what it would make of each object, and pairs it with what there is.
///
/// # Errors
/// [`ClusterError`] where nobody answers. A refusal is a [`DryRun`].
pub async fn dry_run(
    rest: &Rest,
    objects: &[Object],
    survey: &Survey,
) -> Result<BTreeMap<ObjectRef, Live>, ClusterError> {
    let asked = objects.iter().map(async |object| {
        let live = survey.live.get(&object.reference).cloned().flatten();
        let missing = object.reference.namespace.as_deref().is_some_and(|namespace| {
            let namespace = ObjectRef::cluster(Kind::Namespace, namespace);
            matches!(survey.live.get(&namespace), Some(None))
        });
        let dry_run = if missing {
            DryRun::NamespaceMissing
        } else {
            ask_server(rest, object, live.as_ref()).await?
        };
        Ok((object.reference.clone(), Live { object: live, dry_run }))
    });
    Ok(try_join_all(asked).await?.into_iter().collect())
}

async fn ask_server(
    rest: &Rest,
    object: &Object,
    live: Option<&Value>,
) -> Result<DryRun, ClusterError> {
    let reference = &object.reference;
    let manifest = match plan::question(object, live) {
        Question::Create(manifest) => {
            return match rest.create(reference, &manifest, DryRunMode::All).await {
                Ok(answer) => Ok(DryRun::Verified(answer)),
                Err(error) => refusal(reference, error),
            };
        }
        Question::Apply(manifest) => manifest,
    };
    let ask = |force| rest.apply(reference, &manifest, force, DryRunMode::All, Retry::while_busy());
    let error = match ask(false).await {
        Ok(answer) => return Ok(DryRun::Verified(answer)),
        Err(error) => error,
    };
    let causes = error.status().map(ApiStatus::field_conflicts).unwrap_or_default();
    if causes.is_empty() {
        return refusal(reference, error);
    }
    Ok(DryRun::Conflict { causes, forced: ask(true).await.ok().map(Box::new) })
}

/// What a refusal means for the plan.
fn refusal(reference: &ObjectRef, error: ClusterError) -> Result<DryRun, ClusterError> {
    let ClusterError::Api(status) = error else { return Err(error) };
    // A server that is still busy has said nothing about the object.
    if status.is_busy() {
        return Err(ClusterError::Api(status));
    }
    Ok(match status.code {
        403 if status.reason == "Forbidden" && !is_admission(&status) => DryRun::Forbidden,
        404 if reference.kind == Kind::RoleBinding => DryRun::RoleMissing,
        // The API has no reason of its own for a webhook without `sideEffects: None`.
        400 if status.message.contains("does not support dry run") => {
            DryRun::WebhookRefused { message: status.message }
        }
        code => DryRun::Rejected { code, message: status.message },
    })
}

/// Admission plugins answer 403 as well: quota, Pod Security, policies. Authorization's text is the
/// only one that names the user and the verb.
fn is_admission(status: &ApiStatus) -> bool {
    !status.message.contains(" cannot ")
        || status.message.contains("ValidatingAdmissionPolicy")
        || status.message.contains("attempting to grant")
}

/// Everything with our label in the plan's namespaces, metadata only: of what is there in other
/// namespaces the account need not be able to read anything.
async fn labelled(
    rest: &Rest,
    references: &[ObjectRef],
) -> Result<Option<Vec<Object>>, ClusterError> {
    let namespaces: Vec<&str> = references
        .iter()
        .filter(|reference| reference.kind == Kind::Namespace)
        .map(|reference| reference.name.as_str())
        .collect();
    // Those of the other namespaces are not the installer's, and the three are never orphans.
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.namespaced());
    let places = kinds.flat_map(|kind| namespaces.iter().map(move |namespace| (kind, *namespace)));
    let lists = join_all(places.map(async |(kind, namespace)| {
        let label = "app.kubernetes.io%2Fmanaged-by%3Dkubectl-openhive";
        let path = super::rest::collection(kind, Some(namespace));
        let path = format!("{path}?labelSelector={label}");
        (kind, rest.raw(&path, Raw::Metadata, Retry::while_busy()).await)
    }));
    let mut objects = Vec::new();
    for (kind, list) in lists.await {
        let list = match list {
            Ok(list) => list,
            Err(error) if error.code() == Some(403) => return Ok(None),
            Err(error) => return Err(error),
        };
        for item in list["items"].as_array().into_iter().flatten() {
            let mut item = item.clone();
            item["apiVersion"] = Value::String(kind.api_version().to_owned());
            item["kind"] = Value::String(kind.name().to_owned());
            objects.extend(Object::from_manifest(item));
        }
    }
    Ok(Some(objects))
}

/// The policies that are there now: what is reachable depends on all of them, not on ours alone.
async fn policies(
    rest: &Rest,
    references: &[ObjectRef],
) -> Result<Option<Vec<Value>>, ClusterError> {
    let namespaces = references.iter().filter(|reference| reference.kind == Kind::Namespace);
    let lists = join_all(namespaces.map(async |namespace| {
        let path = super::rest::collection(Kind::NetworkPolicy, Some(&namespace.name));
        rest.raw(&path, Raw::Get, Retry::while_busy()).await
    }));
    let mut policies = Vec::new();
    for list in lists.await {
        match list {
            Ok(mut list) => {
                let items = list["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
                policies.extend(items.into_iter().map(|mut item| {
                    item["apiVersion"] = Kind::NetworkPolicy.api_version().into();
                    item["kind"] = Kind::NetworkPolicy.name().into();
                    item
                }));
            }
            Err(error) if error.code() == Some(403) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(policies))
}

/// Deployments that an autoscaler scales. Not being allowed to list them is no failure: our
/// Deployments have no autoscaler unless somebody made one.
async fn scaled(rest: &Rest, references: &[ObjectRef]) -> Result<Vec<ObjectRef>, ClusterError> {
    let namespaces = references.iter().filter(|reference| reference.kind == Kind::Namespace);
    let lists = join_all(namespaces.map(async |namespace| {
        let path =
            format!("/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers", namespace.name);
        rest.raw(&path, Raw::Get, Retry::while_busy()).await
    }));
    let mut items = Vec::new();
    for list in lists.await {
        match list {
            Ok(list) => items.extend(list["items"].as_array().cloned().unwrap_or_default()),
            Err(error) if matches!(error.code(), Some(403 | 404)) => {}
            Err(error) => return Err(error),
        }
    }
    let scaled = items
        .iter()
        .filter(|item| item["spec"]["scaleTargetRef"]["kind"] == "Deployment")
        .filter_map(|item| {
            let namespace = item["metadata"]["namespace"].as_str()?;
            let name = item["spec"]["scaleTargetRef"]["name"].as_str()?;
            Some(ObjectRef::namespaced(Kind::Deployment, namespace, name))
        })
        .collect();
    Ok(scaled)
}
