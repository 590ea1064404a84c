//! Desired objects and live objects to a [`Plan`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::consequence::{Consequence, Obstacle, RestartReason};
use super::diff;
use super::immutable::{self, Immutable};
use super::live::{DryRun, FieldConflict, Live};
use super::managers::{self, FIELD_MANAGER, Managers};
use super::migration::{self, DatabaseAddress};
use super::model::{Action, Change, Counts, Head, Plan, SCHEMA, Verification};
use super::outcome::{self, Outcome};
use super::patch;
use super::path::Path;
use super::policy::{self, INTERIM_ANNOTATION, Interim};
use super::reach;
use super::restart;
use super::sensitive;
use manifest::{Kind, Object, ObjectRef};

/// What a plan depends on beside the objects.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// What is compared with what.
    pub head: Head,
    /// The database, for the backup command.
    pub database: Option<DatabaseAddress>,
    /// Whether fields of other managers are taken over (`--force-conflicts`).
    pub force_conflicts: bool,
    /// Whether a workload may be deleted and created anew (`--recreate`).
    pub recreate: bool,
    /// Every NetworkPolicy of the three namespaces, whoever made it; `None` where they could not be
    /// listed.
    pub policies: Option<Vec<Value>>,
    /// Where the ingress controller runs, for the flows that open or close.
    pub ingress_controller_namespace: Option<String>,
    /// Warnings that are known already (mixed tags, facts that could not be read).
    pub warnings: Vec<String>,
}

/// Compares. `live` holds each desired object that exists, with the server's answer to its
/// [`super::question`]; what it holds beyond the desired objects is examined for orphans.
#[must_use]
pub fn build(desired: &[Object], live: &BTreeMap<ObjectRef, Live>, extras: &Extras) -> Plan {
    let mut secrets = BTreeMap::new();
    let mut changes: Vec<Change> = desired
        .iter()
        .map(|object| match live.get(&object.reference) {
            Some(Live { object: Some(existing), dry_run }) => {
                existing_object(object, existing, dry_run, extras, &mut secrets)
            }
            Some(Live { object: None, dry_run }) => new_object(object, dry_run),
            None => new_object(object, &DryRun::NotAsked),
        })
        .collect();
    let wanted: BTreeSet<&ObjectRef> = desired.iter().map(|object| &object.reference).collect();
    changes.extend(
        live.iter()
            .filter(|(reference, _)| !wanted.contains(reference))
            .filter_map(|(reference, live)| undesired(reference, live.object.as_ref()?)),
    );
    restart::connect_secrets(&mut changes, &secrets);
    changes.sort_by(|a, b| a.reference.cmp(&b.reference));
    one_obstacle_for_a_namespace(&mut changes);
    let reachability = reach::reachability(desired, live, &changes, extras);
    Plan {
        schema: SCHEMA,
        head: extras.head.clone(),
        counts: Counts::of(&changes),
        migration: migration::migration(&changes, extras.database.as_ref()),
        changes,
        reachability,
        warnings: extras.warnings.clone(),
    }
}

/// A namespace that is going away refuses every object: it is the obstacle, not they.
fn one_obstacle_for_a_namespace(changes: &mut [Change]) {
    let going: BTreeSet<String> = changes
        .iter()
        .filter(|change| change.reference.kind == Kind::Namespace)
        .filter(|change| matches!(change.obstacle, Some(Obstacle::Terminating { .. })))
        .map(|change| change.reference.name.clone())
        .collect();
    for change in changes {
        let inside = change.reference.namespace.as_ref().is_some_and(|name| going.contains(name));
        if inside && matches!(change.obstacle, Some(Obstacle::Rejected { code: 403, .. })) {
            change.obstacle = None;
        }
    }
}

fn change(object: &Object, action: Action, verification: Verification) -> Change {
    Change {
        reference: object.reference.clone(),
        action,
        fields: Vec::new(),
        verification,
        obstacle: None,
        conflicts: Vec::new(),
        foreign: Vec::new(),
        consequences: Vec::new(),
        interim: None,
        before: None,
        after: None,
        manifest: Some(object.manifest.clone()),
    }
}

fn new_object(object: &Object, dry_run: &DryRun) -> Change {
    let (_, verification) = outcome::answer(dry_run);
    let kind = object.reference.kind;
    let action = if kind == Kind::Job { Action::Run } else { Action::Create };
    let mut change = change(object, action, verification);
    change.obstacle = rejected(dry_run);
    if let Some(command) = migration::command(kind, &object.manifest) {
        let command = command.join(" ");
        change.consequences.push(Consequence::Runs { command, previous_deleted: false });
    }
    let wanted = diff::without_noise(&object.manifest);
    (_, change.after) = sensitive::shown(kind, None, Some(&wanted));
    change
}

/// What keeps an object that is being deleted: its finalizers; of a namespace, what its controller says.
fn held_by(live: &Value) -> Vec<String> {
    let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
    let remaining = conditions.into_iter().flatten().filter(|condition| {
        let kind = condition["type"].as_str().unwrap_or_default();
        condition["status"] == "True" && kind == "NamespaceFinalizersRemaining"
    });
    let finalizers = live.pointer("/metadata/finalizers").and_then(Value::as_array);
    let names = finalizers.into_iter().flatten().filter_map(Value::as_str);
    let told = remaining.filter_map(|condition| condition["message"].as_str());
    names.chain(told).map(str::to_owned).collect()
}

fn rejected(dry_run: &DryRun) -> Option<Obstacle> {
    match dry_run {
        DryRun::Rejected { code, message } => {
            Some(Obstacle::Rejected { code: *code, message: message.clone() })
        }
        _ => None,
    }
}

fn existing_object(
    object: &Object,
    live: &Value,
    dry_run: &DryRun,
    extras: &Extras,
    secrets: &mut BTreeMap<ObjectRef, Vec<String>>,
) -> Change {
    let kind = object.reference.kind;
    let managers = Managers::of(live);
    let Outcome { differences, after, verification } = outcome::outcome(object, live, dry_run);
    let fixed = immutable::immutable(kind, live, &object.manifest);

    let action = match (&fixed, kind) {
        (_, Kind::Job) => Action::Run,
        (Some(Immutable::Replace { .. }), _) => Action::Replace,
        _ if !differences.is_empty() => Action::Update,
        _ if outcome::ownership_changes(live, dry_run) => Action::Adopt,
        _ => Action::Keep,
    };
    let mut change = change(object, action, verification);
    if kind != Kind::Job {
        change.conflicts = conflicts(object, live, dry_run, &managers);
        change.foreign = foreign(object, live, &managers);
    }
    change.obstacle = obstacle(&change, live, dry_run, fixed.as_ref(), extras);
    let replaced = matches!(fixed, Some(Immutable::Replace { .. }));
    if replaced && verification == Verification::Rejected {
        change.verification = Verification::Immutable;
    }
    consequences(&mut change, live, &object.manifest, &differences, fixed);

    let before = diff::without_noise(live);
    (change.before, change.after) = sensitive::shown(kind, Some(&before), Some(&after));
    if kind == Kind::Secret && !differences.is_empty() {
        secrets.insert(object.reference.clone(), changed_keys(&differences));
    }
    let by_hand = managers.ours().is_some();
    change.fields = differences
        .into_iter()
        .map(|difference| {
            let mut field = sensitive::field_change(kind, difference);
            field.changed_by = by_hand
                .then(|| change.conflicts.iter().find(|c| covers(&c.field, &field.path)))
                .flatten()
                .map(|conflict| conflict.manager.clone());
            field
        })
        .collect();
    change
}

/// Whether the conflicting field is the changed one, or one of the two holds the other.
fn covers(conflict: &str, changed: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    within(changed, conflict) || within(conflict, changed)
}

fn changed_keys(differences: &[diff::Difference]) -> Vec<String> {
    let data = Path::fields("data");
    differences
        .iter()
        .filter(|difference| difference.path.is_within(&data))
        .filter_map(|difference| difference.path.last_field().map(str::to_owned))
        .collect()
}

/// Fields that an apply without force would be refused for, as far as nobody hands them over.
fn conflicts(
    object: &Object,
    live: &Value,
    dry_run: &DryRun,
    managers: &Managers,
) -> Vec<FieldConflict> {
    let found = managers::contested(object.reference.kind, live, &object.manifest, managers);
    match dry_run {
        // The server has the last word on whether there is a conflict.
        DryRun::Verified(_) => Vec::new(),
        DryRun::Conflict { causes, .. } if found.is_empty() => causes
            .iter()
            .filter(|cause| {
                cause.manager != FIELD_MANAGER && !managers.is_predecessor(&cause.manager)
            })
            .cloned()
            .collect(),
        _ => found,
    }
}

/// What others set and we do not; what the cluster's own controllers set is left out.
fn foreign(object: &Object, live: &Value, managers: &Managers) -> Vec<FieldConflict> {
    let mut found: Vec<FieldConflict> = managers
        .foreign()
        .filter(|manager| manager.subresource.is_none() && !manager.name.starts_with("kube-"))
        .flat_map(|manager| {
            manager.fields.leaves().into_iter().map(|path| (manager.name.clone(), path))
        })
        .filter(|(_, path)| path.get(&object.manifest).is_none() && path.get(live).is_some())
        .map(|(manager, path)| FieldConflict { field: path.to_string(), manager })
        .collect();
    found.sort_by(|a, b| (&a.field, &a.manager).cmp(&(&b.field, &b.manager)));
    found
}

fn obstacle(
    change: &Change,
    live: &Value,
    dry_run: &DryRun,
    fixed: Option<&Immutable>,
    extras: &Extras,
) -> Option<Obstacle> {
    let deleted = live.pointer("/metadata/deletionTimestamp").is_some_and(|t| !t.is_null());
    // A Job that is on its way out is waited for: its successor is created once it is gone.
    if deleted && change.reference.kind != Kind::Job {
        return Some(Obstacle::Terminating { finalizers: held_by(live) });
    }
    match fixed {
        Some(Immutable::Never(obstacle)) => return Some(obstacle.clone()),
        Some(Immutable::Replace { field, stops_pods: true, .. }) if !extras.recreate => {
            return Some(Obstacle::NeedsRecreate { field: (*field).to_owned() });
        }
        // What is replaced meets no conflict, and its refusal in place is no news.
        Some(Immutable::Replace { .. }) => return None,
        None => {}
    }
    if !change.conflicts.is_empty() && !extras.force_conflicts {
        return Some(Obstacle::Conflict { conflicts: change.conflicts.clone() });
    }
    rejected(dry_run)
}

fn consequences(
    change: &mut Change,
    live: &Value,
    desired: &Value,
    differences: &[diff::Difference],
    fixed: Option<Immutable>,
) {
    let kind = change.reference.kind;
    let out = &mut change.consequences;
    if let Some(command) = migration::command(kind, desired) {
        out.push(Consequence::Runs { command: command.join(" "), previous_deleted: true });
        return;
    }
    let mut reasons = match kind {
        Kind::Deployment => restart::reasons(differences),
        _ => Vec::new(),
    };
    if let Some(Immutable::Replace { field, cost, stops_pods }) = fixed {
        out.push(Consequence::Recreated { field: field.to_owned(), cost });
        if stops_pods {
            reasons = vec![RestartReason::Replaced];
        }
    }
    if !reasons.is_empty() {
        let replicas = |object: &Value| object.pointer("/spec/replicas").and_then(Value::as_u64);
        let pods = replicas(desired).or_else(|| replicas(live)).unwrap_or(1);
        let replaced = reasons.contains(&RestartReason::Replaced);
        out.push(Consequence::Restarts { pods, reasons });
        let recreate =
            desired.pointer("/spec/strategy/type").and_then(Value::as_str) == Some("Recreate");
        if recreate && pods > 0 && !replaced {
            out.push(Consequence::Downtime);
        }
    }
    out.extend(immutable::expansion(kind, live, desired));
    if change.action == Action::Update && patch::strategy_patch(kind, live, desired).is_some() {
        out.push(Consequence::StrategyPatch);
    }
    if change.action != Action::Keep && change.action != Action::Replace {
        takeover(out, kind, live);
    }
    if kind == Kind::NetworkPolicy && change.action == Action::Update {
        change.interim = policy::interim(live, desired);
        out.extend(change.interim.as_ref().map(|interim| match interim {
            Interim::Union { .. } => Consequence::UnionUntilRollout,
            Interim::Companion { name, .. } => {
                Consequence::CompanionUntilRollout { name: name.clone() }
            }
        }));
    }
}

fn takeover(out: &mut Vec<Consequence>, kind: Kind, live: &Value) {
    let managers = Managers::of(live);
    let mut names: Vec<String> = managers
        .predecessors()
        .filter(|manager| manager.name != FIELD_MANAGER)
        .map(|manager| manager.name.clone())
        .collect();
    names.dedup();
    if !names.is_empty() {
        out.push(Consequence::TakesOver { managers: names });
    }
    if managers::has_last_applied(live) {
        out.push(Consequence::DropsLastApplied { plain_text_secret: kind == Kind::Secret });
    }
}

/// Where an installation keeps its digest key: never rendered, and never an orphan.
fn is_installer_secret(reference: &ObjectRef) -> bool {
    reference.kind == Kind::Secret && reference.name == "openhive-installer"
}

/// What is there, carries our label, was written by us, and is not desired. Anything else is not
/// ours to speak of.
fn undesired(reference: &ObjectRef, live: &Value) -> Option<Change> {
    if is_installer_secret(reference) {
        return None;
    }
    let label = |key: &str| {
        live.pointer("/metadata/labels").and_then(|l| l.get(key)).and_then(Value::as_str)
    };
    // A manifest from a file names no managers: there the label has to do.
    let listed = live.pointer("/metadata/managedFields").is_some();
    if label("app.kubernetes.io/managed-by") != Some(FIELD_MANAGER)
        || (listed && Managers::of(live).ours().is_none())
    {
        return None;
    }
    let companion = reference.kind == Kind::NetworkPolicy
        && live
            .pointer("/metadata/annotations")
            .is_some_and(|annotations| annotations.get(INTERIM_ANNOTATION).is_some());
    let action = if companion { Action::Delete } else { Action::Orphaned };
    let before = diff::without_noise(live);
    let (before, _) = sensitive::shown(reference.kind, Some(&before), None);
    let mut consequences = Vec::new();
    if !companion {
        let command = format!("kubectl delete {reference}");
        consequences.push(Consequence::LeftInPlace { command });
    }
    Some(Change {
        reference: reference.clone(),
        action,
        fields: Vec::new(),
        verification: Verification::Server,
        obstacle: None,
        conflicts: Vec::new(),
        foreign: Vec::new(),
        consequences,
        interim: None,
        before,
        after: None,
        manifest: None,
    })
}
